//! The last head that was signed, where it is compared and set.

use crate::{
    base::{boxed::boxed_twin, ids::TenantId},
    store::{CellSet, DynStore, StoreError},
};
use std::{future::Future, sync::Arc};

/// Keeps the last checkpoint that a ledger has signed. Users may implement it; write the functions as
/// `async fn`.
///
/// By default it is a cell of the store. That shows the loss of a part of the log, and forks. It does not show
/// the restore of a whole database, which restores the cell too. A head that is kept elsewhere does.
pub trait HeadCell: Send + Sync + 'static {
    /// The text that was set last, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    fn load(&self) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Sets `next` if the text is still `expected`: as one step, and durable before it is acknowledged.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be done, or it is unknown whether it was. Another text is no error.
    fn set(&self, expected: Option<&str>, next: &str) -> impl Future<Output = Result<HeadSet, StoreError>> + Send;
}

/// How the setting of a [`HeadCell`] came out.
#[must_use]
#[expect(clippy::exhaustive_enums, reason = "it is set or it is not")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadSet {
    /// It is set.
    Done,
    /// Nothing is changed: there is another text.
    Conflict,
}

boxed_twin! {
    /// Any [`HeadCell`].
    pub(super) trait DynHeadCell for HeadCell {
        future load() -> Result<Option<String>, StoreError>;
        future set(expected: Option<&'a str>, next: &'a str) -> Result<HeadSet, StoreError>;
    }
}

/// The cell of the store that has the log.
pub(super) struct StoreHead {
    pub(super) store: Arc<dyn DynStore>,
    pub(super) tenant: TenantId,
    pub(super) name: String,
}

impl HeadCell for StoreHead {
    async fn load(&self) -> Result<Option<String>, StoreError> {
        let cell = self.store.cell(&self.tenant, &self.name).await?;
        Ok(cell.map(|cell| String::from_utf8_lossy(&cell.value).into_owned()))
    }

    async fn set(&self, expected: Option<&str>, next: &str) -> Result<HeadSet, StoreError> {
        let cell = self.store.cell(&self.tenant, &self.name).await?;
        if cell.as_ref().map(|cell| cell.value.as_slice()) != expected.map(str::as_bytes) {
            return Ok(HeadSet::Conflict);
        }
        let revision = cell.map_or(0, |cell| cell.revision);
        Ok(match self.store.set_cell(&self.tenant, &self.name, revision, next.as_bytes()).await? {
            CellSet::Done => HeadSet::Done,
            CellSet::Conflict { .. } => HeadSet::Conflict,
        })
    }
}
