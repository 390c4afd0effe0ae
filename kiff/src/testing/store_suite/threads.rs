//! Drives futures without an executor.

use crate::action::BoxFuture;
use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Drives a future on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}

/// Drives a future on a thread of its own. The future is dropped if the system gives no thread.
pub fn on_a_thread(future: BoxFuture<'static, ()>) {
    let spawned = thread::Builder::new().spawn(|| block_on(future));
    // Whoever waits for the future notices that it was dropped.
    drop(spawned);
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
