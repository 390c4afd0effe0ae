//! Connections to the file: whose file it is, the settings that must be in force, and the schema.

use super::SqliteError;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, types::Value};
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// `kiff` in ASCII, at offset 68 of every file that is ours.
pub(super) const APPLICATION_ID: i64 = 0x6B69_6666;

/// Each brings a file from the schema version that is its place to the next; version 0 has no tables. A migration
/// that was released never changes: a later schema is one more entry.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql"), include_str!("cells.sql")];

/// The version of the schema after all of them.
const NEWEST_SCHEMA: i64 = MIGRATIONS.len() as i64;

/// The oldest SQLite whose write-ahead log cannot be corrupted by its own reset.
const OLDEST_SQLITE: i32 = 3_051_003;

/// The settings of every connection, and what they read back as.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("journal_mode", "WAL", "wal"),
    // A commit is on the disk before it is acknowledged.
    ("synchronous", "FULL", "2"),
    // On macOS only this reaches the disk itself. Elsewhere it changes nothing.
    ("fullfsync", "ON", "1"),
    ("checkpoint_fullfsync", "ON", "1"),
    // A read error of mapped memory would be a signal and no error.
    ("mmap_size", "0", "0"),
    ("cell_size_check", "ON", "1"),
    // The file's schema may call no function that does more than compute.
    ("trusted_schema", "OFF", "0"),
];

/// Opens the file for the store, making it if there is none, and brings its schema up to date.
pub(super) fn open(path: &Path, wait: Duration) -> Result<Connection, SqliteError> {
    check_version(rusqlite::version_number())?;
    check_owner(path, wait)?;
    let connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE, wait)?;
    take(&connection, path)?;
    check_writable(&connection, wait)?;
    configure(&connection, wait)?;
    migrate(&connection)?;
    Ok(connection)
}

/// Opens the file once more, to read. It is never made here, so that a file that was moved away while the
/// store is open gives an error and not an empty log.
pub(super) fn open_reader(path: &Path, wait: Duration) -> Result<Connection, SqliteError> {
    let connection = connect(path, OpenFlags::empty(), wait)?;
    if number(&connection, "application_id")? != APPLICATION_ID {
        return Err(SqliteError::Foreign { path: path.into() });
    }
    configure(&connection, wait)?;
    connection.execute_batch("PRAGMA query_only = ON").map_err(SqliteError::of)?;
    Ok(connection)
}

/// Refuses a schema that this version of kiff does not know. Returns how many migrations the file has had.
pub(super) fn check_schema(version: i64) -> Result<usize, SqliteError> {
    let known = usize::try_from(version).ok().filter(|version| *version <= MIGRATIONS.len());
    known.ok_or(SqliteError::TooNew { found: version, known: NEWEST_SCHEMA })
}

fn check_version(number: i32) -> Result<(), SqliteError> {
    if number >= OLDEST_SQLITE {
        return Ok(());
    }
    let text = |number: i32| format!("{}.{}.{}", number / 1_000_000, number / 1_000 % 1_000, number % 1_000);
    Err(SqliteError::TooOld { found: text(number), needed: text(OLDEST_SQLITE) })
}

