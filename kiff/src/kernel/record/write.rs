//! Writes records: compact canonical JSON, straight into the bytes that are hashed.
//!
//! Members are written in the order of their names; a test holds every kind to it.

pub(crate) use super::writer::Members;
use super::{envelope::Envelope, format::NEWEST, kind::Body};
use crate::{
    base::{actor::Actor, ids::TraceId},
    value::Value,
};
use std::ops::Range;

/// Appends one record. `ending` is where the ending of the batch's last record stands, to be written once.
pub(super) fn record(out: &mut Vec<u8>, envelope: &Envelope, body: &Body, ending: &mut Option<Range<usize>>) {
    let mut it = Members::open(out);
    let claimed = match body {
        Body::DecisionRecorded(proposed) => proposed.claimed.as_ref(),
        _ => None,
    };
    it.nested("actor", |it| write_actor(it, &envelope.actor, claimed));
    it.nested("body", |it| body.write(it, envelope));
    it.plain("entity", envelope.entity.as_str());
    it.number("entity_seq", envelope.seq);
    it.plain("format", NEWEST);
    it.plain("kind", body.kind().as_str());
    it.digest("prev", &envelope.prev);
    let start = it.out.len();
    match ending.take() {
        // INVARIANT: the range was written into this buffer before.
        Some(written) => out.extend_from_within(written),
        None => {
            it.time("recorded_at", envelope.recorded_at);
            it.plain("tenant", envelope.tenant.as_str());
            it.id("trace_id", TraceId::PREFIX, envelope.trace.ulid());
            it.close();
        }
    }
    *ending = Some(start..out.len());
}

pub(crate) fn write_actor(it: &mut Members<'_>, actor: &Actor, claimed: Option<&Value>) {
    it.maybe(claimed, |it, claimed| it.value("claimed", claimed));
    it.plain("id", actor.id.as_str());
    it.maybe(actor.on_behalf_of.as_ref(), |it, principal| it.plain("on_behalf_of", principal.as_str()));
    it.plain("type", actor.kind.as_str());
}
