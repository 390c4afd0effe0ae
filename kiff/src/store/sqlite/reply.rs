//! The writer's answer to one caller.

use futures_channel::oneshot;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A reply, and the future of what it sends: of nothing, if the reply is dropped unsent.
pub(super) fn channel<T>() -> (Reply<T>, oneshot::Receiver<T>) {
    let (sender, receiver) = oneshot::channel();
    (Reply(Some(sender)), receiver)
}

/// Sends the answer, or, dropped, that there is none.
///
/// Both wake the caller, and a waker is the host's code: if it panics, the writer must still answer the others.
pub(super) struct Reply<T>(Option<oneshot::Sender<T>>);

impl<T> Reply<T> {
    pub(super) fn send(mut self, value: T) {
        let sender = self.0.take();
        // A caller that no longer waits leaves nothing to do.
        drop(catch_unwind(AssertUnwindSafe(|| sender.map(|sender| sender.send(value)))));
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        let sender = self.0.take();
        drop(catch_unwind(AssertUnwindSafe(|| drop(sender))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::Pin,
        sync::Arc,
        task::{Context, Poll, Wake, Waker},
    };

    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("the host's own");
        }
    }

    #[test]
    fn a_waker_that_panics_does_not_end_the_writer() {
        let waker = Waker::from(Arc::new(Panics));
        let mut context = Context::from_waker(&waker);
        for (sent, received) in [(Some(7), Ok(7)), (None, Err(oneshot::Canceled))] {
            let (reply, mut receiver) = channel();
            assert!(Pin::new(&mut receiver).poll(&mut context).is_pending());
            match sent {
                Some(value) => reply.send(value),
                None => drop(reply),
            }
            assert_eq!(Pin::new(&mut receiver).poll(&mut context), Poll::Ready(received));
        }
    }
}