/// Refuses a file of another program before anything is done that could change it: an ordinary connection
/// may roll back or checkpoint what its owner left.
///
/// The file is read through SQLite and not through `std::fs`, because to close a file takes away all locks
/// that the process has on it, those of another store on the same file too.
fn check_owner(path: &Path, wait: Duration) -> Result<(), SqliteError> {
    match std::fs::metadata(path) {
        Ok(file) if file.len() > 0 => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(SqliteError::io(error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let immutable = Connection::open_with_flags(immutable_uri(path), flags | OpenFlags::SQLITE_OPEN_URI)
        .map_err(SqliteError::of)
        .and_then(|connection| number(&connection, "application_id"));
    let found = match immutable {
        // While another process moves its write-ahead log into the file, the file alone may look damaged.
        Err(SqliteError::Corrupt(_)) => {
            let connection = Connection::open_with_flags(path, flags).map_err(SqliteError::of)?;
            connection.busy_timeout(wait).map_err(SqliteError::of)?;
            number(&connection, "application_id")
        }
        found => found,
    };
    match found {
        Ok(APPLICATION_ID) => Ok(()),
        Ok(_) => Err(SqliteError::Foreign { path: path.into() }),
        Err(SqliteError::Corrupt(cause)) if is_not_a_database(&*cause) => {
            Err(SqliteError::Foreign { path: path.into() })
        }
        Err(error) => Err(error),
    }
}

fn is_not_a_database(cause: &(dyn std::error::Error + 'static)) -> bool {
    let error = cause.downcast_ref::<rusqlite::Error>();
    error.and_then(rusqlite::Error::sqlite_error_code) == Some(rusqlite::ErrorCode::NotADatabase)
}

/// The address under which SQLite reads the file alone: no lock, no journal, no file beside it.
fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for (place, byte) in path.as_os_str().as_encoded_bytes().iter().enumerate() {
        let byte = if cfg!(windows) && *byte == b'\\' { b'/' } else { *byte };
        if place == 0 && byte != b'/' {
            uri.push('/');
        }
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b':' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?immutable=1"
}

fn connect(path: &Path, more: OpenFlags, wait: Duration) -> Result<Connection, SqliteError> {
    // No `SQLITE_OPEN_URI`: a path is a path, whatever it looks like. No mutex: rusqlite's `Connection` is
    // not `Sync`.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(path, flags).map_err(SqliteError::of)?;
    connection.busy_timeout(wait).map_err(SqliteError::of)?;
    Ok(connection)
}

/// Makes an empty file ours.
///
/// In a transaction of its own, before the write-ahead log is switched on: so the mark stands in the file
/// itself from the first page that is ever written, where `check_owner` looks for it.
fn take(connection: &Connection, path: &Path) -> Result<(), SqliteError> {
    if number(connection, "application_id")? == APPLICATION_ID {
        return Ok(());
    }
    let transaction = begin(connection)?;
    if number(&transaction, "application_id")? == APPLICATION_ID {
        return Ok(());
    }
    let objects: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(SqliteError::of)?;
    let marks = number(&transaction, "application_id")? | number(&transaction, "user_version")?;
    if objects != 0 || marks != 0 {
        return Err(SqliteError::Foreign { path: path.into() });
    }
    let mark = format!("PRAGMA application_id = {APPLICATION_ID}");
    transaction.execute_batch(&mark).and_then(|()| transaction.commit()).map_err(SqliteError::of)
}

/// SQLite opens a file that it may not write all the same, to read it. A write shows it, which is undone.
///
/// `Connection::is_readonly` would say it too, but takes another type from rusqlite 0.37 on.
fn check_writable(connection: &Connection, wait: Duration) -> Result<(), SqliteError> {
    let transaction = connection.unchecked_transaction().map_err(SqliteError::of)?;
    // Whether the file is read-only is looked at before any lock. A writer that holds it now shows that it is not.
    connection.busy_timeout(Duration::ZERO).map_err(SqliteError::of)?;
    let mark = format!("PRAGMA application_id = {APPLICATION_ID}");
    let written = transaction.execute_batch(&mark).map_err(SqliteError::of);
    connection.busy_timeout(wait).map_err(SqliteError::of)?;
    match written {
        Err(error @ SqliteError::ReadOnly(_)) => Err(error),
        _ => Ok(()),
    }
}

fn configure(connection: &Connection, wait: Duration) -> Result<(), SqliteError> {
    for (name, value, reads) in SETTINGS {
        let sql = format!("PRAGMA {name} = {value}");
        patiently(wait, || connection.execute_batch(&sql).map_err(SqliteError::of))?;
        check_setting(connection, name, reads)?;
    }
    check_setting(connection, "busy_timeout", &wait.as_millis().to_string())
}

/// Tries again while another process holds the file, for as long as `wait`. For what SQLite does not wait for
/// by itself, such as the switch to the write-ahead log.
pub(super) fn patiently<T>(
    wait: Duration,
    mut attempt: impl FnMut() -> Result<T, SqliteError>,
) -> Result<T, SqliteError> {
    let started = Instant::now();
    loop {
        match attempt() {
            Err(SqliteError::Locked(_)) if started.elapsed() < wait => thread::sleep(Duration::from_millis(1)),
            result => return result,
        }
    }
}

fn check_setting(connection: &Connection, name: &'static str, wanted: &str) -> Result<(), SqliteError> {
    let found =
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).optional().map_err(SqliteError::of)?;
    let found = match found {
        Some(Value::Integer(number)) => number.to_string(),
        Some(Value::Text(text)) => text,
        // A SQLite that was built without a setting has nothing to read back: without mapped memory, say.
        None => "0".to_owned(),
        Some(_) => "?".to_owned(),
    };
    if found == wanted { Ok(()) } else { Err(SqliteError::NotInForce { name, wanted: wanted.to_owned(), found }) }
}

/// Brings the schema up to date, in one transaction. The usual case takes no lock.
fn migrate(connection: &Connection) -> Result<(), SqliteError> {
    if check_schema(number(connection, "user_version")?)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = begin(connection)?;
    // Another process may have done it while this one waited.
    let done = check_schema(number(&transaction, "user_version")?)?;
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration).map_err(SqliteError::of)?;
    }
    let mark = format!("PRAGMA user_version = {NEWEST_SCHEMA}");
    transaction.execute_batch(&mark).and_then(|()| transaction.commit()).map_err(SqliteError::of)
}

/// A transaction that has the right to write from its start. One that asks for it later cannot wait for it.
fn begin(connection: &Connection) -> Result<Transaction<'_>, SqliteError> {
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(SqliteError::of)
}

