//! The domain: machines, contracts and roles that have been checked against each other.
//!
//! [`Domain::builder`] is the only door, and it refuses an unsound domain with every fault at once. So
//! the heart can ask a domain anything and never meet a state that no machine has.

pub(crate) mod param;
pub(crate) mod contract;
pub(crate) mod machine;
pub(crate) mod ctx;
pub(crate) mod action;
mod build;
mod digest;
pub(crate) mod export;
mod fault;
mod lint;
mod reviewers;
mod rules;

pub use build::DomainBuilder;
pub use export::tool::Tool;
pub use fault::{DomainError, DomainFault};
pub use lint::DomainWarning;

use crate::{
    base::{
        actor::{ActorType, PermissionPolicy},
        code::Code,
        digest::Digest,
        ids::{ActionName, ActorId, EntityType, EventType, Permission, StateName, Version},
    },
    domain::{
        action::{Ask, Executor, Provided, RuleFunction},
        contract::{Contract, Declaration, Effect, Risk},
        machine::FactsBox,
        param::{CheckedParam, ParamSpec},
    },
    value::Limits,
};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// Machines, contracts and roles that have been checked against each other. Cheap to clone.
///
/// An annotated function and a machine by derive are registered by their types:
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use kiff::{Ctx, Domain, Outcome, StateMachine, action};
///
/// /// A support ticket.
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
/// #[state_machine(entity = "ticket")]
/// enum Ticket {
///     #[enter(on = "TICKET_RESOLVED")]
///     Resolved,
///     #[enter(from = Resolved, on = "TICKET_CLOSED")]
///     Closed,
/// }
///
/// /// Closes a ticket.
/// #[action(allowed_states = [Resolved], permissions = ["tickets.close"], emits = ["TICKET_CLOSED"])]
/// fn close_ticket(ticket: &Ctx<'_, Ticket>) -> Outcome {
///     Outcome::new(format!("{} closed", ticket.id())).emit("TICKET_CLOSED")
/// }
///
/// let domain = Domain::builder("support", "v1")
///     .machine::<Ticket>()
///     .action::<close_ticket>()
///     .role("agent", ["tickets.close"])
///     .build()?;
/// assert_eq!(domain.version().as_str(), "support-v1");
/// assert!(domain.action("CLOSE_TICKET").is_some());
/// # }
/// # Ok::<(), kiff::DomainError>(())
/// ```
///
/// [`DomainBuilder`] shows one that is built by hand.
#[derive(Clone)]
pub struct Domain(Arc<Inner>);

struct Inner {
    version: Version,
    policy_version: Version,
    digest: Digest,
    bounds: Bounds,
    limits: Limits,
    policy: Arc<dyn PermissionPolicy>,
    machines: Vec<Arc<CheckedMachine>>,
    actions: Vec<Arc<Action>>,
}

/// Bounds that keep a hostile agent from growing the log, and a lost execution from blocking it for good. All
/// are for one entity.
///
/// ```
/// use kiff::{Bounds, Domain, Machine};
/// use std::time::Duration;
///
/// let bounds = Bounds::default().with_open_approvals(4).with_lease(Duration::from_secs(60));
/// let domain = Domain::builder("shop", "v1")
///     .table(Machine::new("order").starts("ORDER_PLACED", "CREATED"))
///     .bounds(bounds)
///     .build()?;
/// assert_eq!(domain.bounds().open_approvals, 4);
/// assert_eq!(domain.bounds().refusals, 100);
/// # Ok::<(), kiff::DomainError>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many refusals of one actor are recorded one by one since the last event. 100 by default.
    pub refusals: u64,
    /// How many approvals one requester may have open. 32 by default.
    pub open_approvals: usize,
    /// How many events one execution may emit. 64 by default; the rest is recorded as rejected.
    pub emitted_events: usize,
    /// After how long an execution without an outcome counts as abandoned, where its contract names no
    /// timeout. Ten minutes by default. Until then nobody can say that it did nothing, and nobody retries it.
    ///
    /// It is for executions of other processes: one cannot see what runs in another, and what runs in its own it
    /// leaves alone however long it takes. Each process reads it by its own clock, and no safety rests on that: one
    /// whose clock is ahead calls an attempt abandoned too early, and a success that comes then is recorded as
    /// `outcome_conflict` and puts the entity in doubt again. So let it be longer than any attempt takes, by more than
    /// clocks differ.
    pub lease: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { refusals: 100, open_approvals: 32, emitted_events: 64, lease: Duration::from_secs(600) }
    }
}

