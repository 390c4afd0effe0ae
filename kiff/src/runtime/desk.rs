//! Where one call reads and appends: the runtime's own store, with the views that it keeps.

use super::{Runtime, RuntimeError};
use crate::{
    base::{few::Few, ids::EntityRef},
    kernel::{
        record::{Claim, Found, Record, RecordBytes},
        view::{View, fold},
    },
    store::{Append, Batch, StoreError},
};
use std::{future::Future, sync::Arc};

/// How many records are read from the store at once.
pub(super) const PAGE: usize = 1_000;
/// How often a batch whose answer was lost is looked for and tried again.
const MAX_LOST_ANSWERS: u32 = 3;

/// Where one call reads and appends.
pub(super) trait Desk: Send {
    /// The view of a stream as it was last seen, and whether it is fresh. An append shows whether it was stale.
    fn kept_view(&mut self, stream: &EntityRef)
    -> impl Future<Output = Result<(Arc<View>, bool), RuntimeError>> + Send;

    /// The view of a stream with its tail folded in.
    fn fresh_view(&mut self, stream: &EntityRef) -> impl Future<Output = Result<Arc<View>, RuntimeError>> + Send;

    /// The place where a claim was made.
    fn find(&mut self, claim: &Claim) -> impl Future<Output = Result<Option<Found>, RuntimeError>> + Send;

    /// One record of a stream, which the index names.
    fn record(&mut self, stream: &EntityRef, seq: u64) -> impl Future<Output = Result<Record, RuntimeError>> + Send;

    /// Appends a batch, or nothing of it.
    fn append(&mut self, batch: &Batch) -> impl Future<Output = Result<Appended, RuntimeError>> + Send;

    /// Brings the views of a batch up to date after a conflict.
    fn renew(&mut self, batch: &Batch) -> impl Future<Output = Result<(), RuntimeError>> + Send;

    /// Folds what was stored into the views on which it was decided, one for each part with records, in their order.
    fn keep(
        &mut self,
        views: Few<Arc<View>>,
        batch: &Batch,
        effect_follows: bool,
    ) -> impl Future<Output = Result<(), RuntimeError>> + Send;
}

/// How an append came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    Stored,
    /// A stream has moved, or another call has made a claim of the batch. Nothing is stored.
    Conflict,
}

/// The runtime's own store, with the views that it keeps.
pub(super) struct OwnDesk<'a> {
    rt: &'a Runtime,
    /// The sequence after which an append was first tried whose answer was lost. Records of this call may stand there.
    pub(super) lost_after: Option<u64>,
}

impl Desk for OwnDesk<'_> {
    async fn kept_view(&mut self, stream: &EntityRef) -> Result<(Arc<View>, bool), RuntimeError> {
        match self.rt.inner.views.get(&self.rt.tenant, stream) {
            Some(view) => Ok((view, false)),
            None => Ok((self.rt.refresh(stream).await?, true)),
        }
    }

    async fn fresh_view(&mut self, stream: &EntityRef) -> Result<Arc<View>, RuntimeError> {
        self.rt.refresh(stream).await
    }

    async fn find(&mut self, claim: &Claim) -> Result<Option<Found>, RuntimeError> {
        Ok(self.rt.inner.store.find(&self.rt.tenant, claim).await?)
    }

    async fn record(&mut self, stream: &EntityRef, seq: u64) -> Result<Record, RuntimeError> {
        self.rt.record_at(stream, seq).await
    }

    /// Appends. If the store's answer is lost, reads whether the batch is there, and tries again if it is not.
    ///
    /// The same bytes at the same place can be stored only once, so a second try is never a second append.
    async fn append(&mut self, batch: &Batch) -> Result<Appended, RuntimeError> {
        let appended = self.append_or_find(batch).await;
        if appended.is_err() {
            // The batch may be in the log all the same: the kept views are not to be trusted.
            self.lost_after = self.lost_after.or(batch.parts().first().map(|part| part.expected()));
            for part in batch.parts() {
                self.rt.inner.views.forget(&self.rt.tenant, part.stream());
            }
        }
        appended
    }

    async fn renew(&mut self, batch: &Batch) -> Result<(), RuntimeError> {
        for part in batch.parts() {
            self.rt.refresh(part.stream()).await?;
        }
        Ok(())
    }

    async fn keep(&mut self, views: Few<Arc<View>>, batch: &Batch, effect_follows: bool) -> Result<(), RuntimeError> {
        for (view, part) in views.into_iter().zip(batch.parts()) {
            let seq = part.expected();
            let folded = self.rt.inner.views.advance(view, part.records());
            folded.map_err(|source| RuntimeError::Fold { entity: part.stream().clone(), seq, source })?;
            // Nothing comes between a clearance and its effect: a snapshot that is due waits for the records of the end.
            if !effect_follows {
                self.rt.keep_snapshot(part.stream()).await;
            }
        }
        Ok(())
    }
}

