//! Time, ids and timers, behind traits. The kernel takes them as arguments, and the runtime fetches them here.

use crate::{
    base::{
        debug::debug_as_display,
        ids::{ApprovalId, ExecutionId, Ids, ReceiptId, Salt, TraceId, Ulid},
        timestamp::Timestamp,
        unwind::caught,
    },
    domain::action::BoxFuture,
    runtime::sync::{AtomicBool, Condvar, Mutex, MutexGuard, thread, wait_for},
};
use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, PoisonError, Weak, atomic::Ordering},
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Gives the time. Users may implement it; the default is [`SystemClock`].
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now. It may go back. Recorded time does not, within a stream.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[expect(clippy::exhaustive_structs, reason = "users write its name as a value")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A system clock before 1970 reads as 1970, and one beyond what a timestamp can hold as the last that it can.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Makes ids. Users may implement it, for tests; the default is [`RandomIds`].
///
/// The ids must be unguessable and never repeat: an approval id is a handle that people pass round, and
/// a salt hides what a commitment commits to.
pub trait IdGen: fmt::Debug + Send + Sync + 'static {
    /// All the ids that one call may need.
    ///
    /// # Errors
    /// [`EntropyError`] if the system has no randomness to give. Then nothing is decided.
    fn draw(&self, now: Timestamp) -> Result<Ids, EntropyError>;
}

