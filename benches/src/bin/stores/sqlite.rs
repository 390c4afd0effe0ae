//! SQLite: compares one writer with a file, and 64 concurrent entities with one writer.

use super::{
    batches::{Source, lines},
    file::Log,
    rounds::{ROUNDS, Side, TOO_FEW, TURN, tell},
};
use kiff::store::{Append, Batch, EventStore, SqliteStore};
use std::{
    error::Error,
    io::Write,
    path::Path,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Instant,
};

/// The number of entities that are appended to concurrently.
const ENTITIES: usize = 64;
/// Enough batches for one turn of each side.
const AHEAD: usize = 8_000;

pub(crate) fn measure(folder: &Path, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let store = SqliteStore::open(folder.join("stores.db"))?;
    let mut file = Log::new(&folder.join("floor.log"))?;
    let mut alone = Source::new("alone")?;
    let mut together = (0..ENTITIES).map(|n| Source::new(&format!("e{n}"))).collect::<Result<Vec<_>, _>>()?;
    let names = ["file, append and fdatasync", "SQLite, one writer", "SQLite, 64 entities at once"];
    let mut sides = names.map(Side::new);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let mut ready = vec![Vec::new(); ENTITIES];
    let mut mine = Vec::new();
    for _ in 0..ROUNDS {
        top_up(&mut alone, &mut mine, AHEAD)?;
        for (source, ready) in together.iter_mut().zip(&mut ready) {
            top_up(source, ready, AHEAD / 8)?;
        }
        let [floor, one, many] = &mut sides;
        // The same bytes that the store gets in its turn.
        let mut bytes = mine.iter().rev().map(lines).collect::<Vec<_>>().into_iter().cycle();
        floor.turn(|| file.append(&bytes.next().ok_or("there are no bytes")?))?;
        one.turn(|| done(block_on(store.append(&mine.pop().ok_or(TOO_FEW)?))?))?;
        ready = all_at_once(&runtime, &store, ready, many)?;
    }
    let bytes = lines(mine.last().ok_or(TOO_FEW)?).len();
    tell(out, &format!("SQLite, one event of two records a batch, {bytes} bytes"), &sides)?;
    let [_, one, many] = sides;
    tell(out, "SQLite, against one writer", &[one, many])
}

/// Each entity appends one batch after the other until the time is over. Returns the remaining batches.
fn all_at_once(
    runtime: &tokio::runtime::Runtime,
    store: &SqliteStore,
    ready: Vec<Vec<Batch>>,
    side: &mut Side,
) -> Result<Vec<Vec<Batch>>, Box<dyn Error>> {
    let start = Instant::now();
    let append = |mut batches: Vec<Batch>| {
        let store = store.clone();
        async move {
            let mut count = 0;
            while start.elapsed() < TURN {
                let Some(batch) = batches.pop() else { return Err(TOO_FEW.to_owned()) };
                match store.append(&batch).await {
                    Ok(Append::Done) => count += 1,
                    other => return Err(format!("{other:?}")),
                }
            }
            Ok((count, batches))
        }
    };
    let running: Vec<_> = ready.into_iter().map(|batches| runtime.spawn(append(batches))).collect();
    let mut left = Vec::new();
    let mut all = 0;
    for running in running {
        let (count, batches) = runtime.block_on(running)??;
        all += count;
        left.push(batches);
    }
    side.took(all, start.elapsed());
    Ok(left)
}

/// Fills up to `count` batches. They are in reverse, so that the next one to append is the last.
fn top_up(source: &mut Source, ready: &mut Vec<Batch>, count: usize) -> Result<(), Box<dyn Error>> {
    let mut more = source.take(count.saturating_sub(ready.len()))?;
    more.reverse();
    more.append(ready);
    *ready = more;
    Ok(())
}

fn done(append: Append) -> Result<(), Box<dyn Error>> {
    if append == Append::Done { Ok(()) } else { Err(format!("{append:?}").into()) }
}

/// Waits on this thread, as [`kiff::Blocking`] does.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
