//! Events from outside: checked against the state machine before they are stored.

use crate::{
    base::{
        actor::{Actor, ActorType},
        code::coded,
        event::{Event, EventBody},
        ids::{ActorId, EntityRef, EventType, StateName},
        timestamp::Timestamp,
    },
    domain::{CheckedStep, Domain},
    kernel::{
        record::{
            Draft,
            body::{Body, StateChange},
        },
        review::supersede,
        view::View,
    },
};
use std::sync::Arc;

/// The most bytes that an event's payload may have in canonical JSON.
pub(crate) const MOST_PAYLOAD: usize = 32 * 1024;

coded! {
    /// Why an event was refused. Nothing of it is recorded: its source may report it again.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
            /// Who reported it.
            source_id: ActorId,
            /// What kind of actor that is.
            kind: ActorType,
        } => "source_not_allowed",
        /// The source has reported another event under this id.
        #[error("`{source_id}` has reported another event under the id `{id}`")]
        IdReused {
            /// Who reported it.
            source_id: ActorId,
            /// The event's id.
            id: String,
        } => "event_id_reused",
        /// The domain's own code fails at the event, so that its facts could not be relied on any more.
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

/// What is decided about an event.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// It is accepted: the state that it leads to, and the records to write.
    Accept(StateName, Vec<Draft>),
    /// It is in the log already, word for word.
    Known,
    Refused(EventRefusal),
}

/// Decides an event. `found` is what the source has reported under this id before, and where.
pub(crate) fn ingest(
    domain: &Domain,
    view: &View,
    source: &Arc<Actor>,
    event: &EventBody,
    found: Option<&(EntityRef, EventBody)>,
    now: Timestamp,
) -> Admitted {
    if let Some((entity, earlier)) = found {
        let same = *entity == view.head.entity && earlier.kind == event.kind && earlier.payload == event.payload;
        return if same {
            Admitted::Known
        } else {
            Admitted::Refused(EventRefusal::IdReused { source_id: source.id.clone(), id: event.id.to_string() })
        };
    }
    if !event.payload.is_recordable() {
        return Admitted::Refused(EventRefusal::PayloadMalformed);
    }
    if !event.payload.fits(MOST_PAYLOAD) {
        let bytes = event.payload.to_canonical().len();
        return Admitted::Refused(EventRefusal::TooLarge { bytes, most: MOST_PAYLOAD });
    }
    match step(domain, view, source, event) {
        Err(refusal) => Admitted::Refused(refusal),
        Ok(_) if !can_be_folded(view, source, event, now) => Admitted::Refused(EventRefusal::FactsFailed),
        Ok(step) => {
            let mut drafts = Vec::with_capacity(2 + view.approvals.len());
            accept(source, event.clone(), view.state.as_ref(), view.state_version, &step.to, &mut drafts);
            supersede(view, source, &mut drafts);
            Admitted::Accept(step.to.clone(), drafts)
        }
    }
}

fn step<'a>(
    domain: &'a Domain,
    view: &View,
    source: &Actor,
    event: &EventBody,
) -> Result<&'a CheckedStep, EventRefusal> {
    let entity = &view.head.entity;
    let machine = domain
        .machine(entity.kind())
        .ok_or_else(|| EventRefusal::EntityTypeUnknown { kind: entity.kind().to_owned() })?;
    let nowhere =
        || EventRefusal::NoTransition { entity: entity.clone(), state: view.state.clone(), event: event.kind.clone() };
    // Who may not report it at all is told that first, whatever the entity's state.
    let steps = machine.steps.iter().filter(|step| step.on == event.kind);
    let may = |step: &&CheckedStep| {
        source.kind != ActorType::Agent && (step.sources.is_empty() || step.sources.contains(&source.id))
    };
    if steps.clone().next().is_some() && !steps.clone().any(|step| may(&step)) {
        return Err(EventRefusal::SourceNotAllowed {
            event: event.kind.clone(),
            source_id: source.id.clone(),
            kind: source.kind,
        });
    }
    let step = machine.step(view.state.as_ref(), &event.kind).ok_or_else(nowhere)?;
    if may(&step) {
        Ok(step)
    } else {
        Err(EventRefusal::SourceNotAllowed {
            event: event.kind.clone(),
            source_id: source.id.clone(),
            kind: source.kind,
        })
    }
}

/// True unless the domain's own code fails at the event: in the log it would spoil the entity's facts for good.
fn can_be_folded(view: &View, source: &Actor, body: &EventBody, now: Timestamp) -> bool {
    let event = Event { body, source, recorded_at: view.head.effective(now) };
    view.facts.clone().is_none_or(|mut facts| view.facts_failed || facts.apply(&event).is_ok())
}

/// The two records of an accepted event.
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
