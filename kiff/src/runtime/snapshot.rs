//! Snapshots of views, kept in cells of the store: written after a commit, read for an entity that is cold.
//!
//! They are a cache, so no failure here is an error: a snapshot that cannot be read or written counts as absent.

use super::{Runtime, RuntimeError};
use crate::{
    base::{digest::Digest, ids::EntityRef},
    kernel::view::{View, snapshot},
    store::{Cell, CellSet},
};
use std::sync::Arc;

impl Runtime {
    /// The view of an entity that is not kept: from its snapshot if there is one, and otherwise from its first record.
    pub(super) async fn open_cold(&self, entity: &EntityRef) -> Result<Arc<View>, RuntimeError> {
        let (snapshot, revision) = self.snapshot(entity).await;
        if let Some(view) = snapshot
            && let Ok(view) = self.fold_tail(Arc::new(view)).await
        {
            return Ok(view);
        }
        let mut view = View::empty(self.domain(), self.tenant.clone(), entity.clone());
        view.snapshot.revision = revision;
        self.fold_tail(Arc::new(view)).await
    }

    /// The view in an entity's snapshot, if it was made under these rules and the log has the record on which it
    /// stands; and the revision of its cell.
    pub(super) async fn snapshot(&self, entity: &EntityRef) -> (Option<View>, u64) {
        if self.inner.snapshots == 0 {
            return (None, 0);
        }
        let Ok(Some(cell)) = self.inner.store.cell(&self.tenant, &cell_name(entity)).await else {
            return (None, 0);
        };
        let Some(mut view) = self.read_snapshot(entity, &cell) else {
            return (None, cell.revision);
        };
        view.snapshot.revision = cell.revision;
        let stands_on = self.inner.store.read(&self.tenant, entity, view.head.seq - 1, 1).await;
        let holds = stands_on.is_ok_and(|page| page.first().is_some_and(|bytes| Digest::leaf(bytes) == view.head.leaf));
        (holds.then_some(view), cell.revision)
    }

    /// The view in a cell, if it is a snapshot of the entity that was made under these rules. Whether the log has the
    /// record on which it stands is not asked.
    pub(super) fn read_snapshot(&self, entity: &EntityRef, cell: &Cell) -> Option<View> {
        snapshot::read(&cell.value, self.domain(), &self.tenant, entity)
    }

    /// Makes the next snapshot of an entity if it is due.
    pub(super) async fn keep_snapshot(&self, entity: &EntityRef) {
        if self.inner.snapshots == 0 {
            return;
        }
        let Some(view) = self.inner.views.due(&self.tenant, entity, self.inner.snapshots) else { return };
        let Some(bytes) = snapshot::write(&view, self.domain()) else { return };
        let revision = view.snapshot.revision;
        // The next record would copy a view that somebody holds, and could not change it in place.
        drop(view);
        let revision = match self.inner.store.set_cell(&self.tenant, &cell_name(entity), revision, &bytes).await {
            Ok(CellSet::Done) => revision + 1,
            // Another process has just made one, or a cell could not be read when the entity was opened.
            Ok(CellSet::Conflict { actual }) => actual,
            Err(_) => return,
        };
        self.inner.views.note_snapshot(&self.tenant, entity, revision);
    }
}

pub(super) fn cell_name(entity: &EntityRef) -> String {
    format!("snapshot:{entity}")
}
