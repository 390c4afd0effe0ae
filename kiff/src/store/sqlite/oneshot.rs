//! One value from the writer's thread to one future, for any executor.

#[cfg(all(test, shuttle))]
use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(all(test, shuttle)))]
use std::sync::{Mutex, MutexGuard};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
};

/// A sender, and the future of what it sends.
pub(super) fn channel<T>() -> (Sender<T>, Answer<T>) {
    let slot = Arc::new(Mutex::new(Slot::Empty(None)));
    (Sender(Arc::clone(&slot)), Answer(slot))
}

/// Sends the value. Dropped without, it ends the future's waiting.
pub(super) struct Sender<T>(Arc<Mutex<Slot<T>>>);

/// Ready with the value, or with nothing if the sender was dropped. Dropped before, it disturbs nobody.
pub(super) struct Answer<T>(Arc<Mutex<Slot<T>>>);

enum Slot<T> {
    Empty(Option<Waker>),
    Full(T),
    Closed,
}

impl<T> Sender<T> {
    pub(super) fn send(self, value: T) {
        self.settle(Slot::Full(value));
    }

    /// Settles once: what was sent is not closed again by the drop that follows.
    fn settle(&self, settled: Slot<T>) {
        let mut slot = lock(&self.0);
        let Slot::Empty(waker) = &mut *slot else { return };
        let waker = waker.take();
        *slot = settled;
        drop(slot);
        if let Some(waker) = waker {
            // A waker is the host's code. If it panics, the writer must still answer the others.
            drop(catch_unwind(AssertUnwindSafe(|| waker.wake())));
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.settle(Slot::Closed);
    }
}

impl<T> Future for Answer<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut slot = lock(&self.0);
        if let Slot::Empty(waker) = &mut *slot {
            *waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        match std::mem::replace(&mut *slot, Slot::Closed) {
            Slot::Full(value) => Poll::Ready(Some(value)),
            _ => Poll::Ready(None),
        }
    }
}

fn lock<T>(slot: &Mutex<Slot<T>>) -> MutexGuard<'_, Slot<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::clock::block_on;
    use std::{task::Wake, thread};

    #[test]
    fn a_value_comes_from_another_thread() {
        let (sender, answer) = channel();
        let thread = thread::spawn(move || sender.send(7));
        assert_eq!(block_on(answer), Some(7));
        thread.join().unwrap();
    }

    #[test]
    fn a_dropped_sender_ends_the_waiting() {
        let (sender, answer) = channel::<u8>();
        let thread = thread::spawn(move || drop(sender));
        assert_eq!(block_on(answer), None);
        thread.join().unwrap();
    }

    #[test]
    fn a_waker_that_panics_does_not_end_the_sender() {
        struct Panics;
        impl Wake for Panics {
            fn wake(self: Arc<Self>) {
                panic!("the host's own");
            }
        }
        let (sender, mut answer) = channel();
        let waker = Waker::from(Arc::new(Panics));
        assert!(Pin::new(&mut answer).poll(&mut Context::from_waker(&waker)).is_pending());
        sender.send(7);
        assert_eq!(block_on(answer), Some(7));
    }

    #[cfg(shuttle)]
    #[test]
    fn interleavings_of_a_value_and_whoever_waits_for_it() {
        use shuttle::thread;
        crate::runtime::sync::interleavings::in_every_order(|| {
            let (sender, answer) = channel();
            let thread = thread::spawn(move || sender.send(7));
            assert_eq!(block_on(answer), Some(7));
            thread.join().unwrap();
            let (sender, answer) = channel::<u8>();
            let thread = thread::spawn(move || drop(sender));
            assert_eq!(block_on(answer), None);
            thread.join().unwrap();
            let (sender, answer) = channel();
            let thread = thread::spawn(move || drop(answer));
            sender.send(7);
            thread.join().unwrap();
        });
    }
}
