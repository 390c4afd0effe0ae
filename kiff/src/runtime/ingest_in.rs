//! An event taken in within a transaction of the host's.

use super::{Ingested, Runtime, RuntimeError, commit::PAGE, once_more, snapshot::cell_name};
use crate::{
    base::{
        actor::{Actor, Authority},
        event::{EventBody, NewEvent},
        ids::{EntityRef, Ids},
        timestamp::Timestamp,
    },
    kernel::{
        ingest::{Admitted, ingest},
        record::{Claim, Record, TooLarge, body::Body, seal},
        view::View,
    },
    store::{Append, Batch, PostgresTransaction, Savepoint},
};
use std::sync::Arc;

/// How often an event is tried again when others change the same entity. Who has appended to it waits for
/// nobody else who does, so more than a few mean that something else is wrong.
const MOST_TRIES: u32 = 64;

/// An event, and what one call keeps between its tries.
struct Report {
    source: Arc<Actor>,
    entity: EntityRef,
    event: EventBody,
    ids: Ids,
    now: Timestamp,
}

impl Runtime {
    /// Takes in an event within a transaction of the host's, so that the host's own rows and the event are
    /// stored together or not at all.
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
    /// rt.ingest_in(store.within(&mut tx), &Authority::service("shop"), "order:7", paid).await?.accepted()?;
    /// tx.commit().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The answer holds if the transaction is committed. Until then nobody else sees the event, this runtime's
    /// other calls neither; after a rollback the log has nothing of it, and the source may report it again. Its
    /// place in the log is given out after the commit. The commit waits for its flush, whatever the session's
    /// `synchronous_commit` was.
    ///
    /// Whoever else appends to the entity, or reports the same event, waits for the end of the transaction, so do this
    /// near its end. Two transactions that take in events of several entities should do so in the same order,
    /// or the server ends one of them.
    ///
    /// The stream is read within the transaction from where this runtime knows the entity: from its last look at it, from
    /// its [snapshot](crate::RuntimeBuilder::snapshots), or else from its first record. Where entities have long histories,
    /// call [`state`](Self::state) before the transaction begins, and only what came since is read in it.
    ///
    /// There is no call that clears an action this way, and there will be none. A clearance counts when it is stored
    /// for good, and only then does the executor start; in an open transaction it would not be, and a rollback
    /// would take back the record of an effect that has happened. Take the event in here, commit, and then
    /// [`execute`](Self::execute).
    ///
    /// # Errors
    /// [`RuntimeError`] if the event could not be taken in; nothing of it is in the transaction then. A refusal is
    /// an [`Ingested`], and leaves the transaction as it was. After [`RuntimeError::Contended`] the transaction can
    /// still be used. After [`RuntimeError::Store`] roll it back and begin again: a connection that is lost, a
    /// deadlock, or, at `REPEATABLE READ` and above, an entity that others have changed since the transaction
    /// began, lasts as long as the transaction does.
    pub async fn ingest_in(
        &self,
        mut transaction: PostgresTransaction<'_>,
        source: &Authority,
        entity: &str,
        event: NewEvent,
    ) -> Result<Ingested, RuntimeError> {
        let source = Arc::clone(source.actor()?);
        let (entity, event) = (entity.parse()?, EventBody::admit(event)?);
        let (ids, now) = self.draw()?;
        let report = Report { source, entity, event, ids, now };
        let mut tries = 0;
        loop {
            let mut savepoint = transaction.savepoint().await?;
            match self.try_in(&mut savepoint, &report).await {
                Ok(Some(ingested)) => {
                    savepoint.keep().await?;
                    return Ok(ingested);
                }
                Ok(None) => savepoint.undo().await?,
                Err(error) => {
                    // What went wrong first is told, whatever becomes of this.
                    let _ = savepoint.undo().await;
                    return Err(error);
                }
            }
            once_more(&mut tries, MOST_TRIES, &report.entity)?;
        }
    }