impl Bounds {
    /// The same with this many refusals.
    #[must_use]
    pub const fn with_refusals(mut self, refusals: u64) -> Self {
        self.refusals = refusals;
        self
    }

    /// The same with this many open approvals.
    #[must_use]
    pub const fn with_open_approvals(mut self, open_approvals: usize) -> Self {
        self.open_approvals = open_approvals;
        self
    }

    /// The same with this many emitted events.
    #[must_use]
    pub const fn with_emitted_events(mut self, emitted_events: usize) -> Self {
        self.emitted_events = emitted_events;
        self
    }

    /// The same with this lease.
    #[must_use]
    pub const fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }
}

impl Domain {
    /// Starts a domain. `name` and `version` together are the domain version on every decision:
    /// `refund-ops` and `v2` give `refund-ops-v2`. What a rule's code does cannot be hashed, so a change
    /// of code is a new version.
    pub fn builder(name: impl AsRef<str>, version: impl AsRef<str>) -> DomainBuilder {
        DomainBuilder::new(name.as_ref(), version.as_ref())
    }

    /// The name and version, as on every decision.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.0.version
    }

    /// The version of the policy, as on every decision.
    #[must_use]
    pub fn policy_version(&self) -> &Version {
        &self.0.policy_version
    }

    /// The digest of all contracts, machines and roles.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The actions, in the order of their names.
    pub fn actions(&self) -> impl ExactSizeIterator<Item = &Action> {
        self.0.actions.iter().map(|action| &**action)
    }

    /// The action of this name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.find(name).map(|action| &**action)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Action>> {
        let place = self.0.actions.binary_search_by(|action| action.name.as_str().cmp(name)).ok()?;
        self.0.actions.get(place)
    }

    pub(crate) fn machine(&self, entity: &str) -> Option<&Arc<CheckedMachine>> {
        self.0.machines.iter().find(|machine| machine.entity.as_str() == entity)
    }

    pub(crate) fn machines(&self) -> impl Iterator<Item = &CheckedMachine> {
        self.0.machines.iter().map(|machine| &**machine)
    }

    pub(crate) fn policy(&self) -> &dyn PermissionPolicy {
        &*self.0.policy
    }

    /// The bounds that keep a hostile agent from growing the log.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.0.bounds
    }

    /// What texts from outside may hold. It counts where they are read with it: a proposal that host code makes has
    /// no text.
    ///
    /// ```
    /// use kiff::{Domain, Machine, NewEvent, value::Limits};
    ///
    /// let domain = Domain::builder("shop", "v1")
    ///     .table(Machine::new("order").starts("ORDER_PLACED", "CREATED"))
    ///     .limits(Limits::default().with_bytes(1_024))
    ///     .build()?;
    /// let long = format!(r#"{{"event_id": "e", "event_type": "NOTED", "payload": "{}"}}"#, "x".repeat(1_024));
    /// assert!(NewEvent::from_json_with(long.as_bytes(), domain.limits()).is_err());
    /// # Ok::<(), kiff::DomainError>(())
    /// ```
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What the executors want from the host, with the action that wants it.
    pub(crate) fn needs(&self) -> impl Iterator<Item = (&ActionName, Provided)> {
        let needs = |action: &Action| action.executor.as_ref().map(|executor| executor.needs()).unwrap_or_default();
        self.0.actions.iter().flat_map(move |action| needs(action).into_iter().map(|need| (&action.name, need)))
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.actions().map(Action::name).collect();
        f.debug_struct("Domain").field("version", self.version()).field("actions", &names).finish_non_exhaustive()
    }
}

