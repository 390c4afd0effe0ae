//! A record in its stream.

use super::{
    bytes::RecordBytes,
    envelope::Envelope,
    error::RecordError,
    format,
    kind::{Body, Kind},
    read,
};
use crate::base::{
    actor::Actor,
    digest::Digest,
    event::Event,
    ids::{EntityRef, TenantId, TraceId},
    timestamp::Timestamp,
};
use std::fmt;

/// A record in its stream: the envelope, the body, and the bytes that are stored and hashed.
#[derive(Clone)]
pub struct Record {
    pub(crate) envelope: Envelope,
    pub(crate) body: Body,
    pub(super) bytes: RecordBytes,
    pub(super) leaf: Digest,
}

impl Record {
    /// Reads a stored record. Nothing is serialised again: the bytes given are the record's bytes.
    ///
    /// # Errors
    /// [`RecordError`] if the bytes are not a record in the form of [formats](crate::_guide::formats) §3, or of a format or
    /// a kind that this version does not know.
    pub fn parse(bytes: RecordBytes) -> Result<Self, RecordError> {
        Self::parse_with(bytes, format::STEPS)
    }

    /// The one door for bytes, whatever their format.
    pub(super) fn parse_with(bytes: RecordBytes, steps: &[format::Step]) -> Result<Self, RecordError> {
        let (envelope, body) = read::parse(&bytes, steps)?;
        let leaf = Digest::leaf(&bytes);
        Ok(Self { envelope, body, bytes, leaf })
    }

    /// The stream of a record, if its envelope can be read: for one whose kind is not known.
    pub(crate) fn entity_of(bytes: &RecordBytes) -> Option<(TenantId, EntityRef)> {
        read::parse_entity(bytes, format::STEPS).ok()
    }

    /// The stored bytes: one line of JSON without a newline.
    #[must_use]
    pub fn bytes(&self) -> &RecordBytes {
        &self.bytes
    }

    /// The leaf hash of the bytes.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        self.leaf
    }

    /// The tenant in whose log it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.envelope.tenant
    }

    /// The entity in whose stream it is.
    #[must_use]
    pub fn entity(&self) -> &EntityRef {
        &self.envelope.entity
    }

    /// Its place in the stream: 1, 2, 3 …
    #[must_use]
    pub fn entity_seq(&self) -> u64 {
        self.envelope.seq
    }

    /// The leaf hash of the stream's previous record; zeros for the first.
    #[must_use]
    pub fn prev(&self) -> Digest {
        self.envelope.prev
    }

    /// When it was recorded. Never earlier than the record before it.
    #[must_use]
    pub fn recorded_at(&self) -> Timestamp {
        self.envelope.recorded_at
    }

    /// The call that it belongs to.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.envelope.trace
    }

    /// Who caused it.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.envelope.actor
    }

    /// The event, if it is the record of one, with the payload that its source sent. Where sources have sent
    /// other forms before, call the function that was given to [`Machine::upcast`](crate::domain::Machine::upcast).
    #[must_use]
    pub fn event(&self) -> Option<Event<'_>> {
        let Body::EventIngested(body) = &self.body else { return None };
        Some(Event { body, source: self.actor(), recorded_at: self.recorded_at() })
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.body.kind()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("envelope", &self.envelope).field("body", &self.body).finish_non_exhaustive()
    }
}
