//! Executions in doubt: who may say what became of one, ask its probe, and attempt it again.

use crate::{
    base::{
        actor::{Actor, Granted},
        code::Code,
        defect::is_sown,
        ids::{ActionName, ExecutionId, Permission},
    },
    domain::{action::Outcome, contract::Effect},
    kernel::{
        decide::Case,
        decision::{Clearance, Cleared},
        finish::Emitter,
        record::{
            Draft,
            body::{self, Body, ExecutionTerms, RejectedReview, Retry, Told},
        },
        review::{MOST_NOTE, ReviewRefusal, Reviewed, rejection},
        view::{OpenExecution, View},
    },
};
use std::sync::Arc;

/// The permission that whoever resolves, probes or retries an execution in doubt must hold.
pub const RESOLVE_PERMISSION: &str = "kiff.resolve";

/// What someone with the permission says of an execution in doubt.
///
/// It says of an execution what its executor would have said:
///
/// | the executor says | the resolution | the answer |
/// |---|---|---|
/// | `Ok(Outcome)` | [`Succeeded`](Self::Succeeded) | [`Executed`](crate::Answer::Executed) |
/// | [`Failure::not_applied`](crate::Failure::not_applied) | [`NotApplied`](Self::NotApplied) | [`Failed`](crate::Answer::Failed) |
/// | any other error | none: nobody knows | [`InDoubt`](crate::Answer::InDoubt) |
///
/// The example of [`Runtime::resolve`](crate::Runtime::resolve) settles an execution.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum Resolution {
    /// The effect happened; its events follow.
    Succeeded(Outcome),
    /// Certainly nothing happened, and the attempt can no longer land.
    NotApplied,
}

/// Who settles an execution in doubt, and on what evidence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolver<'a> {
    pub(crate) actor: &'a Arc<Actor>,
    pub(crate) authority: &'a Granted,
    pub(crate) evidence: &'a str,
    /// True if the execution runs in this process right now.
    pub(crate) is_running: bool,
    /// What the action's probe was asked about, if what is said comes from it.
    pub(crate) probe: Option<&'a Questioned>,
}

/// An execution as it was when its probe was asked.
#[derive(Debug)]
pub(crate) struct Questioned {
    pub(crate) open: OpenExecution,
    may_land: bool,
}

/// Decides whether a probe may be asked about an execution in doubt. Nothing is recorded of the question.
pub(crate) fn question(case: &Case<'_>, id: ExecutionId, by: &Resolver<'_>) -> Reviewed<Questioned> {
    match may_settle(case.view, id, by) {
        Ok(open) => Reviewed::Done(Questioned { open: open.clone(), may_land: may_land(case, open) }, Vec::new()),
        Err(refusal) => rejected(case, id, "probe", refusal, by),
    }
}

/// Decides what may be said of an execution in doubt.
pub(crate) fn resolve(
    case: &Case<'_>,
    id: ExecutionId,
    resolution: &Resolution,
    by: &Resolver<'_>,
) -> Reviewed<ActionName> {
    let open = match may_settle(case.view, id, by).and_then(|open| has_landed(case, open, resolution, by)) {
        Ok(open) => open,
        Err(refusal) => return rejected(case, id, if by.probe.is_some() { "probe" } else { "resolve" }, refusal, by),
    };
    let (result, output) = match resolution {
        Resolution::Succeeded(outcome) => (Code::fixed("succeeded"), outcome.output.clone().map(Told::output)),
        Resolution::NotApplied => (Code::fixed("not_applied"), None),
    };
    let evidence = body::readable(by.evidence, MOST_NOTE);
    let means = by.probe.map(|_| Code::fixed("probe"));
    let resolved = body::Resolved { action: open.action.clone(), execution: id, result, evidence, means, output };
    let mut drafts = vec![Draft::new(by.actor, Body::ExecutionResolved(resolved))];
    if let Resolution::Succeeded(outcome) = resolution {
        let emitter = Emitter {
            domain: case.domain,
            view: case.view,
            action: case.domain.action(open.action.as_str()),
            source: by.actor,
            execution: id,
            now: case.at.now,
        };
        emitter.emit(outcome, &mut drafts);
    }
    Reviewed::Done(open.action.clone(), drafts)
}

/// While an attempt may still land, nobody can say that it did nothing.
fn has_landed<'a>(
    case: &Case<'_>,
    open: &'a OpenExecution,
    resolution: &Resolution,
    by: &Resolver<'_>,
) -> Result<&'a OpenExecution, ReviewRefusal> {
    let may_land = match by.probe {
        // What was not there when the probe looked may have come since: from the attempt that could still land, or
        // from whatever the log has had of the execution meanwhile.
        Some(asked) => asked.may_land || asked.open != *open,
        None => may_land(case, open),
    };
    match resolution {
        Resolution::NotApplied if may_land && !is_sown("resolved_while_it_may_land") => {
            Err(ReviewRefusal::StillRunning { execution: open.execution })
        }
        _ => Ok(open),
    }
}

