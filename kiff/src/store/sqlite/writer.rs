//! The thread that writes what waits, in groups.

use super::{
    SqliteError,
    append::{Rows, Setting},
    group::{Done, Group, Work},
    reply::{self, Reply},
};
use crate::store::{Append, CellSet, StoreError};
use rusqlite::Connection;
use std::{
    iter,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
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
    work: Work,
    reply: Reply<Result<Done, StoreError>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, wait: Duration) -> Result<Self, SqliteError> {
        // A statement that cannot be prepared fails here, where the caller learns why, and not in the thread.
        drop(Group::prepare(&connection, wait).map_err(SqliteError::of)?);
        let (jobs, queue) = mpsc::channel();
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        let thread = thread::Builder::new()
            .name("kiff-sqlite".to_owned())
            .spawn(move || run(&connection, wait, &queue, &counter))
            .map_err(SqliteError::io)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), commits })
    }

    /// Hands the rows over at once. The future only waits: dropped, it changes nothing.
    pub(super) fn append(&self, rows: Rows) -> impl Future<Output = Result<Append, StoreError>> + Send + use<> {
        let done = self.hand_over(Work::Append(rows));
        async move {
            match done.await? {
                Done::Append(append) => Ok(append),
                Done::Set(_) => Err(StoreError::unknown(SqliteError::WriterEnded)),
            }
        }
    }

    /// Hands a cell over, as [`append`](Self::append) does with rows.
    pub(super) fn set(&self, cell: Setting) -> impl Future<Output = Result<CellSet, StoreError>> + Send + use<> {
        let done = self.hand_over(Work::Set(cell));
        async move {
            match done.await? {
                Done::Set(set) => Ok(set),
                Done::Append(_) => Err(StoreError::unknown(SqliteError::WriterEnded)),
            }
        }
    }

    fn hand_over(&self, work: Work) -> impl Future<Output = Result<Done, StoreError>> + Send + use<> {
        let (reply, answer) = reply::channel();
        let job = Job { work, reply };
        let handed_over = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        async move {
            match answer.await {
                Ok(answer) => answer,
                // The thread ended with the work in its hands.
                Err(_) if handed_over => Err(StoreError::unknown(SqliteError::WriterEnded)),
                Err(_) => Err(StoreError::failed(SqliteError::WriterEnded)),
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
            // If the thread panicked, its callers have had their answers.
            drop(thread.join());
        }
    }
}

/// Writes until all senders are gone, or the connection is in a state that nothing is known about.
fn run(connection: &Connection, wait: Duration, queue: &mpsc::Receiver<Job>, commits: &AtomicU64) {
    let Ok(mut group) = Group::prepare(connection, wait) else { return };
    // SQLite's own waiting grows to 100 ms a step, and a busy process next door comes first again and again
    // meanwhile. From here on only `begin` may have to wait, and it waits in small steps.
    if connection.busy_timeout(Duration::ZERO).is_err() {
        return;
    }
    while let Ok(first) = queue.recv() {
        let jobs: Vec<Job> = iter::once(first).chain(queue.try_iter()).take(MAX_GROUP).collect();
        let answers = group.write(jobs.iter().map(|job| &job.work), commits);
        for (job, answer) in jobs.into_iter().zip(answers) {
            job.reply.send(answer);
        }
        if !connection.is_autocommit() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        runtime::clock::block_on,
        store::sqlite::fixture::{Folder, Stream, failed, log, open},
    };

    #[test]
    fn a_file_that_may_not_grow_is_told_and_can_be_read() {
        let folder = Folder::new();
        let connection = open(&folder);
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        connection.query_row(&format!("PRAGMA max_page_count = {}", pages + 2), [], |_| Ok(())).unwrap();
        let writer = Writer::start(connection, Duration::ZERO).unwrap();
        let mut stream = Stream::new("order:one");
        let append = |batch| block_on(writer.append(Rows::of(&batch)));
        let (stored, full) = (1..)
            .find_map(|number| {
                let answer = append(stream.event(&format!("evt_{number}")));
                if answer.is_ok() { None } else { Some((number - 1, answer)) }
            })
            .unwrap();
        assert_eq!(failed(full), "file_full");
        assert_eq!(log(&open(&folder)).len(), stored);
    }

    #[test]
    fn a_writer_that_has_ended_answers() {
        let (jobs, queue) = mpsc::channel();
        let writer = Writer { jobs: Some(jobs), thread: None, commits: Arc::default() };
        let append = || writer.append(Rows::of(&Stream::new("order:one").event("evt_1")));
        let waiting = append();
        drop(queue);
        assert!(matches!(block_on(waiting), Err(StoreError::Unknown(_))));
        assert_eq!(failed(block_on(append())), "writer_ended");
    }
}
