//! A store that is slow and plain, and on demand wrong in one way.

use kiff::{
    EntityRef, TenantId,
    record::{Record, RecordBytes},
    store::{
        self, Append, Batch, Cell, CellSet, Claim, EventStore, Found, IndexEntry, Mark, MarkKind, OpenMark, StoreError,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
};

/// What a store may get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    RewritesBytes,
    SortsByText,
    IgnoresLimit,
    CutsLargeRecords,
    KeepsFewStreams,
    SharesClaims,
    SharesLogs,
    LetsAheadPass,
    LetsStalePass,
    TellsWrongSequence,
    SplitsBatches,
    DropsGuards,
    ForgetsKeys,
    ForgetsEvents,
    ForgetsReceipts,
    ForgetsApprovals,
    ForgetsExecutions,
    StoresWhatIsClaimed,
    ChecksClaimsOnlyAgainstLog,
    FoldsLetters,
    FindsOneOff,
    NeverTellsClosed,
    StaysClosed,
    KeepsFirstClose,
    NeverCloses,
    NeverReopens,
    MovesOpenMarks,
    MixesKinds,
    SortsMarksById,
    InterleavesBatches,
    TurnsBatchesRound,
    NewestFirst,
    ChecksThenAppends,
    RefusesOthersMeanwhile,
    LeavesGaps,
    ForgetsCells,
    RestartsRevisions,
    IgnoresRevisions,
    TellsWrongRevision,
    SetsInConflict,
    SharesCells,
    FoldsCellNames,
    CutsLargeCells,
    ChecksThenSets,
    ForgetsTheLastRecord,
    ForgetsCellsWhenClosed,
    Panics,
    Fails,
}

/// One list of records, and every answer a fold over it. A clone is the same store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Naive {
    fault: Option<Fault>,
    stored: Arc<Mutex<Vec<(TenantId, Record)>>>,
    cells: Arc<Mutex<BTreeMap<String, Cell>>>,
}