/// A contract that a domain has checked, with its rules and its executor.
pub struct Action {
    pub(crate) name: ActionName,
    pub(crate) entity: EntityType,
    pub(crate) machine: Arc<CheckedMachine>,
    pub(crate) allowed: Vec<StateName>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) approval: CheckedApproval,
    pub(crate) reviewers: Option<Permission>,
    pub(crate) checks: Vec<(Code, Ask)>,
    pub(crate) emits: Vec<EventType>,
    /// Sorted by name.
    pub(crate) params: Vec<CheckedParam>,
    pub(crate) digest: Digest,
    pub(crate) executor: Option<Arc<dyn Executor>>,
    /// The functions behind the codes, where they are known.
    functions: BTreeMap<&'static str, RuleFunction>,
    pub(crate) contract: Contract,
}

/// When a person must consent, with the policy to ask.
#[derive(Clone)]
pub(crate) enum CheckedApproval {
    Never,
    Required,
    When(Code, Ask),
}

impl Action {
    /// The action's name.
    #[must_use]
    pub fn name(&self) -> &ActionName {
        &self.name
    }

    /// The entity type that it acts on.
    #[must_use]
    pub fn entity(&self) -> &EntityType {
        &self.entity
    }

    /// What it does, in the words of the function's documentation.
    #[must_use]
    pub fn doc(&self) -> &str {
        &self.contract.doc
    }

    /// How much harm it could do.
    #[must_use]
    pub fn risk(&self) -> Risk {
        self.contract.risk
    }

    /// What running it twice would do.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.contract.effect
    }

    /// How long the executor may take.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.contract.timeout
    }

    /// How long after its clearance another attempt may start; nothing unless the effect is idempotent.
    #[must_use]
    pub fn retry_within(&self) -> Option<Duration> {
        let default = Duration::from_millis(Declaration::DEFAULT_RETRY_WITHIN_MS);
        (self.contract.effect == Effect::Idempotent).then(|| self.contract.retry_within.unwrap_or(default))
    }

    /// The states in which it may run.
    #[must_use]
    pub fn allowed_states(&self) -> &[StateName] {
        &self.allowed
    }

    /// The permissions that the requester must hold, all of them.
    #[must_use]
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// The permission that a reviewer must hold, if approval is ever asked for.
    #[must_use]
    pub fn reviewers(&self) -> Option<&Permission> {
        self.reviewers.as_ref()
    }

    /// The event types that the executor may emit.
    #[must_use]
    pub fn emits(&self) -> &[EventType] {
        &self.emits
    }

    /// The parameters, in the order of their names. A parameter's name is the first part of the pair.
    pub fn params(&self) -> impl ExactSizeIterator<Item = (&str, &ParamSpec)> {
        self.params.iter().map(|param| (param.name.as_str(), &param.spec))
    }

    /// The digest of the contract and its machine ([formats](crate::_guide::formats) §7).
    #[must_use]
    pub fn contract_digest(&self) -> Digest {
        self.digest
    }

    /// Where the contract is declared: `src/orders.rs:12`.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.contract.location
    }

    pub(crate) fn reviewer_kinds(&self) -> &[ActorType] {
        &self.contract.reviewer_kinds
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("contract", &self.contract).finish_non_exhaustive()
    }
}

/// A state machine whose names have been checked.
#[derive(Debug)]
pub(crate) struct CheckedMachine {
    pub(crate) entity: EntityType,
    pub(crate) states: Vec<StateName>,
    pub(crate) steps: Vec<CheckedStep>,
    pub(crate) blank: Option<FactsBox>,
    /// The events that facts see through an upcast, sorted.
    pub(crate) upcasts: Vec<EventType>,
    /// Where it was added to the domain, or made as a table.
    place: String,
    /// The states that no event reaches: none in a domain that was built.
    unreached: Vec<StateName>,
}

#[derive(Debug)]
pub(crate) struct CheckedStep {
    pub(crate) from: Option<StateName>,
    pub(crate) on: EventType,
    pub(crate) to: StateName,
    pub(crate) sources: Vec<ActorId>,
}

impl CheckedMachine {
    /// The step that the event takes from the state, if there is one.
    pub(crate) fn step(&self, from: Option<&StateName>, on: &EventType) -> Option<&CheckedStep> {
        self.steps.iter().find(|step| step.from.as_ref() == from && step.on == *on)
    }
}
