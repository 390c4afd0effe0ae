//! The files of a log and its ledger: what a dead process left in them, and whether that holds.

use crate::{
    judge::{Log, judge, rules},
    process::Heard,
};
use kiff::{Blocking, Runtime, store::SqliteStore};
use kiff_tests::crash::{LATER_MS, Ledger, Line, NOON_MS, Order, Payment, Place, Point};
use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

/// The files that the log may have. The shared memory beside them is made anew by whoever opens them.
const FILES: [&str; 4] = ["log.db", "log.db-wal", "log.db-journal", "ledger"];

/// A folder with a log and a ledger, and what was acknowledged of them. Removed with the value.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    /// Everything that was acknowledged.
    pub(crate) told: Vec<Line>,
    processes: u32,
    /// What the log had in doubt when the last process was dead, and how long the ledger was.
    doubts: BTreeSet<String>,
    ledger_bytes: u64,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("kiff-crash-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self { path, told: Vec::new(), processes: 0, doubts: BTreeSet::new(), ledger_bytes: 0 }
    }

    /// Another folder with the same files and the same past.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self::new();
        copy.told.clone_from(&self.told);
        copy.doubts.clone_from(&self.doubts);
        (copy.processes, copy.ledger_bytes) = (self.processes, self.ledger_bytes);
        for name in FILES {
            if self.path.join(name).exists() {
                fs::copy(self.path.join(name), copy.path.join(name)).unwrap();
            }
        }
        copy
    }

    /// What the next process is told to do.
    pub(crate) fn order(&mut self, laps: u32, threads: u32, abort_at: Option<Point>) -> Order {
        self.processes += 1;
        Order {
            place: Place::Sqlite(self.path.join("log.db")),
            ledger: self.path.join("ledger"),
            now_ms: NOON_MS + i64::from(self.processes) * LATER_MS,
            first_lap: self.processes * 10_000,
            laps,
            threads,
            endure: false,
            abort_at,
        }
    }

    /// Takes down what a process said, and holds what it left to that.
    #[track_caller]
    pub(crate) fn check(&mut self, heard: &Heard) -> Log {
        self.check_with(heard, |folder| folder.copy().judge(&folder.told))
    }

    /// The same where the log is elsewhere.
    #[track_caller]
    pub(crate) fn check_with(&mut self, heard: &Heard, judge: impl FnOnce(&Self) -> Result<Log, String>) -> Log {
        assert_eq!(heard.complaint, "", "{heard:?}");
        assert!(heard.status.success() || heard.status.signal().is_some(), "{heard:?}");
        self.check_opening(&heard.lines);
        self.told.extend(heard.lines.iter().filter(|line| matches!(line, Line::Acknowledged { .. })).cloned());
        let log = judge(self).unwrap();
        self.doubts = log.in_doubt();
        self.ledger_bytes = fs::metadata(self.path.join("ledger")).map_or(0, |file| file.len());
        log
    }

    /// To open runs nothing, and finds in doubt exactly what is.
    fn check_opening(&self, lines: &[Line]) {
        let Some(first) = lines.first() else { return };
        assert_eq!(*first, Line::Opened { ledger_bytes: self.ledger_bytes });
        let doubts = lines.iter().filter_map(|line| match line {
            Line::Doubt { execution } => Some(execution.clone()),
            _ => None,
        });
        let doubts: BTreeSet<String> = doubts.collect();
        assert!(doubts.is_subset(&self.doubts), "{doubts:?} and not {:?}", self.doubts);
        // Unless it died while it told them.
        if lines.iter().any(|line| matches!(line, Line::Recovered | Line::Acknowledged { .. })) {
            assert_eq!(doubts, self.doubts);
        }
    }

    /// Opens the log as a service does.
    pub(crate) fn open(&self) -> Result<Blocking, String> {
        let store = SqliteStore::open(self.path.join("log.db")).map_err(|error| error.to_string())?;
        Ok(Runtime::builder(rules()).store(store).build().unwrap().blocking())
    }

    /// What the ledger says.
    pub(crate) fn payments(&self) -> Vec<Payment> {
        Ledger::read(&self.path.join("ledger")).unwrap()
    }

    /// What SQLite itself says of the log's file.
    pub(crate) fn check_integrity(&self) -> Result<(), String> {
        let asked = rusqlite::Connection::open(self.path.join("log.db"))
            .and_then(|file| file.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)));
        match asked.map_err(|error| error.to_string())?.as_str() {
            "ok" => Ok(()),
            fault => Err(fault.to_owned()),
        }
    }

    /// Opens the files, which changes them: done to a copy.
    fn judge(self, told: &[Line]) -> Result<Log, String> {
        let log = judge(&self.open()?, told, &self.payments())?;
        self.check_integrity()?;
        Ok(log)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
