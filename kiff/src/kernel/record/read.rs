//! Reads records back: strictly, and tolerant only of members that a later version may add to a body.
//!
//! A record that we have written is in canonical form and is read in one walk over its bytes. Any other is read by the
//! strict reader, which alone says what is wrong with it, and is brought into canonical form; from there on both are read
//! by the same functions.

use super::{
    Envelope, RecordBytes,
    body::{Body, Kind, Ruling, Sender, Verdict},
    format::{NEWEST, Step, newest},
    recent::{named, shared},
};
use crate::{
    base::{
        actor::{Actor, ActorType},
        code::coded,
        ids::{EntityRef, TenantId},
        timestamp::Timestamp,
    },
    kernel::request::Proposed,
    value::{Faults, MemberCursor, Node, Tape, Value, parse_record, walk_record},
};
use std::{borrow::Cow, str::FromStr, sync::Arc};

coded! {
    /// Why bytes are not a record that this version can read.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum RecordError {
        /// The bytes are not JSON as records are written.
        #[error("not a record")]
        Json(#[from] Faults) => "not_a_record",
        /// A member is missing, or of another form than the format says.
        #[error("member `{member}` is missing or malformed")]
        Member {
            /// The member's name.
            member: String,
        } => "member_malformed",
        /// The envelope has a member that the format does not name.
        #[error("the envelope has a member `{member}` that the format does not name")]
        UnknownMember {
            /// The member's name.
            member: String,
        } => "unknown_member",
        /// A format of records that this version does not know.
        #[error("unknown format `{format}`")]
        UnknownFormat {
            /// The format.
            format: String,
        } => "unknown_format",
        /// A kind of record that this version does not know.
        #[error("unknown kind `{kind}`")]
        UnknownKind {
            /// The kind.
            kind: String,
        } => "unknown_kind",
    }
}

/// The members of an envelope, in their order.
const ENVELOPE: [&str; 10] =
    ["actor", "body", "entity", "entity_seq", "format", "kind", "prev", "recorded_at", "tenant", "trace_id"];

/// Reads the envelope and the body.
pub(super) fn parse(bytes: &RecordBytes, steps: &[Step]) -> Result<(Envelope, Body), RecordError> {
    with_members(bytes, steps, |mut it| {
        let (envelope, claimed) = parse_envelope(&mut it)?;
        let kind = it.text("kind")?;
        let kind = Kind::from_word(&kind).ok_or_else(|| RecordError::UnknownKind { kind: kind.into_owned() })?;
        let (tenant, stream, actor) = (&envelope.tenant, &envelope.entity, &envelope.actor);
        let body = Body::read(kind, &mut it.members("body")?, Sender { tenant, stream, actor, claimed })?;
        Ok((envelope, body))
    })
}

/// Reads the stream of a record, for one whose kind is not known.
pub(super) fn parse_entity(bytes: &RecordBytes, steps: &[Step]) -> Result<(TenantId, EntityRef), RecordError> {
    with_members(bytes, steps, |mut it| parse_envelope(&mut it).map(|(envelope, _)| (envelope.tenant, envelope.entity)))
}

/// Hands the members of a record of the newest format on.
fn with_members<T>(
    bytes: &[u8],
    steps: &[Step],
    read: impl FnOnce(Members<'_>) -> Result<T, RecordError>,
) -> Result<T, RecordError> {
    if let Some(tape) = walk_record(bytes)
        && let Ok(it) = Members::of(&tape)
        && it.clone().expect("format", NEWEST).is_ok()
    {
        return read(it);
    }
    let Value::Object(object) = parse_record(bytes)? else { return Err(missing("format")) };
    let mut object = newest(object, steps)?;
    object.insert("format", NEWEST);
    let text = Value::Object(object).to_canonical();
    let tape = walk_record(&text).ok_or_else(|| missing("format"))?;
    read(Members::of(&tape)?)
}

/// What the actor's JSON claimed stands beside the envelope.
fn parse_envelope(it: &mut Members<'_>) -> Result<(Envelope, Option<Value>), RecordError> {
    let mut known = ENVELOPE.iter();
    let mut all = it.0;
    if let Some((member, _)) = all.find(|(member, _)| !known.any(|known| known == member)) {
        return Err(RecordError::UnknownMember { member: member.into_owned() });
    }
    let mut actor = it.members("actor")?;
    let claimed = actor.claimed();
    let actor = shared(parse_actor(&mut actor)?);
    let entity = it.read("entity", |node| named(&node.text()?))?;
    let seq = it.place("entity_seq")?;
    let prev = it.parse("prev")?;
    let recorded_at = it.fixed_time("recorded_at")?;
    let tenant = it.read("tenant", |node| named(&node.text()?))?;
    let trace = it.parse("trace_id")?;
    Ok((Envelope { tenant, entity, seq, prev, recorded_at, trace, actor }, claimed))
}

pub(crate) fn parse_actor(it: &mut Members<'_>) -> Result<Actor, RecordError> {
    let name = |node: Node<'_>| named(&node.text()?);
    let id = it.read("id", name)?;
    let on_behalf_of = it.maybe("on_behalf_of", |it, member| it.read(member, name))?;
    Ok(Actor::new(id, it.read("type", |node| ActorType::from_word(&node.text()?))?, on_behalf_of))
}

/// `stream` is the entity in whose stream it stands.
pub(crate) fn parse_proposed(
    it: &mut Members<'_>,
    tenant: &TenantId,
    stream: &EntityRef,
    actor: &Arc<Actor>,
    claimed: Option<Value>,
) -> Result<Proposed, RecordError> {
    Proposed::read(it, Sender { tenant, stream, actor, claimed })
}

pub(crate) fn parse_ruling(it: &mut Members<'_>, verdict: Verdict) -> Result<Ruling, RecordError> {
    Ruling::read(it, verdict)
}

/// The members of an object. They are found fastest in the order of their names.
#[derive(Clone)]
pub(crate) struct Members<'t>(pub(super) MemberCursor<'t>);

