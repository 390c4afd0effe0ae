//! What the tests of this store share: a folder, a stream that grows, and looks into the file.

use super::{SqliteError, connection};
use crate::{
    base::{
        actor::Authority,
        code::Code,
        event::{EventBody, NewEvent},
        ids::TenantId,
        timestamp::Timestamp,
    },
    kernel::record::{Draft, Head, Record, RecordBytes, body::Body, seal},
    store::{Batch, StoreError},
};
use rusqlite::Connection;
use std::{
    fmt, fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// The code of an error after which certainly nothing is stored.
#[track_caller]
pub(super) fn failed<T: fmt::Debug>(answer: Result<T, StoreError>) -> Code {
    match answer {
        Err(StoreError::Failed(source)) => source.downcast_ref::<SqliteError>().unwrap().code(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

pub(super) fn bytes_of(batch: &Batch) -> impl Iterator<Item = RecordBytes> {
    batch.parts().iter().flat_map(|part| part.records()).map(|record| record.bytes().clone())
}

/// A stream as one writer knows it.
#[derive(Clone)]
pub(super) struct Stream {
    pub(super) head: Head,
}

impl Stream {
    pub(super) fn new(name: &str) -> Self {
        Self { head: Head::empty(tenant(), name.parse().unwrap()) }
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.head.tenant.clone()
    }

    /// A batch with the next record.
    pub(super) fn event(&mut self, id: &str) -> Batch {
        let body = Body::EventIngested(EventBody::admit(NewEvent::new(id, "ORDER_PAID")).unwrap());
        let draft = Draft::new(Authority::service("stripe").unwrap().actor(), body);
        let trace = "trace_01J8Z9K3M4N5P6Q7R8S9T0V1W2".parse().unwrap();
        let records: Vec<Record> = seal(&self.head, vec![draft], trace, Timestamp::EPOCH).unwrap();
        let expected = self.head.seq;
        records.iter().for_each(|record| self.head.pass(record));
        Batch::new(self.tenant()).with(self.head.entity.clone(), expected, records).unwrap()
    }
}

/// A folder that is removed with the value.
pub(super) struct Folder {
    pub(super) path: PathBuf,
}

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("kiff-sqlite-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self { path }
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads no file: to close one that a store has open would take its locks away.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).unwrap().map(Result::unwrap);
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(super) fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(&self.path).unwrap().map(Result::unwrap);
        let mut files: Vec<_> =
            entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect();
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The connection of a writer.
pub(super) fn open(folder: &Folder) -> Connection {
    connection::open(&folder.file("a.db"), Duration::from_secs(5)).unwrap()
}

/// Every record of the log: its place, its stream and its sequence.
pub(super) fn log(connection: &Connection) -> Vec<String> {
    let mut log = connection.prepare("SELECT idx || ' ' || entity || ' ' || seq FROM log").unwrap();
    log.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
