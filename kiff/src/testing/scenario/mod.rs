//! Given, propose, grant, assert: a domain tried in a plain unit test.

mod failure;
mod proposed;
mod settling;

pub use proposed::{Proposed, Replayed};

use self::failure::{difference, fail};
use super::{FixedIds, ManualClock};
use crate::{
    ActionContract, Answer, ApprovalId, Authority, Domain, Held, Ingested, NewEvent, Proposal, Review, Runtime,
    RuntimeBuilder, StateMachine, Value,
    evidence::replay,
    kernel::review::{ApprovalState, ReviewRefusal},
    runtime::blocking::Blocking,
    value::Object,
};
use std::{any::Any, time::Duration};

/// A domain with a clock that moves by hand, ids that count, and a store in memory.
///
/// It runs on the caller's thread without an async runtime. What does not come out as asserted panics with
/// the whole timeline, so it belongs in tests.
///
/// ```
/// use kiff::{Authority, Domain, Outcome, domain::{Call, Contract, Definition, Machine}, params, testing::Scenario};
///
/// let domain = Domain::builder("support", "v1")
///     .table(Machine::new("ticket").starts("TICKET_RESOLVED", "RESOLVED").moves("RESOLVED", "TICKET_CLOSED", "CLOSED"))
///     .define(
///         Definition::new(Contract::new("CLOSE_TICKET", "ticket").allowed_states(["RESOLVED"]).permissions(["tickets.close"]).emits(["TICKET_CLOSED"]))
///             .executor(|_: Call<'_>| Ok(Outcome::new("closed").emit("TICKET_CLOSED"))),
///     )
///     .role("agent", ["tickets.close"])
///     .build()?;
/// let mut s = Scenario::new(domain).at("2026-05-24T09:50:18Z");
/// s.given_events("ticket:t_1", ["TICKET_RESOLVED"]);
/// s.propose_named(Authority::agent("bot", ["agent"])?, "CLOSE_TICKET", "ticket:t_1", params! {}).assert_executed();
/// s.assert_timeline("ticket:t_1", "
///     event_ingested     given  TICKET_RESOLVED
///     state_changed      given  RESOLVED
///     decision_recorded  bot    propose CLOSE_TICKET (low)
///     action_validated   bot    CLOSE_TICKET cleared
///     action_executed    bot    CLOSE_TICKET
///     event_ingested     bot    TICKET_CLOSED
///     state_changed      bot    RESOLVED → CLOSED
/// ");
/// s.replay().assert_same();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// With annotated functions, reviewers and time:
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use kiff::{Authority, Ctx, Domain, Event, Facts, Outcome, StateMachine, Value, action, params, testing::Scenario};
/// use serde::{Deserialize, Serialize};
/// use std::time::Duration;
///
/// #[derive(Clone, Debug, Default, Serialize, Deserialize)]
/// struct OrderFacts {
///     paid_cents: u64,
/// }
///
/// impl Facts for OrderFacts {
///     fn apply(&mut self, event: &Event<'_>) {
///         let cents = event.get("cents").and_then(|cents| cents.as_number()?.as_i64());
///         self.paid_cents = self.paid_cents.saturating_add(cents.and_then(|cents| cents.try_into().ok()).unwrap_or(0));
///     }
/// }
///
/// /// An order.
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
/// #[state_machine(entity = "order", facts = OrderFacts)]
/// enum Order {
///     #[enter(on = "ORDER_PAID", sources = ["stripe"])]
///     Paid,
///     #[enter(from = Paid, on = "ORDER_REFUNDED")]
///     Refunded,
/// }
///
/// /// Pays an order back.
/// #[action(
///     allowed_states = [Paid],
///     permissions = ["orders.refund"],
///     risk = High,
///     approval = Required,
///     reviewers = "orders.approve",
///     quorum = 2,
///     expires = "24h",
///     checks = [not_more_than_paid(cents)],
///     emits = ["ORDER_REFUNDED"],
/// )]
/// fn refund_order(_: &Ctx<'_, Order>, cents: u64) -> Outcome {
///     Outcome::new(format!("{cents} paid back")).emit("ORDER_REFUNDED")
/// }
///
/// fn not_more_than_paid(order: &Ctx<'_, Order>, cents: u64) -> bool {
///     cents <= order.facts().paid_cents
/// }
///
/// let domain = Domain::builder("shop", "v1")
///     .machine::<Order>()
///     .action::<refund_order>()
///     .role("operator", ["orders.refund"])
///     .role("approver", ["orders.approve"])
///     .build()?;
/// let agent = Authority::agent("bot", ["operator"])?;
/// let ann = Authority::human("ann", ["approver"])?;
/// let bob = Authority::human("bob", ["approver"])?;
/// let mut s = Scenario::new(domain).at("2026-05-24T09:50:18Z");
///
/// // Each event comes from a source that its machine lets report it.
/// for order in ["order:1", "order:2", "order:3"] {
///     s.given_payload(order, "ORDER_PAID", Value::object([("cents", 49_00)]));
/// }
/// s.propose::<refund_order>(agent.clone(), "1", params! { cents: 50_00 }).assert_blocked("not_more_than_paid");
///
/// // Two people must grant; the second grant runs it.
/// let held = s.propose::<refund_order>(agent.clone(), "1", params! { cents: 49_00 }).assert_held("approval_required");
/// let held = s.grant(held, ann.clone()).assert_held("approval_required");
/// s.assert_grant_refused(&held, ann.clone(), "already_granted");
/// let done = s.grant(held, bob).assert_executed();
/// assert_eq!(done.message, "4900 paid back");
/// s.assert_state("order:1", "REFUNDED");
///
/// // Denied for good.
/// let held = s.propose::<refund_order>(agent.clone(), "2", params! { cents: 49_00 }).assert_held("approval_required");
/// s.deny(&held, ann.clone(), "the parcel arrived");
/// s.propose::<refund_order>(agent.clone(), "2", params! { cents: 49_00 }).assert_blocked("approval_denied");
///
/// // Nobody came in time.
/// let held = s.propose::<refund_order>(agent.clone(), "3", params! { cents: 49_00 }).assert_held("approval_required");
/// s.advance(Duration::from_secs(25 * 60 * 60));
/// s.assert_grant_refused(&held, ann.clone(), "approval_expired");
/// s.replay().assert_same();
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A scenario runs executors on this thread without an async runtime, so an executor must not need a reactor,
/// such as a socket or a timer of tokio: [`provide`](Self::provide) a fake, or run the test on a multi-threaded
/// async runtime, `#[tokio::test(flavor = "multi_thread")]`, whose other threads drive it.
#[derive(Debug)]
pub struct Scenario {
    domain: Domain,
    builder: Option<RuntimeBuilder>,
    blocking: Option<Blocking>,
    clock: ManualClock,
    events: u32,
}

