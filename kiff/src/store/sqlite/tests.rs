//! The store at its edges. That it does what every store must, the tests package asks the store suite.

use super::{
    fixture::{Folder, Stream, bytes_of, failed, tenant},
    *,
};
use crate::runtime::clock::block_on;
use std::{
    pin::pin,
    task::{Context, Waker},
    thread,
};

#[test]
fn what_is_stored_is_there_after_a_restart() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    let mut stream = Stream::new("order:one");
    let batches = [stream.event("evt_1"), stream.event("evt_2")];
    for batch in &batches {
        assert_eq!(block_on(store.append(batch)).unwrap(), Append::Done);
    }
    drop(store);
    // With the last handle gone, the write-ahead log is in the file.
    assert_eq!(folder.names(), ["a.db"]);
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    let records: Vec<RecordBytes> = batches.iter().flat_map(bytes_of).collect();
    assert_eq!(block_on(store.read(&stream.tenant(), &stream.head.entity, 0, 9)).unwrap(), records);
    assert_eq!(block_on(store.read_log(&stream.tenant(), 0, 9)).unwrap(), records);
    assert_eq!(block_on(store.append(&stream.event("evt_3"))).unwrap(), Append::Done);
    assert_eq!(block_on(store.sequence(&stream.tenant())).unwrap(), 3);
}

#[test]
fn two_stores_share_a_file() {
    let folder = Folder::new();
    let stores = [0; 2].map(|_| SqliteStore::open(folder.file("a.db")).unwrap());
    let mut stream = Stream::new("order:one");
    let mut stale = stream.clone();
    let [one, other] = &stores;
    assert_eq!(block_on(one.append(&stream.event("evt_1"))).unwrap(), Append::Done);
    let conflict = Append::Conflict { stream: stale.head.entity.clone(), actual: 1 };
    assert_eq!(block_on(other.append(&stale.event("evt_2"))).unwrap(), conflict);
    assert!(matches!(
        block_on(other.append(&Stream::new("order:two").event("evt_1"))).unwrap(),
        Append::Claimed { .. }
    ));
    assert_eq!(block_on(other.append(&stream.event("evt_2"))).unwrap(), Append::Done);
    thread::scope(|scope| {
        for (place, store) in stores.iter().enumerate() {
            scope.spawn(move || {
                let mut stream = Stream::new(&format!("store:{place}"));
                for number in 0..50 {
                    let batch = stream.event(&format!("evt_{place}_{number}"));
                    assert_eq!(block_on(store.append(&batch)).unwrap(), Append::Done);
                }
            });
        }
    });
    assert_eq!(block_on(one.read_log(&stream.tenant(), 0, usize::MAX)).unwrap().len(), 102);
    assert_eq!(block_on(other.sequence(&stream.tenant())).unwrap(), 102);
}

#[test]
fn many_openers_make_one_file() {
    let folder = Folder::new();
    thread::scope(|scope| {
        for number in 0..8 {
            let path = folder.file("a.db");
            scope.spawn(move || {
                let store = SqliteStore::open(path).unwrap();
                let batch = Stream::new(&format!("order:{number}")).event(&format!("evt_{number}"));
                assert_eq!(block_on(store.append(&batch)).unwrap(), Append::Done);
            });
        }
    });
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    assert_eq!(block_on(store.sequence(&tenant())).unwrap(), 8);
}

#[test]
fn appends_that_wait_together_share_a_commit() {
    const WRITERS: u64 = 64;
    const ROUNDS: u64 = 10;
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &store;
            scope.spawn(move || {
                let mut stream = Stream::new(&format!("order:{writer}"));
                for round in 0..ROUNDS {
                    let batch = stream.event(&format!("evt_{writer}_{round}"));
                    assert_eq!(block_on(store.append(&batch)).unwrap(), Append::Done);
                }
            });
        }
    });
    assert_eq!(block_on(store.sequence(&tenant())).unwrap(), WRITERS * ROUNDS);
    assert!(store.commits() < WRITERS * ROUNDS / 4, "{} commits", store.commits());
}

