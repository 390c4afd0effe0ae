//! Events, as a source reports them and as the log holds them.

use crate::{
    base::{
        actor::Actor,
        ids::{EventId, EventType, ExecutionId, NameError},
        members::{AdmissionError, Members},
        timestamp::Timestamp,
    },
    value::{Limits, Value},
};
use std::sync::Arc;

/// An event on its way to the log: its type, the id that its source gave to it, and its payload. The source is named by the
/// [`Authority`](crate::Authority) of the call, never by the event.
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

    /// Reads an event as a source sends it: one JSON object with `event_id`, `event_type` and, where they apply,
    /// `payload`, `correlation` and `causation`. Host code names the source and the entity.
    ///
    /// ```
    /// use kiff::NewEvent;
    ///
    /// NewEvent::from_json(br#"{"event_id": "evt_001", "event_type": "ORDER_PAID", "payload": {"amount": 49.00}}"#)?;
    ///
    /// // Every fault at once.
    /// let faults = NewEvent::from_json(br#"{"event_id": "", "source": "stripe"}"#).unwrap_err().to_string();
    /// assert!(faults.contains("`/event_type` is required; `/source` is not a member here"), "{faults}");
    /// # Ok::<(), kiff::admission::AdmissionError>(())
    /// ```
    ///
    /// # Errors
    /// [`AdmissionError`] with every fault if the text is not strict JSON of that form. Nothing is recorded.
    pub fn from_json(text: &[u8]) -> Result<Self, AdmissionError> {
        Self::from_json_with(text, &Limits::default())
    }

    /// The same within other limits, such as [`Domain::limits`](crate::Domain::limits).
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with(text: &[u8], limits: &Limits) -> Result<Self, AdmissionError> {
        let mut members = Members::read(text, limits)?;
        let names = members.name::<EventId>("event_id").zip(members.name::<EventType>("event_type"));
        let payload = members.take("payload");
        let correlation = members.optional_up_to("correlation", MAX_ID, "a string of at most 255 bytes");
        let causation = members.optional_up_to("causation", MAX_ID, "a string of at most 255 bytes");
        members.finish(names.map(|(id, kind)| {
            let event = Self::new(id, kind);
            Self { payload: payload.unwrap_or(event.payload), correlation, causation, ..event }
        }))
    }

    /// What the source reports beside the type: any JSON value, most often an object.
    #[must_use]
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }

    /// The caller's own id of the conversation that the event belongs to, at most 255 bytes.
    #[must_use]
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.correlation = Some(id.into());
        self
    }

    /// The id of what caused the event, at most 255 bytes.
    #[must_use]
    pub fn causation(mut self, id: impl Into<String>) -> Self {
        self.causation = Some(id.into());
        self
    }
}

/// The most bytes of a correlation or causation id.
const MAX_ID: usize = 255;

/// The part of an event that its record's body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventBody {
    pub(crate) id: EventId,
    pub(crate) kind: EventType,
    pub(crate) payload: Value,
    pub(crate) correlation: Option<Arc<str>>,
    pub(crate) causation: Option<Arc<str>>,
    /// The execution that emitted it, if one did.
    pub(crate) execution: Option<ExecutionId>,
}

impl EventBody {
    /// Checks the names of an event.
    pub(crate) fn admit(event: NewEvent) -> Result<Self, NameError> {
        for (what, id) in [("a correlation id", &event.correlation), ("a causation id", &event.causation)] {
            if let Some(id) = id.as_ref().filter(|id| id.len() > MAX_ID || id.contains('\0')) {
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

/// An event in the log. Facts are folded from these.
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

    /// The payload that its source reported.
    #[must_use]
    pub fn payload(&self) -> &'a Value {
        &self.body.payload
    }

    /// A member of the payload; `None` if the payload is not an object that has it.
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
