//! The locks, threads and waits of the drivers, named in one place, so that a test may put its own under them: with
//! `--cfg shuttle` the unit tests run every one of them as a scheduler says (`interleavings`).

#[cfg(all(test, shuttle))]
pub(crate) mod interleavings;

#[cfg(all(test, shuttle))]
pub(crate) use shuttle::{
    sync::{Condvar, Mutex, MutexGuard, atomic::AtomicBool},
    thread,
};
#[cfg(not(all(test, shuttle)))]
pub(crate) use std::{
    sync::{Condvar, Mutex, MutexGuard, atomic::AtomicBool},
    thread,
};

use std::{sync::PoisonError, time::Duration};

/// Waits until something has changed, or for so long; true if it was for so long.
#[cfg(not(all(test, shuttle)))]
pub(crate) fn wait_for<'a, T>(
    changed: &Condvar,
    _: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    span: Duration,
) -> (MutexGuard<'a, T>, bool) {
    let (guard, timeout) = changed.wait_timeout(guard, span).unwrap_or_else(PoisonError::into_inner);
    (guard, timeout.timed_out())
}

/// The scheduler knows no time: the span may be over at any moment, whether or not something has changed.
#[cfg(all(test, shuttle))]
pub(crate) fn wait_for<'a, T>(
    _: &Condvar,
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    _: Duration,
) -> (MutexGuard<'a, T>, bool) {
    use shuttle::rand::Rng;
    drop(guard);
    thread::yield_now();
    (mutex.lock().unwrap_or_else(PoisonError::into_inner), shuttle::rand::thread_rng().gen_bool(0.5))
}
