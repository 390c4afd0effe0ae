//! Writers that race in the same way every time.

use kiff::domain::BoxFuture;
use std::{
    pin::pin,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

/// An executor of one thread that polls what was spawned in turn, so that writers race in the same way
/// every time.
#[derive(Default)]
pub(crate) struct Turns(Mutex<Vec<BoxFuture<'static, ()>>>);

impl Turns {
    pub(crate) fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.0.lock().unwrap().push(future);
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            self.0.lock().unwrap().retain_mut(|writer| writer.as_mut().poll(&mut context).is_pending());
        }
    }
}