#[test]
fn an_append_whose_future_is_dropped_is_whole() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    let mut stream = Stream::new("order:one");
    for number in 0..20 {
        let batch = stream.event(&format!("evt_{number}"));
        let mut append = pin!(store.append(&batch));
        let _ = append.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    // The queue keeps its order, so this comes behind all that was handed over.
    assert_eq!(block_on(store.append(&stream.event("evt_last"))).unwrap(), Append::Done);
    assert_eq!(block_on(store.sequence(&stream.tenant())).unwrap(), 21);
    drop(store.append(&stream.clone().event("evt_never")));
    drop(store);
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    assert_eq!(block_on(store.sequence(&stream.tenant())).unwrap(), 21);
}

#[test]
fn a_file_of_another_program_is_left_as_it_is() {
    let folder = Folder::new();
    fs::write(folder.file("letter.txt"), "Dear kiff, ".repeat(1_000)).unwrap();
    fs::write(folder.file("short"), "x").unwrap();
    let plain = Connection::open(folder.file("plain.db")).unwrap();
    plain.execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)").unwrap();
    let empty = Connection::open(folder.file("empty.db")).unwrap();
    empty.execute_batch("PRAGMA user_version = 3").unwrap();
    // Still open, so that its write-ahead log is not yet in the file.
    let wal = Connection::open(folder.file("100% wal?#.db")).unwrap();
    wal.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE theirs (a)").unwrap();
    let before = folder.contents();
    for name in ["letter.txt", "short", "plain.db", "empty.db", "100% wal?#.db"] {
        let error = SqliteStore::open(folder.file(name)).unwrap_err();
        assert!(matches!(&error, SqliteError::Foreign { path } if path.ends_with(name)), "{name}: {error:?}");
    }
    assert_eq!(folder.contents(), before);
}

#[test]
fn a_name_that_sqlite_would_understand_is_a_path() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("file:a.db?mode=memory")).unwrap();
    assert_eq!(block_on(store.append(&Stream::new("order:one").event("evt_1"))).unwrap(), Append::Done);
    drop(store);
    assert_eq!(folder.names(), ["file:a.db?mode=memory"]);
    SqliteStore::open(folder.file("file:a.db?mode=memory")).unwrap();
    assert_eq!(SqliteStore::open(folder.file("none/a.db")).unwrap_err().code(), "file_io");
    assert_eq!(SqliteStore::open(&folder.path).unwrap_err().code(), "file_io");
}

#[test]
fn a_later_schema_is_refused_at_open_and_while_open() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    let later = Connection::open(folder.file("a.db")).unwrap();
    later.execute_batch("PRAGMA user_version = 99").unwrap();
    let error = SqliteStore::open(folder.file("a.db")).unwrap_err();
    assert!(matches!(error, SqliteError::TooNew { found: 99, known: 2 }), "{error:?}");
    assert_eq!(failed(block_on(store.append(&Stream::new("order:one").event("evt_1")))), "file_too_new");
}

#[test]
fn a_file_of_an_older_schema_is_brought_up_to_date_as_a_whole() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    let mut stream = Stream::new("order:one");
    block_on(store.append(&stream.event("evt_1"))).unwrap();
    drop(store);
    // As the first version left it.
    let older = Connection::open(folder.file("a.db")).unwrap();
    older.execute_batch("DROP TABLE cells; PRAGMA user_version = 1").unwrap();
    // A migration that cannot be done leaves the file as it was.
    older.execute_batch("CREATE VIEW cells AS SELECT 1").unwrap();
    assert_eq!(SqliteStore::open(folder.file("a.db")).unwrap_err().code(), "sqlite_failed");
    let version: i64 = older.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
    older.execute_batch("DROP VIEW cells").unwrap();
    drop(older);
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    assert_eq!(block_on(store.sequence(&tenant())).unwrap(), 1);
    assert_eq!(block_on(store.set_cell(&tenant(), "head:a", 0, b"1")).unwrap(), CellSet::Done);
    assert_eq!(block_on(store.append(&stream.event("evt_2"))).unwrap(), Append::Done);
    drop(store);
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    let cell = Cell { revision: 1, value: b"1".to_vec() };
    assert_eq!(block_on(store.cell(&tenant(), "head:a")).unwrap(), Some(cell));
}

