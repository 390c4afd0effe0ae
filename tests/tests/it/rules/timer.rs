//! The timer wakes users' code, which may do anything.

use kiff::{
    clock::{ThreadTimer, Timer},
    domain::BoxFuture,
};
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};

const SOON: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(20);

/// Tells that it was woken.
struct Bell(Sender<()>);
impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.send(()).unwrap();
    }
}

/// Drops the very sleep that wakes it.
struct Dropper {
    sleep: Mutex<Option<BoxFuture<'static, ()>>>,
    woken: Sender<()>,
}
impl Wake for Dropper {
    fn wake(self: Arc<Self>) {
        // The waker may run before the sleep was handed over.
        while self.sleep.lock().unwrap().take().is_none() {
            std::thread::yield_now();
        }
        self.woken.send(()).unwrap();
    }
}

struct Panics;
impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

/// A sleep that has been polled once with this waker.
fn asleep(timer: &ThreadTimer, waker: &Waker) -> BoxFuture<'static, ()> {
    let mut sleep = timer.sleep(SOON);
    let _ = sleep.as_mut().poll(&mut Context::from_waker(waker));
    sleep
}

#[test]
fn a_waker_may_drop_its_own_sleep() {
    let timer = ThreadTimer::default();
    let (woken, wakes) = channel();
    let dropper = Arc::new(Dropper { sleep: Mutex::new(None), woken });
    let sleep = asleep(&timer, &Waker::from(Arc::clone(&dropper)));
    *dropper.sleep.lock().unwrap() = Some(sleep);
    wakes.recv_timeout(LONG).expect("the timer does not hold its lock while it wakes");
}

#[test]
fn a_waker_that_panics_does_not_stop_the_timer() {
    let timer = ThreadTimer::default();
    let (bell, rings) = channel();
    let _first = asleep(&timer, &Waker::from(Arc::new(Panics)));
    let _beside = asleep(&timer, &Waker::from(Arc::new(Bell(bell.clone()))));
    rings.recv_timeout(LONG).expect("the others are woken");
    let _later = asleep(&timer, &Waker::from(Arc::new(Bell(bell))));
    rings.recv_timeout(LONG).expect("the timer goes on");
}