impl Scenario {
    /// A scenario of this domain.
    #[must_use]
    pub fn new(domain: Domain) -> Self {
        let clock = ManualClock::default();
        let builder = Runtime::builder(domain.clone()).clock(clock.clone()).ids(FixedIds::default());
        Self { domain, builder: Some(builder), blocking: None, clock, events: 0 }
    }

    /// Provides a value to the executors, as [`RuntimeBuilder::provide`].
    #[must_use]
    #[track_caller]
    pub fn provide<T: Any + Send + Sync>(self, value: T) -> Self {
        self.with(|builder| builder.provide(value))
    }

    /// Changes how the runtime is built: another store, a signer, an issuer.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, change: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder) -> Self {
        let Some(builder) = self.builder.take() else {
            fail("the runtime is built already; provide before the first event");
        };
        self.builder = Some(change(builder));
        self
    }

    /// Sets the clock, as `2026-05-24T09:50:18Z` or with milliseconds.
    #[must_use]
    #[track_caller]
    pub fn at(self, time: &str) -> Self {
        self.clock.set(time);
        self
    }

    /// Moves the clock forward.
    pub fn advance(&mut self, span: Duration) -> &mut Self {
        self.clock.advance(span);
        self
    }

    /// The runtime, for calls that the scenario has no word for.
    #[track_caller]
    pub fn runtime(&mut self) -> &Blocking {
        if let Some(builder) = self.builder.take() {
            match builder.build() {
                Ok(runtime) => self.blocking = Some(runtime.blocking()),
                Err(error) => fail(&error),
            }
        }
        match &self.blocking {
            Some(blocking) => blocking,
            None => fail("the runtime could not be built"),
        }
    }

    /// Takes in events of a typed entity, each from a source that its machine lets report it.
    #[track_caller]
    pub fn given<M: StateMachine>(&mut self, id: &str, events: impl IntoIterator<Item = impl AsRef<str>>) -> &mut Self {
        self.given_events(&format!("{}:{id}", M::ENTITY), events)
    }

    /// Takes in events of any entity, written `<type>:<id>`.
    #[track_caller]
    pub fn given_events(&mut self, entity: &str, events: impl IntoIterator<Item = impl AsRef<str>>) -> &mut Self {
        for event in events {
            self.given_payload(entity, event.as_ref(), Value::object::<&str, &str>([]));
        }
        self
    }

    /// Takes in one event with a payload.
    #[track_caller]
    pub fn given_payload(&mut self, entity: &str, event: &str, payload: Value) -> &mut Self {
        let kind = entity.split(':').next().unwrap_or_default();
        let steps = self.domain.machine(kind).map(|machine| machine.steps.as_slice()).unwrap_or_default();
        let source = steps.iter().filter(|step| step.on == *event).find_map(|step| step.sources.first());
        match Authority::service(source.map_or("given", |source| source.as_str())) {
            Ok(source) => self.given_from(&source, entity, event, payload),
            Err(error) => fail(&error),
        }
    }

    /// Takes in one event from this source.
    #[track_caller]
    pub fn given_from(&mut self, source: &Authority, entity: &str, event: &str, payload: Value) -> &mut Self {
        self.events += 1;
        let event = NewEvent::new(format!("evt_{:03}", self.events), event).payload(payload);
        match self.runtime().ingest(source, entity, event) {
            Ok(Ingested::Accepted { .. } | Ingested::AlreadyKnown) => self,
            Ok(Ingested::Refused(refusal)) => fail(&refusal),
            Err(error) => fail(&error),
        }
    }

    /// Proposes an annotated action for an entity of its own type.
    #[track_caller]
    pub fn propose<A: ActionContract>(&mut self, authority: Authority, id: &str, params: Object) -> Proposed {
        let entity = format!("{}:{id}", A::CONTRACT.entity);
        self.propose_named(authority, A::CONTRACT.name, &entity, params)
    }

    /// Proposes an action by its name.
    #[track_caller]
    pub fn propose_named(&mut self, authority: Authority, action: &str, entity: &str, params: Object) -> Proposed {
        self.send(authority, Proposal::new(action, entity).params(params))
    }

    /// Sends a proposal as it is.
    #[track_caller]
    pub fn send(&mut self, authority: Authority, proposal: Proposal) -> Proposed {
        match self.runtime().execute(&authority, proposal) {
            Ok(answer) => self.proposed(answer),
            Err(error) => fail(&error),
        }
    }

    /// Grants a held proposal and, if that completes it, runs it.
    #[track_caller]
    pub fn grant(&mut self, held: Held, reviewer: Authority) -> Proposed {
        let granted = self.runtime().grant(&reviewer, held.approval_id, "granted in a scenario");
        match granted {
            Ok(Review::Recorded(status)) if status.state == ApprovalState::Granted => self.resume(held.approval_id),
            Ok(Review::Recorded(status)) => self.proposed(Answer::Held(Held { grants: status.grants, ..held })),
            Ok(Review::Refused(refusal)) => fail(&refusal),
            Err(error) => fail(&error),
        }
    }

    /// Runs a granted proposal.
    #[track_caller]
    pub fn resume(&mut self, approval: ApprovalId) -> Proposed {
        match self.runtime().resume(approval) {
            Ok(answer) => self.proposed(answer),
            Err(error) => fail(&error),
        }
    }

    /// Denies a held proposal.
    #[track_caller]
    pub fn deny(&mut self, held: &Held, reviewer: Authority, note: &str) -> &mut Self {
        match self.runtime().deny(&reviewer, held.approval_id, note) {
            Ok(Review::Recorded(_)) => self,
            Ok(Review::Refused(refusal)) => fail(&refusal),
            Err(error) => fail(&error),
        }
    }

    /// Tries to grant and asserts that the review is refused with this reason code.
    #[track_caller]
    pub fn assert_grant_refused(&mut self, held: &Held, reviewer: Authority, code: &str) -> ReviewRefusal {
        match self.runtime().grant(&reviewer, held.approval_id, "") {
            Ok(Review::Refused(refusal)) if refusal.code() == *code => refusal,
            Ok(Review::Refused(refusal)) => {
                fail(&format!("wanted the grant to be refused with `{code}`, got `{}`: {refusal}", refusal.code()))
            }
            Ok(Review::Recorded(status)) => {
                fail(&format!("wanted the grant to be refused with `{code}`, it is {}", status.state))
            }
            Err(error) => fail(&error),
        }
    }

    /// The answer with what the entity's timeline says beside it.
    fn proposed(&mut self, answer: Answer) -> Proposed {
        let entity = answer.entity().to_string();
        let timeline = self.runtime().timeline(&entity).map(|timeline| timeline.to_string()).unwrap_or_default();
        Proposed { answer, timeline }
    }

    /// Asserts the state of an entity, by name.
    #[track_caller]
    pub fn assert_state(&mut self, entity: &str, state: &str) -> &mut Self {
        match self.runtime().state(entity) {
            Ok(Some(found)) if found.state == *state => self,
            Ok(found) => fail(&format!(
                "`{entity}` is in {}, not in {state}",
                found.map_or_else(|| "no state".to_owned(), |it| it.state.to_string())
            )),
            Err(error) => fail(&error),
        }
    }

    /// Asserts the records of an entity: one line each, `kind actor summary`, white space as you like.
    #[track_caller]
    pub fn assert_timeline(&mut self, entity: &str, expected: &str) -> &mut Self {
        let timeline = match self.runtime().timeline(entity) {
            Ok(timeline) => timeline,
            Err(error) => fail(&error),
        };
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let expected: Vec<String> = expected.lines().map(words).filter(|line| !line.is_empty()).collect();
        let found: Vec<String> = timeline
            .entries()
            .map(|entry| words(&format!("{} {} {}", entry.kind, entry.actor, entry.summary)))
            .collect();
        if expected != found {
            fail(&format!("the timeline of `{entity}` differs:\n{}", difference(&expected, &found)));
        }
        self
    }

    /// Replays the whole log: every entity is rebuilt and compared, and the log is verified with the domain.
    #[must_use = "assert what the replay came to"]
    #[track_caller]
    pub fn replay(&mut self) -> Replayed {
        let log = match self.runtime().export() {
            Ok(log) => log,
            Err(error) => fail(&error),
        };
        let mut problems: Vec<String> =
            replay::verify_with(&self.domain, &log).faults.iter().map(ToString::to_string).collect();
        for entity in replay::entities(&log) {
            match self.runtime().rebuild(entity.as_str()) {
                Ok(rebuild) if rebuild.matches() => {}
                Ok(rebuild) => problems.push(rebuild.to_string()),
                Err(error) => problems.push(error.to_string()),
            }
        }
        Replayed { log, problems }
    }
}
