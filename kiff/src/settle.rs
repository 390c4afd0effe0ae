//! Executions in doubt: who may say what became of one, and who may attempt it again.

use crate::{
    action::Outcome,
    actor::{Actor, Granted},
    approval::{MOST_NOTE, ReviewRefusal, Reviewed, is_party, rejection},
    contract::Effect,
    decide::Case,
    decision::{Clearance, Cleared},
    finish::Emitter,
    ids::{Code, ExecutionId, Permission},
    record::{
        Draft,
        body::{self, Body, ExecutionTerms, RejectedReview, Retry},
    },
    view::{OpenExecution, View},
};
use std::sync::Arc;

/// The permission that whoever resolves or retries an execution in doubt must hold.
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
}

/// Decides what may be said of an execution in doubt.
pub(crate) fn resolve(case: &Case<'_>, id: ExecutionId, resolution: &Resolution, by: &Resolver<'_>) -> Reviewed {
    let open = match may_settle(case.view, id, by).and_then(|open| has_landed(case, open, resolution)) {
        Ok(open) => open,
        Err(refusal) => {
            let drafts = rejected(case, id, "resolve", &refusal, by);
            return Reviewed::Refused(refusal, drafts);
        }
    };
    let result = match resolution {
        Resolution::Succeeded(_) => Code::fixed("succeeded"),
        Resolution::NotApplied => Code::fixed("not_applied"),
    };
    let evidence = body::readable(by.evidence, MOST_NOTE);
    let resolved = body::Resolved { action: open.action.clone(), execution: id, result, evidence };
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
    Reviewed::Done(drafts)
}

/// While an attempt may still land, nobody can say that it did nothing.
fn has_landed<'a>(
    case: &Case<'_>,
    open: &'a OpenExecution,
    resolution: &Resolution,
) -> Result<&'a OpenExecution, ReviewRefusal> {
    let may_land = open.deadline.is_some_and(|deadline| case.now() < deadline);
    match resolution {
        Resolution::NotApplied if may_land => Err(ReviewRefusal::StillRunning { execution: open.execution }),
        _ => Ok(open),
    }
}

/// What is decided about a retry.
#[derive(Debug)]
pub(crate) enum Retried {
    /// Run it again under the same id, after this is stored.
    Execute(Clearance, Vec<Draft>),
    Refused(ReviewRefusal, Vec<Draft>),
}

/// Decides whether an execution in doubt may be attempted again. The attempt is recorded before it starts.
pub(crate) fn retry(case: &Case<'_>, id: ExecutionId, by: &Resolver<'_>) -> Retried {
    match may_settle(case.view, id, by).and_then(|open| another_attempt(case, open)) {
        Ok(cleared) => {
            let retry = Retry { execution: id, attempt: cleared.terms.attempt, deadline: cleared.terms.deadline };
            Retried::Execute(Clearance { cleared }, vec![Draft::new(by.actor, Body::ExecutionRetried(retry))])
        }
        Err(refusal) => {
            let drafts = rejected(case, id, "retry", &refusal, by);
            Retried::Refused(refusal, drafts)
        }
    }
}

/// An effect that the provider deduplicates may be attempted again once the last attempt is over, or past
/// its deadline.
fn another_attempt(case: &Case<'_>, open: &OpenExecution) -> Result<Cleared, ReviewRefusal> {
    let (domain, view) = (case.domain, case.view);
    let execution = open.execution;
    let not = |why| ReviewRefusal::NotRetryable { execution, why };
    if open.effect != Effect::Idempotent {
        return Err(not("its effect was not declared idempotent"));
    }
    let decided_at = case.now();
    if open.deadline.is_some_and(|deadline| decided_at < deadline) {
        return Err(ReviewRefusal::StillRunning { execution });
    }
    let proposed = open.proposed.clone().ok_or(not("what was cleared is no longer known"))?;
    let action = domain.find(open.action.as_str()).cloned().ok_or(not("the domain no longer has the action"))?;
    if action.executor.is_none() {
        return Err(not("the host runs it, and there is no executor"));
    }
    let state = view.state.clone().ok_or(not("the entity has no state"))?;
    let deadline = Some(decided_at.plus(action.timeout().unwrap_or(domain.bounds().lease)));
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
    if by.actor.kind == crate::actor::ActorType::Agent {
        return Err(ReviewRefusal::ReviewerKind { kind: by.actor.kind });
    }
    if is_party(by.actor, &open.requester) {
        return Err(ReviewRefusal::SelfReview);
    }
    if by.is_running {
        return Err(ReviewRefusal::StillRunning { execution: id });
    }
    Ok(open)
}

fn rejected(
    case: &Case<'_>,
    id: ExecutionId,
    verdict: &'static str,
    refusal: &ReviewRefusal,
    by: &Resolver<'_>,
) -> Vec<Draft> {
    let body =
        RejectedReview { approval: None, execution: Some(id), verdict: Code::fixed(verdict), reason: refusal.code() };
    rejection(case, by.actor, body)
}