    /// One try; nothing if the entity moved or the event was claimed meanwhile.
    async fn try_in(&self, savepoint: &mut Savepoint<'_>, report: &Report) -> Result<Option<Ingested>, RuntimeError> {
        let Report { source, entity, event, ids, now } = report;
        let view = self.view_in(savepoint, entity).await?;
        let found = self.known_event_in(savepoint, source, event).await?;
        let (state, drafts) = match ingest(self.domain(), &view, source, event, found.as_ref(), *now) {
            Admitted::Known => return Ok(Some(Ingested::AlreadyKnown)),
            Admitted::Refused(refusal) => return Ok(Some(Ingested::Refused(refusal))),
            Admitted::Accept(state, drafts) => (state, drafts),
        };
        let records = seal(&view.head, drafts, ids.trace, *now)
            .map_err(|TooLarge { kind, bytes }| RuntimeError::RecordTooLarge { kind, bytes })?;
        let batch = Batch::new(self.tenant.clone()).with(entity.clone(), view.head.seq, records);
        let batch = batch.map_err(|_| RuntimeError::Inconsistent {
            entity: entity.clone(),
            what: "its records do not follow one another",
        })?;
        Ok(match savepoint.append(&batch).await? {
            Some(Append::Done) => Some(Ingested::Accepted { state, trace_id: ids.trace }),
            _ => None,
        })
    }

    /// The entity's view as the transaction sees it. Never kept: it may show what is not committed.
    async fn view_in(&self, savepoint: &mut Savepoint<'_>, entity: &EntityRef) -> Result<View, RuntimeError> {
        let known = match self.inner.views.get(&self.tenant, entity) {
            Some(kept) => Some(Arc::unwrap_or_clone(kept)),
            None => self.snapshot_in(savepoint, entity).await?,
        };
        if let Some(known) = known
            && self.stands_in(savepoint, &known).await?
            && let Ok(view) = self.folded_in(savepoint, known).await
        {
            return Ok(view);
        }
        let first = View::empty(self.domain(), self.tenant.clone(), entity.clone());
        self.folded_in(savepoint, first).await
    }

    /// The view in an entity's snapshot, of which the log may know nothing.
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

    /// Folds into a view what its stream has behind it, as the transaction sees it.
    async fn folded_in(&self, savepoint: &mut Savepoint<'_>, mut view: View) -> Result<View, RuntimeError> {
        loop {
            let page = savepoint.read(&self.tenant, &view.head.entity, view.head.seq, PAGE).await?;
            let count = page.len();
            self.fold_page(&mut view, page, |_| ())?;
            if count < PAGE {
                return Ok(view);
            }
        }
    }

    /// True if the record on which a kept view stands is the one that the transaction sees there. It sees less
    /// if it began to look earlier, and something else if it is of another database.
    async fn stands_in(&self, savepoint: &mut Savepoint<'_>, kept: &View) -> Result<bool, RuntimeError> {
        let head = &kept.head;
        let found = savepoint.read(&self.tenant, &head.entity, head.seq.saturating_sub(1), 1).await?.pop();
        let record = found.map(|bytes| self.parse(&head.entity, head.seq.saturating_sub(1), bytes)).transpose()?;
        Ok(record.is_some_and(|record| record.leaf() == head.leaf))
    }

    /// What the source has reported under the event's id before, and where, as the transaction sees it.
    async fn known_event_in(
        &self,
        savepoint: &mut Savepoint<'_>,
        source: &Arc<Actor>,
        event: &EventBody,
    ) -> Result<Option<(EntityRef, EventBody)>, RuntimeError> {
        let claim = Claim::Event(source.id.clone(), event.id.clone());
        let Some(place) = savepoint.find(&self.tenant, &claim).await? else {
            return Ok(None);
        };
        let after = place.seq.saturating_sub(1);
        let found = savepoint.read(&self.tenant, &place.stream, after, 1).await?.pop();
        let record: Option<Record> = found.map(|bytes| self.parse(&place.stream, after, bytes)).transpose()?;
        match record.map(|record| record.body) {
            Some(Body::EventIngested(earlier)) => Ok(Some((place.stream, earlier))),
            _ => Err(RuntimeError::Inconsistent { entity: place.stream, what: "an event's id names another record" }),
        }
    }
}
