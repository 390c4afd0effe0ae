//! Events from outside, and the adapters that read them from raw inputs.

use super::{Runtime, RuntimeError};
use crate::{
    base::{
        actor::Authority,
        debug::debug_as_display,
        event::{EventBody, NewEvent},
        ids::{EntityRef, StateName, TraceId},
    },
    kernel::ingest::{EventRefusal, Ingest, Received},
};
use std::error::Error;

/// The answer to an event.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it may be a refusal"]
pub enum Ingested {
    /// The event is in the log, and moved the entity.
    Accepted {
        /// The state that the event led to.
        state: StateName,
        /// The call that it belongs to.
        trace_id: TraceId,
    },
    /// The same source has reported the same event before. Nothing was written.
    AlreadyKnown,
    /// The event was refused. Nothing was written.
    Refused(EventRefusal),
}

impl Ingested {
    pub(super) fn of(reported: Received, trace_id: TraceId) -> Self {
        match reported {
            Received::Accepted(state) => Self::Accepted { state, trace_id },
            Received::AlreadyKnown => Self::AlreadyKnown,
            Received::Refused(refusal) => Self::Refused(refusal),
        }
    }

    /// True if the event is in the log, now or before.
    #[must_use]
    pub fn is_in_the_log(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::AlreadyKnown)
    }

    /// The refusal as an error, for `?`; `Ok` if the event is in the log, now or before.
    ///
    /// # Errors
    /// The [`EventRefusal`].
    pub fn accepted(self) -> Result<(), EventRefusal> {
        match self {
            Self::Accepted { .. } | Self::AlreadyKnown => Ok(()),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

/// Turns raw inputs, such as a provider's webhook, into events. Users implement it.
///
/// Authenticate the input first: the [`Authority`] beside it says who reports.
///
/// ```
/// use kiff::{Authority, EntityRef, NewEvent, ingest::InputAdapter};
/// use std::error::Error;
///
/// /// Translates the provider's words into the domain's events.
/// struct Webhook;
///
/// impl InputAdapter for Webhook {
///     fn events(&self, raw: &[u8]) -> Result<Vec<(EntityRef, NewEvent)>, Box<dyn Error + Send + Sync>> {
///         #[derive(serde::Deserialize)]
///         struct Body {
///             id: String,
///             kind: String,
///             order: String,
///         }
///         let body: Body = serde_json::from_slice(raw)?;
///         let event = match body.kind.as_str() {
///             "checkout.created" => "ORDER_PLACED",
///             "charge.succeeded" => "ORDER_PAID",
///             other => return Err(format!("no event is known for `{other}`").into()),
///         };
///         Ok(vec![(EntityRef::new("order", body.order)?, NewEvent::new(body.id, event))])
///     }
/// }
/// # use shop::{shop, paid_back};
/// # mod shop {
/// # use std::error::Error;
/// # use kiff::{Authority, Domain, Failure, NewEvent, Outcome, Runtime, domain::{Call, Machine}};
/// # pub fn shop(_: fn(&Call<'_>) -> Result<Outcome, Failure>) -> Result<Runtime, Box<dyn Error>> {
/// #     let order = Machine::new("order").starts("ORDER_PLACED", "CREATED").moves("CREATED", "ORDER_PAID", "PAID");
/// #     let domain = Domain::builder("shop", "v1").table(order).build()?;
/// #     Ok(Runtime::builder(domain).build()?)
/// # }
/// # pub fn paid_back(_: &Call<'_>) -> Result<Outcome, Failure> {
/// #     Ok(Outcome::new("paid back").emit("ORDER_REFUNDED"))
/// # }
/// # }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let rt = shop(paid_back)?.blocking();
/// // Check the webhook's signature first: that is what makes the sender `stripe`.
/// let body = br#"{"id": "evt_7", "kind": "checkout.created", "order": "7"}"#;
/// for event in rt.ingest_raw(&Authority::service("stripe")?, &Webhook, body)? {
///     event.accepted()?;
/// }
/// assert!(rt.state("order:7")?.is_some_and(|order| order.state == "CREATED"));
/// # Ok(())
/// # }
/// ```
pub trait InputAdapter {
    /// The events in one input, each with its entity.
    ///
    /// # Errors
    /// Any error, if the input is not one that the adapter knows.
    fn events(&self, raw: &[u8]) -> Result<Vec<(EntityRef, NewEvent)>, Box<dyn Error + Send + Sync>>;
}

impl<F> InputAdapter for F
where
    F: Fn(&[u8]) -> Result<Vec<(EntityRef, NewEvent)>, Box<dyn Error + Send + Sync>>,
{
    fn events(&self, raw: &[u8]) -> Result<Vec<(EntityRef, NewEvent)>, Box<dyn Error + Send + Sync>> {
        self(raw)
    }
}

impl Runtime {
    /// Takes in an event that this source reports. A refused event is not recorded.
    ///
    /// A source may report the same event again: it is acknowledged, and not recorded a second time.
    ///
    /// ```
    /// use kiff::{Authority, Ingested, NewEvent};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let stripe = Authority::service("stripe")?;
    /// let placed = || NewEvent::new("evt_3", "ORDER_PLACED");
    /// let accepted = rt.ingest(&stripe, "order:2", placed())?;
    /// assert!(matches!(accepted, Ingested::Accepted { state, .. } if state == "CREATED"));
    ///
    /// // A webhook that is delivered again does no harm.
    /// assert_eq!(rt.ingest(&stripe, "order:2", placed())?, Ingested::AlreadyKnown);
    ///
    /// // The state machine says what may happen next. A refused event is not recorded.
    /// let refused = rt.ingest(&stripe, "order:2", NewEvent::new("evt_9", "ORDER_REFUNDED"))?.accepted();
    /// assert!(refused.is_err_and(|refusal| refusal.code() == "no_transition"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is an [`Ingested`].
    pub async fn ingest(&self, source: &Authority, entity: &str, event: NewEvent) -> Result<Ingested, RuntimeError> {
        let source = source.actor();
        let entity: EntityRef = entity.parse()?;
        let event = EventBody::admit(event)?;
        let mut call = self.draw()?;
        let command = Ingest { entity: &entity, source, event: &event };
        let reported = self.transact(&command, &mut call).await?.reply;
        Ok(Ingested::of(reported, call.ids.trace))
    }

    /// Takes in all events of a raw input, in their order. A refused event is not recorded.
    ///
    /// The example of [`InputAdapter`] gives it a webhook's body.
    ///
    /// # Errors
    /// [`IngestError::Adapter`] if the adapter does not know the input; otherwise as
    /// [`ingest`](Self::ingest). Events before the one that failed are in the log. The same input may be taken in again.
    pub async fn ingest_raw(
        &self,
        source: &Authority,
        adapter: &impl InputAdapter,
        raw: &[u8],
    ) -> Result<Vec<Ingested>, IngestError> {
        let events = adapter.events(raw).map_err(IngestError::Adapter)?;
        let mut all = Vec::with_capacity(events.len());
        for (entity, event) in events {
            all.push(self.ingest(source, entity.as_str(), event).await?);
        }
        Ok(all)
    }
}

/// A raw input that could not be taken in.
#[non_exhaustive]
#[derive(thiserror::Error)]
pub enum IngestError {
    /// The adapter does not know the input.
    #[error("the input is not one that the adapter knows")]
    Adapter(#[source] Box<dyn Error + Send + Sync>),
    /// An event could not be taken in.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

debug_as_display!(IngestError);