/// A setting that is a number.
fn number(connection: &Connection, name: &str) -> Result<i64, SqliteError> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).map_err(SqliteError::of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::fixture::Folder;

    const WAIT: Duration = Duration::from_secs(5);

    #[test]
    fn an_old_sqlite_is_refused() {
        for (number, accepted) in [(3_040_001, false), (3_051_002, false), (3_051_003, true), (3_053_002, true)] {
            assert_eq!(check_version(number).is_ok(), accepted, "{number}");
        }
        let told = check_version(3_040_001).unwrap_err().to_string();
        assert_eq!(told, "SQLite 3.40.1 is too old: 3.51.3 is the oldest that keeps a log safe");
    }

    #[test]
    fn a_setting_that_is_not_in_force_is_told() {
        let folder = Folder::new();
        let connection = open(&folder.file("a.db"), WAIT).unwrap();
        for (name, _, reads) in SETTINGS {
            check_setting(&connection, name, reads).unwrap();
        }
        connection.execute_batch("PRAGMA synchronous = NORMAL").unwrap();
        let told = check_setting(&connection, "synchronous", "2").unwrap_err();
        assert_eq!(told.to_string(), "the setting `synchronous` is `1`, and must be `2`");
        let memory = Connection::open_in_memory().unwrap();
        assert_eq!(configure(&memory, WAIT).unwrap_err().code(), "setting_not_in_force");
    }

    #[test]
    fn a_reader_has_the_settings_and_writes_nothing() {
        let folder = Folder::new();
        let _writer = open(&folder.file("a.db"), WAIT).unwrap();
        let reader = open_reader(&folder.file("a.db"), WAIT).unwrap();
        check_setting(&reader, "synchronous", "2").unwrap();
        let error = reader.execute("DELETE FROM marks", []).map_err(SqliteError::of).unwrap_err();
        assert_eq!(error.code(), "file_read_only");
    }

    #[test]
    fn a_file_whose_making_was_cut_short_is_finished() {
        let folder = Folder::new();
        let path = folder.file("a.db");
        // Cut short after each step in turn.
        std::fs::File::create(&path).unwrap();
        for step in 0..3 {
            check_owner(&path, WAIT).unwrap();
            let connection = connect(&path, OpenFlags::SQLITE_OPEN_CREATE, WAIT).unwrap();
            take(&connection, &path).unwrap();
            if step > 0 {
                configure(&connection, WAIT).unwrap();
            }
            if step > 1 {
                migrate(&connection).unwrap();
            }
        }
        let connection = open(&path, WAIT).unwrap();
        assert_eq!(number(&connection, "user_version").unwrap(), NEWEST_SCHEMA);
    }

    #[test]
    fn whatever_is_asked_is_found_by_an_index() {
        let folder = Folder::new();
        let connection = open(&folder.file("a.db"), WAIT).unwrap();
        let mut searches = 0;
        for sql in super::super::append::ALL.iter().chain(&super::super::read::ALL) {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let unbound = rusqlite::params_from_iter(vec![Value::Null; plan.parameter_count()]);
            let steps: Vec<String> = plan.query_map(unbound, |row| row.get(3)).unwrap().map(Result::unwrap).collect();
            // Neither a scan nor a sort: what a call costs does not grow with the log.
            assert!(steps.iter().all(|step| step.starts_with("SEARCH")), "{sql}: {steps:?}");
            searches += steps.len();
        }
        assert!(searches > 9, "{searches}");
    }
}
