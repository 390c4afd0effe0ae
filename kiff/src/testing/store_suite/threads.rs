//! Drives futures without an executor.

use crate::domain::action::BoxFuture;
use std::{future::Future, thread};

/// Drives a future on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    crate::runtime::clock::block_on(future)
}

/// Drives a future on a thread of its own. The future is dropped if the system gives no thread.
pub fn on_a_thread(future: BoxFuture<'static, ()>) {
    let spawned = thread::Builder::new().spawn(|| block_on(future));
    // Whoever waits for the future notices that it was dropped.
    drop(spawned);
}
