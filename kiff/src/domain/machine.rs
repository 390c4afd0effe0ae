//! State machines: which event moves an entity from which state to which, and what is folded beside it.

use crate::{
    base::{
        event::{Event, EventBody},
        ids::EventType,
        unwind::caught,
    },
    value::Value,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{any::Any, fmt, sync::Arc};

/// A state machine as an enum: what `#[derive(StateMachine)]` implements. Implement it by hand only for
/// what the derive cannot say.
///
/// The constants are the machine. They are data, so that a domain can check and hash them; the enum is
/// only the view that checks, policies and executors get.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state machine",
    label = "an action needs the states of its entity here",
    note = "derive it: `#[derive(StateMachine)] #[state_machine(entity = \"order\")] enum {Self} {{ .. }}`"
)]
pub trait StateMachine: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// What is folded from the entity's events beside its state; `()` for nothing.
    type Data: Facts;
    /// The entity type, such as `order`.
    const ENTITY: &'static str;
    /// The names of the states, in the order of the variants.
    const STATES: &'static [&'static str];
    /// Every allowed step.
    const TRANSITIONS: &'static [Transition];

    /// The name of this state.
    fn state(self) -> &'static str;

    /// The state with this name.
    fn from_state(name: &str) -> Option<Self>;
}

/// One allowed step: in state `from` (or before any event) an event `on` leads to state `to`.
#[expect(clippy::exhaustive_structs, reason = "written as a literal by the derive and by hand")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state before; `None` for an entity without events.
    pub from: Option<&'static str>,
    /// The event type.
    pub on: &'static str,
    /// The state after.
    pub to: &'static str,
    /// The ids of the sources that may report the event; empty for every service and human.
    pub sources: &'static [&'static str],
}

/// Facts that are folded from an entity's events beside its state: amounts paid, consent given.
///
/// `apply` must be a pure function of its arguments: it is run again on every replay. It must not call the
/// runtime, which holds the entity's view meanwhile, and it must not panic, so add with `saturating_add` or
/// `checked_add`: sources report what they like. An event at which it panics is refused. If a later version of the
/// domain panics at an event that is in the log, proposals for that entity are refused with `facts_unreliable`.
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
    /// Takes one more event into account.
    fn apply(&mut self, event: &Event<'_>);
}

impl Facts for () {
    fn apply(&mut self, _: &Event<'_>) {}
}

/// A state machine as a table: made from a type with [`Machine::of`], or by hand for an entity without
/// one. [`Domain::build`](crate::DomainBuilder::build) checks it.
///
/// ```
/// use kiff::Machine;
///
/// let ticket = Machine::new("ticket")
///     .starts("TICKET_OPENED", "OPEN")
///     .moves("OPEN", "TICKET_RESOLVED", "RESOLVED")
///     .moves("RESOLVED", "TICKET_CLOSED", "CLOSED");
/// ```
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) entity: String,
    pub(crate) states: Vec<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) blank: Option<FactsBox>,
    pub(crate) upcasts: Vec<(String, Upcast)>,
    /// Where it was made: `src/orders.rs:12`.
    pub(crate) location: String,
}

/// [`Transition`] with text of any origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: Option<String>,
    pub(crate) on: String,
    pub(crate) to: String,
    pub(crate) sources: Vec<String>,
}

impl Machine {
    /// The table of a type.
    #[must_use]
    #[track_caller]
    pub fn of<M: StateMachine>() -> Self {
        let mut machine = Self::new(M::ENTITY);
        machine.states = M::STATES.iter().map(|state| (*state).to_owned()).collect();
        for step in M::TRANSITIONS {
            machine = machine.step(step.from, step.on, step.to).sources(step.sources.iter().copied());
        }
        machine.facts::<M::Data>()
    }

    /// An empty table for this entity type.
    #[track_caller]
    pub fn new(entity: impl Into<String>) -> Self {
        let place = std::panic::Location::caller();
        let location = format!("{}:{}", place.file(), place.line());
        Self {
            entity: entity.into(),
            states: Vec::new(),
            steps: Vec::new(),
            blank: None,
            upcasts: Vec::new(),
            location,
        }
    }

    /// An entity without events enters `to` on the event `on`.
    #[must_use]
    pub fn starts(self, on: &str, to: &str) -> Self {
        self.step(None, on, to)
    }

    /// An entity in `from` enters `to` on the event `on`.
    #[must_use]
    pub fn moves(self, from: &str, on: &str, to: &str) -> Self {
        self.step(Some(from), on, to)
    }

