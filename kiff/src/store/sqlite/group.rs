//! A group: one transaction, and so one sync, for all that waits.

use super::{
    SqliteError,
    append::{Appender, Rows, Setting, WriteError},
    connection::{check_schema, patiently},
};
use crate::store::{Append, CellSet, StoreError};
use rusqlite::{Connection, Statement};
use std::{
    iter,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// An append or a setting that one caller waits for.
pub(super) enum Work {
    Append(Rows),
    Set(Setting),
}

/// The answer to the [`Work`] of the same name.
#[derive(Debug)]
pub(super) enum Done {
    Append(Append),
    Set(CellSet),
}

impl Done {
    /// True if the transaction holds something of it.
    fn is_stored(&self) -> bool {
        matches!(self, Self::Append(Append::Done) | Self::Set(CellSet::Done))
    }
}

/// The statements around a group of appends and settings.
pub(super) struct Group<'c> {
    connection: &'c Connection,
    wait: Duration,
    begin: Statement<'c>,
    commit: Statement<'c>,
    version: Statement<'c>,
    appender: Appender<'c>,
}

impl<'c> Group<'c> {
    pub(super) fn prepare(connection: &'c Connection, wait: Duration) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            wait,
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            version: connection.prepare("PRAGMA user_version")?,
            appender: Appender::prepare(connection)?,
        })
    }

    /// One transaction with all the work in it, and an answer for each, all of them only after the commit.
    pub(super) fn write<'r>(
        &mut self,
        group: impl ExactSizeIterator<Item = &'r Work>,
        commits: &AtomicU64,
    ) -> Vec<Result<Done, StoreError>> {
        let size = group.len();
        match self.do_all(group) {
            Ok(answers) => self.commit(answers, commits),
            Err(error) => {
                self.roll_back();
                // No commit was tried, so it is certain that nothing is stored.
                iter::repeat_with(|| Err(StoreError::failed(error.clone()))).take(size).collect()
            }
        }
    }

    /// An error ends the group; what fails alone is an answer.
    fn do_all<'r>(
        &mut self,
        group: impl Iterator<Item = &'r Work>,
    ) -> Result<Vec<Result<Done, SqliteError>>, SqliteError> {
        patiently(self.wait, || self.begin.execute([]).map_err(SqliteError::of))?;
        // A later version of kiff may have changed the schema since the file was opened.
        let version = self.version.query_row([], |row| row.get(0)).map_err(SqliteError::of)?;
        check_schema(version)?;
        let mut answers = Vec::new();
        for work in group {
            let answer = match work {
                Work::Append(rows) => self.appender.append(rows).map(Done::Append),
                Work::Set(cell) => self.appender.set(cell).map(Done::Set),
            };
            answers.push(match answer {
                Ok(done) => Ok(done),
                Err(WriteError::Alone(error)) => Err(SqliteError::of(error)),
                Err(WriteError::Transaction(error)) => return Err(SqliteError::of(error)),
            });
        }
        Ok(answers)
    }

    fn commit(
        &mut self,
        answers: Vec<Result<Done, SqliteError>>,
        commits: &AtomicU64,
    ) -> Vec<Result<Done, StoreError>> {
        let stored = answers.iter().flatten().any(Done::is_stored);
        let lost = self.commit.execute([]).map_err(SqliteError::of).err();
        match &lost {
            None if stored => drop(commits.fetch_add(1, Ordering::Relaxed)),
            None => {}
            Some(_) => self.roll_back(),
        }
        let tell = |answer: Result<Done, SqliteError>| match (answer, &lost) {
            (Err(error), _) => Err(StoreError::failed(error)),
            (Ok(answer), None) => Ok(answer),
            // The log may have it, if only the sync failed and the machine goes down before the next commit.
            (Ok(answer), Some(error)) if answer.is_stored() => Err(StoreError::unknown(error.clone())),
            // A refusal rests on what the same group did before it, which is lost.
            (Ok(_), Some(error)) => Err(StoreError::failed(error.clone())),
        };
        answers.into_iter().map(tell).collect()
    }

    /// If it fails, the connection stays inside the transaction, and the thread ends with it.
    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::fixture::{Folder, Stream, failed, log, open};

    #[test]
    fn a_batch_that_is_refused_leaves_the_rest_of_its_group() {
        let folder = Folder::new();
        let connection = open(&folder);
        let mut one = Stream::new("order:one");
        let mut stale = one.clone();
        let group = [
            one.event("evt_1"),
            stale.event("evt_2"),
            Stream::new("order:two").event("evt_1"),
            one.event("evt_3"),
            Stream::new("order:two").event("evt_4"),
        ];
        let (answers, commits) = write(&connection, &group);
        let words: Vec<&str> = answers.iter().map(word).collect();
        assert_eq!(words, ["done", "conflict", "claimed", "done", "done"]);
        assert_eq!(commits, 1);
        assert_eq!(log(&connection), ["0 order:one 1", "1 order:one 2", "2 order:two 1"]);
    }

    #[test]
    fn a_group_that_stores_nothing_is_no_commit() {
        let folder = Folder::new();
        let connection = open(&folder);
        let mut one = Stream::new("order:one");
        one.event("evt_1");
        assert_eq!(write(&connection, &[one.event("evt_2")]).1, 0);
    }

    #[test]
    fn an_append_that_fails_alone_leaves_the_rest_of_its_group() {
        let folder = Folder::new();
        let connection = open(&folder);
        connection.execute_batch(&trigger("marked", "RAISE(FAIL, 'no')")).unwrap();
        let group = ["order:one", "order:bad", "order:two"].map(|name| Stream::new(name).event(name));
        let (answers, commits) = write(&connection, &group);
        assert_eq!(answers.iter().map(word).collect::<Vec<_>>(), ["done", "failed", "done"]);
        assert_eq!(commits, 1);
        // The failing one had stored its record before its mark was refused.
        assert_eq!(log(&connection), ["0 order:one 1", "1 order:two 1"]);
    }

    #[test]
    fn nothing_is_stored_of_a_group_whose_transaction_is_undone() {
        let folder = Folder::new();
        let connection = open(&folder);
        connection.execute_batch(&trigger("marked", "RAISE(ROLLBACK, 'no')")).unwrap();
        let group = ["order:one", "order:bad", "order:two"].map(|name| Stream::new(name).event(name));
        let (answers, commits) = write(&connection, &group);
        assert_eq!(answers.iter().map(word).collect::<Vec<_>>(), ["failed"; 3]);
        assert_eq!(commits, 0);
        assert!(log(&connection).is_empty() && connection.is_autocommit());
        let (answers, _) = write(&connection, &[Stream::new("order:one").event("evt_1")]);
        assert_eq!(answers.iter().map(word).collect::<Vec<_>>(), ["done"]);
    }

    #[test]
    fn a_commit_that_fails_leaves_it_open_what_is_stored() {
        let folder = Folder::new();
        let connection = open(&folder);
        // What only the commit finds out.
        connection
            .execute_batch(
                "PRAGMA foreign_keys = ON;
                 CREATE TABLE parents (id INTEGER PRIMARY KEY);
                 CREATE TABLE orphans (id REFERENCES parents DEFERRABLE INITIALLY DEFERRED);",
            )
            .unwrap();
        connection.execute_batch(&trigger("orphaned", "1; INSERT INTO orphans VALUES (1)")).unwrap();
        let mut one = Stream::new("order:one");
        let mut stale = one.clone();
        let group = [one.event("evt_1"), stale.event("evt_2"), Stream::new("order:bad").event("evt_3")];
        let (answers, commits) = write(&connection, &group);
        assert_eq!(answers.iter().map(word).collect::<Vec<_>>(), ["unknown", "failed", "unknown"]);
        assert_eq!(commits, 0);
        assert!(log(&connection).is_empty() && connection.is_autocommit());
    }

    #[test]
    fn what_could_not_be_written_is_not_there_and_the_next_is() {
        for (break_it, mend_it, code) in [
            ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 100000", "file_full"),
            ("PRAGMA query_only = ON", "PRAGMA query_only = OFF", "file_read_only"),
        ] {
            let folder = Folder::new();
            let connection = open(&folder);
            let mut stream = Stream::new("order:one");
            let run = |sql: &str| connection.prepare(sql).unwrap().query([]).unwrap().next().map(drop).unwrap();
            assert_eq!(write(&connection, &[stream.event("evt_0")]).1, 1);
            run(break_it);
            let (before, mut stored) = (stream.clone(), 1);
            // Some records still fit into the last pages. The first that does not is refused with a reason.
            let refused = (1..)
                .find_map(|number| {
                    let (mut answers, commits) = write(&connection, &[stream.event(&format!("evt_{number}"))]);
                    stored += usize::try_from(commits).unwrap();
                    answers.pop().filter(|answer| answer.is_err())
                })
                .unwrap();
            assert_eq!(failed(refused), code);
            assert!(connection.is_autocommit());
            assert_eq!(log(&connection).len(), stored);
            // It is the same file for those who look now, and takes the next batch when it can again.
            assert_eq!(log(&open(&folder)).len(), stored);
            run(mend_it);
            let mut stream = before;
            (1..stored).for_each(|number| drop(stream.event(&format!("evt_{number}"))));
            let (answers, commits) = write(&connection, &[stream.event("evt_next")]);
            assert_eq!((word(&answers[0]), commits), ("done", 1));
            assert_eq!(log(&open(&folder)).len(), stored + 1);
        }
    }

    /// Writes a group as the thread does. Returns the answers, and the number of commits.
    fn write(connection: &Connection, batches: &[crate::store::Batch]) -> (Vec<Result<Done, StoreError>>, u64) {
        let work: Vec<Work> = batches.iter().map(|batch| Work::Append(Rows::of(batch))).collect();
        let commits = AtomicU64::new(0);
        let answers = Group::prepare(connection, Duration::ZERO).unwrap().write(work.iter(), &commits);
        (answers, commits.into_inner())
    }

    /// Something that happens after a claim in the stream `order:bad`.
    fn trigger(name: &str, what: &str) -> String {
        format!("CREATE TRIGGER {name} AFTER INSERT ON claims WHEN new.entity = 'order:bad' BEGIN SELECT {what}; END")
    }

    fn word(answer: &Result<Done, StoreError>) -> &'static str {
        match answer {
            Ok(Done::Append(Append::Done) | Done::Set(CellSet::Done)) => "done",
            Ok(Done::Append(Append::Conflict { .. }) | Done::Set(CellSet::Conflict { .. })) => "conflict",
            Ok(Done::Append(Append::Claimed { .. })) => "claimed",
            Err(StoreError::Failed(_)) => "failed",
            Err(StoreError::Unknown(_)) => "unknown",
        }
    }
}
