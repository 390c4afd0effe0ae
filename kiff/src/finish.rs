//! The end of an execution: its outcome, its events, and what happens when nobody knows.

use crate::{
    action::{Certainty, Failure, Outcome},
    actor::{Actor, Granted},
    approval::{MOST_NOTE, ReviewRefusal, is_party, rejection, supersede},
    contract::Effect,
    decide::Moment,
    decision::{Clearance, Cleared},
    domain::{Action, Domain},
    event::EventBody,
    ids::{ActionName, Code, EventId, EventType, ExecutionId, Permission},
    ingest::{MOST_PAYLOAD, accept},
    record::{
        Draft,
        body::{
            self, Body, Conflict, Executed, ExecutionTerms, RejectedEvent, RejectedReview, Retry, Told, Unsuccessful,
        },
    },
    value::Value,
    view::{OpenExecution, View},
};
use std::sync::Arc;

/// The permission that whoever resolves or retries an execution in doubt must hold.
pub const RESOLVE_PERMISSION: &str = "kiff.resolve";

/// How an execution ended, as far as its driver can tell.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Succeeded(Outcome),
    NotApplied(String),
    Unknown { cause: Code, message: String },
}

impl From<Result<Outcome, Failure>> for Ending {
    fn from(result: Result<Outcome, Failure>) -> Self {
        match result {
            Ok(outcome) => Self::Succeeded(outcome),
            Err(Failure { certainty: Certainty::NotApplied, message }) => Self::NotApplied(message),
            Err(Failure { certainty: Certainty::Unknown, message }) => {
                Self::Unknown { cause: Code::fixed("error"), message }
            }
        }
    }
}

impl From<Ending> for Result<Outcome, Failure> {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Succeeded(outcome) => Ok(outcome),
            Ending::NotApplied(message) => Err(Failure::not_applied(message)),
            Ending::Unknown { message, .. } => Err(Failure::unknown(message)),
        }
    }
}

/// The records of an execution's end. Events that came while it ran are facts: the outcome goes on from
/// them, and what it can no longer do is told by `event_rejected`.
pub(crate) fn finish(domain: &Domain, view: &View, cleared: &Cleared, ending: &Ending) -> Vec<Draft> {
    let actor = &cleared.proposed.actor;
    let terms = cleared.terms;
    if view.execution(terms.execution).is_none_or(|open| open.attempt != terms.attempt) {
        return late(actor, &cleared.proposed.action, terms, ending);
    }
    let unsuccessful = |cause: Code, message: &str| Unsuccessful {
        action: cleared.proposed.action.clone(),
        execution: terms.execution,
        attempt: terms.attempt,
        cause,
        message: Told::of(Value::from(message)),
    };
    match ending {
        Ending::Succeeded(outcome) => {
            let done = Executed::of(cleared.proposed.action.clone(), terms, outcome, domain.bounds().emitted_events);
            let mut drafts = Vec::with_capacity(1 + 2 * outcome.events.len());
            drafts.push(Draft::new(actor, Body::ActionExecuted(done)));
            emit(domain, view, Some(&cleared.action), actor, terms.execution, outcome, &mut drafts);
            drafts
        }
        // Of an earlier attempt this one knows nothing, so the doubt stays.
        Ending::NotApplied(message) if terms.attempt > 1 && terms.effect != Effect::None => {
            vec![Draft::new(actor, Body::ActionUnknown(unsuccessful(Code::fixed("earlier_attempt"), message)))]
        }
        Ending::NotApplied(message) => {
            vec![Draft::new(actor, Body::ActionFailed(unsuccessful(Code::fixed("not_applied"), message)))]
        }
        // The contract says that nothing outside can have happened.
        Ending::Unknown { message, .. } if terms.effect == Effect::None => {
            vec![Draft::new(actor, Body::ActionFailed(unsuccessful(Code::fixed("no_effect"), message)))]
        }
        Ending::Unknown { cause, message } => {
            vec![Draft::new(actor, Body::ActionUnknown(unsuccessful(cause.clone(), message)))]
        }
    }
}

