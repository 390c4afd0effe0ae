//! Events that are taken in within a transaction of the host's.

use super::{
    Ingested, Runtime, RuntimeError,
    desk::{Appended, Desk, PAGE, missing, parse},
    snapshot::cell_name,
    transact::MAX_TRIES,
};
use crate::{
    base::{
        actor::Authority,
        event::{EventBody, NewEvent},
        few::Few,
        ids::EntityRef,
    },
    kernel::{
        ingest::Ingest,
        record::{Claim, Found, Record},
        view::View,
    },
    store::{Append, Batch, PostgresTransaction, Savepoint},
};
use std::sync::Arc;

impl Runtime {
    /// Takes in an event within a transaction of the host's, so that the host's own rows and the event are
    /// stored together or not at all. A refusal is not recorded.
    ///
    /// ```no_run
    /// use kiff::{Authority, NewEvent, Runtime, store::PostgresStore};
    /// use sqlx::PgPool;
    ///
    /// # async fn run(rt: Runtime, store: PostgresStore, pool: PgPool) -> Result<(), Box<dyn std::error::Error>> {
    /// // `rt` was built with `.store(store.clone())`.
    /// let mut tx = pool.begin().await?;
    /// sqlx::query("UPDATE orders SET paid = true WHERE id = 7").execute(&mut *tx).await?;
    /// let paid = NewEvent::new("payment_7", "ORDER_PAID");
    /// rt.ingest_in(store.within(&mut tx), &Authority::service("shop")?, "order:7", paid).await?.accepted()?;
    /// tx.commit().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The answer holds once the transaction is committed. Until then nobody else sees the event, and neither do other
    /// calls of this runtime. After a rollback the log has nothing of it, and the source may report it again. The event gets
    /// its place in the log after the commit. The commit waits for its flush, whatever the session's
    /// `synchronous_commit` was.
    ///
    /// Others who append to the entity or report the same event wait for the end of the transaction, so do this near its end. Two transactions that take in events of several entities should do so in the same order,
    /// or the server ends one of them.
    ///
    /// The stream is read within the transaction from where this runtime knows the entity: from its last look at it, from
    /// its [snapshot](crate::RuntimeBuilder::snapshots), or else from its first record. Where entities have long histories,
    /// call [`state`](Self::state) before the transaction begins, and only what came since is read in it.
    ///
    /// No call clears an action this way, and none will. The executor starts only after the clearance is stored for good. In
    /// an open transaction it is not, and a rollback would remove the record of an effect that has happened. Take the event in here, commit, and then
    /// [`execute`](Self::execute).
    ///
    /// # Errors
    /// [`RuntimeError`] if the event could not be taken in; nothing of it is in the transaction then. A refusal is
    /// an [`Ingested`], and leaves the transaction as it was. After [`RuntimeError::Contended`] the transaction can
    /// still be used. After [`RuntimeError::Store`] roll it back and begin again: a connection that is lost, a
    /// deadlock, or, at `REPEATABLE READ` and above, an entity that others have changed since the transaction
    /// began: none of these passes while the transaction lasts.
    pub async fn ingest_in(
        &self,
        mut transaction: PostgresTransaction<'_>,
        source: &Authority,
        entity: &str,
        event: NewEvent,
    ) -> Result<Ingested, RuntimeError> {
        let source = source.actor();
        let entity: EntityRef = entity.parse()?;
        let event = EventBody::admit(event)?;
        let mut call = self.draw()?;
        let command = Ingest { entity: &entity, source, event: &event };
        // Each try has a savepoint, so that a conflict or an error leaves the transaction as it was.
        let mut tries = 0;
        loop {
            let mut savepoint = transaction.savepoint().await?;
            let mut desk = TransactionDesk { rt: self, savepoint: &mut savepoint };
            match self.transact_at(&mut desk, &command, &mut call, 0).await {
                Ok(transacted) => {
                    savepoint.keep().await?;
                    return Ok(Ingested::of(transacted.reply, call.ids.trace));
                }
                Err(RuntimeError::Contended { .. }) if tries < MAX_TRIES => savepoint.undo().await?,
                Err(error) => {
                    // This error is the one to report, even if the savepoint cannot be undone.
                    let _ = savepoint.undo().await;
                    return Err(error);
                }
            }
            tries += 1;
        }
    }

