//! Executions in doubt: who may settle one, ask its probe about it, or attempt it again.

use super::{
    caller::Caller,
    conclusion::Doubt,
    decision::{Clearance, Cleared},
    emit::Emitter,
    known::{ANY_MOMENT, Known, Pause},
    recall::proposal_of_execution,
    record::{
        Draft,
        body::{self, Body, ExecutionTerms, RejectedReview, Reported, Retry},
    },
    request::StoredProposal,
    review::ReviewRefusal,
    ruling::{note, rejection},
    step::{Case, Command, Done},
    view::{OpenExecution, View},
};
use crate::{
    base::{
        actor::ActorType,
        code::Code,
        ids::{ActionName, EntityRef, ExecutionId, Permission},
    },
    domain::{action::Outcome, contract::Effect},
};
use std::sync::Arc;

/// The permission needed to resolve, probe or retry an execution in doubt.
pub const RESOLVE_PERMISSION: &str = "kiff.resolve";

/// The outcome of an execution in doubt, as a caller with [`RESOLVE_PERMISSION`] states it.
///
/// It states what the executor would have reported:
///
/// | the executor reports | the resolution | the answer |
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

/// Asks to settle an execution in doubt, on evidence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolve<'a> {
    pub(crate) execution: ExecutionId,
    pub(crate) resolution: &'a Resolution,
    pub(crate) by: &'a Caller,
    pub(crate) evidence: &'a str,
    /// The inquiry that the action's probe answered, if the resolution is its answer.
    pub(crate) inquiry: Option<&'a Inquiry>,
}

/// An execution that was in doubt and is settled. Its records have the conclusion.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) action: ActionName,
    pub(crate) entity: EntityRef,
}

impl Command for Resolve<'_> {
    type Reply = Result<Settled, ReviewRefusal>;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Self::Reply>, Pause> {
        let settling = Settling::look_up(known, self.execution, self.by)?;
        let checked =
            settling.may_settle().and_then(|open| self.check_landed(case, settling.view, open).map(|()| open));
        Ok(match checked {
            Ok(open) => {
                let settled = Settled { action: open.action.clone(), entity: settling.view.head.entity.clone() };
                Done::write(settling.view, self.drafts(case, settling.view, open), Ok(settled))
            }
            Err(refusal) => settling.reject(case, if self.inquiry.is_some() { "probe" } else { "resolve" }, refusal),
        })
    }
}

impl Resolve<'_> {
    /// Refuses the claim that nothing happened while the attempt may still land. That the effect happened is accepted at any
    /// time.
    fn check_landed(&self, case: &Case<'_>, view: &View, open: &OpenExecution) -> Result<(), ReviewRefusal> {
        let may_land = match self.inquiry {
            // An effect that the probe did not see may have happened since: if the attempt could still land when the probe
            // looked, or if the log has a newer attempt or result of the execution.
            Some(inquiry) => inquiry.may_land || inquiry.open != *open,
            None => may_land(case, view, open),
        };
        match self.resolution {
            Resolution::NotApplied if may_land => Err(ReviewRefusal::StillRunning { execution: open.execution }),
            Resolution::NotApplied | Resolution::Succeeded(_) => Ok(()),
        }
    }

    fn drafts(&self, case: &Case<'_>, view: &View, open: &OpenExecution) -> Vec<Draft> {
        let source = &self.by.actor;
        let (result, output) = match self.resolution {
            Resolution::Succeeded(outcome) => (Code::fixed("succeeded"), outcome.output.clone().map(Reported::output)),
            Resolution::NotApplied => (Code::fixed("not_applied"), None),
        };
        let resolved = body::Resolved {
            action: open.action.clone(),
            execution: self.execution,
            result,
            evidence: note(self.evidence),
            means: self.inquiry.map(|_| Code::fixed("probe")),
            output,
        };
        let mut drafts = vec![Draft::new(source, Body::ExecutionResolved(resolved))];
        if let Resolution::Succeeded(outcome) = self.resolution {
            let action = case.domain.action(open.action.as_str());
            Emitter { case, view, action, source, execution: self.execution }.emit(outcome, &mut drafts);
        }
        drafts
    }
}

/// Asks whether the caller may ask the action's probe about an execution in doubt. Only a refusal is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inquire<'a> {
    pub(crate) execution: ExecutionId,
    pub(crate) by: &'a Caller,
}

