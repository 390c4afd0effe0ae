//! Events: what happened, as a source reports it and as the log holds it.

use crate::{
    actor::Actor,
    ids::{EventId, EventType, NameError},
    timestamp::Timestamp,
    value::Value,
};
use std::sync::Arc;

/// What happened to an entity, on its way to the log: its type, the id that its source gave to it, its
/// payload. Who reports it comes from the [`Authority`](crate::Authority), never from the event.
///
/// ```
/// use kiff::{NewEvent, Value};
///
/// let event = NewEvent::new("evt_001", "ORDER_PAID").payload(Value::object([("amount", "49.00")]));
/// ```
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) payload: Value,
    pub(crate) correlation: Option<String>,
    pub(crate) causation: Option<String>,
}

impl NewEvent {
    /// An event with this id and type and an empty payload. The names are checked when it is ingested.
    pub fn new(id: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            payload: Value::object::<&str, &str>([]),
            correlation: None,
            causation: None,
        }
    }

    /// What the source tells beside the type: any JSON value, most often an object.
    #[must_use]
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }

    /// The caller's own id of the conversation that this belongs to, at most 255 bytes.
    #[must_use]
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.correlation = Some(id.into());
        self
    }

    /// The id of what caused this, at most 255 bytes.
    #[must_use]
    pub fn causation(mut self, id: impl Into<String>) -> Self {
        self.causation = Some(id.into());
        self
    }
}

/// The part of an event that its record's body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventBody {
    pub(crate) id: EventId,
    pub(crate) kind: EventType,
    pub(crate) payload: Value,
    pub(crate) correlation: Option<Arc<str>>,
    pub(crate) causation: Option<Arc<str>>,
    /// The execution that emitted it, if one did.
    pub(crate) execution: Option<crate::ids::ExecutionId>,
}

impl EventBody {
    /// Checks the names of an event.
    pub(crate) fn admit(event: NewEvent) -> Result<Self, NameError> {
        for (what, id) in [("a correlation id", &event.correlation), ("a causation id", &event.causation)] {
            if let Some(id) = id.as_ref().filter(|id| id.len() > 255 || id.contains('\0')) {
                return Err(NameError::new(what, "at most 255 bytes without U+0000", id));
            }
        }
        Ok(Self {
            id: EventId::new(event.id)?,
            kind: EventType::new(event.kind)?,
            payload: event.payload,
            correlation: event.correlation.map(Into::into),
            causation: event.causation.map(Into::into),
            execution: None,
        })
    }
}

/// An event in the log: what facts are folded from.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub(crate) body: &'a EventBody,
    pub(crate) source: &'a Actor,
    pub(crate) recorded_at: Timestamp,
}

impl<'a> Event<'a> {
    /// The id that its source gave to it.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.body.id.as_str()
    }

    /// Its type, such as `ORDER_PAID`.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        self.body.kind.as_str()
    }

    /// What its source told.
    #[must_use]
    pub fn payload(&self) -> &'a Value {
        &self.body.payload
    }

    /// A member of the payload, or nothing.
    #[must_use]
    pub fn get(&self, member: &str) -> Option<&'a Value> {
        self.body.payload.as_object().and_then(|object| object.get(member))
    }

    /// Who reported it.
    #[must_use]
    pub fn source(&self) -> &'a Actor {
        self.source
    }

    /// When it was recorded.
    #[must_use]
    pub fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }
}
