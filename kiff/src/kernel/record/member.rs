//! What a member can hold: how each type is written, and how it is read back.

use super::{
    body::{KeyPurpose, Told, Verdict},
    read::{self, RecordError, missing},
    write,
};
use crate::{
    base::{
        actor::Granted,
        code::Code,
        digest::Digest,
        ids::{
            ActionName, ApprovalId, EntityRef, EventId, EventType, ExecutionId, IdempotencyKey, KeyId, Permission,
            ReceiptId, Salt, StateName, Version,
        },
        public_key::PublicKey,
        timestamp::Timestamp,
    },
    domain::{
        contract::{Effect, Risk},
        param::Params,
    },
    kernel::{record::body::CheckResult, request::Commitments},
    value::{Node, Value},
};
use std::{borrow::Cow, sync::Arc};

/// A value that can be written as a member.
pub(super) trait WriteMember {
    fn write_member(&self, name: &'static str, out: &mut write::Members<'_>);
}

/// A value that can be read from a member.
pub(super) trait ReadMember: Sized {
    fn read_member(it: &mut read::Members<'_>, name: &'static str) -> Result<Self, RecordError>;

    /// Nothing if there is no such member.
    fn read_maybe(it: &mut read::Members<'_>, name: &'static str) -> Result<Option<Self>, RecordError> {
        it.maybe(name, |it, _| Self::read_member(it, name))
    }
}

/// Gives each type its way to be written and its way to be read.
macro_rules! forms {
    ($($($Type:ty),+: |$this:ident, $out:ident, $name:ident| $encode:expr, |$it:ident| $decode:expr;)*) => {$($(
        impl WriteMember for $Type {
            // Names are literals: put in line, they are copied without a call or a loop.
            #[inline(always)]
            fn write_member(&self, $name: &'static str, $out: &mut write::Members<'_>) {
                let $this = self;
                $encode;
            }
        }

        impl ReadMember for $Type {
            #[inline]
            fn read_member($it: &mut read::Members<'_>, $name: &'static str) -> Result<Self, RecordError> {
                $decode
            }
        }
    )+)*};
}

forms! {
    ActionName, Code, EntityRef, EventId, EventType, IdempotencyKey, KeyId, Permission, StateName, Version:
        |this, out, name| out.plain(name, this.as_str()), |it| it.parse(name);
    ApprovalId, ExecutionId, ReceiptId: |this, out, name| out.id(name, Self::PREFIX, this.ulid()), |it| it.parse(name);
    Effect, KeyPurpose, Risk, Verdict:
        |this, out, name| out.plain(name, this.as_str()), |it| it.read(name, |node| Self::from_word(&node.text()?));
    String, Arc<str>: |this, out, name| out.text(name, this), |it| it.take(name);
    bool: |this, out, name| out.value(name, &Value::Bool(*this)), |it| it.flag(name);
    u32: |this, out, name| out.number(name, (*this).into()), |it| it.small(name);
    u64: |this, out, name| out.number(name, *this), |it| it.number(name);
    Digest: |this, out, name| out.digest(name, this), |it| it.parse(name);
    Timestamp: |this, out, name| out.time(name, *this), |it| it.fixed_time(name);
    Salt: |this, out, name| out.plain_bytes(name, &this.encode()), |it| it.read(name, |node| Self::decode(&node.text()?));
    PublicKey: |this, out, name| out.plain(name, &this.to_string()), |it| it.parse(name);
    Value: |this, out, name| out.value(name, this), |it| it.read(name, |node| Some(node.to_value()));
    Granted: |this, out, name| write_granted(this, name, out), |it| read_granted(it, name);
    Params: |this, out, name| write_params(this, name, out), |it| read_params(it, name);
    Checks: |this, out, name| write_checks(this, name, out), |it| it.read(name, read_checks);
}

/// The checks of a decision, in the order in which they were asked.
pub(crate) type Checks = Vec<(Code, CheckResult)>;

impl<T: WriteMember> WriteMember for &T {
    #[inline(always)]
    fn write_member(&self, name: &'static str, out: &mut write::Members<'_>) {
        T::write_member(self, name, out);
    }
}

/// A member that is left out where it does not apply.
impl<T: WriteMember> WriteMember for Option<T> {
    #[inline(always)]
    fn write_member(&self, name: &'static str, out: &mut write::Members<'_>) {
        if let Some(value) = self {
            value.write_member(name, out);
        }
    }
}

impl<T: ReadMember> ReadMember for Option<T> {
    fn read_member(it: &mut read::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        T::read_maybe(it, name)
    }
}

/// Texts, left out where there are none.
impl WriteMember for Vec<String> {
    fn write_member(&self, name: &'static str, out: &mut write::Members<'_>) {
        if !self.is_empty() {
            out.texts(name, self.iter().map(String::as_str));
        }
    }
}

impl ReadMember for Vec<String> {
    fn read_member(it: &mut read::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        let Some(node) = it.get(name) else { return Ok(Self::new()) };
        let texts = node.items().and_then(|items| items.map(|item| Some(item.text()?.into_owned())).collect());
        texts.ok_or_else(|| missing(name))
    }
}