impl Naive {
    /// A store with one fault.
    pub(crate) fn with(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// The store as it is after it was closed.
    pub(crate) fn reopened(&self, fault: Option<Fault>) -> Self {
        match fault {
            Some(Fault::ForgetsTheLastRecord) => drop(self.stored.lock().unwrap().pop()),
            Some(Fault::ForgetsCellsWhenClosed) => self.cells.lock().unwrap().clear(),
            _ => {}
        }
        self.clone()
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn records(&self, tenant: &TenantId) -> Vec<Record> {
        self.stored.lock().unwrap().iter().filter(|(of, _)| of == tenant).map(|(_, record)| record.clone()).collect()
    }

    fn claims(&self, record: &Record) -> Vec<Claim> {
        let claims = store::index_of(record).filter_map(|entry| match entry {
            IndexEntry::Claim(claim) => Some(claim),
            _ => None,
        });
        claims.filter(|claim| !self.forgets(claim)).collect()
    }

    fn forgets(&self, claim: &Claim) -> bool {
        match claim {
            Claim::Event(..) => self.is(Fault::ForgetsEvents),
            Claim::Key(..) => self.is(Fault::ForgetsKeys),
            Claim::Receipt(_) => self.is(Fault::ForgetsReceipts),
            Claim::Approval(_) => self.is(Fault::ForgetsApprovals),
            Claim::Execution(_) => self.is(Fault::ForgetsExecutions),
            _ => false,
        }
    }

    /// A claim as the store compares it.
    fn key(&self, claim: &Claim) -> String {
        let text = format!("{claim:?}");
        if self.is(Fault::FoldsLetters) { text.to_lowercase() } else { text }
    }

    /// Why the batch cannot be stored, over what is stored already.
    fn refusal(&self, stored: &[(TenantId, Record)], batch: &Batch) -> Option<Append> {
        let ours = || stored.iter().filter(|(tenant, _)| tenant == batch.tenant()).map(|(_, record)| record);
        for part in batch.parts() {
            let actual = ours().filter(|record| record.entity() == part.stream()).count() as u64;
            let passes = part.expected() == actual
                || (part.records().is_empty() && self.is(Fault::DropsGuards))
                || (part.expected() > actual && self.is(Fault::LetsAheadPass))
                || (part.expected() < actual && self.is(Fault::LetsStalePass));
            if !passes {
                return Some(Append::Conflict {
                    stream: part.stream().clone(),
                    actual: actual + u64::from(self.is(Fault::TellsWrongSequence)),
                });
            }
        }
        let mut taken: BTreeSet<String> = match self.is(Fault::SharesClaims) {
            true => stored.iter().flat_map(|(_, record)| self.claims(record)).map(|claim| self.key(&claim)).collect(),
            false => ours().flat_map(|record| self.claims(record)).map(|claim| self.key(&claim)).collect(),
        };
        for claim in batch.parts().iter().flat_map(|part| part.records()).flat_map(|record| self.claims(record)) {
            let free = match self.is(Fault::ChecksClaimsOnlyAgainstLog) {
                true => !taken.contains(&self.key(&claim)),
                false => taken.insert(self.key(&claim)),
            };
            if !free {
                return Some(Append::Claimed { claim });
            }
        }
        None
    }

    fn store(&self, stored: &mut Vec<(TenantId, Record)>, batch: &Batch) {
        let mut records: Vec<Record> = batch.parts().iter().flat_map(|part| part.records()).cloned().collect();
        if self.is(Fault::TurnsBatchesRound) {
            // The parts, not the records of one.
            records
                .sort_by(|one, other| other.entity().cmp(one.entity()).then(one.entity_seq().cmp(&other.entity_seq())));
        }
        if self.is(Fault::InterleavesBatches) && records.len() > 2 {
            // The first record goes before the one that is there already, unless that is of its stream.
            let first = records.remove(0);
            let free = stored.last().is_some_and(|(_, last)| last.entity() != first.entity());
            stored.insert(stored.len() - usize::from(free), (batch.tenant().clone(), first));
        }
        stored.extend(records.into_iter().map(|record| (batch.tenant().clone(), record)));
    }

    fn append_part_by_part(&self, batch: &Batch) -> Append {
        let mut stored = self.stored.lock().unwrap();
        for part in batch.parts() {
            let alone = Batch::new(batch.tenant().clone())
                .with(part.stream().clone(), part.expected(), part.records().to_vec())
                .unwrap();
            if let Some(refusal) = self.refusal(&stored, &alone) {
                return refusal;
            }
            self.store(&mut stored, &alone);
        }
        Append::Done
    }

    fn marks(&self, tenant: &TenantId) -> BTreeMap<Mark, Standing> {
        let mut marks: BTreeMap<Mark, Standing> = BTreeMap::new();
        for record in self.records(tenant) {
            for entry in store::index_of(&record) {
                match entry {
                    IndexEntry::Open(mark) => {
                        let known = marks.contains_key(&mark);
                        let standing = marks.entry(mark).or_default();
                        if !self.is(Fault::StaysClosed) {
                            standing.closed = None;
                        }
                        if (standing.open.is_none() || self.is(Fault::MovesOpenMarks))
                            && !(known && self.is(Fault::NeverReopens))
                        {
                            standing.open =
                                Some(OpenMark { stream: record.entity().clone(), seq: record.entity_seq(), mark });
                        }
                    }
                    IndexEntry::Close(mark) => {
                        let standing = marks.entry(mark).or_default();
                        if standing.closed.is_none() || !self.is(Fault::KeepsFirstClose) {
                            standing.closed = Some(record.entity_seq());
                        }
                        if !self.is(Fault::NeverCloses) {
                            standing.open = None;
                        }
                    }
                    _ => {}
                }
            }
        }
        marks
    }

    fn bytes(&self, record: Record) -> RecordBytes {
        let text = String::from_utf8(record.bytes().to_vec()).unwrap();
        match self.fault {
            Some(Fault::RewritesBytes) => text.replace("\\\"", "\\u0022").into_bytes().into(),
            Some(Fault::CutsLargeRecords) => text.as_bytes()[..text.len().min(65_000)].into(),
            _ => record.bytes().clone(),
        }
    }

    fn cell_key(&self, tenant: &TenantId, name: &str) -> String {
        match self.fault {
            Some(Fault::SharesCells) => name.to_owned(),
            Some(Fault::FoldsCellNames) => format!("{tenant} {}", name.to_lowercase()),
            _ => format!("{tenant} {name}"),
        }
    }

    fn page(&self, records: impl Iterator<Item = Record>, after: u64, limit: usize) -> Vec<RecordBytes> {
        let limit = if self.is(Fault::IgnoresLimit) { usize::MAX } else { limit };
        records.skip(after.try_into().unwrap()).take(limit).map(|record| self.bytes(record)).collect()
    }
}

/// Where a mark was opened if it is open, and where it was closed last if it is closed.
#[derive(Default)]
struct Standing {
    open: Option<OpenMark>,
    closed: Option<u64>,
}

impl EventStore for Naive {
    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        if self.is(Fault::Fails) {
            return Err(StoreError::failed("the disk is gone"));
        }
        assert!(!self.is(Fault::Panics), "this store gives up");
        if self.is(Fault::SplitsBatches) {
            return Ok(self.append_part_by_part(batch));
        }
        if self.is(Fault::ChecksThenAppends) {
            let refusal = self.refusal(&self.stored.lock().unwrap(), batch);
            give_way().await;
            if refusal.is_none() {
                self.store(&mut self.stored.lock().unwrap(), batch);
            }
            return Ok(refusal.unwrap_or(Append::Done));
        }
        let mut stored = self.stored.lock().unwrap();
        if let Some(refusal) = self.refusal(&stored, batch) {
            if self.is(Fault::StoresWhatIsClaimed) && matches!(refusal, Append::Claimed { .. }) {
                self.store(&mut stored, batch);
            }
            return Ok(refusal);
        }
        let others =
            stored.last().is_some_and(|(_, last)| batch.parts().iter().all(|part| part.stream() != last.entity()));
        if self.is(Fault::RefusesOthersMeanwhile) && others {
            let part = &batch.parts()[0];
            return Ok(Append::Conflict { stream: part.stream().clone(), actual: part.expected() });
        }
        let full = stored.len() >= 800;
        if !(full && self.is(Fault::KeepsFewStreams)) {
            self.store(&mut stored, batch);
        }
        Ok(Append::Done)
    }

    async fn read(
        &self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordBytes>, StoreError> {
        let mut records = self.records(tenant);
        records.retain(|record| record.entity() == stream);
        if self.is(Fault::SortsByText) {
            records.sort_by_key(|record| record.entity_seq().to_string());
        }
        Ok(self.page(records.into_iter(), after, limit))
    }

    async fn read_log(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<RecordBytes>, StoreError> {
        let mut records = self.records(tenant);
        match self.fault {
            Some(Fault::NewestFirst) => records.reverse(),
            Some(Fault::SharesLogs) => {
                records = self.stored.lock().unwrap().iter().map(|(_, record)| record.clone()).collect()
            }
            // An order that is given out before it is known who comes first: later records may go before earlier ones.
            Some(Fault::LeavesGaps) => {
                records.sort_by(|a, b| a.entity().cmp(b.entity()).then(a.entity_seq().cmp(&b.entity_seq())))
            }
            _ => {}
        }
        Ok(self.page(records.into_iter(), after, limit))
    }

    async fn sequence(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        Ok(self.records(tenant).len() as u64)
    }

    async fn find(&self, tenant: &TenantId, claim: &Claim) -> Result<Option<Found>, StoreError> {
        let marks = self.marks(tenant);
        let closed =
            marks.into_iter().find(|(mark, _)| Claim::from(*mark) == *claim).and_then(|(_, standing)| standing.closed);
        let closed = if self.is(Fault::NeverTellsClosed) { None } else { closed };
        let record = self.records(tenant).into_iter().find(|record| self.claims(record).contains(claim));
        let off = u64::from(self.is(Fault::FindsOneOff));
        Ok(record.map(|record| Found { stream: record.entity().clone(), seq: record.entity_seq() - off, closed }))
    }

    async fn open(
        &self,
        tenant: &TenantId,
        kind: MarkKind,
        after: Option<&OpenMark>,
        limit: usize,
    ) -> Result<Vec<OpenMark>, StoreError> {
        let mut open: Vec<OpenMark> = self.marks(tenant).into_values().filter_map(|standing| standing.open).collect();
        open.retain(|place| place.mark.kind() == kind || self.is(Fault::MixesKinds));
        if !self.is(Fault::SortsMarksById) {
            open.sort();
        }
        Ok(open.into_iter().filter(|place| after.is_none_or(|after| place > after)).take(limit).collect())
    }

    async fn cell(&self, tenant: &TenantId, name: &str) -> Result<Option<Cell>, StoreError> {
        Ok(self.cells.lock().unwrap().get(&self.cell_key(tenant, name)).cloned())
    }

    async fn set_cell(
        &self,
        tenant: &TenantId,
        name: &str,
        expected: u64,
        value: &[u8],
    ) -> Result<CellSet, StoreError> {
        let key = self.cell_key(tenant, name);
        let mut seen = None;
        if self.is(Fault::ChecksThenSets) {
            seen = Some(revision_of(&self.cells.lock().unwrap(), &key));
            give_way().await;
        }
        let mut cells = self.cells.lock().unwrap();
        let actual = seen.unwrap_or_else(|| revision_of(&cells, &key));
        let most = if self.is(Fault::CutsLargeCells) { 65_535 } else { usize::MAX };
        let revision = if self.is(Fault::RestartsRevisions) { 1 } else { actual + 1 };
        let cell = Cell { revision, value: value.iter().copied().take(most).collect() };
        if actual != expected && !self.is(Fault::IgnoresRevisions) {
            if self.is(Fault::SetsInConflict) {
                cells.insert(key, Cell { revision: actual, ..cell });
            }
            return Ok(CellSet::Conflict { actual: actual + u64::from(self.is(Fault::TellsWrongRevision)) });
        }
        if !self.is(Fault::ForgetsCells) {
            cells.insert(key, cell);
        }
        Ok(CellSet::Done)
    }
}

fn revision_of(cells: &BTreeMap<String, Cell>, key: &str) -> u64 {
    cells.get(key).map_or(0, |cell| cell.revision)
}

/// Lets others run before it goes on, as a store does that waits for its disk.
async fn give_way() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