    /// Only these sources may report the event of the step that was added last.
    #[must_use]
    pub fn sources<S: Into<String>>(mut self, sources: impl IntoIterator<Item = S>) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.sources = sources.into_iter().map(Into::into).collect();
        }
        self
    }

    /// Folds these facts beside the state.
    #[must_use]
    pub fn facts<F: Facts>(mut self) -> Self {
        // Nothing is kept for entities without facts.
        let unit = std::any::TypeId::of::<F>() == std::any::TypeId::of::<()>();
        self.blank = (!unit).then(|| FactsBox(Arc::new(Folded { facts: F::default(), upcasts: Arc::default() })));
        self
    }

    /// Shows old events of this type to [`Facts::apply`] with a payload of the present form.
    ///
    /// `upcast` is given the payload of every event of the type that is folded, old or new: live, on a
    /// rebuild and on a replay. It gives the payload to fold instead, or nothing for one that is in the
    /// present form already. The log keeps the bytes that the source sent.
    ///
    /// It must be a pure function, and is code as `Facts::apply` is: what it does cannot be hashed, so a change of
    /// it is a new version of the domain. That there is one for the event is in the digest of the domain, and in
    /// that of no contract. A panic in it counts as one in `Facts::apply`.
    ///
    /// ```
    /// use kiff::{Event, Facts, Machine, Value};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    /// struct OrderFacts {
    ///     paid_cents: i64,
    /// }
    ///
    /// impl Facts for OrderFacts {
    ///     fn apply(&mut self, event: &Event<'_>) {
    ///         let cents = event.get("cents").and_then(|cents| cents.as_number()?.as_i64());
    ///         self.paid_cents = self.paid_cents.saturating_add(cents.unwrap_or(0));
    ///     }
    /// }
    ///
    /// /// Until last year the shop reported whole euros.
    /// fn in_cents(payload: &Value) -> Option<Value> {
    ///     let euros = payload.as_object()?.get("euros")?.as_number()?.as_i64()?;
    ///     Some(Value::object([("cents", euros.saturating_mul(100))]))
    /// }
    ///
    /// let order = Machine::new("order").starts("ORDER_PAID", "PAID").facts::<OrderFacts>().upcast("ORDER_PAID", in_cents);
    /// # use kiff::{Authority, Domain, NewEvent, Runtime};
    /// # let rt = Runtime::builder(Domain::builder("shop", "v1").table(order).build()?).build()?.blocking();
    /// # let paid = NewEvent::new("evt_1", "ORDER_PAID").payload(Value::object([("euros", 49)]));
    /// # rt.ingest(&Authority::service("shop"), "order:1", paid)?.accepted()?;
    /// # let state = rt.state("order:1")?.ok_or("no such order")?;
    /// # assert_eq!(state.facts::<OrderFacts>().map(|facts| facts.paid_cents), Some(49_00));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A machine by derive is made a table for it: `.table(Machine::of::<Order>().upcast("ORDER_PAID", in_cents))`.
    #[must_use]
    pub fn upcast(
        mut self,
        event: impl Into<String>,
        upcast: impl Fn(&Value) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        self.upcasts.push((event.into(), Upcast(Arc::new(upcast))));
        self
    }

    fn step(mut self, from: Option<&str>, on: &str, to: &str) -> Self {
        for state in from.into_iter().chain([to]) {
            if !self.states.iter().any(|known| known == state) {
                self.states.push(state.to_owned());
            }
        }
        self.steps.push(Step {
            from: from.map(str::to_owned),
            on: on.to_owned(),
            to: to.to_owned(),
            sources: Vec::new(),
        });
        self
    }
}

/// Makes an event's payload one of the present form, or leaves it as it is.
#[derive(Clone)]
pub(crate) struct Upcast(Arc<UpcastFn>);

type UpcastFn = dyn Fn(&Value) -> Option<Value> + Send + Sync;

impl fmt::Debug for Upcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upcast")
    }
}

/// Facts of any type, shared until they change, with the way in which they see old events.
#[derive(Clone)]
pub(crate) struct FactsBox(Arc<dyn AnyFacts>);

impl FactsBox {
    /// The same facts, which see events through these.
    pub(crate) fn seeing_through(&self, upcasts: Vec<(EventType, Upcast)>) -> Self {
        Self(self.0.seeing_through(upcasts.into()))
    }

    pub(crate) fn get<F: Facts>(&self) -> Option<&F> {
        self.0.as_any().downcast_ref()
    }

    /// Takes one more event into account. Users' code may panic: then the facts stay as they were.
    pub(crate) fn apply(&mut self, event: &Event<'_>) -> Result<(), FactsPanicked> {
        self.0 = caught(|| self.0.applied(event)).ok_or(FactsPanicked)?;
        Ok(())
    }

    /// The facts as JSON from which they can be read again. Users' code may panic: then there is none.
    pub(crate) fn to_text(&self) -> Option<String> {
        caught(|| self.0.to_text())?
    }

    /// Facts of the same type from their JSON.
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

    /// INVARIANT: the one place where a machine's code sees an event, so that none is seen in an old form.
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