pub(crate) fn missing(member: &str) -> RecordError {
    RecordError::Member { member: member.to_owned() }
}

impl<'t> Members<'t> {
    /// The members of a text that must be an object.
    pub(crate) fn of(tape: &'t Tape<'t>) -> Result<Self, RecordError> {
        tape.root().members().map(Self).ok_or_else(|| missing("format"))
    }

    pub(super) fn get(&mut self, member: &str) -> Option<Node<'t>> {
        self.0.get(member)
    }

    pub(crate) fn has(&self, member: &str) -> bool {
        self.0.clone().get(member).is_some()
    }

    /// Whether the name of the next member begins so.
    pub(super) fn is_next_like(&self, name: &str) -> bool {
        self.0.peek().is_some_and(|next| next.starts_with(name))
    }

    /// A member that must be there and be of this form.
    #[inline]
    pub(super) fn read<T>(&mut self, member: &str, form: impl FnOnce(Node<'t>) -> Option<T>) -> Result<T, RecordError> {
        self.get(member).and_then(form).ok_or_else(|| missing(member))
    }

    /// A string member that must be this one.
    pub(crate) fn expect(&mut self, member: &str, wanted: &str) -> Result<(), RecordError> {
        self.read(member, |node| (node.text()? == wanted).then_some(()))
    }

    pub(crate) fn flag(&mut self, member: &str) -> Result<bool, RecordError> {
        self.read(member, Node::flag)
    }

    /// An array of objects.
    pub(crate) fn objects(&mut self, member: &str) -> Result<Vec<Self>, RecordError> {
        self.read(member, |node| node.items()?.map(|item| item.members().map(Self)).collect())
    }

    /// What an actor's JSON claimed.
    pub(crate) fn claimed(&mut self) -> Option<Value> {
        self.get("claimed").map(Node::to_value)
    }

    fn text(&mut self, member: &str) -> Result<Cow<'t, str>, RecordError> {
        self.read(member, Node::text)
    }

    /// A string member.
    pub(crate) fn take<T: From<Cow<'t, str>>>(&mut self, member: &str) -> Result<T, RecordError> {
        self.text(member).map(Into::into)
    }

    /// A string member in the form of a name, an id or a digest.
    #[inline]
    pub(crate) fn parse<T: FromStr>(&mut self, member: &str) -> Result<T, RecordError> {
        self.read(member, |node| node.text()?.parse().ok())
    }

    /// A time in the form with its fraction.
    pub(crate) fn fixed_time(&mut self, member: &str) -> Result<Timestamp, RecordError> {
        self.read(member, fixed_time)
    }

    pub(crate) fn number(&mut self, member: &str) -> Result<u64, RecordError> {
        self.read(member, Node::integer)
    }

    /// A sequence: they begin with 1.
    pub(crate) fn place(&mut self, member: &str) -> Result<u64, RecordError> {
        self.read(member, |node| node.integer().filter(|seq| *seq > 0))
    }

    pub(crate) fn small(&mut self, member: &str) -> Result<u32, RecordError> {
        self.read(member, |node| node.integer()?.try_into().ok())
    }

    pub(crate) fn members(&mut self, member: &str) -> Result<Self, RecordError> {
        self.read(member, |node| node.members().map(Self))
    }

    /// A member that may be absent.
    pub(crate) fn maybe<T>(
        &mut self,
        member: &str,
        read: impl FnOnce(&mut Self, &str) -> Result<T, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        if self.has(member) { read(self, member).map(Some) } else { Ok(None) }
    }
}

pub(super) fn fixed_time(node: Node<'_>) -> Option<Timestamp> {
    node.text().filter(|text| text.len() == 24)?.parse().ok()
}