/// A result for an execution that was settled without it. Whatever it says, the entity is in doubt again;
/// only a result that says nothing is not recorded.
fn late(actor: &Arc<Actor>, action: &ActionName, terms: ExecutionTerms, ending: &Ending) -> Vec<Draft> {
    let (result, message, output) = match ending {
        Ending::Succeeded(outcome) => {
            let events = outcome.events.iter().map(|(kind, payload)| {
                Value::object([("event_type", Value::from(kind.as_str())), ("payload", payload.clone())])
            });
            let told = Value::object([
                ("output", outcome.output.clone().unwrap_or(Value::Null)),
                ("events", Value::from(events.collect::<Vec<_>>())),
            ]);
            (Code::fixed("succeeded"), outcome.message.clone(), Some(Told::output(told)))
        }
        Ending::NotApplied(message) => (Code::fixed("not_applied"), message.clone(), None),
        Ending::Unknown { .. } => return Vec::new(),
    };
    let conflict = Conflict {
        action: action.clone(),
        execution: terms.execution,
        attempt: terms.attempt,
        result,
        message: Told::of(Value::from(message)),
        output,
    };
    vec![Draft::new(actor, Body::OutcomeConflict(conflict))]
}

/// The records of the events that an effect emitted, in their order: accepted, or rejected with the reason.
fn emit(
    domain: &Domain,
    view: &View,
    action: Option<&Action>,
    source: &Arc<Actor>,
    execution: ExecutionId,
    outcome: &Outcome,
    drafts: &mut Vec<Draft>,
) {
    let machine = domain.machine(view.head.entity.kind());
    let (mut state, mut version) = (view.state.clone(), view.state_version);
    let most = domain.bounds().emitted_events;
    for (place, (kind, payload)) in outcome.events.iter().take(most).enumerate() {
        let reject = |reason: &'static str, drafts: &mut Vec<Draft>| {
            let event = RejectedEvent {
                execution,
                event_type: body::cut(kind),
                reason: Code::fixed(reason),
                state: state.clone(),
                payload: Told::of(payload.clone()),
            };
            drafts.push(Draft::new(source, Body::EventRejected(event)));
        };
        let declared = |kind: &EventType| action.is_some_and(|action| action.emits.contains(kind));
        let (Ok(id), Some(kind)) =
            (EventId::new(format!("{execution}.{}", place + 1)), EventType::new(kind).ok().filter(declared))
        else {
            reject("event_undeclared", drafts);
            continue;
        };
        if !payload.is_recordable() {
            reject("payload_malformed", drafts);
            continue;
        }
        if payload.to_canonical().len() > MOST_PAYLOAD {
            reject("event_too_large", drafts);
            continue;
        }
        let Some(step) = machine.and_then(|machine| machine.step(state.as_ref(), &kind)) else {
            reject("no_transition", drafts);
            continue;
        };
        let event = EventBody {
            id,
            kind,
            payload: payload.clone(),
            correlation: None,
            causation: None,
            execution: Some(execution),
        };
        accept(source, event, state.as_ref(), version, &step.to, drafts);
        (state, version) = (Some(step.to.clone()), version + 1);
    }
    if let Some(rest) = outcome.events.get(most..).filter(|rest| !rest.is_empty()) {
        let rest: Vec<Value> = rest
            .iter()
            .map(|(kind, payload)| {
                Value::object([("event_type", Value::from(kind.as_str())), ("payload", payload.clone())])
            })
            .collect();
        let reason = Code::fixed("too_many_events");
        let event_type = format!("{} more", rest.len());
        let event =
            RejectedEvent { execution, event_type, reason, state: state.clone(), payload: Told::of(Value::from(rest)) };
        drafts.push(Draft::new(source, Body::EventRejected(event)));
    }
    if version != view.state_version {
        supersede(view, source, None, drafts);
    }
}

/// What someone with the permission says of an execution in doubt.
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
pub(crate) fn resolve(
    domain: &Domain,
    view: &View,
    id: ExecutionId,
    resolution: &Resolution,
    by: &Resolver<'_>,
    at: &Moment<'_>,
) -> crate::approval::Reviewed {
    use crate::approval::Reviewed;
    let open = match may_settle(view, id, by) {
        Ok(open) => open,
        Err(refusal) => return refused(domain, view, id, "resolve", refusal, by, at),
    };
    // While an attempt may still land, nobody can say that it did nothing.
    let now = view.head.effective(at.now);
    if matches!(resolution, Resolution::NotApplied)
        && open.doubt.is_none()
        && open.deadline.is_some_and(|deadline| now < deadline)
    {
        return refused(domain, view, id, "resolve", ReviewRefusal::StillRunning { execution: id }, by, at);
    }
    let result = match resolution {
        Resolution::Succeeded(_) => Code::fixed("succeeded"),
        Resolution::NotApplied => Code::fixed("not_applied"),
    };
    let evidence = body::readable(by.evidence, MOST_NOTE);
    let resolved = body::Resolved { action: open.action.clone(), execution: id, result, evidence };
    let mut drafts = vec![Draft::new(by.actor, Body::ExecutionResolved(resolved))];
    if let Resolution::Succeeded(outcome) = resolution {
        emit(domain, view, domain.action(open.action.as_str()), by.actor, id, outcome, &mut drafts);
    }
    Reviewed::Done(drafts)
}