/// A count that is left out where it is nothing.
pub(super) struct Count<T>(pub(super) T);

impl WriteMember for Count<&u64> {
    fn write_member(&self, name: &'static str, out: &mut write::Members<'_>) {
        (*self.0 > 0).then_some(self.0).write_member(name, out);
    }
}

impl ReadMember for Count<u64> {
    fn read_member(it: &mut read::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        Ok(Self(Option::read_member(it, name)?.unwrap_or(0)))
    }
}

/// A member that is always there, and `null` where it does not apply.
pub(super) struct Nullable<T>(pub(super) T);

impl<T: WriteMember> WriteMember for Nullable<&Option<T>> {
    fn write_member(&self, name: &'static str, out: &mut write::Members<'_>) {
        match self.0 {
            Some(value) => value.write_member(name, out),
            None => out.value(name, &Value::Null),
        }
    }
}

impl<T: ReadMember> ReadMember for Nullable<Option<T>> {
    fn read_member(it: &mut read::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        let is_null = it.get(name).is_some_and(Node::is_null);
        Ok(Self(if is_null { None } else { Some(T::read_member(it, name)?) }))
    }
}

impl WriteMember for Told {
    fn write_member(&self, name: &'static str, out: &mut write::Members<'_>) {
        match self {
            Self::Whole(value) => out.value(name, value),
            Self::Digest { length, digest } => {
                out.digest(&format!("{name}_digest"), digest);
                out.number(&format!("{name}_length"), *length);
            }
        }
    }
}

impl ReadMember for Told {
    fn read_member(it: &mut read::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        Self::read_maybe(it, name)?.ok_or_else(|| missing(name))
    }

    fn read_maybe(it: &mut read::Members<'_>, name: &'static str) -> Result<Option<Self>, RecordError> {
        if let Some(node) = it.get(name) {
            return Ok(Some(Self::Whole(node.to_value())));
        }
        // Most often there is neither, and then no name is put together.
        if !it.is_next_like(name) {
            return Ok(None);
        }
        let Some(digest) = it.maybe(&format!("{name}_digest"), read::Members::parse)? else { return Ok(None) };
        Ok(Some(Self::Digest { length: it.number(&format!("{name}_length"))?, digest: Box::new(digest) }))
    }
}

#[inline(always)]
fn write_granted(granted: &Granted, name: &'static str, out: &mut write::Members<'_>) {
    out.nested(name, |it| {
        it.words("permissions", granted.permissions.iter().map(|held| held.as_str()));
        it.words("roles", granted.roles.iter().map(|role| role.as_str()));
    });
}

fn read_granted(it: &mut read::Members<'_>, name: &'static str) -> Result<Granted, RecordError> {
    let mut it = it.members(name)?;
    let permissions = it.names("permissions")?;
    Ok(Granted::new(it.names("roles")?, permissions))
}

#[inline(always)]
fn write_params(params: &Params, name: &'static str, out: &mut write::Members<'_>) {
    out.nested(name, |it| {
        for (name, value) in params.iter() {
            it.value(name.as_str(), value);
        }
    });
}

fn read_params(it: &mut read::Members<'_>, name: &'static str) -> Result<Params, RecordError> {
    let params = it.members(name)?.0.map(|(param, node)| Ok((param.parse().map_err(|_| missing(name))?, node.to_value())));
    Ok(Params::from_sorted(params.collect::<Result<_, RecordError>>()?))
}

fn write_checks(checks: &Checks, name: &'static str, out: &mut write::Members<'_>) {
    let out = out.key(name);
    out.push(b'[');
    for (place, (name, result)) in checks.iter().enumerate() {
        out.extend_from_slice(if place > 0 { b",{\"name\":\"" } else { b"{\"name\":\"" });
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b"\",\"result\":\"");
        out.extend_from_slice(result.as_str().as_bytes());
        out.extend_from_slice(b"\"}");
    }
    out.push(b']');
}

fn read_checks(node: Node<'_>) -> Option<Checks> {
    let check = |item: Node<'_>| {
        let mut members = item.members()?;
        let name = members.get("name")?.text()?.parse().ok()?;
        Some((name, CheckResult::from_word(&members.get("result")?.text()?)?))
    };
    node.items()?.map(check).collect()
}

impl WriteMember for (&Commitments, &Params) {
    #[inline(always)]
    fn write_member(&self, name: &'static str, out: &mut write::Members<'_>) {
        self.0.write(out.key(name), self.1);
    }
}

/// One for the actor and one for each parameter that stands beside them, and no other.
impl ReadMember for Commitments {
    fn read_member(it: &mut read::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        let params = it.clone().members("parameters")?;
        let mut it = it.members(name)?;
        let actor = it.parse("actor")?;
        let commitment = |(param, _): (Cow<'_, str>, Node<'_>)| {
            let (name, node) = it.0.next()?;
            (name.strip_prefix("parameters.")? == param).then(|| node.text()?.parse().ok())?
        };
        let params = params.0.map(commitment).collect::<Option<_>>().ok_or_else(|| missing(name))?;
        if it.0.next().is_none() { Ok(Self { actor, params }) } else { Err(missing(name)) }
    }
}
