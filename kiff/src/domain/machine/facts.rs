//! Facts, folded from the events of an entity.

use crate::{
    base::{
        event::{Event, EventBody},
        ids::EventType,
        unwind::caught,
    },
    value::Value,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    any::{Any, TypeId},
    fmt,
    sync::Arc,
};

/// Facts that are folded from an entity's events beside its state: amounts paid, consent given.
///
/// `apply` must be a pure function of its arguments, because every replay runs it again. It must not call the runtime, which
/// holds the view of the entity meanwhile. It must not panic, so add with `saturating_add` or `checked_add`: a source may
/// report any number. An event at which it panics is refused. If a later version of the domain panics at an event that is in
/// the log, proposals for that entity are refused with `facts_unreliable`.
///
/// ```
/// use kiff::{Event, Facts};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Default, Serialize, Deserialize)]
/// struct OrderFacts {
///     paid_cents: i64,
/// }
///
/// impl Facts for OrderFacts {
///     fn apply(&mut self, event: &Event<'_>) {
///         if event.kind() == "ORDER_PAID" {
///             let cents = event.get("cents").and_then(|cents| cents.as_number()?.as_i64());
///             self.paid_cents = self.paid_cents.saturating_add(cents.unwrap_or(0));
///         }
///     }
/// }
/// ```
pub trait Facts: Clone + Default + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Folds one more event.
    fn apply(&mut self, event: &Event<'_>);
}

impl Facts for () {
    fn apply(&mut self, _: &Event<'_>) {}
}

/// Converts the payload of an event into the present form, or leaves it as it is.
#[derive(Clone)]
pub(crate) struct Upcast(Arc<UpcastFn>);

impl Upcast {
    pub(super) fn new(upcast: impl Fn(&Value) -> Option<Value> + Send + Sync + 'static) -> Self {
        Self(Arc::new(upcast))
    }
}

type UpcastFn = dyn Fn(&Value) -> Option<Value> + Send + Sync;

impl fmt::Debug for Upcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upcast")
    }
}

/// Facts of any type, shared until they change, with the upcasts through which they see old events.
#[derive(Clone)]
pub(crate) struct FactsBox(Arc<dyn AnyFacts>);

impl FactsBox {
    /// The facts of an entity without events; `None` for `()`, because nothing is kept for an entity without facts.
    pub(in crate::domain) fn blank<F: Facts>() -> Option<Self> {
        let is_unit = TypeId::of::<F>() == TypeId::of::<()>();
        (!is_unit).then(|| Self(Arc::new(Folded { facts: F::default(), upcasts: Arc::default() })))
    }

    /// The same facts with these upcasts.
    pub(in crate::domain) fn seeing_through(&self, upcasts: Vec<(EventType, Upcast)>) -> Self {
        Self(self.0.seeing_through(upcasts.into()))
    }

    pub(crate) fn get<F: Facts>(&self) -> Option<&F> {
        self.0.as_any().downcast_ref()
    }

    /// Folds one more event. If the user's code panics, the facts stay as they were.
    pub(crate) fn apply(&mut self, event: &Event<'_>) -> Result<(), FactsPanicked> {
        self.0 = caught(|| self.0.applied(event)).ok_or(FactsPanicked)?;
        Ok(())
    }

    /// The facts as JSON that can be read back; `None` if the user's code fails or panics.
    pub(crate) fn to_text(&self) -> Option<String> {
        caught(|| self.0.to_text())?
    }

    /// Facts of the same type, read from JSON; `None` if the user's code fails or panics.
    pub(crate) fn parse(&self, text: &str) -> Option<Self> {
        caught(|| self.0.parse(text))?.map(Self)
    }

    /// The facts as JSON, for comparing and showing.
    pub(crate) fn to_json(&self) -> String {
        self.0.to_json()
    }
}

impl fmt::Debug for FactsBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

/// The user's `Facts::apply` panicked.
#[derive(Debug)]
pub(crate) struct FactsPanicked;

trait AnyFacts: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn seeing_through(&self, upcasts: Arc<[(EventType, Upcast)]>) -> Arc<dyn AnyFacts>;
    fn applied(&self, event: &Event<'_>) -> Arc<dyn AnyFacts>;
    fn to_text(&self) -> Option<String>;
    fn parse(&self, text: &str) -> Option<Arc<dyn AnyFacts>>;
    fn to_json(&self) -> String;
}

/// Facts of one type.
struct Folded<F> {
    facts: F,
    upcasts: Arc<[(EventType, Upcast)]>,
}

impl<F: Facts> AnyFacts for Folded<F> {
    fn as_any(&self) -> &dyn Any {
        &self.facts
    }

    fn seeing_through(&self, upcasts: Arc<[(EventType, Upcast)]>) -> Arc<dyn AnyFacts> {
        Arc::new(Self { facts: self.facts.clone(), upcasts })
    }

    // INVARIANT: no other place shows an event to the code of a machine, so that it never sees one in an old form.
    fn applied(&self, event: &Event<'_>) -> Arc<dyn AnyFacts> {
        let mut facts = self.facts.clone();
        let upcast = self.upcasts.iter().find(|(kind, _)| *kind == event.body.kind);
        match upcast.and_then(|(_, Upcast(upcast))| upcast(event.payload())) {
            None => facts.apply(event),
            Some(payload) => {
                let body = EventBody { payload, ..event.body.clone() };
                facts.apply(&Event { body: &body, ..*event });
            }
        }
        Arc::new(Self { facts, upcasts: Arc::clone(&self.upcasts) })
    }

    fn to_text(&self) -> Option<String> {
        serde_json::to_string(&self.facts).ok()
    }

    fn parse(&self, text: &str) -> Option<Arc<dyn AnyFacts>> {
        let facts = serde_json::from_str(text).ok()?;
        Some(Arc::new(Self { facts, upcasts: Arc::clone(&self.upcasts) }))
    }

    fn to_json(&self) -> String {
        serde_json::to_string(&self.facts).unwrap_or_else(|error| format!("\"unprintable: {error}\""))
    }
}
