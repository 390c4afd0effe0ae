//! Runs what was cleared and asks probes: panics are caught, deadlines are kept, and a permit is consumed.

use crate::{
    base::{
        code::Code,
        ids::TenantId,
        timestamp::Timestamp,
        unwind::{caught, discard},
    },
    domain::{
        action::{BoxFuture, Call, Providers},
        ctx::Situation,
    },
    evidence::warrant::Warrant,
    kernel::{decision::Permit, finish::Ending},
    runtime::{
        clock::Timer,
        probe::{DynProbe, Probed, Probing},
    },
};
use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
    time::Duration,
};

/// Runs the executor of a cleared action, once. Returns how it ended with the permit, which is spent: only the recording of
/// the outcome can follow.
pub(crate) async fn run(
    permit: Permit,
    tenant: &TenantId,
    providers: &Providers,
    warrant: Option<&Warrant>,
    timer: &dyn Timer,
    now: Timestamp,
) -> (Spent, Ending) {
    let cleared = &permit.cleared;
    let Some(executor) = cleared.action.executor.as_ref() else {
        let ending = Ending::NotApplied("the action has no executor".to_owned());
        return (Spent(permit), ending);
    };
    let situation = Situation {
        tenant,
        entity: &cleared.proposal.entity,
        state: cleared.state.as_str(),
        state_version: cleared.state_version,
        facts: cleared.facts.as_ref(),
        actor: &cleared.proposal.actor,
        now: cleared.decided_at,
        params: &cleared.proposal.params,
        execution: Some(cleared.terms.execution),
    };
    let shown: &[&(dyn Any + Send + Sync)] = match warrant {
        Some(warrant) => &[warrant.receipt(), warrant],
        None => &[],
    };
    let call = Call::new(situation, &cleared.terms.execution, cleared.terms.attempt, providers, shown);
    // The log says when the attempt counts as abandoned, so it may run only until then.
    let left = cleared.terms.deadline.map(|deadline| deadline - now);
    let limit = cleared.action.timeout().map(|limit| limit.min(left.unwrap_or(limit)));
    if left == Some(Duration::ZERO) {
        let ending = Ending::NotApplied("its deadline passed before it was started".to_owned());
        return (Spent(permit), ending);
    }
    let ending = match guarded(|| executor.run(call), limit, timer).await {
        Polled::Ready(result) => Ending::from(result),
        Polled::TimedOut(limit) => timed_out(limit),
        Polled::Panicked(text) => Ending::Unknown {
            cause: Code::fixed("panicked"),
            message: text.unwrap_or_else(|| "the executor panicked".to_owned()),
        },
    };
    (Spent(permit), ending)
}

/// Asks a probe, once. A failure is returned in words, because it settles nothing and a person reads it.
pub(crate) async fn ask(
    probe: &dyn DynProbe,
    asked: &Probing,
    limit: Duration,
    timer: &dyn Timer,
) -> Result<Probed, String> {
    match guarded(|| probe.ask(asked), Some(limit), timer).await {
        Polled::Ready(said) => said.map_err(|why| format!("the probe failed: {why}")),
        Polled::TimedOut(limit) => Err(format!("the probe gave no answer within {} ms", limit.as_millis())),
        Polled::Panicked(Some(text)) => Err(format!("the probe panicked: {text}")),
        Polled::Panicked(None) => Err("the probe panicked".to_owned()),
    }
}

/// A permit that has been used. Only the cleared content is left of it.
pub(crate) struct Spent(pub(crate) Permit);

/// How users' code came out.
enum Polled<T> {
    Ready(T),
    TimedOut(Duration),
    /// With the text of the panic, if it has one.
    Panicked(Option<String>),
}

/// Polls users' code to its end or to its deadline, whichever comes first. Neither making nor polling the future may unwind
/// into the runtime.
async fn guarded<'a, T>(
    start: impl FnOnce() -> BoxFuture<'a, T>,
    limit: Option<Duration>,
    timer: &dyn Timer,
) -> Polled<T> {
    let mut effect = match catch_unwind(AssertUnwindSafe(start)) {
        Ok(effect) => effect,
        Err(panic) => return Polled::Panicked(thrown(panic)),
    };
    let mut deadline = limit.map(|limit| (limit, timer.sleep(limit)));
    let polled = poll_fn(|cx| {
        match catch_unwind(AssertUnwindSafe(|| effect.as_mut().poll(cx))) {
            Ok(Poll::Ready(result)) => return Poll::Ready(Polled::Ready(result)),
            Ok(Poll::Pending) => {}
            Err(panic) => return Poll::Ready(Polled::Panicked(thrown(panic))),
        }
        match &mut deadline {
            Some((limit, sleep)) => sleep.as_mut().poll(cx).map(|()| Polled::TimedOut(*limit)),
            None => Poll::Pending,
        }
    })
    .await;
    // A future that is dropped before its end may panic once more.
    caught(|| drop(effect));
    polled
}

fn timed_out(limit: Duration) -> Ending {
    Ending::Unknown { cause: Code::fixed("timed_out"), message: format!("no answer within {} ms", limit.as_millis()) }
}

fn thrown(panic: Box<dyn Any + Send>) -> Option<String> {
    let text =
        panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    discard(panic);
    text
}
