//! Records in a file, by SQLite.

mod append;
mod connection;
mod error;
mod group;
mod read;
mod reply;
mod writer;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use error::SqliteError;

use super::{Append, Batch, Cell, CellSet, EventStore, Found, MarkKind, OpenMark, StoreError};
use crate::{
    base::ids::{EntityRef, TenantId},
    kernel::record::{Claim, RecordBytes},
};
use rusqlite::Connection;
use std::{
    ffi::OsString,
    fmt,
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use writer::Writer;

/// Keeps records in one SQLite file, for many threads and for several processes of one machine. A clone is
/// the same store.
///
/// ```
/// use kiff::store::SqliteStore;
/// # let folder = std::env::temp_dir().join(format!("kiff-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("refund.db");
///
/// let store = SqliteStore::open(&path)?;
/// store.backup_to(path.with_extension("backup"))?;
/// # drop(store);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What it promises
///
/// - An append is acknowledged after its bytes were synced to the disk: write-ahead log, `synchronous =
///   FULL`, `fullfsync` where the system has it. The settings are read back on every connection, and a
///   SQLite older than 3.51.3 is refused, because it can corrupt a write-ahead log.
/// - One thread writes. Appends that wait at the same time share one transaction and one sync; a batch that
///   is refused is left out alone.
/// - The sequences that a batch expects are compared with the file, inside the transaction, and never with
///   anything that was remembered. Several processes may therefore use one file.
/// - An append whose future is dropped is stored whole or not at all.
/// - To open a file reads its first pages and nothing of its history.
///
/// An append never blocks the thread that awaits it. A read does, for as long as SQLite takes for one
/// statement, and so does the drop of the last clone, until what was handed over is written. The file must not
/// lie on a network file system: the processes share memory beside it.
///
/// # The schema
///
/// The file is read with the `sqlite3` shell (3.37 or newer) while the service runs:
/// `sqlite3 -readonly refund.db "SELECT record FROM log WHERE entity = 'order:ord_1'"`. `-readonly` keeps it from
/// writing, and one that is older than 3.51.3 from moving the write-ahead log, which is what such a one may corrupt.
///
/// ```sql
#[doc = include_str!("schema.sql")]
#[doc = include_str!("cells.sql")]
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    file: Arc<OpenFile>,
}

/// INVARIANT: the readers stand before the writer, so that they are closed first. The last connection to be
/// closed moves the write-ahead log into the file.
struct OpenFile {
    readers: Mutex<Vec<Connection>>,
    writer: Writer,
    path: PathBuf,
    wait: Duration,
}

impl SqliteStore {
    /// Opens a file, or makes it. Waits up to five seconds where another process holds it.
    ///
    /// # Errors
    /// [`SqliteError`] if the file is not kiff's, is damaged, locked or not writable, or if this SQLite is not
    /// to be trusted with it. A file of another program is left as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        Self::open_with_wait(path, Duration::from_secs(5))
    }

    /// Opens a file, or makes it, and waits up to `wait` wherever another process holds it, now and later.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with_wait(path: impl AsRef<Path>, wait: Duration) -> Result<Self, SqliteError> {
        // Readers are opened later, when the process may stand in another folder. An absolute path is also
        // none of the names that mean something else to SQLite.
        let path = std::path::absolute(path).map_err(SqliteError::io)?;
        let writer = Writer::start(connection::open(&path, wait)?, wait)?;
        Ok(Self { file: Arc::new(OpenFile { readers: Mutex::default(), writer, path, wait }) })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Copies the file as it is now to a new one, while others append. Blocks until the copy is on the disk.
    ///
    /// Under its name the copy is there whole or, after a crash, empty. It can be opened as a store.
    ///
    /// # Errors
    /// [`SqliteError`] if the new file exists already or cannot be written.
    pub fn backup_to(&self, path: impl AsRef<Path>) -> Result<(), SqliteError> {
        let path = std::path::absolute(path).map_err(SqliteError::io)?;
        // Taken first, so that what exists is never written over.
        OpenOptions::new().write(true).create_new(true).open(&path).map_err(SqliteError::io)?;
        let mut partial = OsString::from(&path);
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let copied = self.copy(&partial, &path);
        if copied.is_err() {
            // The remains are of no use, and the first error is the one that explains.
            let _ = fs::remove_file(&partial);
            let _ = fs::remove_file(&path);
        }
        copied
    }

    fn copy(&self, partial: &Path, path: &Path) -> Result<(), SqliteError> {
        let name = partial.to_str().ok_or_else(|| SqliteError::io(std::io::ErrorKind::InvalidInput.into()))?;
        // A connection of its own: one that only reads may not write the copy either.
        let source = connection::open_reader(&self.file.path, self.file.wait)?;
        source.execute_batch("PRAGMA query_only = OFF").map_err(SqliteError::of)?;
        source.execute("VACUUM INTO ?", [name]).map_err(SqliteError::of)?;
        let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
        sync(partial).and_then(|()| fs::rename(partial, path)).map_err(SqliteError::io)?;
        // Windows has no handle for a folder; elsewhere the new name must be on the disk too.
        let folder = path.parent().filter(|_| cfg!(unix));
        folder.map_or(Ok(()), sync).map_err(SqliteError::io)
    }

    /// Asks on a connection that nobody else is using. There is always one: it is opened if need be.
    fn ask<T>(&self, question: impl FnOnce(&Connection) -> Result<T, SqliteError>) -> Result<T, StoreError> {
        /// More than this stay open only while they are in use.
        const IDLE: usize = 4;
        let readers = || self.file.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = readers().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::open_reader(&self.file.path, self.file.wait).map_err(StoreError::failed)?,
        };
        // After an error the connection is not used again.
        let answer = question(&connection).map_err(StoreError::failed)?;
        let mut readers = readers();
        if readers.len() < IDLE {
            readers.push(connection);
        }
        Ok(answer)
    }

    /// How many transactions have stored something: for tests of the group commit.
    #[doc(hidden)]
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.file.writer.commits()
    }
}

impl EventStore for SqliteStore {
    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        self.file.writer.append(append::Rows::of(batch)).await
    }

    async fn read(
        &self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordBytes>, StoreError> {
        self.ask(|connection| read::stream(connection, tenant, stream, after, limit))
    }

    async fn read_log(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<RecordBytes>, StoreError> {
        self.ask(|connection| read::log(connection, tenant, after, limit))
    }

    async fn sequence(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        self.ask(|connection| read::length(connection, tenant))
    }

    async fn find(&self, tenant: &TenantId, claim: &Claim) -> Result<Option<Found>, StoreError> {
        self.ask(|connection| read::claim(connection, tenant, claim))
    }

    async fn open(
        &self,
        tenant: &TenantId,
        kind: MarkKind,
        after: Option<&OpenMark>,
        limit: usize,
    ) -> Result<Vec<OpenMark>, StoreError> {
        self.ask(|connection| read::open(connection, tenant, kind, after, limit))
    }

    async fn cell(&self, tenant: &TenantId, name: &str) -> Result<Option<Cell>, StoreError> {
        self.ask(|connection| read::cell(connection, tenant, name))
    }

    async fn set_cell(
        &self,
        tenant: &TenantId,
        name: &str,
        expected: u64,
        value: &[u8],
    ) -> Result<CellSet, StoreError> {
        self.file.writer.set(append::Setting::of(tenant, name, expected, value)).await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.file.path).finish_non_exhaustive()
    }
}
