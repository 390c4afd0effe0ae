//! A store of your own: records in a file, one batch on each line. A cell has its own line, which begins with `cell`.

use crate::scenarios::Result;
use kiff::{
    EntityRef, TenantId,
    record::{Record, RecordBytes},
    store::{
        Append, Batch, Cell, CellSet, Claim, EventStore, Found, IndexEntry, Mark, MarkKind, OpenMark, StoreError,
        index_of,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Stores records in a file. It reads the whole file when it opens it, so it suits small logs and one process.
///
/// Like any store, it uses only the public API of kiff.
#[derive(Debug)]
pub struct FileStore(Mutex<State>);

#[derive(Debug)]
struct State {
    /// `None` after a failed write, because the content of the file is then unknown until it is opened again.
    file: Option<File>,
    records: Vec<Record>,
    claims: BTreeMap<(TenantId, Claim), Found>,
    open: BTreeMap<(TenantId, Mark), OpenMark>,
    cells: BTreeMap<(TenantId, String), Cell>,
}

impl FileStore {
    /// Opens a file, or creates it.
    ///
    /// # Errors
    /// If the file cannot be read, or is not the file of such a store.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        // A crash may have cut off the last line. Its batch was never acknowledged.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        text.truncate(whole);
        file.set_len(whole as u64)?;
        let mut state = State {
            file: Some(file),
            records: Vec::new(),
            claims: BTreeMap::new(),
            open: BTreeMap::new(),
            cells: BTreeMap::new(),
        };
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            if let Some(cell) = line.strip_prefix(b"cell ") {
                state.keep_cell(std::str::from_utf8(cell)?)?;
                continue;
            }
            for record in line.split(|byte| *byte == b'\t') {
                state.keep(Record::parse(RecordBytes::from(record))?);
            }
        }
        Ok(Self(Mutex::new(state)))
    }

    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn append(&mut self, batch: &Batch) -> Result<Append, StoreError> {
        for part in batch.parts() {
            let actual = self.stream(batch.tenant(), part.stream()).count() as u64;
            if actual != part.expected() {
                return Ok(Append::Conflict { stream: part.stream().clone(), actual });
            }
        }
        let records: Vec<&Record> = batch.parts().iter().flat_map(|part| part.records()).collect();
        let mut claimed = BTreeSet::new();
        for entry in records.iter().flat_map(|record| index_of(record)) {
            if let IndexEntry::Claim(claim) = entry {
                let key = (batch.tenant().clone(), claim.clone());
                if self.claims.contains_key(&key) || !claimed.insert(key) {
                    return Ok(Append::Claimed { claim });
                }
            }
        }
        if records.is_empty() {
            return Ok(Append::Done);
        }
        // Canonical JSON contains no tab or newline, so they can separate the records and the batches.
        self.write(records.iter().map(|record| record.bytes().as_ref()).collect::<Vec<&[u8]>>().join(&b'\t'))?;
        records.into_iter().cloned().for_each(|record| self.keep(record));
        Ok(Append::Done)
    }

    /// Writes one line for everything that must be stored together.
    fn write(&mut self, mut line: Vec<u8>) -> Result<(), StoreError> {
        line.push(b'\n');
        let mut file =
            self.file.take().ok_or_else(|| StoreError::failed("an earlier write has failed; open the file again"))?;
        file.write_all(&line).and_then(|()| file.sync_data()).map_err(StoreError::unknown)?;
        self.file = Some(file);
        Ok(())
    }

    fn keep(&mut self, record: Record) {
        let (tenant, stream, seq) = (record.tenant(), record.entity(), record.entity_seq());
        for entry in index_of(&record) {
            let (mark, closed) = match entry {
                IndexEntry::Claim(claim) => {
                    let found = Found { stream: stream.clone(), seq, closed: None };
                    self.claims.insert((tenant.clone(), claim), found);
                    continue;
                }
                IndexEntry::Open(mark) => (mark, None),
                IndexEntry::Close(mark) => (mark, Some(seq)),
                _ => continue,
            };
            let key = (tenant.clone(), mark);
            match closed {
                None => drop(self.open.entry(key).or_insert(OpenMark { stream: stream.clone(), seq, mark })),
                Some(_) => drop(self.open.remove(&key)),
            }
            if let Some(found) = self.claims.get_mut(&(tenant.clone(), Claim::from(mark))) {
                found.closed = closed;
            }
        }
        self.records.push(record);
    }

    fn set_cell(&mut self, tenant: &TenantId, name: &str, expected: u64, value: &[u8]) -> Result<CellSet, StoreError> {
        let actual = self.cell(tenant, name).map_or(0, |cell| cell.revision);
        if actual != expected {
            return Ok(CellSet::Conflict { actual });
        }
        // Neither a tenant nor the name of a cell contains a space.
        let mut line = format!("{tenant} {name} ");
        value.iter().for_each(|byte| line.push_str(&format!("{byte:02x}")));
        self.write(format!("cell {line}").into_bytes())?;
        self.keep_cell(&line).map_err(|error| StoreError::unknown(error.to_string()))?;
        Ok(CellSet::Done)
    }

    /// The revision is not in the file. It is the number of lines of the cell.
    fn keep_cell(&mut self, line: &str) -> Result<()> {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().ok_or("the line of a cell is incomplete");
        let key = (TenantId::new(word()?)?, word()?.to_owned());
        let digits =
            word()?.as_bytes().chunks(2).map(|digits| Ok(u8::from_str_radix(std::str::from_utf8(digits)?, 16)?));
        let value = digits.collect::<Result<Vec<u8>>>()?;
        let revision = self.cells.get(&key).map_or(0, |cell| cell.revision) + 1;
        self.cells.insert(key, Cell { revision, value });
        Ok(())
    }

    fn cell(&self, tenant: &TenantId, name: &str) -> Option<Cell> {
        self.cells.get(&(tenant.clone(), name.to_owned())).cloned()
    }

    fn log(&self, tenant: &TenantId) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.tenant() == tenant)
    }

    fn stream(&self, tenant: &TenantId, stream: &EntityRef) -> impl Iterator<Item = &Record> {
        self.log(tenant).filter(move |record| record.entity() == stream)
    }
}