#[test]
fn a_damaged_file_is_told() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    let mut stream = Stream::new("order:one");
    for number in 0..100 {
        block_on(store.append(&stream.event(&format!("evt_{number}")))).unwrap();
    }
    drop(store);
    let whole = fs::read(folder.file("a.db")).unwrap();
    // The head of the file stays: it is still known whose it is.
    let mut damaged = whole.clone();
    damaged[4_096..].fill(0x5A);
    fs::write(folder.file("a.db"), damaged).unwrap();
    // An open reads the first page and nothing of the history, so it finds nothing wrong.
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    assert_eq!(failed(block_on(store.read_log(&tenant(), 0, 9))), "file_corrupt");
    assert_eq!(failed(block_on(store.append(&stream.event("evt_last")))), "file_corrupt");
    drop(store);
    fs::write(folder.file("a.db"), &whole[..5_000]).unwrap();
    assert_eq!(SqliteStore::open(folder.file("a.db")).unwrap_err().code(), "file_corrupt");
}

#[test]
fn a_file_that_another_process_holds_is_told() {
    let folder = Folder::new();
    let store = SqliteStore::open_with_wait(folder.file("a.db"), Duration::from_millis(20)).unwrap();
    let other = Connection::open(folder.file("a.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let batch = Stream::new("order:one").event("evt_1");
    assert_eq!(failed(block_on(store.append(&batch))), "file_locked");
    assert_eq!(block_on(store.sequence(&tenant())).unwrap(), 0);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(block_on(store.append(&batch)).unwrap(), Append::Done);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    drop(SqliteStore::open(folder.file("a.db")).unwrap());
    fs::set_permissions(folder.file("a.db"), fs::Permissions::from_mode(0o444)).unwrap();
    if OpenOptions::new().write(true).open(folder.file("a.db")).is_ok() {
        // The superuser may write every file. That SQLite's own answer has its kind is tested in `error`.
        return;
    }
    assert_eq!(SqliteStore::open(folder.file("a.db")).unwrap_err().code(), "file_read_only");
}

#[test]
fn a_file_that_is_gone_is_no_empty_log() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    fs::rename(folder.file("a.db"), folder.file("b.db")).unwrap();
    assert_eq!(failed(block_on(store.read_log(&tenant(), 0, 9))), "file_io");
    assert!(!folder.names().contains(&"a.db".to_owned()));
}

#[test]
fn a_backup_is_a_store_while_others_append() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    let mut stream = Stream::new("order:one");
    block_on(store.append(&stream.event("evt_first"))).unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..200 {
                block_on(store.append(&stream.event(&format!("evt_{number}")))).unwrap();
            }
        });
        for number in 0..3 {
            store.backup_to(folder.file(&format!("{number}.backup"))).unwrap();
        }
        writer.join().unwrap();
    });
    let whole = block_on(store.read_log(&tenant(), 0, usize::MAX)).unwrap();
    for number in 0..3 {
        let backup = SqliteStore::open(folder.file(&format!("{number}.backup"))).unwrap();
        let log = block_on(backup.read_log(&tenant(), 0, usize::MAX)).unwrap();
        assert!(!log.is_empty() && whole.starts_with(&log));
    }
    let (before, backup) = (folder.names(), fs::read(folder.file("0.backup")).unwrap());
    assert!(store.backup_to(folder.file("0.backup")).is_err());
    assert!(store.backup_to(folder.file("none/0.backup")).is_err());
    assert_eq!((folder.names(), fs::read(folder.file("0.backup")).unwrap()), (before, backup));
}

#[test]
fn an_auditor_reads_the_open_file_and_changes_nothing_by_accident() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    let batch = Stream::new("order:one").event("evt_1");
    block_on(store.append(&batch)).unwrap();
    let auditor = Connection::open(folder.file("a.db")).unwrap();
    let ask = |sql| auditor.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let record = ask("SELECT record FROM log WHERE entity = 'order:one'");
    assert_eq!(bytes_of(&batch).map(|bytes| bytes.to_vec()).collect::<Vec<_>>(), [record.into_bytes()]);
    assert_eq!(ask("SELECT tenant || ' ' || entity || ' ' || seq FROM streams"), "acme order:one 1");
    assert_eq!(ask("SELECT json_extract(record, '$.kind') FROM log"), ask("SELECT kind FROM records"));
    for sql in ["UPDATE records SET seq = 2", "DELETE FROM records"] {
        let error = auditor.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("a record is never"), "{error}");
    }
}

#[test]
fn its_debug_form_tells_the_file_and_no_content() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.file("a.db")).unwrap();
    assert!(format!("{store:?}").contains("a.db"));
}
