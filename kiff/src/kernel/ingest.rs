//! Events from outside: checked against the state machine before they are stored.

use super::{
    known::{ANY_MOMENT, Fault, Known, Pause},
    record::{
        Claim, Draft,
        body::{Body, Closing, StateChange},
    },
    step::{Case, Command, Done},
    view::View,
};
use crate::{
    base::{
        actor::{Actor, ActorType},
        code::coded,
        debug::debug_as_display,
        event::{Event, EventBody},
        ids::{ActorId, EntityRef, EventType, StateName},
    },
    domain::{CheckedStep, Domain},
};
use std::sync::Arc;

/// The most bytes that an event's payload may have in canonical JSON.
pub(crate) const MAX_PAYLOAD: usize = 32 * 1024;

coded! {
    /// Why an event was refused. Nothing of it is recorded: its source may report it again.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum EventRefusal {
        /// The domain has no machine for this entity type.
        #[error("there is no entity type `{kind}` in the domain")]
        EntityTypeUnknown {
            /// The type that was named.
            kind: String,
        } => "entity_type_unknown",
        /// The event leads nowhere from the entity's state.
        #[error("event `{event}` is not accepted by `{entity}` in {}", state.as_ref().map_or_else(|| "no state".to_owned(), |state| format!("`{state}`")))]
        NoTransition {
            /// The entity.
            entity: EntityRef,
            /// The entity's state; nothing before its first event.
            state: Option<StateName>,
            /// The event type.
            event: EventType,
        } => "no_transition",
        /// The machine does not let this source report the event.
        #[error("`{source_id}` ({kind}) may not report event `{event}`")]
        SourceNotAllowed {
            /// The event type.
            event: EventType,
            /// The source that reported it.
            source_id: ActorId,
            /// The kind of the source.
            kind: ActorType,
        } => "source_not_allowed",
        /// The source has reported another event under this id.
        #[error("`{source_id}` has reported another event under the id `{id}`")]
        IdReused {
            /// The source.
            source_id: ActorId,
            /// The event's id.
            id: String,
        } => "event_id_reused",
        /// The domain's own code fails at the event. If it were accepted, the entity's facts would be unreliable.
        #[error("the facts of the entity cannot be folded with this event")]
        FactsFailed => "facts_failed",
        /// The payload does not fit a record.
        #[error("the payload has {bytes} bytes; at most {most} are admitted")]
        TooLarge {
            /// Its size in canonical JSON.
            bytes: usize,
            /// The most that is admitted.
            most: usize,
        } => "event_too_large",
        /// The payload is deeper than a record may be, or holds the character U+0000.
        #[error("the payload is nested too deeply, or holds the character U+0000")]
        PayloadMalformed => "payload_malformed",
    }
}

debug_as_display!(EventRefusal);

/// Asks to take in an event, as its source reports it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ingest<'a> {
    pub(crate) entity: &'a EntityRef,
    pub(crate) source: &'a Arc<Actor>,
    pub(crate) event: &'a EventBody,
}

/// The reply to [`Ingest`].
#[derive(Debug)]
pub(crate) enum Received {
    /// The event is accepted, and leads to this state.
    Accepted(StateName),
    /// The same source has reported the same event before.
    AlreadyKnown,
    Refused(EventRefusal),
}

impl Command for Ingest<'_> {
    type Reply = Received;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Received>, Pause> {
        // Looked up first, so that an event that is in the log is acknowledged again whatever would be said of it today.
        let claim = Claim::Event(self.source.id.clone(), self.event.id.clone());
        if let Some(place) = known.claim(claim, ANY_MOMENT)?.value {
            let Body::EventIngested(earlier) = &known.record(&place.stream, place.seq)?.body else {
                return Err(Fault::inconsistent(&place.stream, "an event's id names another record"));
            };
            return Ok(Done::answer(self.reported_before(&place.stream, earlier)));
        }
        if let Err(refusal) = check_payload(self.event) {
            return Ok(Done::answer(Received::Refused(refusal)));
        }
        let view = known.view(self.entity)?;
        let step = match find_step(case.domain, view, self.source, self.event) {
            Ok(_) if !self.can_be_folded(case, view) => Err(EventRefusal::FactsFailed),
            found => found,
        };
        Ok(match step {
            Err(refusal) => Done::answer(Received::Refused(refusal)),
            Ok(step) => {
                let mut drafts = Vec::with_capacity(2 + view.approvals.len());
                let event = self.event.clone();
                accept(self.source, event, view.state.as_ref(), view.state_version, &step.to, &mut drafts);
                supersede(view, self.source, &mut drafts);
                Done::write(view, drafts, Received::Accepted(step.to.clone()))
            }
        })
    }
}

