//! The one seam to storage.
//!
//! [`EventStore`] is for users to implement: everything in it is public vocabulary, and
//! `kiff::testing::store_suite` holds an implementation to its rules. [`MemoryStore`] is the one that
//! needs nothing; `SqliteStore` (feature `sqlite` or `sqlite-bundled`) keeps the log in a
//! file, and `PostgresStore` (feature `postgres`) in a database that other processes share.

mod cell;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
pub mod transfer;

pub use crate::kernel::record::{Claim, Found, IndexEntry, Mark, index_of};
pub use cell::{Cell, CellSet};
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub(crate) use postgres::Savepoint;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use postgres::{PostgresError, PostgresStore, PostgresTransaction};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use sqlite::{SqliteError, SqliteStore};

use crate::{
    base::code::coded,
    base::ids::{EntityRef, TenantId},
    domain::action::BoxFuture,
    kernel::record::{Record, RecordBytes},
};
use std::{error::Error, fmt, future::Future};

/// Keeps records. Users may implement it; write the functions as `async fn`.
///
/// The rules, which `kiff::testing::store_suite` checks:
///
/// - An append is atomic over all its parts, and durable before it is acknowledged.
/// - It happens only if every stream of the batch is at its expected sequence and no claim of the batch
///   (as [`index_of`] gives them) is taken in the tenant. Otherwise nothing of it happens.
/// - The bytes of a record come back as they went in.
/// - The tenant's log has each record once, in an order that keeps the order of each stream and does not
///   split a batch, nor turn its parts round. A record's place in it never changes.
/// - A cell is set only if its revision is the expected one, whoever sets it at the same time.
/// - What one tenant stores, no other sees.
///
/// A [`Runtime`](crate::Runtime) holds any store without a type parameter, so the trait is not
/// `dyn`-compatible itself.
pub trait EventStore: Send + Sync + 'static {
    /// Appends a batch, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not do it, or cannot say whether it did. A conflict is no error.
    fn append(&self, batch: &Batch) -> impl Future<Output = Result<Append, StoreError>> + Send;

    /// The records of a stream behind the sequence `after` (0 for all), in order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn read(
        &self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RecordBytes>, StoreError>> + Send;

    /// The records of the tenant's log behind its first `after` records, in order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn read_log(
        &self,
        tenant: &TenantId,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RecordBytes>, StoreError>> + Send;

    /// Gives a place in the tenant's log to every record that has none yet, and tells the length of the
    /// log. A store that orders as it appends only tells the length.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not do it.
    fn sequence(&self, tenant: &TenantId) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The record that has a claim.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn find(&self, tenant: &TenantId, claim: &Claim) -> impl Future<Output = Result<Option<Found>, StoreError>> + Send;

    /// The open marks of a kind behind `after` (`None` for all), in the order of stream and sequence, at
    /// most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn open(
        &self,
        tenant: &TenantId,
        kind: MarkKind,
        after: Option<&OpenMark>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<OpenMark>, StoreError>> + Send;

    /// A small named value beside the log, as it is now. Names are compared by their bytes.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn cell(&self, tenant: &TenantId, name: &str) -> impl Future<Output = Result<Option<Cell>, StoreError>> + Send;

    /// Sets a cell if its revision is `expected` (0 if there is none). Durable before it is acknowledged. The value
    /// may have 1 MiB.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not do it, or cannot say whether it did. A conflict is no error.
    fn set_cell(
        &self,
        tenant: &TenantId,
        name: &str,
        expected: u64,
        value: &[u8],
    ) -> impl Future<Output = Result<CellSet, StoreError>> + Send;
}

/// What goes to the store in one append: records for one stream or more, all of one tenant.
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the records for stream `{stream}` are not the next ones of that stream, or it is in the batch already")]
pub struct BatchError {
    /// The stream.
    pub stream: EntityRef,
}

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

/// A kind of [`Mark`].
#[expect(clippy::exhaustive_enums, reason = "one for each kind of mark, which stores must tell apart")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// [`Mark::Approval`].
    Approval,
    /// [`Mark::Execution`].
    Execution,
}

