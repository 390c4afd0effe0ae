//! The store suite: the stores that keep the rules pass it, and each broken one is caught by the right check.

use kiff::{
    BoxFuture, EntityRef, Record, RecordBytes, TenantId,
    store::{Append, Batch, Claim, EventStore, Found, IndexEntry, Mark, MarkKind, MemoryStore, OpenMark, StoreError, index_of},
    testing::store_suite::{self, Check, Failure, block_on, on_a_thread},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

#[test]
fn the_memory_store_passes() {
    block_on(store_suite::run(async || MemoryStore::new())).unwrap();
}

#[test]
fn a_store_that_knows_only_the_public_interface_passes() {
    block_on(store_suite::run(async || Naive::default())).unwrap();
}

#[test]
fn a_broken_store_is_caught_by_name() {
    use Fault::*;
    for (fault, check) in [
        (RewritesBytes, Check::ReadsBack),
        (SortsByText, Check::ReadsInOrder),
        (IgnoresLimit, Check::ReadsInOrder),
        (CutsLargeRecords, Check::HoldsLargeRecords),
        (KeepsFewStreams, Check::HoldsManyStreams),
        (SharesClaims, Check::KeepsTenantsApart),
        (SharesLogs, Check::KeepsTenantsApart),
        (LetsAheadPass, Check::RefusesOtherSequences),
        (LetsStalePass, Check::RefusesOtherSequences),
        (TellsWrongSequence, Check::RefusesOtherSequences),
        (SplitsBatches, Check::AppendsAllOrNothing),
        (DropsGuards, Check::HeedsGuards),
        (ForgetsKeys, Check::KeepsClaimsUnique),
        (ForgetsEvents, Check::KeepsClaimsUnique),
        (ForgetsReceipts, Check::KeepsClaimsUnique),
        (ForgetsApprovals, Check::KeepsClaimsUnique),
        (ForgetsExecutions, Check::KeepsClaimsUnique),
        (StoresWhatIsClaimed, Check::KeepsClaimsUnique),
        (ChecksClaimsOnlyAgainstLog, Check::KeepsClaimsUniqueInBatch),
        (FoldsLetters, Check::TellsClaimsApart),
        (FindsOneOff, Check::FindsClaims),
        (NeverTellsClosed, Check::TellsWhatIsClosed),
        (StaysClosed, Check::TellsWhatIsClosed),
        (KeepsFirstClose, Check::TellsWhatIsClosed),
        (NeverCloses, Check::KeepsOpenMarks),
        (NeverReopens, Check::KeepsOpenMarks),
        (MovesOpenMarks, Check::KeepsOpenMarks),
        (MixesKinds, Check::PagesOpenMarks),
        (SortsMarksById, Check::PagesOpenMarks),
        (InterleavesBatches, Check::KeepsTheLog),
        (NewestFirst, Check::KeepsPlacesInTheLog),
        (ChecksThenAppends, Check::LetsOneWriterWin),
        (ChecksThenAppends, Check::LetsOneClaimWin),
        (RefusesOthersMeanwhile, Check::LetsOthersWrite),
        (LeavesGaps, Check::LetsOthersWrite),
    ] {
        let store = Arc::new(Naive { fault: Some(fault), ..Naive::default() });
        let turns = Turns::default();
        match turns.block_on(check.run(&store, &|writer| turns.spawn(writer))) {
            Err(failure) => assert_eq!(failure.check, check),
            Ok(()) => panic!("{fault:?} passes {check}"),
        }
    }
}

#[test]
fn a_writer_that_panics_does_not_hang_the_check() {
    let store = Arc::new(Naive { fault: Some(Fault::Panics), ..Naive::default() });
    assert!(block_on(Check::LetsOthersWrite.run(&store, &on_a_thread)).is_err());
}

#[test]
fn the_suite_runs_inside_an_executor() {
    let turns = Turns::default();
    turns.block_on(store_suite::run_with(async || MemoryStore::new(), |writer| turns.spawn(writer))).unwrap();
}

#[test]
fn a_failure_names_the_rule_and_keeps_the_stores_error() {
    let broken = |fault| block_on(store_suite::run(async || Naive { fault: Some(fault), ..Naive::default() })).unwrap_err();
    let failure: Failure = broken(Fault::DropsGuards);
    assert_eq!(failure.check, Check::HeedsGuards);
    assert!(failure.to_string().contains("heeds_guards") && failure.to_string().contains(Check::HeedsGuards.rule()));
    assert!(std::error::Error::source(&failure).is_none());
    assert!(std::error::Error::source(&broken(Fault::Fails)).is_some());
}

#[test]
fn every_check_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = Check::ALL.iter().map(|check| check.name()).collect();
    assert_eq!(names.len(), Check::ALL.len());
}

/// What a store may get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
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
    NewestFirst,
    ChecksThenAppends,
    RefusesOthersMeanwhile,
    LeavesGaps,
    Panics,
    Fails,
}

/// A store as one would write it on a first afternoon: one list, and every answer a fold over it.
#[derive(Debug, Default)]
struct Naive {
    fault: Option<Fault>,
    stored: Mutex<Vec<(TenantId, Record)>>,
}

impl Naive {
    fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn records(&self, tenant: &TenantId) -> Vec<Record> {
        self.stored.lock().unwrap().iter().filter(|(of, _)| of == tenant).map(|(_, record)| record.clone()).collect()
    }

