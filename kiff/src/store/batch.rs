//! A batch of records, for one append.

use crate::{
    base::{
        debug::debug_as_display,
        ids::{EntityRef, TenantId},
    },
    kernel::record::{Claim, Record},
};

/// The records of one append: for one stream or more, all of one tenant.
#[derive(Clone, Debug)]
pub struct Batch {
    tenant: TenantId,
    parts: Parts,
}

/// Most batches have one part, which needs no list.
#[derive(Clone, Debug)]
enum Parts {
    One([Part; 1]),
    Many(Vec<Part>),
}

/// One stream's part of a batch.
#[derive(Clone, Debug)]
pub struct Part {
    stream: EntityRef,
    expected: u64,
    records: Vec<Record>,
}

impl Batch {
    /// A batch of this tenant, without parts.
    #[must_use]
    pub fn new(tenant: TenantId) -> Self {
        Self { tenant, parts: Parts::Many(Vec::new()) }
    }

    /// Adds records for a stream that must be at the sequence `expected` (0 if it is empty). Without
    /// records, the part only guards that the stream has not moved.
    ///
    /// # Errors
    /// [`BatchError`] if the stream is in the batch already, or a record is not the next of its stream.
    pub fn with(mut self, stream: EntityRef, expected: u64, records: Vec<Record>) -> Result<Self, BatchError> {
        let next =
            (1u64..).zip(&records).all(|(place, record)| expected.checked_add(place) == Some(record.entity_seq()));
        let ours = records.iter().all(|record| *record.entity() == stream && *record.tenant() == self.tenant);
        if !next || !ours || self.parts().iter().any(|part| part.stream == stream) {
            return Err(BatchError { stream });
        }
        let part = Part { stream, expected, records };
        self.parts = match self.parts {
            Parts::Many(parts) if parts.is_empty() => Parts::One([part]),
            Parts::One([first]) => Parts::Many(vec![first, part]),
            Parts::Many(mut parts) => {
                parts.push(part);
                Parts::Many(parts)
            }
        };
        Ok(self)
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The parts, each of another stream.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        match &self.parts {
            Parts::One(part) => part,
            Parts::Many(parts) => parts,
        }
    }

    /// Gives the records back, to be folded.
    pub(crate) fn into_records(self) -> Vec<Record> {
        match self.parts {
            Parts::One([part]) => part.records,
            Parts::Many(parts) => parts.into_iter().flat_map(|part| part.records).collect(),
        }
    }
}

impl Part {
    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &EntityRef {
        &self.stream
    }

    /// The sequence at which the stream must be.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// The records that follow it; none for a guard.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}

/// A part that does not fit into its batch.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the records for stream `{stream}` are not the next ones of that stream, or it is in the batch already")]
pub struct BatchError {
    /// The stream.
    pub stream: EntityRef,
}

debug_as_display!(BatchError);

/// How an append came out.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Append {
    /// All of it is stored.
    Done,
    /// Nothing is stored: a stream is at another sequence.
    Conflict {
        /// The stream.
        stream: EntityRef,
        /// Its sequence.
        actual: u64,
    },
    /// Nothing is stored: a claim is taken.
    Claimed {
        /// The claim.
        claim: Claim,
    },
}