impl Ingest<'_> {
    /// The answer to an event whose id the source has used before, for this event or for another.
    fn reported_before(&self, entity: &EntityRef, earlier: &EventBody) -> Received {
        let is_same = entity == self.entity && earlier.kind == self.event.kind && earlier.payload == self.event.payload;
        if is_same {
            Received::AlreadyKnown
        } else {
            let id = self.event.id.to_string();
            Received::Refused(EventRefusal::IdReused { source_id: self.source.id.clone(), id })
        }
    }

    /// True unless the domain's own code fails at the event. In the log it would make the entity's facts unreliable for good.
    fn can_be_folded(&self, case: &Case<'_>, view: &View) -> bool {
        let event = Event { body: self.event, source: self.source, recorded_at: case.time(view) };
        view.facts.clone().is_none_or(|mut facts| view.facts_failed || facts.apply(&event).is_ok())
    }
}

fn check_payload(event: &EventBody) -> Result<(), EventRefusal> {
    if !event.payload.is_recordable() {
        return Err(EventRefusal::PayloadMalformed);
    }
    if !event.payload.fits(MAX_PAYLOAD) {
        let bytes = event.payload.to_canonical().len();
        return Err(EventRefusal::TooLarge { bytes, most: MAX_PAYLOAD });
    }
    Ok(())
}

fn find_step<'a>(
    domain: &'a Domain,
    view: &View,
    source: &Actor,
    event: &EventBody,
) -> Result<&'a CheckedStep, EventRefusal> {
    let entity = &view.head.entity;
    let machine = domain
        .machine(entity.kind())
        .ok_or_else(|| EventRefusal::EntityTypeUnknown { kind: entity.kind().to_owned() })?;
    let no_transition =
        || EventRefusal::NoTransition { entity: entity.clone(), state: view.state.clone(), event: event.kind.clone() };
    let not_allowed = || EventRefusal::SourceNotAllowed {
        event: event.kind.clone(),
        source_id: source.id.clone(),
        kind: source.kind,
    };
    // A source that may report the event in no state is refused first: its refusal must not reveal the entity's state.
    let steps = machine.steps.iter().filter(|step| step.on == event.kind);
    let may_report = |step: &&CheckedStep| {
        source.kind != ActorType::Agent && (step.sources.is_empty() || step.sources.contains(&source.id))
    };
    if steps.clone().next().is_some() && !steps.clone().any(|step| may_report(&step)) {
        return Err(not_allowed());
    }
    let step = machine.step(view.state.as_ref(), &event.kind).ok_or_else(no_transition)?;
    if may_report(&step) { Ok(step) } else { Err(not_allowed()) }
}

/// Adds the two records of an accepted event.
pub(crate) fn accept(
    source: &Arc<Actor>,
    event: EventBody,
    from: Option<&StateName>,
    version: u64,
    to: &StateName,
    drafts: &mut Vec<Draft>,
) {
    let change =
        StateChange { event: event.id.clone(), from: from.cloned(), to: to.clone(), state_version: version + 1 };
    drafts.push(Draft::new(source, Body::EventIngested(event)));
    drafts.push(Draft::new(source, Body::StateChanged(change)));
}

/// Closes every open approval after an accepted event: their reviewers saw another state.
pub(crate) fn supersede(view: &View, actor: &Arc<Actor>, drafts: &mut Vec<Draft>) {
    for approval in &view.approvals {
        drafts.push(Draft::new(actor, Body::ApprovalSuperseded(Closing { approval: approval.id, reason: None })));
    }
}
