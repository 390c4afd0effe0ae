//! The thread that writes: one transaction, and so one sync, for all appends that wait.

use super::{
    SqliteError,
    append::{Appender, Rows},
    connection::check_schema,
    oneshot,
};
use crate::store::{Append, StoreError};
use rusqlite::{Connection, Statement};
use std::{
    iter,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

/// Bounds how long the first append of a group waits for the last.
const MAX_GROUP: usize = 256;

/// The writer's thread, as the store holds it. Dropped, it waits until what was handed over is written and
/// the file is closed.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

struct Job {
    rows: Rows,
    answer: oneshot::Sender<Result<Append, StoreError>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, SqliteError> {
        // To fail here, and not in the thread, where nobody is told why.
        drop(Group::prepare(&connection).map_err(SqliteError::of)?);
        let (jobs, queue) = mpsc::channel();
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        let thread = thread::Builder::new()
            .name("kiff-sqlite".to_owned())
            .spawn(move || run(&connection, &queue, &counter))
            .map_err(SqliteError::io)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), commits })
    }

    /// Hands the rows over at once. The future only waits: dropped, it changes nothing.
    pub(super) fn append(&self, rows: Rows) -> impl Future<Output = Result<Append, StoreError>> + Send + use<> {
        let (answer, waiting) = oneshot::channel();
        let job = Job { rows, answer };
        let handed_over = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        async move {
            match waiting.await {
                Some(answer) => answer,
                // The thread ended with the rows in its hands.
                None if handed_over => Err(StoreError::unknown(SqliteError::WriterEnded)),
                None => Err(StoreError::failed(SqliteError::WriterEnded)),
            }
        }
    }

    /// How many transactions have stored something.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        // A waker that drops the last handle runs on the thread itself, which cannot wait for itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            // If the thread panicked, those who waited for it were told.
            drop(thread.join());
        }
    }
}

/// Writes until all senders are gone, or the connection is in a state that nothing is known about.
fn run(connection: &Connection, queue: &mpsc::Receiver<Job>, commits: &AtomicU64) {
    let Ok(mut group) = Group::prepare(connection) else { return };
    while let Ok(first) = queue.recv() {
        let jobs: Vec<Job> = iter::once(first).chain(queue.try_iter()).take(MAX_GROUP).collect();
        let answers = group.write(jobs.iter().map(|job| &job.rows), commits);
        for (job, answer) in jobs.into_iter().zip(answers) {
            job.answer.send(answer);
        }
        if !connection.is_autocommit() {
            return;
        }
    }
}

/// The statements around a group of appends.
struct Group<'c> {
    connection: &'c Connection,
    begin: Statement<'c>,
    commit: Statement<'c>,
    version: Statement<'c>,
    appender: Appender<'c>,
}

impl<'c> Group<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            version: connection.prepare("PRAGMA user_version")?,
            appender: Appender::prepare(connection)?,
        })
    }

    /// One transaction with each append in it, and an answer for each, all of them only after the commit.
    fn write<'r>(
        &mut self,
        group: impl ExactSizeIterator<Item = &'r Rows>,
        commits: &AtomicU64,
    ) -> Vec<Result<Append, StoreError>> {
        let size = group.len();
        match self.append_all(group) {
            Ok(answers) => self.commit(answers, commits),
            Err(error) => {
                self.roll_back();
                // No commit was tried, so it is certain that nothing is stored.
                iter::repeat_with(|| Err(StoreError::failed(error.clone()))).take(size).collect()
            }
        }
    }

    /// An error ends the group; an append that fails alone is an answer.
    fn append_all<'r>(
        &mut self,
        group: impl Iterator<Item = &'r Rows>,
    ) -> Result<Vec<Result<Append, SqliteError>>, SqliteError> {
        self.begin.execute([]).map_err(SqliteError::of)?;
        // A later version of kiff may have changed the schema since the file was opened.
        let version = self.version.query_row([], |row| row.get(0)).map_err(SqliteError::of)?;
        check_schema(version)?;
        let mut answers = Vec::new();
        for rows in group {
            let answer = self.appender.append(rows).map_err(SqliteError::of)?;
            answers.push(answer.map_err(SqliteError::of));
        }
        Ok(answers)
    }

    fn commit(
        &mut self,
        answers: Vec<Result<Append, SqliteError>>,
        commits: &AtomicU64,
    ) -> Vec<Result<Append, StoreError>> {
        let stored = answers.iter().any(|answer| matches!(answer, Ok(Append::Done)));
        let lost = self.commit.execute([]).map_err(SqliteError::of).err();
        match &lost {
            None if stored => drop(commits.fetch_add(1, Ordering::Relaxed)),
            None => {}
            Some(_) => self.roll_back(),
        }
        let tell = |answer| match (answer, &lost) {
            (Err(error), _) => Err(StoreError::failed(error)),
            (Ok(answer), None) => Ok(answer),
            // The log may have it, if only the sync failed and the machine goes down before the next commit.
            (Ok(Append::Done), Some(error)) => Err(StoreError::unknown(error.clone())),
            // What was refused rests on appends of the same group that are lost.
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
