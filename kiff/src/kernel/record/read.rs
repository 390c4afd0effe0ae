//! Reads records back: strictly, and tolerant only of members that a later version may add to a body.
//!
//! A record that we have written is in canonical form and is read in one walk over its bytes. Any other is read by the
//! strict reader, which alone says what is wrong with it, and is brought into canonical form; from there on both are read
//! by the same functions.

pub(crate) use super::reader::Members;
use super::{
    body::Sender,
    bytes::RecordBytes,
    envelope::Envelope,
    error::{RecordError, missing},
    format::{NEWEST, Step, newest},
    kind::{Body, Kind},
    recent::{named, shared},
};
use crate::{
    base::{
        actor::{Actor, ActorType},
        ids::{EntityRef, TenantId},
    },
    value::{Node, Value, parse_record, walk_record},
};

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