/// The system has no randomness to give.
#[non_exhaustive]
#[derive(thiserror::Error)]
#[error("the system gave no randomness")]
pub struct EntropyError(#[source] Box<dyn Error + Send + Sync>);

debug_as_display!(EntropyError);

impl EntropyError {
    /// Wraps what went wrong. For implementations of [`IdGen`].
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Ids from the operating system's randomness.
#[expect(clippy::exhaustive_structs, reason = "users write its name as a value")]
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdGen for RandomIds {
    fn draw(&self, now: Timestamp) -> Result<Ids, EntropyError> {
        let mut ulids = [[0u8; 10]; 4];
        let mut salt = [0u8; 16];
        // One call to the system for everything: it costs more than the rest of this function.
        let mut pool = [0u8; 56];
        getrandom::fill(&mut pool).map_err(EntropyError::new)?;
        let (for_ulids, for_salt) = pool.split_at(ulids.as_flattened().len());
        ulids.as_flattened_mut().copy_from_slice(for_ulids);
        salt.copy_from_slice(for_salt);
        // A ULID has no room for a time before 1970. It orders nothing here, so such a time reads as 1970.
        let ms = u64::try_from(now.unix_ms()).unwrap_or(0);
        let [trace, receipt, approval, execution] = ulids.map(|random| Ulid::new(ms, random));
        Ok(Ids::new(
            TraceId::new(trace),
            ReceiptId::new(receipt),
            ApprovalId::new(approval),
            ExecutionId::new(execution),
            Salt::new(salt),
        ))
    }
}

/// Wakes a future after a while. Users may implement it with their runtime's timer; the default,
/// [`ThreadTimer`], is a thread of the library's own.
///
/// ```
/// use kiff::{clock::Timer, domain::BoxFuture};
/// use std::time::Duration;
///
/// /// A timer that sleeps on a thread of its own. With tokio it is one line:
/// /// `Box::pin(tokio::time::sleep(after))`.
/// #[derive(Debug)]
/// struct Sleeper;
///
/// impl Timer for Sleeper {
///     fn sleep(&self, after: Duration) -> BoxFuture<'static, ()> {
///         let at = std::time::Instant::now() + after;
///         Box::pin(std::future::poll_fn(move |cx| {
///             if std::time::Instant::now() >= at {
///                 return std::task::Poll::Ready(());
///             }
///             let waker = cx.waker().clone();
///             std::thread::spawn(move || {
///                 std::thread::sleep(at.saturating_duration_since(std::time::Instant::now()));
///                 waker.wake();
///             });
///             std::task::Poll::Pending
///         }))
///     }
/// }
/// ```
pub trait Timer: fmt::Debug + Send + Sync + 'static {
    /// A future that is ready once `after` has passed.
    fn sleep(&self, after: Duration) -> BoxFuture<'static, ()>;
}

/// A timer for any executor: one thread, started when the first deadline is set, which sleeps until the
/// next one.
#[derive(Clone, Debug, Default)]
pub struct ThreadTimer {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    deadlines: Mutex<Deadlines>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Deadlines {
    /// By time, and by a number that distinguishes two of the same time.
    wakers: BTreeMap<(Instant, u64), Waker>,
    next: u64,
    is_running: bool,
}

impl Timer for ThreadTimer {
    fn sleep(&self, after: Duration) -> BoxFuture<'static, ()> {
        // A span beyond what an instant can hold is a deadline that never comes.
        let at = Instant::now().checked_add(after);
        Box::pin(Sleep { at, key: None, shared: Arc::clone(&self.shared) })
    }
}

struct Sleep {
    at: Option<Instant>,
    key: Option<(Instant, u64)>,
    shared: Arc<Shared>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        if Instant::now() >= at {
            return Poll::Ready(());
        }
        // Users' wakers run code of theirs, so none is cloned, woken or dropped while the lock is held.
        let waker = cx.waker().clone();
        let mut deadlines = self.shared.lock();
        let key = self.key.unwrap_or_else(|| {
            deadlines.next += 1;
            (at, deadlines.next)
        });
        let replaced = deadlines.wakers.insert(key, waker);
        if !deadlines.is_running {
            deadlines.is_running = self.shared.start();
        }
        let is_running = deadlines.is_running;
        drop(deadlines);
        drop(replaced);
        self.shared.changed.notify_one();
        self.key = Some(key);
        if !is_running {
            // Without a thread to wake it, the future must be polled again; better busy than stuck.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waker = self.shared.lock().wakers.remove(&key);
            drop(waker);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Deadlines> {
        self.deadlines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread; false if the system has none to give.
    fn start(self: &Arc<Self>) -> bool {
        let weak = Arc::downgrade(self);
        thread::Builder::new().name("kiff-timer".to_owned()).spawn(move || Self::run(&weak)).is_ok()
    }

    /// Wakes what is due, until no timer is left to hold the deadlines.
    fn run(weak: &Weak<Self>) {
        while let Some(shared) = weak.upgrade() {
            let mut deadlines = shared.lock();
            let now = Instant::now();
            let later = deadlines.wakers.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut deadlines.wakers, later);
            if !due.is_empty() {
                drop(deadlines);
                for waker in due.into_values() {
                    // One that panics must not keep the others from being woken.
                    caught(|| waker.wake());
                }
                continue;
            }
            let next = deadlines.wakers.keys().next().map(|(at, _)| at.saturating_duration_since(now));
            let span = next.unwrap_or(LINGER).min(LINGER);
            let (mut deadlines, is_over) = wait_for(&shared.changed, &shared.deadlines, deadlines, span);
            if is_over && deadlines.wakers.is_empty() {
                // The next deadline starts another thread.
                deadlines.is_running = false;
                return;
            }
        }
    }
}

/// How long the timer's thread waits for another deadline before it ends. Within this time it also notices that the last
/// timer is gone.
const LINGER: Duration = Duration::from_secs(1);

/// Runs a future on this thread, without an async runtime. The thread sleeps while the future waits.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let unpark = Arc::new(Unpark { thread: thread::current(), is_woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        // An executor may block on this thread too, and its park must not consume the wake-up of the outer future. So each
        // has a flag of its own.
        while !unpark.is_woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

struct Unpark {
    thread: thread::Thread,
    is_woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_wakes_a_future_on_any_executor() {
        let timer = ThreadTimer::default();
        let before = Instant::now();
        block_on(timer.sleep(Duration::from_millis(5)));
        assert!(before.elapsed() >= Duration::from_millis(5));
        block_on(timer.sleep(Duration::from_millis(1)));
    }
}
