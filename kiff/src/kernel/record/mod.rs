//! The record: the one kind of thing that is stored.
//!
//! A record is one line of canonical JSON (`docs/formats.md` §3). It is serialised once, by [`seal`], and
//! the bytes that are hashed are the bytes that are stored. A record that was read back keeps its bytes.

pub(crate) mod body;
mod format;
mod index;
mod kind;
mod member;
#[cfg(test)]
mod page;
pub(crate) mod read;
mod recent;
mod table;
mod told;
pub(crate) mod write;

pub use body::{CheckResult, KeyPurpose, Verdict};
pub use index::{Claim, Found, IndexEntry, Mark, index_of};
pub use kind::Kind;
pub use read::RecordError;

use crate::base::{
    actor::Actor,
    digest::Digest,
    event::Event,
    ids::{EntityRef, TenantId, TraceId},
    scratch::with_scratch,
    timestamp::Timestamp,
};
use body::Body;
use std::{fmt, sync::Arc};

/// The most bytes that a record may have.
pub const MAX_RECORD: usize = 65_535;

/// A record in its stream: the envelope, the body, and the bytes that are stored and hashed.
#[derive(Clone)]
pub struct Record {
    pub(crate) envelope: Envelope,
    pub(crate) body: Body,
    bytes: RecordBytes,
    leaf: Digest,
}

/// What every record says beside its body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Envelope {
    pub(crate) tenant: TenantId,
    pub(crate) entity: EntityRef,
    pub(crate) seq: u64,
    pub(crate) prev: Digest,
    pub(crate) recorded_at: Timestamp,
    pub(crate) trace: TraceId,
    pub(crate) actor: Arc<Actor>,
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
    fn parse_with(bytes: RecordBytes, steps: &[format::Step]) -> Result<Self, RecordError> {
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

/// A record on its way to the log: who, and what. [`seal`] gives it its place.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) actor: Arc<Actor>,
    pub(crate) body: Body,
}

impl Draft {
    pub(crate) fn new(actor: &Arc<Actor>, body: Body) -> Self {
        Self { actor: Arc::clone(actor), body }
    }
}

/// The end of a stream: what the next record goes on from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) tenant: TenantId,
    pub(crate) entity: EntityRef,
    pub(crate) seq: u64,
    pub(crate) leaf: Digest,
    pub(crate) recorded_at: Timestamp,
}

impl Head {
    /// The head of a stream without records.
    pub(crate) fn empty(tenant: TenantId, entity: EntityRef) -> Self {
        Self { tenant, entity, seq: 0, leaf: Digest::ZERO, recorded_at: Timestamp::from_unix_ms(i64::MIN) }
    }

    /// Moves on to the stream's next record.
    pub(crate) fn pass(&mut self, record: &Record) {
        self.seq = record.envelope.seq;
        self.leaf = record.leaf;
        self.recorded_at = record.envelope.recorded_at;
    }

    /// Time never goes back within a stream.
    pub(crate) fn effective(&self, now: Timestamp) -> Timestamp {
        now.max(self.recorded_at)
    }
}

/// A record would have more than [`MAX_RECORD`] bytes. What callers send is bounded before it gets here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    pub(crate) kind: Kind,
    pub(crate) bytes: usize,
}

/// Gives drafts their places behind `head`: sequence, predecessor, bytes and leaf hash, each made once.
pub(crate) fn seal(head: &Head, drafts: Vec<Draft>, trace: TraceId, now: Timestamp) -> Result<Vec<Record>, TooLarge> {
    with_scratch(|out| {
        let mut records = write_all(out, head, drafts, trace, head.effective(now))?;
        // What is kept has no room to spare.
        let shared: Arc<[u8]> = Arc::from(out.as_slice());
        records.iter_mut().for_each(|record| record.bytes.shared = Arc::clone(&shared));
        Ok(records)
    })
}

/// Writes and hashes the records, one behind the other. Their bytes are yet to be put behind them.
fn write_all(
    out: &mut Vec<u8>,
    head: &Head,
    drafts: Vec<Draft>,
    trace: TraceId,
    recorded_at: Timestamp,
) -> Result<Vec<Record>, TooLarge> {
    let (mut ending, unset) = (None, Arc::default());
    let mut prev = head.leaf;
    let mut records = Vec::with_capacity(drafts.len());
    for (seq, Draft { actor, body }) in (head.seq + 1..).zip(drafts) {
        let (tenant, entity) = (head.tenant.clone(), head.entity.clone());
        let envelope = Envelope { tenant, entity, seq, prev, recorded_at, trace, actor };
        // A leaf hash is over a zero byte and the record: it stands before each, to be hashed in one go.
        let leaf_start = out.len();
        out.push(0);
        let start = out.len();
        write::record(out, &envelope, &body, &mut ending);
        let end = out.len();
        if end - start > MAX_RECORD {
            return Err(TooLarge { kind: body.kind(), bytes: end - start });
        }
        prev = Digest::of(out.get(leaf_start..).unwrap_or_default());
        let bytes = RecordBytes { shared: Arc::clone(&unset), start, end };
        records.push(Record { envelope, body, bytes, leaf: prev });
    }
    Ok(records)
}

/// The bytes of one record, shared with the records that were sealed with it. Cheap to clone.
#[derive(Clone)]
pub struct RecordBytes {
    // INVARIANT: the range lies within the buffer; `Deref` gives nothing otherwise.
    shared: Arc<[u8]>,
    start: usize,
    end: usize,
}

impl From<Vec<u8>> for RecordBytes {
    fn from(bytes: Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl From<&[u8]> for RecordBytes {
    fn from(bytes: &[u8]) -> Self {
        Self { shared: bytes.into(), start: 0, end: bytes.len() }
    }
}

impl std::ops::Deref for RecordBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.shared.get(self.start..self.end).unwrap_or_default()
    }
}

impl AsRef<[u8]> for RecordBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl PartialEq for RecordBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for RecordBytes {}

impl fmt::Debug for RecordBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self))
    }
}
