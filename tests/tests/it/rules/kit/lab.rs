//! Executors and a timer that do what the test says.

use kiff::{
    Executor, Failure, Outcome,
    clock::Timer,
    domain::{BoxFuture, Call},
};
use std::{
    collections::VecDeque,
    future::{pending, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

/// What an executor does next.
#[derive(Debug)]
pub(crate) enum Plan {
    Succeed(Outcome),
    /// Waits so many polls, then succeeds.
    Wait(usize, Outcome),
    NotApplied,
    Error,
    Panic,
    /// Never answers.
    Hang,
}

/// The executors of the domain: what they do, and how often one was started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lab {
    plans: Arc<Mutex<VecDeque<Plan>>>,
    runs: Arc<AtomicUsize>,
    /// The execution and the attempt of every start.
    started: Arc<Mutex<Vec<(String, u32)>>>,
}

impl Lab {
    pub(crate) fn then(&self, plan: Plan) {
        self.plans.lock().unwrap().push_back(plan);
    }

    /// Takes back what was planned and not asked for.
    pub(crate) fn forget(&self) {
        self.plans.lock().unwrap().clear();
    }

    pub(crate) fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    pub(crate) fn started(&self) -> Vec<(String, u32)> {
        self.started.lock().unwrap().clone()
    }
}

impl Executor for Lab {
    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Outcome, Failure>> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        self.started.lock().unwrap().push((call.execution_id().to_string(), call.attempt()));
        let plan = self.plans.lock().unwrap().pop_front().unwrap_or_else(|| Plan::Succeed(noted()));
        Box::pin(async move {
            match plan {
                Plan::Succeed(outcome) => Ok(outcome),
                Plan::Wait(polls, outcome) => {
                    yields(polls).await;
                    Ok(outcome)
                }
                Plan::NotApplied => Err(Failure::not_applied("refused by the provider")),
                Plan::Error => Err(std::io::Error::other("connection reset").into()),
                Plan::Panic => panic!("the executor broke"),
                Plan::Hang => pending().await,
            }
        })
    }
}

/// An outcome that leaves the order in its state, so that more can follow.
pub(crate) fn noted() -> Outcome {
    Outcome::new("done").emit("NOTE_ADDED")
}

pub(crate) fn refunded() -> Outcome {
    Outcome::new("refunded").emit("ORDER_REFUNDED")
}

/// Waits for so many polls.
pub(crate) async fn yields(mut polls: usize) {
    poll_fn(|cx| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A timer whose deadlines pass when the test says so.
#[derive(Clone, Debug, Default)]
pub(crate) struct ManualTimer {
    due: Arc<AtomicBool>,
}

impl ManualTimer {
    pub(crate) fn pass(&self) {
        self.due.store(true, Ordering::SeqCst);
    }
}

impl Timer for ManualTimer {
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        let due = Arc::clone(&self.due);
        Box::pin(poll_fn(move |_| if due.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }))
    }
}

/// Polls once; true if the call still waits.
pub(crate) fn waits<T>(call: &mut BoxFuture<'static, T>) -> bool {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}
