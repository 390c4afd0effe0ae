//! The trait that a store implements.

use super::{Append, Batch, Cell, CellSet, Found, MarkKind, OpenMark, StoreError};
use crate::{
    base::{
        boxed::boxed_twin,
        ids::{EntityRef, TenantId},
    },
    kernel::record::{Claim, RecordBytes},
};
use std::{fmt, future::Future};

/// Keeps records. Users may implement it; write the functions as `async fn`.
///
/// The rules, which `kiff::testing::store_suite` checks:
///
/// - An append is atomic over all its parts, and durable before it is acknowledged.
/// - It happens only if every stream of the batch is at its expected sequence and no claim of the batch
///   (as [`index_of`](super::index_of) gives them) is taken in the tenant. Otherwise nothing of it happens.
/// - The bytes of a record come back as they went in.
/// - The tenant's log has each record once, in an order that keeps the order of each stream and does not
///   split a batch, nor turn its parts round. A record's place in it never changes.
/// - A cell is set only if its revision is the expected one, however many set it at the same time.
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

    /// The records of a stream after the sequence `after` (0 for all), in order, at most `limit`.
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

    /// The records of the tenant's log after its first `after` records, in order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn read_log(
        &self,
        tenant: &TenantId,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RecordBytes>, StoreError>> + Send;

    /// Gives a place in the tenant's log to every record that has none yet, and returns the length of the
    /// log. A store that orders as it appends only returns the length.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not do it.
    fn sequence(&self, tenant: &TenantId) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The record that has a claim.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn find(&self, tenant: &TenantId, claim: &Claim) -> impl Future<Output = Result<Option<Found>, StoreError>> + Send;

    /// The open marks of a kind after `after` (`None` for all), in the order of stream and sequence, at
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

boxed_twin! {
    /// Any [`EventStore`].
    pub(crate) trait DynStore for EventStore {
        future append(batch: &'a Batch) -> Result<Append, StoreError>;
        future read(
            tenant: &'a TenantId,
            stream: &'a EntityRef,
            after: u64,
            limit: usize,
        ) -> Result<Vec<RecordBytes>, StoreError>;
        future read_log(tenant: &'a TenantId, after: u64, limit: usize) -> Result<Vec<RecordBytes>, StoreError>;
        future sequence(tenant: &'a TenantId) -> Result<u64, StoreError>;
        future find(tenant: &'a TenantId, claim: &'a Claim) -> Result<Option<Found>, StoreError>;
        future open(
            tenant: &'a TenantId,
            kind: MarkKind,
            after: Option<&'a OpenMark>,
            limit: usize,
        ) -> Result<Vec<OpenMark>, StoreError>;
        future cell(tenant: &'a TenantId, name: &'a str) -> Result<Option<Cell>, StoreError>;
        future set_cell(
            tenant: &'a TenantId,
            name: &'a str,
            expected: u64,
            value: &'a [u8],
        ) -> Result<CellSet, StoreError>;
    }
}

impl fmt::Debug for dyn DynStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStore")
    }
}
