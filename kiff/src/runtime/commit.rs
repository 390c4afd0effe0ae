//! Loading views and appending records: the two places where the runtime meets its store.

use super::{Runtime, RuntimeError};
use crate::{
    base::{
        defect::is_sown,
        ids::{EntityRef, TraceId},
        timestamp::Timestamp,
    },
    evidence::receipt::{Receipt, Unsigned},
    kernel::{
        decision::{Acknowledged, Clearance, Permit},
        record::{Draft, Kind, Record, RecordBytes, TooLarge, seal},
        view::{View, fold},
    },
    store::{Append, Batch, StoreError},
};
use std::sync::Arc;

/// How many records are read from the store at once.
pub(super) const PAGE: usize = 1_000;
/// How often a batch whose answer was lost is looked for and tried again.
const MOST_LOST: u32 = 3;

/// How an append came out.
pub(super) enum Commit {
    Stored(Stored),
    /// The stream has moved, or a name was claimed meanwhile: decide again.
    Conflict,
    /// The signer failed, and a clearance needs its receipt.
    Unsigned,
}

impl Commit {
    /// Records that were found in the log, from an append whose answer was lost.
    pub(super) fn found(records: Vec<Record>) -> Self {
        Self::Stored(Stored { records, receipt: None, acknowledged: None })
    }
}

/// Records that are stored.
pub(super) struct Stored {
    pub(super) records: Vec<Record>,
    pub(super) receipt: Option<Receipt>,
    /// Proof that this very call has stored them.
    pub(super) acknowledged: Option<Acknowledged>,
}

impl Stored {
    /// Trades a clearance for the right to run it.
    pub(super) fn permit(&self, clearance: Clearance) -> Result<Permit, RuntimeError> {
        match &self.acknowledged {
            Some(acknowledged) => Ok(clearance.acknowledged(acknowledged)),
            None => {
                let (entity, what) = (clearance.cleared.proposed.entity.clone(), "a clearance has no record");
                Err(RuntimeError::Inconsistent { entity, what })
            }
        }
    }
}

impl Runtime {
    /// The view of an entity, as it was last seen. It may be behind: what appends finds out.
    pub(super) async fn view(&self, entity: &EntityRef) -> Result<Arc<View>, RuntimeError> {
        match self.inner.views.get(&self.tenant, entity) {
            Some(view) => Ok(view),
            None => self.refresh(entity).await,
        }
    }

    /// The view of an entity that is not looked at.
    pub(super) fn unseen(&self, entity: &EntityRef) -> Arc<View> {
        Arc::new(View::empty(&self.inner.domain, self.tenant.clone(), entity.clone()))
    }

    /// The view of an entity with the stream's tail folded in.
    pub(super) async fn refresh(&self, entity: &EntityRef) -> Result<Arc<View>, RuntimeError> {
        let view = match self.inner.views.get(&self.tenant, entity) {
            Some(kept) => self.fold_tail(kept).await?,
            None => self.open_cold(entity).await?,
        };
        self.inner.views.put(&view);
        Ok(view)
    }

    /// Folds into a view what its stream has behind it.
    pub(super) async fn fold_tail(&self, mut view: Arc<View>) -> Result<Arc<View>, RuntimeError> {
        let entity = &view.head.entity.clone();
        loop {
            let page = self.inner.store.read(&self.tenant, entity, view.head.seq, PAGE).await?;
            let count = page.len();
            if count == 0 {
                break;
            }
            self.fold_page(Arc::make_mut(&mut view), page, |_| ()).inspect_err(|error| {
                if matches!(error, RuntimeError::Fold { .. }) {
                    self.inner.views.forget(&self.tenant, entity);
                }
            })?;
            if count < PAGE {
                break;
            }
        }
        Ok(view)
    }

    /// Folds the next records of a view's stream into it, and shows the view after each.
    pub(super) fn fold_page(
        &self,
        view: &mut View,
        page: Vec<RecordBytes>,
        mut show: impl FnMut(&View),
    ) -> Result<(), RuntimeError> {
        for bytes in page {
            let record = self.parse(&view.head.entity, view.head.seq, bytes)?;
            fold(view, &record).map_err(|source| RuntimeError::Fold {
                entity: record.entity().clone(),
                seq: record.entity_seq(),
                source,
            })?;
            show(view);
        }
        Ok(())
    }

    pub(super) fn parse(&self, entity: &EntityRef, after: u64, bytes: RecordBytes) -> Result<Record, RuntimeError> {
        Record::parse(bytes).map_err(|source| RuntimeError::Record { entity: entity.clone(), seq: after + 1, source })
    }

