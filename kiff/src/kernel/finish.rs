//! The end of an execution: its outcome, its events, and what happens when nobody knows.

use crate::{
    base::{
        actor::Actor,
        code::Code,
        defect::is_sown,
        event::{Event, EventBody},
        ids::{ActionName, EventId, ExecutionId, StateName},
        scratch::with_scratch,
        timestamp::Timestamp,
    },
    domain::{
        Action, Domain,
        action::{Certainty, Failure, Outcome},
        contract::Effect,
        machine::FactsBox,
    },
    kernel::{
        decision::Cleared,
        ingest::{MOST_PAYLOAD, accept},
        record::{
            Draft,
            body::{self, Body, Conflict, Executed, ExecutionTerms, RejectedEvent, Told, Unsuccessful},
        },
        review::supersede,
        view::View,
    },
    value::{Value, write_u64},
};
use std::sync::Arc;

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
pub(crate) fn finish(domain: &Domain, view: &View, cleared: &Cleared, ending: &Ending, now: Timestamp) -> Vec<Draft> {
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
            let emitter =
                Emitter { domain, view, action: Some(&cleared.action), source: actor, execution: terms.execution, now };
            emitter.emit(outcome, &mut drafts);
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
        Ending::Unknown { message, .. } if terms.effect == Effect::None || is_sown("doubt_taken_for_failure") => {
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
            let events = outcome.events.iter().map(as_value);
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

/// Whose events are told, of which execution, in which view.
#[derive(Clone, Copy)]
pub(crate) struct Emitter<'a> {
    pub(crate) domain: &'a Domain,
    pub(crate) view: &'a View,
    pub(crate) action: Option<&'a Action>,
    pub(crate) source: &'a Arc<Actor>,
    pub(crate) execution: ExecutionId,
    pub(crate) now: Timestamp,
}

impl Emitter<'_> {
    /// The records of the events that an effect emitted, in their order: accepted, or rejected with the reason.
    pub(crate) fn emit(&self, outcome: &Outcome, drafts: &mut Vec<Draft>) {
        let machine = self.domain.machine(self.view.head.entity.kind());
        let (mut state, mut version) = (self.view.state.clone(), self.view.state_version);
        let mut facts = self.view.facts.clone().filter(|_| !self.view.facts_failed);
        let most = self.domain.bounds().emitted_events;
        for (place, (kind, payload)) in (1..).zip(outcome.events.iter().take(most)) {
            let admitted = self.admit(place, kind, payload).and_then(|event| {
                let step = machine.and_then(|machine| machine.step(state.as_ref(), &event.kind));
                let step = step.ok_or("no_transition")?;
                self.fold(facts.as_mut(), &event).map(|()| (event, step))
            });
            match admitted {
                Ok((event, step)) => {
                    accept(self.source, event, state.as_ref(), version, &step.to, drafts);
                    (state, version) = (Some(step.to.clone()), version + 1);
                }
                Err(reason) => drafts.push(self.reject(body::cut(kind), reason, state.as_ref(), payload.clone())),
            }
        }
        if let Some(rest) = outcome.events.get(most..).filter(|rest| !rest.is_empty()) {
            let told = Value::from(rest.iter().map(as_value).collect::<Vec<_>>());
            drafts.push(self.reject(format!("{} more", rest.len()), "too_many_events", state.as_ref(), told));
        }
        if version != self.view.state_version {
            supersede(self.view, self.source, drafts);
        }
    }

    /// An emitted event as its record holds it, or why it cannot be accepted in any state.
    fn admit(&self, place: usize, kind: &str, payload: &Value) -> Result<EventBody, &'static str> {
        let declared = self.action.and_then(|action| action.emits.iter().find(|emitted| *emitted == kind));
        let (id, kind) = event_id(self.execution, place).zip(declared.cloned()).ok_or("event_undeclared")?;
        if !payload.is_recordable() {
            return Err("payload_malformed");
        }
        if !payload.fits(MOST_PAYLOAD) {
            return Err("event_too_large");
        }
        let payload = payload.clone();
        Ok(EventBody { id, kind, payload, correlation: None, causation: None, execution: Some(self.execution) })
    }

    /// The facts must go on from every event; the domain's own code may fail at one.
    fn fold(&self, facts: Option<&mut FactsBox>, body: &EventBody) -> Result<(), &'static str> {
        let event = Event { body, source: self.source, recorded_at: self.view.head.effective(self.now) };
        facts.map_or(Ok(()), |facts| facts.apply(&event)).map_err(|_| "facts_failed")
    }

    fn reject(&self, event_type: String, reason: &'static str, state: Option<&StateName>, payload: Value) -> Draft {
        let (reason, state, payload) = (Code::fixed(reason), state.cloned(), Told::of(payload));
        let event = RejectedEvent { execution: self.execution, event_type, reason, state, payload };
        Draft::new(self.source, Body::EventRejected(event))
    }
}

/// An event that is told and not accepted.
fn as_value((kind, payload): &(String, Value)) -> Value {
    Value::object([("event_type", Value::from(kind.as_str())), ("payload", payload.clone())])
}

/// `exec_….1` for the first event of an execution.
fn event_id(execution: ExecutionId, place: usize) -> Option<EventId> {
    with_scratch(|text| {
        text.extend_from_slice(ExecutionId::PREFIX.as_bytes());
        text.extend_from_slice(&execution.ulid().encode());
        text.push(b'.');
        write_u64(text, place as u64);
        EventId::new(std::str::from_utf8(text).ok()?).ok()
    })
}