    fn claims(&self, record: &Record) -> Vec<Claim> {
        let claims = index_of(record).filter_map(|entry| match entry {
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
                return Some(Append::Conflict { stream: part.stream().clone(), actual: actual + u64::from(self.is(Fault::TellsWrongSequence)) });
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
        if self.is(Fault::InterleavesBatches) && records.len() > 2 {
            // The first record goes before the one that is there already, unless that is of its stream.
            let first = records.remove(0);
            let free = stored.last().is_some_and(|(_, last)| last.entity() != first.entity());
            stored.insert(stored.len() - usize::from(free), (batch.tenant().clone(), first));
        }
        stored.extend(records.into_iter().map(|record| (batch.tenant().clone(), record)));
    }

    /// Every mark: where it was opened if it is open, and where it was closed last if it is closed.
    fn marks(&self, tenant: &TenantId) -> BTreeMap<Mark, (Option<OpenMark>, Option<u64>)> {
        let mut marks: BTreeMap<Mark, (Option<OpenMark>, Option<u64>)> = BTreeMap::new();
        for record in self.records(tenant) {
            for entry in index_of(&record) {
                match entry {
                    IndexEntry::Open(mark) => {
                        let known = marks.contains_key(&mark);
                        let (open, closed) = marks.entry(mark).or_default();
                        if !self.is(Fault::StaysClosed) {
                            *closed = None;
                        }
                        if (open.is_none() || self.is(Fault::MovesOpenMarks)) && !(known && self.is(Fault::NeverReopens)) {
                            *open = Some(OpenMark { stream: record.entity().clone(), seq: record.entity_seq(), mark });
                        }
                    }
                    IndexEntry::Close(mark) => {
                        let (open, closed) = marks.entry(mark).or_default();
                        if closed.is_none() || !self.is(Fault::KeepsFirstClose) {
                            *closed = Some(record.entity_seq());
                        }
                        if !self.is(Fault::NeverCloses) {
                            *open = None;
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

    fn page(&self, records: impl Iterator<Item = Record>, after: u64, limit: usize) -> Vec<RecordBytes> {
        let limit = if self.is(Fault::IgnoresLimit) { usize::MAX } else { limit };
        records.skip(after.try_into().unwrap()).take(limit).map(|record| self.bytes(record)).collect()
    }
}

impl EventStore for Naive {
    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        if self.is(Fault::Fails) {
            return Err(StoreError::failed("the disk is gone"));
        }
        assert!(!self.is(Fault::Panics), "this store gives up");
        if self.is(Fault::SplitsBatches) {
            for part in batch.parts() {
                let alone = Batch::new(batch.tenant().clone()).with(part.stream().clone(), part.expected(), part.records().to_vec()).unwrap();
                let mut stored = self.stored.lock().unwrap();
                if let Some(refusal) = self.refusal(&stored, &alone) {
                    return Ok(refusal);
                }
                self.store(&mut stored, &alone);
            }
            return Ok(Append::Done);
        }
        if self.is(Fault::ChecksThenAppends) {
            let refusal = self.refusal(&self.stored.lock().unwrap(), batch);
            give_way().await;
            if let Some(refusal) = refusal {
                return Ok(refusal);
            }
            self.store(&mut self.stored.lock().unwrap(), batch);
            return Ok(Append::Done);
        }
        let mut stored = self.stored.lock().unwrap();
        if let Some(refusal) = self.refusal(&stored, batch) {
            if self.is(Fault::StoresWhatIsClaimed) && matches!(refusal, Append::Claimed { .. }) {
                self.store(&mut stored, batch);
            }
            return Ok(refusal);
        }
        let others = stored.last().is_some_and(|(_, last)| batch.parts().iter().all(|part| part.stream() != last.entity()));
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

    async fn read(&self, tenant: &TenantId, stream: &EntityRef, after: u64, limit: usize) -> Result<Vec<RecordBytes>, StoreError> {
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
            Some(Fault::SharesLogs) => records = self.stored.lock().unwrap().iter().map(|(_, record)| record.clone()).collect(),
            // An order that is given out before it is known who comes first: later records may go before earlier ones.
            Some(Fault::LeavesGaps) => records.sort_by(|a, b| a.entity().cmp(b.entity()).then(a.entity_seq().cmp(&b.entity_seq()))),
            _ => {}
        }
        Ok(self.page(records.into_iter(), after, limit))
    }

    async fn sequence(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        Ok(self.records(tenant).len() as u64)
    }

    async fn find(&self, tenant: &TenantId, claim: &Claim) -> Result<Option<Found>, StoreError> {
        let marks = self.marks(tenant);
        let closed = marks.into_iter().find(|(mark, _)| Claim::from(*mark) == *claim).and_then(|(_, (_, closed))| closed);
        let closed = if self.is(Fault::NeverTellsClosed) { None } else { closed };
        let record = self.records(tenant).into_iter().find(|record| self.claims(record).contains(claim));
        let off = u64::from(self.is(Fault::FindsOneOff));
        Ok(record.map(|record| Found { stream: record.entity().clone(), seq: record.entity_seq() - off, closed }))
    }

    async fn open(&self, tenant: &TenantId, kind: MarkKind, after: Option<&OpenMark>, limit: usize) -> Result<Vec<OpenMark>, StoreError> {
        let mut open: Vec<OpenMark> = self.marks(tenant).into_values().filter_map(|(open, _)| open).collect();
        open.retain(|place| place.mark.kind() == kind || self.is(Fault::MixesKinds));
        if !self.is(Fault::SortsMarksById) {
            open.sort();
        }
        Ok(open.into_iter().filter(|place| after.is_none_or(|after| place > after)).take(limit).collect())
    }
}

/// An executor of one thread that polls what was spawned in turn, so that writers race in the same way
/// every time.
#[derive(Default)]
struct Turns(Mutex<Vec<BoxFuture<'static, ()>>>);

impl Turns {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.0.lock().unwrap().push(future);
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            self.0.lock().unwrap().retain_mut(|writer| writer.as_mut().poll(&mut context).is_pending());
        }
    }
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
