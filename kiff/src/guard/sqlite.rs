//! Used receipts in a SQLite file.

use super::{Begun, ReplayError, ReplayStore, Usage};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// `kiru` in ASCII, at offset 68 of every file that is ours.
const APPLICATION_ID: i64 = 0x6B69_7275;
/// How long a process waits for another one that writes.
const WAIT: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
    CREATE TABLE uses (
        tenant TEXT NOT NULL,
        receipt TEXT NOT NULL,
        record TEXT NOT NULL,
        issued_ms INTEGER NOT NULL,
        until_ms INTEGER NOT NULL,
        outcome BLOB,
        PRIMARY KEY (tenant, receipt)
    ) STRICT;
    CREATE INDEX uses_by_end ON uses (until_ms);
    CREATE TABLE forgotten (issued_ms INTEGER NOT NULL) STRICT;
    PRAGMA user_version = 1;
";

/// Remembers used receipts in a SQLite file, which the processes of a service share. A clone is the same store.
///
/// Each call writes to the disk on the caller's thread, some milliseconds. Where that holds up an async runtime, call the
/// guard from a thread that may wait.
#[derive(Clone)]
pub struct SqliteReplayStore(Arc<Mutex<Connection>>);

impl SqliteReplayStore {
    /// Opens the file, making it if there is none.
    ///
    /// # Errors
    /// [`ReplayError`] if it cannot be opened, or is another program's.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReplayError> {
        let mut connection = Connection::open(path).map_err(ReplayError::new)?;
        configure(&connection).map_err(ReplayError::new)?;
        prepare(&mut connection)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// A call that panicked has rolled its transaction back.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplayStore for SqliteReplayStore {
    async fn begin(&self, usage: &Usage) -> Result<Begun, ReplayError> {
        begin(&mut self.lock(), usage).map_err(ReplayError::new)
    }

    async fn finish(&self, usage: &Usage, outcome: &[u8]) -> Result<(), ReplayError> {
        let changed = self
            .lock()
            .execute(
                "UPDATE uses SET outcome = ?3 WHERE tenant = ?1 AND receipt = ?2",
                params![usage.tenant.as_str(), usage.receipt_id.to_string(), outcome],
            )
            .map_err(ReplayError::new)?;
        match changed {
            0 => Err(ReplayError::new("the use was forgotten before it had an outcome")),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for SqliteReplayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteReplayStore").finish_non_exhaustive()
    }
}

/// A rollback journal and no write-ahead log: there is one writer at a time anyway, and what is committed is on the
/// disk, the removal of the journal too.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(WAIT)?;
    connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = EXTRA; PRAGMA fullfsync = ON; PRAGMA trusted_schema = OFF;")
}

/// Makes an empty file ours, and refuses one that is another program's.
fn prepare(connection: &mut Connection) -> Result<(), ReplayError> {
    let number = |connection: &Connection, sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let transaction = write(connection).map_err(ReplayError::new)?;
    if number(&transaction, "PRAGMA application_id").map_err(ReplayError::new)? == APPLICATION_ID {
        return Ok(());
    }
    let objects = number(&transaction, "SELECT count(*) FROM sqlite_schema").map_err(ReplayError::new)?;
    if objects > 0 {
        return Err(ReplayError::new("the file is another program's"));
    }
    let make = format!("PRAGMA application_id = {APPLICATION_ID}; {SCHEMA}");
    transaction.execute_batch(&make).and_then(|()| transaction.commit()).map_err(ReplayError::new)
}

/// A transaction that has the right to write from its start.
fn write(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn begin(connection: &mut Connection, usage: &Usage) -> rusqlite::Result<Begun> {
    let transaction = write(connection)?;
    forget(&transaction, usage.now.unix_ms())?;
    let key = params![usage.tenant.as_str(), usage.receipt_id.to_string()];
    let found = transaction
        .query_row("SELECT record, outcome FROM uses WHERE tenant = ?1 AND receipt = ?2", key, |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
        })
        .optional()?;
    let latest: Option<i64> = transaction.query_row("SELECT max(issued_ms) FROM forgotten", [], |row| row.get(0))?;
    let begun = match found {
        Some((record, _)) if record != usage.record.to_string() => Begun::OtherRecord,
        Some((_, outcome)) => outcome.map_or(Begun::InDoubt, Begun::Done),
        None if latest.is_some_and(|latest| usage.issued_at.unix_ms() <= latest) => Begun::Forgotten,
        None => {
            note(&transaction, usage)?;
            Begun::New
        }
    };
    transaction.commit()?;
    Ok(begun)
}

fn note(transaction: &Transaction<'_>, usage: &Usage) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO uses (tenant, receipt, record, issued_ms, until_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            usage.tenant.as_str(),
            usage.receipt_id.to_string(),
            usage.record.to_string(),
            usage.issued_at.unix_ms(),
            usage.until.unix_ms()
        ],
    )?;
    Ok(())
}

/// Keeps when the latest receipt was issued that is forgotten here.
fn forget(transaction: &Transaction<'_>, now_ms: i64) -> rusqlite::Result<()> {
    let latest: Option<i64> =
        transaction.query_row("SELECT max(issued_ms) FROM uses WHERE until_ms < ?1", [now_ms], |row| row.get(0))?;
    let Some(latest) = latest else { return Ok(()) };
    transaction.execute("DELETE FROM uses WHERE until_ms < ?1", [now_ms])?;
    let before: Option<i64> = transaction.query_row("SELECT max(issued_ms) FROM forgotten", [], |row| row.get(0))?;
    transaction.execute("DELETE FROM forgotten", [])?;
    transaction.execute("INSERT INTO forgotten (issued_ms) VALUES (?1)", [latest.max(before.unwrap_or(latest))])?;
    Ok(())
}
