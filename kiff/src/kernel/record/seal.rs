//! Gives drafts their places, bytes and hashes.

use super::{
    bytes::{MAX_RECORD, RecordBytes},
    envelope::Envelope,
    kind::{Body, Kind},
    stored::Record,
    write,
};
use crate::base::{
    actor::Actor,
    digest::Digest,
    ids::{EntityRef, TenantId, TraceId},
    scratch::with_scratch,
    timestamp::Timestamp,
};
use std::sync::Arc;

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

/// Gives drafts their places after `head`: sequence, predecessor, bytes and leaf hash, each made once.
pub(crate) fn seal(head: &Head, drafts: Vec<Draft>, trace: TraceId, now: Timestamp) -> Result<Vec<Record>, TooLarge> {
    with_scratch(|out| {
        let mut records = write_all(out, head, drafts, trace, head.effective(now))?;
        // What is kept has no room to spare.
        let shared: Arc<[u8]> = Arc::from(out.as_slice());
        records.iter_mut().for_each(|record| record.bytes.shared = Arc::clone(&shared));
        Ok(records)
    })
}

/// Writes and hashes the records, one after the other. Each gets its range; the caller gives all of them the buffer.
#[expect(clippy::expect_used, reason = "a buffer that only grows has every place that it had")]
fn write_all(
    out: &mut Vec<u8>,
    head: &Head,
    drafts: Vec<Draft>,
    trace: TraceId,
    recorded_at: Timestamp,
) -> Result<Vec<Record>, TooLarge> {
    let mut ending = None;
    let unset = Arc::default();
    let mut prev = head.leaf;
    let mut records = Vec::with_capacity(drafts.len());
    for (seq, Draft { actor, body }) in (head.seq + 1..).zip(drafts) {
        let tenant = head.tenant.clone();
        let entity = head.entity.clone();
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
        prev = Digest::of(out.get(leaf_start..).expect("the record was just written"));
        let bytes = RecordBytes { shared: Arc::clone(&unset), start, end };
        records.push(Record { envelope, body, bytes, leaf: prev });
    }
    Ok(records)
}
