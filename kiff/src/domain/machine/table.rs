//! State machines as tables.

use super::{
    facts::{Facts, FactsBox, Upcast},
    state_machine::StateMachine,
};
use crate::value::Value;
use std::panic::Location;

/// A state machine as a table: made from a type with [`Machine::of`], or by hand for an entity without a type.
/// [`DomainBuilder::build`](crate::domain::DomainBuilder::build) checks it.
///
/// ```
/// use kiff::domain::Machine;
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
    /// The table of a derived machine.
    #[must_use]
    #[track_caller]
    pub fn of<M: StateMachine>() -> Self {
        let mut machine = Self::new(M::ENTITY);
        machine.states = M::STATES.iter().map(|state| (*state).to_owned()).collect();
        for step in M::TRANSITIONS {
            machine = machine.step(step.from, step.on, step.to).sources(step.sources.iter().copied());
        }
        machine.facts::<M::Facts>()
    }

    /// An empty table for this entity type.
    #[track_caller]
    pub fn new(entity: impl Into<String>) -> Self {
        let place = Location::caller();
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

    /// Adds a first step: an entity without events enters `to` on the event `on`.
    #[must_use]
    pub fn starts(self, on: &str, to: &str) -> Self {
        self.step(None, on, to)
    }

    /// Adds a step: an entity in `from` enters `to` on the event `on`.
    #[must_use]
    pub fn moves(self, from: &str, on: &str, to: &str) -> Self {
        self.step(Some(from), on, to)
    }

    /// Lets only these sources report the event of the step that was added last.
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
        self.blank = FactsBox::blank::<F>();
        self
    }

    /// Shows old events of this type to [`Facts::apply`] with a payload of the present form.
    ///
    /// `upcast` takes the payload of every event of the type that is folded, old or new: live, on a rebuild and on a replay.
    /// It returns the payload to fold instead, or `None` if the payload is in the present form already. The log keeps the
    /// bytes that the source sent.
    ///
    /// Like `Facts::apply`, it must be a pure function, and its code cannot be hashed, so a change of it needs a new version
    /// of the domain. The digest of the domain says that the event has an upcast; the digests of contracts do not. A panic in
    /// it counts as one in `Facts::apply`.
    ///
    /// ```
    /// use kiff::{Event, Facts, Value, domain::Machine};
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
    /// # rt.ingest(&Authority::service("shop")?, "order:1", paid)?.accepted()?;
    /// # let state = rt.state("order:1")?.ok_or("no such order")?;
    /// # assert_eq!(state.facts::<OrderFacts>().map(|facts| facts.paid_cents), Some(49_00));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Convert a derived machine to a table first: `.table(Machine::of::<Order>().upcast("ORDER_PAID", in_cents))`.
    #[must_use]
    pub fn upcast(
        mut self,
        event: impl Into<String>,
        upcast: impl Fn(&Value) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        self.upcasts.push((event.into(), Upcast::new(upcast)));
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