    /// Seals drafts behind a view, signs the decision among them, appends, and folds what was stored.
    pub(super) async fn commit(
        &self,
        view: Arc<View>,
        drafts: Vec<Draft>,
        trace: TraceId,
        now: Timestamp,
    ) -> Result<Commit, RuntimeError> {
        if drafts.is_empty() {
            return Ok(Commit::found(Vec::new()));
        }
        let entity = view.head.entity.clone();
        let records = seal(&view.head, drafts, trace, now)
            .map_err(|TooLarge { kind, bytes }| RuntimeError::RecordTooLarge { kind, bytes })?;
        let Ok(receipt) = self.sign(&records).await else {
            return Ok(Commit::Unsigned);
        };
        let batch = Batch::new(self.tenant.clone()).with(entity.clone(), view.head.seq, records);
        let batch = batch.map_err(|_| RuntimeError::Inconsistent {
            entity: entity.clone(),
            what: "its records do not follow one another",
        })?;
        match self.append(&entity, view.head.seq, &batch).await {
            Ok(Append::Done) => {}
            Ok(_) if is_sown("run_on_conflict") => {}
            Ok(_) => {
                drop(view);
                self.refresh(&entity).await?;
                return Ok(Commit::Conflict);
            }
            Err(_) if is_sown("run_before_the_append") => {}
            Err(error) => {
                self.inner.views.forget(&self.tenant, &entity);
                return Err(error.into());
            }
        }
        let records = batch.into_records();
        let seq = records.first().map_or(0, Record::entity_seq);
        let folded = self.inner.views.advance(view, &records);
        folded.map_err(|source| RuntimeError::Fold { entity: entity.clone(), seq, source })?;
        self.keep_snapshot(&entity, &records).await;
        Ok(Commit::Stored(Stored { records, receipt, acknowledged: Some(Acknowledged(())) }))
    }

    /// Appends; if the answer is lost, looks whether the batch is there, and tries again if it is not.
    ///
    /// The same bytes at the same place can be stored only once, so a second try is never a second append.
    async fn append(&self, entity: &EntityRef, after: u64, batch: &Batch) -> Result<Append, StoreError> {
        let mut lost = 0;
        loop {
            let error = match self.inner.store.append(batch).await {
                Err(error @ StoreError::Unknown(_)) if lost < MOST_LOST => error,
                // A conflict after a lost answer may be with our own records.
                Ok(append) if lost == 0 || append == Append::Done => return Ok(append),
                Ok(append) => return Ok(if self.landed(entity, after, batch).await? { Append::Done } else { append }),
                Err(error) => return Err(error),
            };
            lost += 1;
            match self.landed(entity, after, batch).await {
                Ok(true) => return Ok(Append::Done),
                Ok(false) => {}
                Err(_) => return Err(error),
            }
        }
    }

    /// True if the records at the batch's place are the batch's own.
    async fn landed(&self, entity: &EntityRef, after: u64, batch: &Batch) -> Result<bool, StoreError> {
        let ours = batch.parts().first().and_then(|part| part.records().first()).map(Record::bytes);
        let stored = self.inner.store.read(&self.tenant, entity, after, 1).await?;
        Ok(ours.is_some() && stored.first() == ours)
    }

    /// The records behind `after` that one call wrote, wherever they stand among those of others.
    pub(super) async fn records_of_call(
        &self,
        entity: &EntityRef,
        after: u64,
        trace: TraceId,
    ) -> Result<Vec<Record>, RuntimeError> {
        let mut records = self.stream(entity, after).await?;
        records.retain(|record| record.trace_id() == trace);
        Ok(records)
    }

    /// The receipt of the decision among the records. A clearance without one must not be stored; any other
    /// decision may be, and its receipt be issued later from the log.
    async fn sign(&self, records: &[Record]) -> Result<Option<Receipt>, NotSigned> {
        let Some(signer) = &self.inner.signer else { return Ok(None) };
        let Some((record, unsigned)) =
            records.iter().find_map(|record| Unsigned::of(record).map(|unsigned| (record, unsigned)))
        else {
            return Ok(None);
        };
        match signer.sign(&unsigned.message()).await {
            Ok(signature) => Ok(Some(unsigned.signed(signature))),
            Err(_) if record.kind() == Kind::ActionValidated => Err(NotSigned),
            Err(_) => Ok(None),
        }
    }

    /// Issues the receipt of a stored record again, if the key that it names is the signer's.
    pub(crate) async fn reissue(&self, record: &Record) -> Option<Receipt> {
        let signer = self.inner.signer.as_ref()?;
        let unsigned = Unsigned::of(record).filter(|unsigned| unsigned.key_id() == signer.key_id())?;
        let signature = signer.sign(&unsigned.message()).await.ok()?;
        Some(unsigned.signed(signature))
    }
}

struct NotSigned;
