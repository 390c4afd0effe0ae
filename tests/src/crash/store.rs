//! Any store, with points before and after each append.

use super::{Line, Points, Spot};
use kiff::{
    EntityRef, TenantId,
    record::RecordBytes,
    store::{Append, Batch, Cell, CellSet, Claim, EventStore, Found, MarkKind, OpenMark, StoreError},
};
use std::sync::Arc;

/// A store whose process can end around each append.
#[derive(Clone, Debug)]
pub struct CrashStore<S> {
    inner: S,
    points: Arc<Points>,
}

impl<S: EventStore> CrashStore<S> {
    /// The store with these points.
    #[must_use]
    pub fn new(inner: S, points: Arc<Points>) -> Self {
        Self { inner, points }
    }
}

impl<S: EventStore> EventStore for CrashStore<S> {
    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        self.points.pass(Spot::AppendBefore);
        let answer = self.inner.append(batch).await;
        if matches!(answer, Err(StoreError::Unknown(_))) {
            Line::Lost.tell().map_err(StoreError::unknown)?;
        }
        self.points.pass(Spot::AppendAfter);
        answer
    }

    async fn read(
        &self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordBytes>, StoreError> {
        self.inner.read(tenant, stream, after, limit).await
    }

    async fn read_log(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<RecordBytes>, StoreError> {
        self.inner.read_log(tenant, after, limit).await
    }

    async fn sequence(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        self.inner.sequence(tenant).await
    }

    async fn find(&self, tenant: &TenantId, claim: &Claim) -> Result<Option<Found>, StoreError> {
        self.inner.find(tenant, claim).await
    }

    async fn open(
        &self,
        tenant: &TenantId,
        kind: MarkKind,
        after: Option<&OpenMark>,
        limit: usize,
    ) -> Result<Vec<OpenMark>, StoreError> {
        self.inner.open(tenant, kind, after, limit).await
    }

    async fn cell(&self, tenant: &TenantId, name: &str) -> Result<Option<Cell>, StoreError> {
        self.inner.cell(tenant, name).await
    }

    async fn set_cell(
        &self,
        tenant: &TenantId,
        name: &str,
        expected: u64,
        value: &[u8],
    ) -> Result<CellSet, StoreError> {
        self.inner.set_cell(tenant, name, expected, value).await
    }
}
