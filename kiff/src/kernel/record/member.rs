//! What a member can hold: how each type is written, and how it is read back.

use super::{
    error::{RecordError, missing},
    reader,
    recent::{Recurring, granted, named},
    reported::Reported,
    verdict::{CheckResult, KeyPurpose, Verdict},
    writer,
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
    kernel::request::Commitments,
    value::{Node, Value},
};
use std::{borrow::Cow, sync::Arc};

/// A value that can be written as a member.
pub(super) trait WriteMember {
    fn write_member(&self, name: &'static str, out: &mut writer::Members<'_>);
}

/// A value that can be read from members: most often from the one of its name.
pub(super) trait ReadMember: Sized {
    fn read_member(it: &mut reader::Members<'_>, name: &'static str) -> Result<Self, RecordError>;
}

/// A value that one member holds.
trait Form: Sized {
    /// Nothing if the member is of another form.
    fn from_node(node: Node<'_>) -> Option<Self>;
}

impl<T: Form> ReadMember for T {
    #[inline]
    fn read_member(it: &mut reader::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        it.read(name, T::from_node)
    }
}

/// Gives each type its way to be written and its way to be read.
macro_rules! forms {
    ($($($Type:ty),+: |$this:ident, $out:ident, $name:ident| $encode:expr, $from_node:expr;)*) => {$($(
        impl WriteMember for $Type {
            // Names are literals: put in line, they are copied without a call or a loop.
            #[inline(always)]
            fn write_member(&self, $name: &'static str, $out: &mut writer::Members<'_>) {
                let $this = self;
                $encode;
            }
        }

        impl Form for $Type {
            #[inline]
            fn from_node(node: Node<'_>) -> Option<Self> {
                let read: fn(Node<'_>) -> Option<Self> = $from_node;
                read(node)
            }
        }
    )+)*};
}

forms! {
    ActionName, Code, EntityRef, EventType, KeyId, Permission, StateName, Version:
        |this, out, name| out.plain(name, this.as_str()), |node| named(&node.text()?);
    EventId, IdempotencyKey: |this, out, name| out.plain(name, this.as_str()), |node| node.text()?.parse().ok();
    ApprovalId, ExecutionId, ReceiptId:
        |this, out, name| out.id(name, Self::PREFIX, this.ulid()), |node| node.text()?.parse().ok();
    Effect, KeyPurpose, Risk, Verdict:
        |this, out, name| out.plain(name, this.as_str()), |node| Self::from_word(&node.text()?);
    String: |this, out, name| out.text(name, this), |node| Some(node.text()?.into());
    Arc<str>: |this, out, name| out.text(name, this), |node| named(&node.text()?);
    bool: |this, out, name| out.value(name, &Value::Bool(*this)), |node| node.flag();
    u32: |this, out, name| out.number(name, (*this).into()), |node| node.integer()?.try_into().ok();
    u64: |this, out, name| out.number(name, *this), |node| node.integer();
    Digest: |this, out, name| out.digest(name, this), |node| node.text()?.parse().ok();
    Timestamp: |this, out, name| out.time(name, *this), reader::fixed_time;
    Salt: |this, out, name| out.plain_bytes(name, &this.encode()), |node| Self::decode(&node.text()?);
    PublicKey: |this, out, name| out.plain(name, &this.to_string()), |node| node.text()?.parse().ok();
    Value: |this, out, name| out.value(name, this), |node| Some(node.to_value());
    Granted: |this, out, name| write_granted(this, name, out), read_granted;
    Params: |this, out, name| write_params(this, name, out), read_params;
    Checks: |this, out, name| write_checks(this, name, out), read_checks;
}

/// The checks of a decision, in the order in which they were asked.
pub(crate) type Checks = Vec<(Code, CheckResult)>;

impl<T: WriteMember> WriteMember for &T {
    #[inline(always)]
    fn write_member(&self, name: &'static str, out: &mut writer::Members<'_>) {
        T::write_member(self, name, out);
    }
}

/// A member that is left out where it does not apply.
impl<T: WriteMember> WriteMember for Option<T> {
    #[inline(always)]
    fn write_member(&self, name: &'static str, out: &mut writer::Members<'_>) {
        if let Some(value) = self {
            value.write_member(name, out);
        }
    }
}

impl<T: Form> ReadMember for Option<T> {
    #[inline]
    fn read_member(it: &mut reader::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        it.get(name).map(|node| T::from_node(node).ok_or_else(|| missing(name))).transpose()
    }
}

/// Texts, left out where there are none.
impl WriteMember for Vec<String> {
    fn write_member(&self, name: &'static str, out: &mut writer::Members<'_>) {
        if !self.is_empty() {
            out.texts(name, self.iter().map(String::as_str));
        }
    }
}

impl ReadMember for Vec<String> {
    fn read_member(it: &mut reader::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        let Some(node) = it.get(name) else { return Ok(Self::new()) };
        let texts = node.items().and_then(|items| items.map(|item| Some(item.text()?.into_owned())).collect());
        texts.ok_or_else(|| missing(name))
    }
}

/// A member that is always there, and `null` where it does not apply.
pub(crate) struct Nullable<T>(pub(super) T);

impl<T: WriteMember> WriteMember for Nullable<&Option<T>> {
    fn write_member(&self, name: &'static str, out: &mut writer::Members<'_>) {
        match self.0 {
            Some(value) => value.write_member(name, out),
            None => out.value(name, &Value::Null),
        }
    }
}

impl<T: Form> Form for Nullable<Option<T>> {
    fn from_node(node: Node<'_>) -> Option<Self> {
        if node.is_null() { Some(Self(None)) } else { T::from_node(node).map(|value| Self(Some(value))) }
    }
}

impl WriteMember for Reported {
    fn write_member(&self, name: &'static str, out: &mut writer::Members<'_>) {
        match self {
            Self::Whole(value) => out.value(name, value),
            Self::Digest { length, digest } => {
                out.digest(&format!("{name}_digest"), digest);
                out.number(&format!("{name}_length"), *length);
            }
        }
    }
}

impl ReadMember for Reported {
    fn read_member(it: &mut reader::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        Option::read_member(it, name)?.ok_or_else(|| missing(name))
    }
}

impl ReadMember for Option<Reported> {
    fn read_member(it: &mut reader::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
        if let Some(node) = it.get(name) {
            return Ok(Some(Reported::Whole(node.to_value())));
        }
        // Most often there is neither, and then no name is put together.
        if !it.is_next_like(name) {
            return Ok(None);
        }
        let Some(digest) = it.maybe(&format!("{name}_digest"), reader::Members::parse)? else { return Ok(None) };
        Ok(Some(Reported::Digest { length: it.number(&format!("{name}_length"))?, digest: Box::new(digest) }))
    }
}

#[inline(always)]
fn write_granted(granted: &Granted, name: &'static str, out: &mut writer::Members<'_>) {
    out.nested(name, |it| {
        it.words("permissions", granted.permissions.iter().map(|held| held.as_str()));
        it.words("roles", granted.roles.iter().map(|role| role.as_str()));
    });
}

fn read_granted(node: Node<'_>) -> Option<Granted> {
    let mut members = node.members()?;
    let permissions = read_names(members.get("permissions")?)?;
    Some(granted(&read_names(members.get("roles")?)?, &permissions))
}

fn read_names<T: Recurring>(node: Node<'_>) -> Option<Vec<T>> {
    node.items()?.map(|item| named(&item.text()?)).collect()
}

#[inline(always)]
fn write_params(params: &Params, name: &'static str, out: &mut writer::Members<'_>) {
    out.nested(name, |it| {
        for (name, value) in params.iter() {
            it.value(name.as_str(), value);
        }
    });
}

fn read_params(node: Node<'_>) -> Option<Params> {
    let params = node.members()?.map(|(param, node)| Some((param.parse().ok()?, node.to_value())));
    params.collect::<Option<_>>().map(Params::from_sorted)
}

fn write_checks(checks: &Checks, name: &'static str, out: &mut writer::Members<'_>) {
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
        let name = named(&members.get("name")?.text()?)?;
        Some((name, CheckResult::from_word(&members.get("result")?.text()?)?))
    };
    node.items()?.map(check).collect()
}

impl WriteMember for (&Commitments, &Params) {
    #[inline(always)]
    fn write_member(&self, name: &'static str, out: &mut writer::Members<'_>) {
        self.0.write(out.key(name), self.1);
    }
}

/// One for the actor and one for each parameter that stands beside them, and no other.
impl ReadMember for Commitments {
    fn read_member(it: &mut reader::Members<'_>, name: &'static str) -> Result<Self, RecordError> {
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