impl OwnDesk<'_> {
    async fn append_or_find(&self, batch: &Batch) -> Result<Appended, RuntimeError> {
        let mut lost = 0;
        loop {
            let error = match self.rt.inner.store.append(batch).await {
                Err(error @ StoreError::Unknown(_)) if lost < MAX_LOST_ANSWERS => error,
                Err(error) => return Err(error.into()),
                Ok(Append::Done) => return Ok(Appended::Stored),
                // After a lost answer, the conflict may be with the batch's own records.
                Ok(_) if lost > 0 && self.has_landed(batch).await? => return Ok(Appended::Stored),
                Ok(_) => return Ok(Appended::Conflict),
            };
            lost += 1;
            match self.has_landed(batch).await {
                Ok(true) => return Ok(Appended::Stored),
                Ok(false) => {}
                Err(inconsistent @ RuntimeError::Inconsistent { .. }) => return Err(inconsistent),
                // The store cannot be read either. The lost answer is the error to report.
                Err(_) => return Err(error.into()),
            }
        }
    }

    /// True if the records at the batch's places are the batch's own, all of them. A store that holds a part of a batch
    /// has broken its promise, and nothing may be built on it.
    async fn has_landed(&self, batch: &Batch) -> Result<bool, RuntimeError> {
        let mut found = 0;
        let mut wanted = 0;
        let mut broken = None;
        for part in batch.parts().iter().filter(|part| !part.records().is_empty()) {
            let records = part.records();
            let stored =
                self.rt.inner.store.read(&self.rt.tenant, part.stream(), part.expected(), records.len()).await?;
            let same = stored.iter().zip(records).filter(|(stored, ours)| *stored == ours.bytes()).count();
            found += same;
            wanted += records.len();
            if same < records.len() {
                broken = Some(part.stream());
            }
        }
        match broken {
            Some(stream) if found > 0 => {
                let what = "the store holds a part of a batch";
                Err(RuntimeError::Inconsistent { entity: stream.clone(), what })
            }
            _ => Ok(found == wanted),
        }
    }
}

impl Runtime {
    pub(super) fn own_desk(&self) -> OwnDesk<'_> {
        OwnDesk { rt: self, lost_after: None }
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

    /// Folds the rest of its stream into a view.
    pub(super) async fn fold_tail(&self, mut view: Arc<View>) -> Result<Arc<View>, RuntimeError> {
        let entity = view.head.entity.clone();
        loop {
            let page = self.inner.store.read(&self.tenant, &entity, view.head.seq, PAGE).await?;
            let count = page.len();
            if count > 0 {
                self.fold_page(Arc::make_mut(&mut view), page, |_| ()).inspect_err(|error| {
                    if matches!(error, RuntimeError::Fold { .. }) {
                        self.inner.views.forget(&self.tenant, &entity);
                    }
                })?;
            }
            if count < PAGE {
                return Ok(view);
            }
        }
    }

    /// Folds the next records of a view's stream into it, and calls `show` with the view after each.
    pub(super) fn fold_page(
        &self,
        view: &mut View,
        page: Vec<RecordBytes>,
        mut show: impl FnMut(&View),
    ) -> Result<(), RuntimeError> {
        for bytes in page {
            let record = parse(&view.head.entity, view.head.seq, bytes)?;
            fold(view, &record).map_err(|source| RuntimeError::Fold {
                entity: record.entity().clone(),
                seq: record.entity_seq(),
                source,
            })?;
            show(view);
        }
        Ok(())
    }

    /// One record of a stream, which the index names.
    pub(super) async fn record_at(&self, stream: &EntityRef, seq: u64) -> Result<Record, RuntimeError> {
        let after = seq.checked_sub(1).ok_or_else(|| missing(stream))?;
        let bytes = self.inner.store.read(&self.tenant, stream, after, 1).await?.pop();
        let record = parse(stream, after, bytes.ok_or_else(|| missing(stream))?)?;
        // The kernel would ask for the same record again, without end.
        if record.entity_seq() == seq && record.entity() == stream { Ok(record) } else { Err(missing(stream)) }
    }
}

/// The error for a place that has no record, although the index names it.
pub(super) fn missing(stream: &EntityRef) -> RuntimeError {
    RuntimeError::Inconsistent { entity: stream.clone(), what: "the index names a record that is not there" }
}

/// Reads the record after a sequence.
pub(super) fn parse(entity: &EntityRef, after: u64, bytes: RecordBytes) -> Result<Record, RuntimeError> {
    Record::parse(bytes).map_err(|source| RuntimeError::Record { entity: entity.clone(), seq: after + 1, source })
}