/// An execution as it was when its probe was asked.
#[derive(Debug)]
pub(crate) struct Inquiry {
    pub(crate) entity: EntityRef,
    pub(crate) open: OpenExecution,
    /// The proposal that was cleared.
    pub(crate) proposal: Arc<StoredProposal>,
    may_land: bool,
}

impl Command for Inquire<'_> {
    type Reply = Result<Inquiry, ReviewRefusal>;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Self::Reply>, Pause> {
        let settling = Settling::look_up(known, self.execution, self.by)?;
        let open = match settling.may_settle() {
            Ok(open) => open,
            Err(refusal) => return Ok(settling.reject(case, "probe", refusal)),
        };
        let proposal = Arc::clone(proposal_of_execution(known, self.execution)?);
        let entity = settling.view.head.entity.clone();
        let may_land = may_land(case, settling.view, open);
        Ok(Done::answer(Ok(Inquiry { entity, open: open.clone(), proposal, may_land })))
    }
}

/// Asks to attempt an execution in doubt again, under the same id. The attempt is recorded before it starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryExecution<'a> {
    pub(crate) execution: ExecutionId,
    pub(crate) by: &'a Caller,
}

impl Command for RetryExecution<'_> {
    type Reply = Result<Clearance, ReviewRefusal>;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Self::Reply>, Pause> {
        let settling = Settling::look_up(known, self.execution, self.by)?;
        let cleared = match settling.may_settle().and_then(|open| another_attempt(case, settling.view, open)) {
            Ok(cleared) => cleared,
            Err(refusal) => return Ok(settling.reject(case, "retry", refusal)),
        };
        // The receipt of the first clearance goes with every attempt, because an executor may have to show it.
        let place = known.execution(self.execution, ANY_MOMENT)?.value;
        let clearance = known.record(&place.stream, place.seq)?;
        let attempt = cleared.terms.attempt;
        let retry = Retry { execution: self.execution, attempt, deadline: cleared.terms.deadline };
        let drafts = vec![Draft::new(&self.by.actor, Body::ExecutionRetried(retry))];
        let done = Done::write(settling.view, drafts, Ok(Clearance::new(cleared)));
        Ok(done.with_receipt_of(clearance).starting(self.execution))
    }
}

/// Asks what is declared for an execution in doubt. Anybody may ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FindRecourse<'a> {
    pub(crate) execution: ExecutionId,
    /// The actions that have a probe here.
    pub(crate) probed: &'a dyn ProbedActions,
}

/// The actions that have a probe.
pub(crate) trait ProbedActions: std::fmt::Debug + Sync {
    fn has_probe(&self, action: &ActionName) -> bool;
}

/// The way out of doubt that is declared for an execution.
#[derive(Debug)]
pub(crate) enum Recourse {
    /// Its action has a probe to be asked.
    Probe,
    /// Its effect may be attempted again now.
    Retry,
    /// Neither, so a person looks at it. `why` says why it may not be retried.
    Person { action: ActionName, doubt: Doubt, why: ReviewRefusal },
}

impl Command for FindRecourse<'_> {
    /// `None` if it is not, or no longer, in doubt.
    type Reply = Option<Recourse>;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Self::Reply>, Pause> {
        let id = self.execution;
        // INVARIANT: looked up before the log. An execution that was cleared and does not run has ended, so the log has its
        // outcome by then, if there is one.
        let running = known.running(id)?;
        let place = known.execution(id, ANY_MOMENT)?.value;
        let view = known.fresh_view(&place.stream, running.at)?.value;
        let Some(open) = view.execution(id).filter(|_| !running.value) else { return Ok(Done::answer(None)) };
        let leave = |why| Recourse::Person { action: open.action.clone(), doubt: Doubt::of_open(open, false), why };
        let recourse = match another_attempt(case, view, open) {
            // Another process may be running it, and will record the outcome itself.
            _ if may_land(case, view, open) => leave(ReviewRefusal::StillRunning { execution: id }),
            _ if self.probed.has_probe(&open.action) => Recourse::Probe,
            Ok(_) => Recourse::Retry,
            Err(refusal) => leave(refusal),
        };
        Ok(Done::answer(Some(recourse)))
    }
}

