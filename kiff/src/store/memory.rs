//! Records in memory, for many threads.

use super::{Append, Batch, Cell, CellSet, EventStore, Found, MarkKind, OpenMark, StoreError};
use crate::{
    base::ids::{EntityRef, TenantId},
    kernel::record::{Claim, IndexEntry, Mark, Record, RecordBytes, index_of},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    fmt,
    ops::Bound,
    sync::{Arc, PoisonError},
};
// Under the scheduler of the tests every call is a place where another thread may come first.
#[cfg(all(test, shuttle))]
use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(all(test, shuttle)))]
use std::sync::{Mutex, MutexGuard};

/// Keeps records in memory, for many threads. A clone is the same store.
///
/// An append costs as much as the batch has records, however long the log is. What it holds is gone
/// with its last clone.
///
/// ```
/// use kiff::store::{EventStore, MemoryStore};
///
/// fn is_a_store(_: &impl EventStore) {}
/// is_a_store(&MemoryStore::new());
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    // One lock for all tenants: it is held for the length of one call, which does no I/O. There are few
    // tenants, so that comparing names costs less than hashing one.
    tenants: Arc<Mutex<BTreeMap<TenantId, Log>>>,
}

impl MemoryStore {
    /// A store without records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// INVARIANT: nothing that may panic runs between the first change of a log and the last, so the logs
    /// behind a poisoned lock are whole.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, Log>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a tenant's log; a tenant without one gets the empty answer.
    fn ask<T: Default>(&self, tenant: &TenantId, question: impl FnOnce(&Log) -> T) -> T {
        self.lock().get(tenant).map(question).unwrap_or_default()
    }
}