    /// The view in an entity's snapshot. Whether the log has the record on which it stands is not checked.
    async fn snapshot_in(
        &self,
        savepoint: &mut Savepoint<'_>,
        entity: &EntityRef,
    ) -> Result<Option<View>, RuntimeError> {
        if self.inner.snapshots == 0 {
            return Ok(None);
        }
        let cell = savepoint.cell(&self.tenant, &cell_name(entity)).await?;
        Ok(cell.and_then(|cell| self.read_snapshot(entity, &cell)))
    }

    /// Folds the rest of its stream into a view, as the transaction sees it.
    async fn fold_tail_in(&self, savepoint: &mut Savepoint<'_>, mut view: View) -> Result<View, RuntimeError> {
        loop {
            let page = savepoint.read(&self.tenant, &view.head.entity, view.head.seq, PAGE).await?;
            let count = page.len();
            self.fold_page(&mut view, page, |_| ())?;
            if count < PAGE {
                return Ok(view);
            }
        }
    }
}

/// A transaction of the host's. Its views are never kept: they may show what is not committed.
struct TransactionDesk<'a, 't> {
    rt: &'a Runtime,
    savepoint: &'a mut Savepoint<'t>,
}

impl Desk for TransactionDesk<'_, '_> {
    async fn kept_view(&mut self, stream: &EntityRef) -> Result<(Arc<View>, bool), RuntimeError> {
        Ok((self.fresh_view(stream).await?, true))
    }

    /// The entity's view as the transaction sees it.
    async fn fresh_view(&mut self, stream: &EntityRef) -> Result<Arc<View>, RuntimeError> {
        let known = match self.rt.inner.views.get(&self.rt.tenant, stream) {
            Some(kept) => Some(Arc::unwrap_or_clone(kept)),
            None => self.rt.snapshot_in(self.savepoint, stream).await?,
        };
        if let Some(known) = known
            && self.stands_on(&known).await?
            && let Ok(view) = self.rt.fold_tail_in(self.savepoint, known).await
        {
            return Ok(Arc::new(view));
        }
        let first = View::empty(self.rt.domain(), self.rt.tenant.clone(), stream.clone());
        Ok(Arc::new(self.rt.fold_tail_in(self.savepoint, first).await?))
    }

    async fn find(&mut self, claim: &Claim) -> Result<Option<Found>, RuntimeError> {
        Ok(self.savepoint.find(&self.rt.tenant, claim).await?)
    }

    async fn record(&mut self, stream: &EntityRef, seq: u64) -> Result<Record, RuntimeError> {
        let record = self.record_at(stream, seq).await?;
        // The kernel would ask for the same record again, without end.
        record.filter(|record| record.entity_seq() == seq && record.entity() == stream).ok_or_else(|| missing(stream))
    }

    async fn append(&mut self, batch: &Batch) -> Result<Appended, RuntimeError> {
        Ok(match self.savepoint.append(batch).await? {
            Some(Append::Done) => Appended::Stored,
            _ => Appended::Conflict,
        })
    }

    async fn renew(&mut self, _: &Batch) -> Result<(), RuntimeError> {
        Ok(())
    }

    async fn keep(&mut self, _: Few<Arc<View>>, _: &Batch, _: bool) -> Result<(), RuntimeError> {
        Ok(())
    }
}

impl TransactionDesk<'_, '_> {
    /// True if the transaction sees the record on which a kept view stands. A transaction that began earlier may not, and one
    /// of another database sees another record or none.
    async fn stands_on(&mut self, kept: &View) -> Result<bool, RuntimeError> {
        let record = self.record_at(&kept.head.entity, kept.head.seq).await?;
        Ok(record.is_some_and(|record| record.leaf() == kept.head.leaf))
    }

    async fn record_at(&mut self, stream: &EntityRef, seq: u64) -> Result<Option<Record>, RuntimeError> {
        let after = seq.checked_sub(1).ok_or_else(|| missing(stream))?;
        let found = self.savepoint.read(&self.rt.tenant, stream, after, 1).await?.pop();
        found.map(|bytes| parse(stream, after, bytes)).transpose()
    }
}