/// An execution that somebody wants to settle.
struct Settling<'a> {
    execution: ExecutionId,
    by: &'a Caller,
    view: &'a View,
    /// True if the execution runs in this process now.
    is_running: bool,
}

impl<'a> Settling<'a> {
    fn look_up(known: &'a Known, execution: ExecutionId, by: &'a Caller) -> Result<Self, Pause> {
        // INVARIANT: looked up before the log, as in `FindRecourse`.
        let running = known.running(execution)?;
        let place = known.execution(execution, ANY_MOMENT)?.value;
        let view = known.fresh_view(&place.stream, running.at)?.value;
        Ok(Self { execution, by, view, is_running: running.value })
    }

    /// The execution, if this caller may settle it. Its requester and the requester's principal never may. The permission is
    /// checked first: a caller without it learns nothing else.
    fn may_settle(&self) -> Result<&'a OpenExecution, ReviewRefusal> {
        let permission = Permission::fixed(RESOLVE_PERMISSION);
        if !self.by.granted.holds(&permission) {
            return Err(ReviewRefusal::PermissionDenied { permission });
        }
        let execution = self.execution;
        let open = self.view.execution(execution).ok_or(ReviewRefusal::ExecutionNotOpen { execution })?;
        if self.by.actor.kind == ActorType::Agent {
            return Err(ReviewRefusal::ReviewerKind { kind: self.by.actor.kind });
        }
        if self.by.actor.is_party_with(&open.requester) {
            return Err(ReviewRefusal::SelfReview);
        }
        if self.is_running {
            return Err(ReviewRefusal::StillRunning { execution });
        }
        Ok(open)
    }

    /// Records that the caller was refused.
    fn reject<T>(
        &self,
        case: &Case<'_>,
        verdict: &'static str,
        refusal: ReviewRefusal,
    ) -> Done<Result<T, ReviewRefusal>> {
        let rejected = RejectedReview {
            approval: None,
            execution: Some(self.execution),
            verdict: Code::fixed(verdict),
            reason: refusal.code(),
        };
        Done::write(self.view, rejection(case, self.view, &self.by.actor, rejected), Err(refusal))
    }
}

/// True until the last attempt's deadline.
fn may_land(case: &Case<'_>, view: &View, open: &OpenExecution) -> bool {
    open.deadline.is_some_and(|deadline| case.time(view) < deadline)
}

/// Clears another attempt. An effect that the provider deduplicates may be attempted again once the last attempt is over or
/// past its deadline, for as long as the provider remembers the first according to the contract.
fn another_attempt(case: &Case<'_>, view: &View, open: &OpenExecution) -> Result<Cleared, ReviewRefusal> {
    let execution = open.execution;
    let not = |why| ReviewRefusal::NotRetryable { execution, why };
    if open.effect != Effect::Idempotent {
        return Err(not("its effect was not declared idempotent"));
    }
    if may_land(case, view, open) {
        return Err(ReviewRefusal::StillRunning { execution });
    }
    let proposal = open.proposed.clone().ok_or(not("what was cleared is no longer known"))?;
    let action = case.domain.find(open.action.as_str()).cloned();
    let action = action.ok_or(not("the domain no longer has the action"))?;
    if action.executor.is_none() {
        return Err(not("the host runs it, and there is no executor"));
    }
    // Today's executor would run, so today's contract must allow it as well.
    let window = action.retry_within().ok_or(not("its effect is no longer declared idempotent"))?;
    let decided_at = case.time(view);
    let left = (open.since + window) - decided_at;
    if left.is_zero() {
        return Err(not("the time within which it may be retried has passed"));
    }
    let state = view.state.clone().ok_or(not("the entity has no state"))?;
    // A timeout interrupts the attempt, so it may not reach beyond the window. A lease interrupts nothing: a shorter one would
    // only call an attempt abandoned that still runs.
    let span = action.timeout().map_or(case.domain.bounds().lease, |timeout| timeout.min(left));
    let deadline = Some(decided_at + span);
    let attempt = open.attempt.checked_add(1).ok_or(not("its attempts can no longer be counted"))?;
    let terms = ExecutionTerms { execution, attempt, effect: open.effect, deadline };
    Ok(Cleared {
        tenant: case.tenant.clone(),
        action,
        proposal,
        terms,
        state,
        state_version: view.state_version,
        facts: view.facts.clone(),
        decided_at,
        ids: case.call.ids,
    })
}