impl EventStore for MemoryStore {
    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        Ok(self.lock().entry(batch.tenant().clone()).or_default().append(batch))
    }

    async fn read(
        &self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordBytes>, StoreError> {
        Ok(self.ask(tenant, |log| log.read(stream, after, limit)))
    }

    async fn read_log(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<RecordBytes>, StoreError> {
        Ok(self.ask(tenant, |log| page(&log.records, after, limit).to_vec()))
    }

    async fn sequence(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        Ok(self.ask(tenant, |log| length(&log.records)))
    }

    async fn find(&self, tenant: &TenantId, claim: &Claim) -> Result<Option<Found>, StoreError> {
        Ok(self.ask(tenant, |log| log.claims.get(claim).cloned()))
    }

    async fn open(
        &self,
        tenant: &TenantId,
        kind: MarkKind,
        after: Option<&OpenMark>,
        limit: usize,
    ) -> Result<Vec<OpenMark>, StoreError> {
        Ok(self.ask(tenant, |log| {
            let start = after.map_or(Bound::Unbounded, Bound::Excluded);
            log.open.of(kind).range((start, Bound::Unbounded)).take(limit).cloned().collect()
        }))
    }

    async fn cell(&self, tenant: &TenantId, name: &str) -> Result<Option<Cell>, StoreError> {
        Ok(self.ask(tenant, |log| log.cells.get(name).cloned()))
    }

    async fn set_cell(
        &self,
        tenant: &TenantId,
        name: &str,
        expected: u64,
        value: &[u8],
    ) -> Result<CellSet, StoreError> {
        Ok(self.lock().entry(tenant.clone()).or_default().set_cell(name, expected, value))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

/// Everything that one tenant stores.
#[derive(Default)]
struct Log {
    /// All records, as they were appended.
    records: Vec<RecordBytes>,
    /// For each stream the places of its records in `records`.
    streams: HashMap<EntityRef, Vec<usize>>,
    claims: HashMap<Claim, Found>,
    open: Open,
    cells: HashMap<String, Cell>,
}

impl Log {
    fn append(&mut self, batch: &Batch) -> Append {
        for part in batch.parts() {
            let actual = self.streams.get(part.stream()).map_or(0, |places| length(places));
            if actual != part.expected() {
                return Append::Conflict { stream: part.stream().clone(), actual };
            }
        }
        if let Err(claim) = self.claim(batch) {
            return Append::Claimed { claim };
        }
        for part in batch.parts().iter().filter(|part| !part.records().is_empty()) {
            let places = self.streams.entry(part.stream().clone()).or_default();
            places.extend(self.records.len()..self.records.len() + part.records().len());
            self.records.extend(part.records().iter().map(|record| record.bytes().clone()));
        }
        records(batch).for_each(|record| self.mark(record));
        Append::Done
    }

    /// Makes all claims of the batch, or none: then the error is the claim that is taken. To make a claim is the
    /// check, so that a claim which the batch makes twice is found without a set of its own.
    fn claim(&mut self, batch: &Batch) -> Result<(), Claim> {
        for (made, (record, claim)) in claims(batch).enumerate() {
            match self.claims.entry(claim) {
                Entry::Vacant(free) => {
                    free.insert(Found { stream: record.entity().clone(), seq: record.entity_seq(), closed: None });
                }
                Entry::Occupied(taken) => {
                    let taken = taken.key().clone();
                    for (_, claim) in claims(batch).take(made) {
                        self.claims.remove(&claim);
                    }
                    return Err(taken);
                }
            }
        }
        Ok(())
    }

    /// Opens and closes what the record does.
    fn mark(&mut self, record: &Record) {
        for entry in index_of(record) {
            let (mark, closed) = match entry {
                IndexEntry::Claim(_) => continue,
                IndexEntry::Open(mark) => (mark, None),
                IndexEntry::Close(mark) => (mark, Some(record.entity_seq())),
            };
            match closed {
                None => self.open.insert(record, mark),
                Some(_) => self.open.remove(mark),
            }
            if let Some(found) = self.claims.get_mut(&Claim::from(mark)) {
                found.closed = closed;
            }
        }
    }

    fn set_cell(&mut self, name: &str, expected: u64, value: &[u8]) -> CellSet {
        let actual = self.cells.get(name).map_or(0, |cell| cell.revision);
        if actual != expected {
            return CellSet::Conflict { actual };
        }
        self.cells.insert(name.to_owned(), Cell { revision: actual + 1, value: value.to_vec() });
        CellSet::Done
    }

    fn read(&self, stream: &EntityRef, after: u64, limit: usize) -> Vec<RecordBytes> {
        let places = self.streams.get(stream).map_or(&[][..], |places| page(places, after, limit));
        places.iter().filter_map(|place| self.records.get(*place)).cloned().collect()
    }
}

/// The open marks: by place for those who page, by mark for the record that closes one.
#[derive(Default)]
struct Open {
    approvals: BTreeSet<OpenMark>,
    executions: BTreeSet<OpenMark>,
    places: HashMap<Mark, OpenMark>,
}

impl Open {
    fn of(&self, kind: MarkKind) -> &BTreeSet<OpenMark> {
        match kind {
            MarkKind::Approval => &self.approvals,
            MarkKind::Execution => &self.executions,
        }
    }

    fn of_mut(&mut self, kind: MarkKind) -> &mut BTreeSet<OpenMark> {
        match kind {
            MarkKind::Approval => &mut self.approvals,
            MarkKind::Execution => &mut self.executions,
        }
    }

    /// A mark that is open already keeps its place.
    fn insert(&mut self, record: &Record, mark: Mark) {
        if let Entry::Vacant(free) = self.places.entry(mark) {
            let place = OpenMark { stream: record.entity().clone(), seq: record.entity_seq(), mark };
            free.insert(place.clone());
            self.of_mut(mark.kind()).insert(place);
        }
    }

    fn remove(&mut self, mark: Mark) {
        if let Some(place) = self.places.remove(&mark) {
            self.of_mut(mark.kind()).remove(&place);
        }
    }
}

fn records(batch: &Batch) -> impl Iterator<Item = &Record> {
    batch.parts().iter().flat_map(|part| part.records())
}

fn claims(batch: &Batch) -> impl Iterator<Item = (&Record, Claim)> {
    records(batch).flat_map(|record| {
        index_of(record).filter_map(move |entry| match entry {
            IndexEntry::Claim(claim) => Some((record, claim)),
            _ => None,
        })
    })
}

/// At most `limit` items after the first `after`.
fn page<T>(items: &[T], after: u64, limit: usize) -> &[T] {
    let rest = usize::try_from(after).ok().and_then(|after| items.get(after..)).unwrap_or_default();
    rest.get(..limit).unwrap_or(rest)
}

fn length<T>(items: &[T]) -> u64 {
    items.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{
            actor::Authority,
            event::{EventBody, NewEvent},
            timestamp::Timestamp,
        },
        kernel::record::{Draft, Head, body::Body, seal},
    };
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
        thread,
    };

    #[test]
    fn a_clone_is_the_same_store() {
        let store = MemoryStore::new();
        assert_eq!(now(store.clone().append(&batch("evt_1"))).unwrap(), Append::Done);
        assert_eq!(now(store.sequence(batch("evt_1").tenant())).unwrap(), 1);
    }

    #[test]
    fn a_poisoned_lock_is_taken_again() {
        let store = MemoryStore::new();
        now(store.append(&batch("evt_1"))).unwrap();
        let other = store.clone();
        let panicked = thread::spawn(move || {
            let _guard = other.lock();
            panic!("while it holds the lock");
        });
        assert!(panicked.join().is_err());
        assert_eq!(now(store.sequence(batch("evt_1").tenant())).unwrap(), 1);
    }

    #[test]
    fn its_debug_form_tells_no_content() {
        let store = MemoryStore::new();
        now(store.append(&batch("evt_1"))).unwrap();
        assert_eq!(format!("{store:?}"), "MemoryStore { .. }");
    }

    #[test]
    fn a_question_leaves_no_trace() {
        let store = MemoryStore::new();
        let tenant = TenantId::new("acme").unwrap();
        assert_eq!(now(store.read_log(&tenant, 0, 9)).unwrap(), []);
        assert!(store.lock().is_empty());
    }

    fn batch(event: &str) -> Batch {
        let tenant = TenantId::new("acme").unwrap();
        let stream: EntityRef = "order:one".parse().unwrap();
        let body = Body::EventIngested(EventBody::admit(NewEvent::new(event, "ORDER_PAID")).unwrap());
        let draft = Draft::new(Authority::service("stripe").unwrap().actor(), body);
        let trace = "trace_01J8Z9K3M4N5P6Q7R8S9T0V1W2".parse().unwrap();
        let records = seal(&Head::empty(tenant.clone(), stream.clone()), vec![draft], trace, Timestamp::EPOCH).unwrap();
        Batch::new(tenant).with(stream, 0, records).unwrap()
    }

    /// The answer of a store that never waits.
    fn now<F: Future>(future: F) -> F::Output {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }
}
