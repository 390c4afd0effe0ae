//! The events that an effect emits.

use super::{
    ingest::{MAX_PAYLOAD, accept, supersede},
    record::{
        Draft,
        body::{self, Body, RejectedEvent, Reported},
    },
    step::Case,
    view::View,
};
use crate::{
    base::{
        actor::Actor,
        code::Code,
        event::{Event, EventBody},
        ids::{EventId, ExecutionId, StateName},
        scratch::with_scratch,
    },
    domain::{Action, action::Outcome, machine::FactsBox},
    value::{Value, write_u64},
};
use std::sync::Arc;

/// Makes the records of the events of one execution.
#[derive(Clone, Copy)]
pub(super) struct Emitter<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) view: &'a View,
    pub(super) action: Option<&'a Action>,
    pub(super) source: &'a Arc<Actor>,
    pub(super) execution: ExecutionId,
}

impl Emitter<'_> {
    /// The records of the events that an effect emitted, in their order: accepted, or rejected with the reason.
    pub(super) fn emit(&self, outcome: &Outcome, drafts: &mut Vec<Draft>) {
        let machine = self.case.domain.machine(self.view.head.entity.kind());
        let mut state = self.view.state.clone();
        let mut version = self.view.state_version;
        let mut facts = self.view.facts.clone().filter(|_| !self.view.facts_failed);
        let max = self.case.domain.bounds().emitted_events;
        for (place, (kind, payload)) in (1..).zip(outcome.events.iter().take(max)) {
            let admitted = self.admit(place, kind, payload).and_then(|event| {
                let step = machine.and_then(|machine| machine.step(state.as_ref(), &event.kind));
                let step = step.ok_or("no_transition")?;
                self.fold(facts.as_mut(), &event).map(|()| (event, step))
            });
            match admitted {
                Ok((event, step)) => {
                    accept(self.source, event, state.as_ref(), version, &step.to, drafts);
                    state = Some(step.to.clone());
                    version += 1;
                }
                Err(reason) => drafts.push(self.reject(body::cut(kind), reason, state.as_ref(), payload.clone())),
            }
        }
        if let Some(rest) = outcome.events.get(max..).filter(|rest| !rest.is_empty()) {
            let dropped = Value::from(rest.iter().map(as_value).collect::<Vec<_>>());
            drafts.push(self.reject(format!("{} more", rest.len()), "too_many_events", state.as_ref(), dropped));
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
        if !payload.fits(MAX_PAYLOAD) {
            return Err("event_too_large");
        }
        let payload = payload.clone();
        Ok(EventBody { id, kind, payload, correlation: None, causation: None, execution: Some(self.execution) })
    }

    /// Folds an event into the facts, or says that it cannot be accepted: the domain's own code failed at it, and in the log
    /// it would make the entity's facts unreliable for good.
    fn fold(&self, facts: Option<&mut FactsBox>, body: &EventBody) -> Result<(), &'static str> {
        let event = Event { body, source: self.source, recorded_at: self.case.time(self.view) };
        facts.map_or(Ok(()), |facts| facts.apply(&event)).map_err(|_| "facts_failed")
    }

    fn reject(&self, event_type: String, reason: &'static str, state: Option<&StateName>, payload: Value) -> Draft {
        let event = RejectedEvent {
            execution: self.execution,
            event_type,
            reason: Code::fixed(reason),
            state: state.cloned(),
            payload: Reported::of(payload),
        };
        Draft::new(self.source, Body::EventRejected(event))
    }
}

/// An event as a value, for a record that reports it without accepting it.
pub(super) fn as_value((kind, payload): &(String, Value)) -> Value {
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