impl Mark {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> MarkKind {
        match self {
            Self::Approval(_) => MarkKind::Approval,
            Self::Execution(_) => MarkKind::Execution,
        }
    }
}

/// A mark that is open.
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate make it")]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenMark {
    /// The stream.
    pub stream: EntityRef,
    /// The sequence of the record that opened it.
    pub seq: u64,
    /// What is open.
    pub mark: Mark,
}

coded! {
    /// The store failed. Whether the call had an effect is told, because it decides what may follow.
    #[non_exhaustive]
    #[derive(Debug, thiserror::Error)]
    pub enum StoreError {
        /// Certainly nothing was stored.
        #[error("the store failed")]
        Failed(#[source] Box<dyn Error + Send + Sync>) => "store_failed",
        /// The answer was lost: it may be stored or not.
        #[error("the store gave no answer, so the append may or may not have happened")]
        Unknown(#[source] Box<dyn Error + Send + Sync>) => "store_outcome_unknown",
    }
}

impl StoreError {
    /// Certainly nothing was stored.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }

    /// The answer was lost.
    pub fn unknown(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unknown(source.into())
    }
}

/// [`EventStore`] with its futures boxed, so that a runtime can hold any store.
///
/// INVARIANT: it has every function of the trait, those with a default too; an override would be passed
/// over otherwise.
pub(crate) trait DynStore: Send + Sync {
    fn append<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<Append, StoreError>>;
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        stream: &'a EntityRef,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RecordBytes>, StoreError>>;
    fn read_log<'a>(
        &'a self,
        tenant: &'a TenantId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RecordBytes>, StoreError>>;
    fn sequence<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<u64, StoreError>>;
    fn find<'a>(&'a self, tenant: &'a TenantId, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Found>, StoreError>>;
    fn open<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: MarkKind,
        after: Option<&'a OpenMark>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<OpenMark>, StoreError>>;
    fn cell<'a>(&'a self, tenant: &'a TenantId, name: &'a str) -> BoxFuture<'a, Result<Option<Cell>, StoreError>>;
    fn set_cell<'a>(
        &'a self,
        tenant: &'a TenantId,
        name: &'a str,
        expected: u64,
        value: &'a [u8],
    ) -> BoxFuture<'a, Result<CellSet, StoreError>>;
}

impl<S: EventStore> DynStore for S {
    fn append<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<Append, StoreError>> {
        Box::pin(EventStore::append(self, batch))
    }

    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        stream: &'a EntityRef,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RecordBytes>, StoreError>> {
        Box::pin(EventStore::read(self, tenant, stream, after, limit))
    }

    fn read_log<'a>(
        &'a self,
        tenant: &'a TenantId,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RecordBytes>, StoreError>> {
        Box::pin(EventStore::read_log(self, tenant, after, limit))
    }

    fn sequence<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(EventStore::sequence(self, tenant))
    }

    fn find<'a>(&'a self, tenant: &'a TenantId, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Found>, StoreError>> {
        Box::pin(EventStore::find(self, tenant, claim))
    }

    fn open<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: MarkKind,
        after: Option<&'a OpenMark>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<OpenMark>, StoreError>> {
        Box::pin(EventStore::open(self, tenant, kind, after, limit))
    }

    fn cell<'a>(&'a self, tenant: &'a TenantId, name: &'a str) -> BoxFuture<'a, Result<Option<Cell>, StoreError>> {
        Box::pin(EventStore::cell(self, tenant, name))
    }

    fn set_cell<'a>(
        &'a self,
        tenant: &'a TenantId,
        name: &'a str,
        expected: u64,
        value: &'a [u8],
    ) -> BoxFuture<'a, Result<CellSet, StoreError>> {
        Box::pin(EventStore::set_cell(self, tenant, name, expected, value))
    }
}

impl fmt::Debug for dyn DynStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStore")
    }
}