fn page<'a>(records: impl Iterator<Item = &'a Record>, after: u64, limit: usize) -> Vec<RecordBytes> {
    let after = usize::try_from(after).unwrap_or(usize::MAX);
    records.skip(after).take(limit).map(|record| record.bytes().clone()).collect()
}

impl EventStore for FileStore {
    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        self.with_state(|state| state.append(batch))
    }

    async fn read(
        &self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordBytes>, StoreError> {
        Ok(self.with_state(|state| page(state.stream(tenant, stream), after, limit)))
    }

    async fn read_log(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<RecordBytes>, StoreError> {
        Ok(self.with_state(|state| page(state.log(tenant), after, limit)))
    }

    async fn sequence(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        Ok(self.with_state(|state| state.log(tenant).count() as u64))
    }

    async fn find(&self, tenant: &TenantId, claim: &Claim) -> Result<Option<Found>, StoreError> {
        Ok(self.with_state(|state| state.claims.get(&(tenant.clone(), claim.clone())).cloned()))
    }

    async fn open(
        &self,
        tenant: &TenantId,
        kind: MarkKind,
        after: Option<&OpenMark>,
        limit: usize,
    ) -> Result<Vec<OpenMark>, StoreError> {
        let matches = |((owner, mark), _): &(&(TenantId, Mark), &OpenMark)| owner == tenant && mark.kind() == kind;
        let mut open: Vec<_> =
            self.with_state(|state| state.open.iter().filter(matches).map(|(_, open)| open.clone()).collect());
        open.sort();
        Ok(open.into_iter().filter(|open| after.is_none_or(|after| open > after)).take(limit).collect())
    }

    async fn cell(&self, tenant: &TenantId, name: &str) -> Result<Option<Cell>, StoreError> {
        Ok(self.with_state(|state| state.cell(tenant, name)))
    }

    async fn set_cell(
        &self,
        tenant: &TenantId,
        name: &str,
        expected: u64,
        value: &[u8],
    ) -> Result<CellSet, StoreError> {
        self.with_state(|state| state.set_cell(tenant, name, expected, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refund::{self, Stripe};
    use kiff::{Authority, Blocking, NewEvent, Runtime, testing::store_suite};

    #[test]
    fn acknowledged_records_are_kept() {
        let path = std::env::temp_dir().join(format!("kiff-reopened-{}", std::process::id()));
        let open = async || FileStore::open(&path).unwrap();
        store_suite::block_on(store_suite::run_reopening(open)).unwrap();
        std::fs::remove_file(&path).unwrap();
    }

    fn runtime(path: &Path) -> Blocking {
        let builder = Runtime::builder(refund::domain().unwrap()).provide(Stripe::fake());
        builder.store(FileStore::open(path).unwrap()).build().unwrap().blocking()
    }

    #[test]
    fn a_line_that_a_crash_cut_off_is_dropped() {
        let path = std::env::temp_dir().join(format!("kiff-cut-off-{}", std::process::id()));
        let event = |id: &str, kind: &str| {
            let said =
                runtime(&path).ingest(&Authority::service("stripe").unwrap(), "order:o_1", NewEvent::new(id, kind));
            said.unwrap().accepted().unwrap();
        };
        event("evt_1", "ORDER_PLACED");
        let whole = std::fs::read(&path).unwrap();
        event("evt_2", "ORDER_PAID");
        let all = std::fs::read(&path).unwrap();
        std::fs::write(&path, &all[..all.len() - 9]).unwrap();
        assert_eq!(runtime(&path).state("order:o_1").unwrap().unwrap().state, *"CREATED");
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        event("evt_2", "ORDER_PAID");
        assert_eq!(runtime(&path).state("order:o_1").unwrap().unwrap().state, *"PAID");
        std::fs::remove_file(&path).unwrap();
    }
}