/// What is decided about a retry.
#[derive(Debug)]
pub(crate) enum Retried {
    /// Run it again under the same id, after this is stored.
    Execute(Clearance, Vec<Draft>),
    Refused(ReviewRefusal, Vec<Draft>),
}

/// Decides whether an execution in doubt may be attempted again. The attempt is recorded before it starts.
pub(crate) fn retry(domain: &Domain, view: &View, id: ExecutionId, by: &Resolver<'_>, at: &Moment<'_>) -> Retried {
    let attempt = may_settle(view, id, by).and_then(|open| another_attempt(domain, view, open, at));
    match attempt {
        Ok(cleared) => {
            let retry = Retry { execution: id, attempt: cleared.terms.attempt, deadline: cleared.terms.deadline };
            Retried::Execute(Clearance { cleared }, vec![Draft::new(by.actor, Body::ExecutionRetried(retry))])
        }
        Err(refusal) => match refused(domain, view, id, "retry", refusal, by, at) {
            crate::approval::Reviewed::Refused(refusal, drafts) => Retried::Refused(refusal, drafts),
            crate::approval::Reviewed::Done(drafts) => {
                Retried::Refused(ReviewRefusal::ExecutionNotOpen { execution: id }, drafts)
            }
        },
    }
}

fn another_attempt(
    domain: &Domain,
    view: &View,
    open: &OpenExecution,
    at: &Moment<'_>,
) -> Result<Cleared, ReviewRefusal> {
    let execution = open.execution;
    let not = |why| ReviewRefusal::NotRetryable { execution, why };
    if open.effect != Effect::Idempotent {
        return Err(not("its effect was not declared idempotent"));
    }
    let decided_at = view.head.effective(at.now);
    if open.doubt.is_none() && open.deadline.is_none_or(|deadline| decided_at < deadline) {
        return Err(ReviewRefusal::StillRunning { execution });
    }
    let proposed = open.proposed.clone().ok_or(not("what was cleared is no longer known"))?;
    let action = domain.find(open.action.as_str()).cloned().ok_or(not("the domain no longer has the action"))?;
    if action.executor.is_none() {
        return Err(not("the host runs it, and there is no executor"));
    }
    let state = view.state.clone().ok_or(not("the entity has no state"))?;
    let deadline = action.timeout().map(|span| decided_at.plus(span));
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
        trace: at.ids.trace,
    })
}

/// The execution, if this authority may settle it: never its requester or the principal behind.
fn may_settle<'a>(view: &'a View, id: ExecutionId, by: &Resolver<'_>) -> Result<&'a OpenExecution, ReviewRefusal> {
    let holds = |permission: &Permission| permission.as_str() == RESOLVE_PERMISSION;
    if !by.authority.permissions.iter().any(holds) {
        // INVARIANT: the constant is a permission by the alphabet; a test holds it.
        return match Permission::new(RESOLVE_PERMISSION) {
            Ok(permission) => Err(ReviewRefusal::PermissionDenied { permission }),
            Err(_) => Err(ReviewRefusal::ExecutionNotOpen { execution: id }),
        };
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

fn refused(
    domain: &Domain,
    view: &View,
    id: ExecutionId,
    verdict: &'static str,
    refusal: ReviewRefusal,
    by: &Resolver<'_>,
    at: &Moment<'_>,
) -> crate::approval::Reviewed {
    let body =
        RejectedReview { approval: None, execution: Some(id), verdict: Code::fixed(verdict), reason: refusal.code() };
    let drafts = rejection(domain, view, by.actor, body, at);
    crate::approval::Reviewed::Refused(refusal, drafts)
}