fn may_land(case: &Case<'_>, open: &OpenExecution) -> bool {
    open.deadline.is_some_and(|deadline| case.now() < deadline)
}

/// What is declared for an execution in doubt.
#[derive(Debug)]
pub(crate) enum Recourse {
    /// Its action has a probe to be asked.
    Probe,
    /// Its effect may be attempted again now.
    Retry,
    /// Neither: a person looks at it. Here is why it may not be retried.
    Person(ReviewRefusal),
}

/// Says what is declared for an execution in doubt, whoever asks.
pub(crate) fn recourse(case: &Case<'_>, open: &OpenExecution, has_probe: bool) -> Recourse {
    match another_attempt(case, open) {
        // It may be running elsewhere, and will say itself what came of it.
        _ if may_land(case, open) => Recourse::Person(ReviewRefusal::StillRunning { execution: open.execution }),
        _ if has_probe => Recourse::Probe,
        Ok(_) => Recourse::Retry,
        Err(refusal) => Recourse::Person(refusal),
    }
}

/// Decides whether an execution in doubt may be attempted again, under the same id. The attempt is recorded before it
/// starts.
pub(crate) fn retry(case: &Case<'_>, id: ExecutionId, by: &Resolver<'_>) -> Reviewed<Clearance> {
    match may_settle(case.view, id, by).and_then(|open| another_attempt(case, open)) {
        Ok(cleared) => {
            let retry = Retry { execution: id, attempt: cleared.terms.attempt, deadline: cleared.terms.deadline };
            Reviewed::Done(Clearance { cleared }, vec![Draft::new(by.actor, Body::ExecutionRetried(retry))])
        }
        Err(refusal) => rejected(case, id, "retry", refusal, by),
    }
}

/// An effect that the provider deduplicates may be attempted again once the last attempt is over, or past
/// its deadline, for as long as the contract says that the provider remembers the first.
fn another_attempt(case: &Case<'_>, open: &OpenExecution) -> Result<Cleared, ReviewRefusal> {
    let view = case.view;
    let execution = open.execution;
    let not = |why| ReviewRefusal::NotRetryable { execution, why };
    if open.effect != Effect::Idempotent && !is_sown("retry_of_any_effect") {
        return Err(not("its effect was not declared idempotent"));
    }
    if may_land(case, open) {
        return Err(ReviewRefusal::StillRunning { execution });
    }
    let proposed = open.proposed.clone().ok_or(not("what was cleared is no longer known"))?;
    let action = case.domain.find(open.action.as_str()).cloned();
    let action = action.ok_or(not("the domain no longer has the action"))?;
    if action.executor.is_none() {
        return Err(not("the host runs it, and there is no executor"));
    }
    // What would run is the executor of today.
    let window = action.retry_within().ok_or(not("its effect is no longer declared idempotent"))?;
    let decided_at = case.now();
    let left = (open.since + window) - decided_at;
    if left.is_zero() {
        return Err(not("the time within which it may be retried has passed"));
    }
    let state = view.state.clone().ok_or(not("the entity has no state"))?;
    // An attempt that can be interrupted is, at the end of the window; a lease interrupts nothing, and cutting it
    // would only call an attempt abandoned that runs.
    let span = action.timeout().map_or(case.domain.bounds().lease, |timeout| timeout.min(left));
    let deadline = Some(decided_at + span);
    let terms = ExecutionTerms { execution, attempt: open.attempt.saturating_add(1), effect: open.effect, deadline };
    Ok(Cleared {
        tenant: view.head.tenant.clone(),
        action,
        proposed,
        terms,
        state,
        state_version: view.state_version,
        facts: view.facts.clone(),
        decided_at,
        trace: case.at.ids.trace,
    })
}

/// The execution, if this authority may settle it: never its requester or the principal behind.
fn may_settle<'a>(view: &'a View, id: ExecutionId, by: &Resolver<'_>) -> Result<&'a OpenExecution, ReviewRefusal> {
    let needed = Permission::new(RESOLVE_PERMISSION).ok();
    if let Some(permission) = needed.filter(|permission| !by.authority.holds(permission)) {
        return Err(ReviewRefusal::PermissionDenied { permission });
    }
    let open = view.execution(id).ok_or(ReviewRefusal::ExecutionNotOpen { execution: id })?;
    if by.actor.kind == crate::base::actor::ActorType::Agent {
        return Err(ReviewRefusal::ReviewerKind { kind: by.actor.kind });
    }
    if by.actor.is_party_with(&open.requester) && !is_sown("requester_settles") {
        return Err(ReviewRefusal::SelfReview);
    }
    if by.is_running {
        return Err(ReviewRefusal::StillRunning { execution: id });
    }
    Ok(open)
}

fn rejected<T>(
    case: &Case<'_>,
    id: ExecutionId,
    verdict: &'static str,
    refusal: ReviewRefusal,
    by: &Resolver<'_>,
) -> Reviewed<T> {
    let body =
        RejectedReview { approval: None, execution: Some(id), verdict: Code::fixed(verdict), reason: refusal.code() };
    Reviewed::Refused(refusal, rejection(case, by.actor, body))
}
