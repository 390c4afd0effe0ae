//! The one door to a [`Domain`]: everything is checked, and every fault is told at once.

use super::{
    Action, Bounds, CheckedMachine, CheckedStep, Domain, DomainError, DomainFault, Inner,
    digest::{Allowed, contract_digest, domain_digest},
    reviewers::check_reviewers,
    rules::{RuleCheck, check_codes, check_functions},
};
use crate::{
    base::{
        actor::{PermissionPolicy, RolePolicy},
        digest::Digest,
        ids::{ActionName, EntityType, EventType, NameError, Permission, Role, StateName, Version},
    },
    domain::{
        action::{ActionContract, Definition},
        machine::{Machine, StateMachine, Upcast},
    },
    value::Limits,
};
use std::{collections::BTreeSet, panic::Location, sync::Arc};

/// Collects machines, actions and roles, and checks them against each other.
///
/// By hand, from names that need not be known at compile time:
///
/// ```
/// use kiff::{Call, Contract, Definition, Domain, Machine, Outcome};
///
/// let ticket = Machine::new("ticket").starts("TICKET_RESOLVED", "RESOLVED").moves("RESOLVED", "TICKET_CLOSED", "CLOSED");
/// let close = Contract::new("CLOSE_TICKET", "ticket")
///     .allowed_states(["RESOLVED"])
///     .permissions(["tickets.close"])
///     .emits(["TICKET_CLOSED"]);
/// let domain = Domain::builder("support", "v1")
///     .table(ticket)
///     .define(Definition::new(close).executor(|_: Call<'_>| Ok(Outcome::new("closed").emit("TICKET_CLOSED"))))
///     .role("agent", ["tickets.close"])
///     .build()?;
/// assert_eq!(domain.actions().count(), 1);
/// # Ok::<(), kiff::DomainError>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct DomainBuilder {
    version: String,
    policy_version: Option<String>,
    bounds: Bounds,
    limits: Limits,
    machines: Vec<Machine>,
    definitions: Vec<Definition>,
    roles: RolePolicy,
    policy: Option<Arc<dyn PermissionPolicy>>,
    faults: Vec<DomainFault>,
}

impl DomainBuilder {
    pub(super) fn new(name: &str, version: &str) -> Self {
        Self {
            version: format!("{name}-{version}"),
            policy_version: None,
            bounds: Bounds::default(),
            limits: Limits::default(),
            machines: Vec::new(),
            definitions: Vec::new(),
            roles: RolePolicy::default(),
            policy: None,
            faults: Vec::new(),
        }
    }

    /// The version of the policy, where it changes apart from the domain. The domain's own by default.
    pub fn policy_version(mut self, version: impl Into<String>) -> Self {
        self.policy_version = Some(version.into());
        self
    }

    /// Adds the state machine of an entity.
    #[track_caller]
    pub fn machine<M: StateMachine>(self) -> Self {
        self.table(Machine::of::<M>())
    }

    /// Adds a state machine that was built as a table.
    pub fn table(mut self, machine: Machine) -> Self {
        self.machines.push(machine);
        self
    }

    /// Adds an annotated function. `A` is the type of the function's name, which `#[action]` makes: a
    /// plain function is refused by the compiler as "a function item, not a type".
    pub fn action<A: ActionContract>(self) -> Self {
        self.define(A::definition())
    }

    /// Adds an action that was built by hand.
    pub fn define(mut self, definition: Definition) -> Self {
        self.definitions.push(definition);
        self
    }

    /// Gives these permissions to a role.
    #[track_caller]
    pub fn role<P: AsRef<str>>(mut self, role: impl AsRef<str>, permissions: impl IntoIterator<Item = P>) -> Self {
        let at = Location::caller();
        let place = format!("{}:{}: role `{}`", at.file(), at.line(), role.as_ref());
        let permissions = permissions.into_iter().map(Permission::new).collect::<Result<Vec<_>, _>>();
        match (Role::new(role), permissions) {
            (Ok(role), Ok(permissions)) => self.roles.grant(role, permissions),
            (Err(error), _) | (_, Err(error)) => self.faults.push(DomainFault::Name { place, error }),
        }
        self
    }

    /// Asks this policy instead of the roles.
    pub fn policy(mut self, policy: impl PermissionPolicy + 'static) -> Self {
        self.policy = Some(Arc::new(policy));
        self
    }

    /// Changes the bounds that keep a hostile agent from growing the log.
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Changes what texts from outside may hold: proposals, events and reviews as JSON, where they are read with
    /// [`Domain::limits`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Checks everything and closes the domain.
    ///
    /// # Errors
    /// [`DomainError`] with every fault at once.
    pub fn build(mut self) -> Result<Domain, DomainError> {
        let faults = &mut self.faults;
        let version = named("the domain, as `<name>-<version>`", Version::new(&self.version), faults);
        let policy_version = match &self.policy_version {
            Some(policy) => named("the policy version", Version::new(policy), faults),
            None => version.clone(),
        };
        let policy: Arc<dyn PermissionPolicy> = self.policy.unwrap_or_else(|| Arc::new(self.roles));
        let machines: Vec<_> =
            self.machines.into_iter().filter_map(|machine| check_machine(machine, faults)).map(Arc::new).collect();
        duplicate_machines(&machines, faults);
        let held = policy.known_permissions();
        let mut actions: Vec<_> = self
            .definitions
            .into_iter()
            .filter_map(|definition| check_action(definition, &machines, held.as_ref(), faults))
            .map(Arc::new)
            .collect();
        actions.sort_by(|a, b| a.name.cmp(&b.name));
        duplicate_actions(&actions, faults);
        check_codes(&actions, faults);
        check_functions(&actions, faults);
        actions.iter().for_each(|action| check_reviewers(action, &*policy, faults));
        let (Some(version), Some(policy_version), []) = (version, policy_version, faults.as_slice()) else {
            return Err(DomainError { faults: self.faults });
        };
        let (bounds, limits) = (self.bounds, self.limits);
        let allowed = Allowed { bounds, limits: &limits };
        let digest = domain_digest(version.as_str(), policy_version.as_str(), &machines, &actions, &*policy, allowed);
        Ok(Domain(Arc::new(Inner { version, policy_version, digest, bounds, limits, policy, machines, actions })))
    }
}

/// Unwraps a name or notes what is wrong with it.
pub(super) fn named<T>(place: &str, name: Result<T, NameError>, faults: &mut Vec<DomainFault>) -> Option<T> {
    name.map_err(|error| faults.push(DomainFault::Name { place: place.to_owned(), error })).ok()
}

/// Unwraps names or notes what is wrong with each.
fn all_named<'a, T, E>(place: &str, texts: &'a [String], faults: &mut Vec<DomainFault>) -> Vec<T>
where
    T: TryFrom<&'a str, Error = E>,
    NameError: From<E>,
{
    texts.iter().filter_map(|text| named(place, T::try_from(text).map_err(NameError::from), faults)).collect()
}

fn check_machine(machine: Machine, faults: &mut Vec<DomainFault>) -> Option<CheckedMachine> {
    let before = faults.len();
    let place = format!("{}: entity `{}`", machine.location, machine.entity);
    let entity = named(&place, EntityType::new(&machine.entity), faults)?;
    if entity == *"kiff" {
        faults.push(DomainFault::ReservedEntity { place: machine.location.clone() });
    }
    let states = all_named(&place, &machine.states, faults);
    let mut steps = Vec::with_capacity(machine.steps.len());
    for step in &machine.steps {
        let from = step.from.as_ref().map(|from| named(&place, StateName::new(from), faults));
        let on = named(&place, step.on.parse(), faults);
        let to = named(&place, StateName::new(&step.to), faults);
        let sources = all_named(&place, &step.sources, faults);
        if let (Some(on), Some(to), true) = (on, to, from != Some(None)) {
            steps.push(CheckedStep { from: from.flatten(), on, to, sources });
        }
    }
    let upcasts = check_upcasts(&place, machine.upcasts, &steps, faults);
    let mut names: Vec<_> = upcasts.iter().map(|(event, _)| event.clone()).collect();
    names.sort();
    let blank = machine.blank.map(|blank| blank.seeing_through(upcasts));
    let place = machine.location;
    let mut machine = CheckedMachine { entity, states, steps, blank, upcasts: names, place, unreached: Vec::new() };
    if faults.len() == before {
        machine.unreached = check_steps(&machine, faults);
    }
    Some(machine)
}

/// An upcast of an event that no step is on would never be asked: most likely its name is misspelt.
fn check_upcasts(
    place: &str,
    upcasts: Vec<(String, Upcast)>,
    steps: &[CheckedStep],
    faults: &mut Vec<DomainFault>,
) -> Vec<(EventType, Upcast)> {
    let mut checked: Vec<(EventType, Upcast)> = Vec::with_capacity(upcasts.len());
    for (event, upcast) in upcasts {
        let Some(kind) = named(place, EventType::new(&event), faults) else { continue };
        let problem = match () {
            () if !steps.iter().any(|step| step.on == kind) => "is of no event of the machine",
            () if checked.iter().any(|(known, _)| *known == kind) => "is given twice",
            () => {
                checked.push((kind, upcast));
                continue;
            }
        };
        faults.push(DomainFault::Upcast { place: place.to_owned(), event, problem });
    }
    checked
}

/// The states that no event reaches, which are told as faults too.
fn check_steps(machine: &CheckedMachine, faults: &mut Vec<DomainFault>) -> Vec<StateName> {
    let (place, entity) = (|| machine.place.clone(), || machine.entity.to_string());
    let mut seen = BTreeSet::new();
    for step in &machine.steps {
        if !seen.insert((&step.from, &step.on)) {
            let from = step.from.as_ref().map_or_else(|| "no state".to_owned(), |from| format!("`{from}`"));
            let on = step.on.to_string();
            faults.push(DomainFault::DuplicateTransition { place: place(), entity: entity(), from, on });
        }
    }
    let mut reached: BTreeSet<&StateName> =
        machine.steps.iter().filter(|step| step.from.is_none()).map(|step| &step.to).collect();
    if reached.is_empty() {
        faults.push(DomainFault::NoStart { place: place(), entity: entity() });
        return Vec::new();
    }
    while let Some(next) = machine
        .steps
        .iter()
        .find(|step| step.from.as_ref().is_some_and(|from| reached.contains(from)) && !reached.contains(&step.to))
    {
        reached.insert(&next.to);
    }
    let unreached: Vec<_> = machine.states.iter().filter(|state| !reached.contains(state)).cloned().collect();
    faults.extend(unreached.iter().map(|state| DomainFault::UnreachableState {
        place: place(),
        entity: entity(),
        state: state.to_string(),
    }));
    unreached
}

fn duplicate_machines(machines: &[Arc<CheckedMachine>], faults: &mut Vec<DomainFault>) {
    for (place, machine) in machines.iter().enumerate() {
        if let Some(first) = machines.iter().take(place).find(|earlier| earlier.entity == machine.entity) {
            faults.push(DomainFault::DuplicateMachine {
                entity: machine.entity.to_string(),
                first: first.place.clone(),
                second: machine.place.clone(),
            });
        }
    }
}

fn duplicate_actions(sorted: &[Arc<Action>], faults: &mut Vec<DomainFault>) {
    for pair in sorted.windows(2) {
        if let [first, second] = pair
            && first.name == second.name
        {
            let (first, second) = (&first.contract, &second.contract);
            faults.push(DomainFault::DuplicateAction {
                name: first.name.clone(),
                first: first.location.clone(),
                second: second.location.clone(),
            });
        }
    }
}

fn check_action(
    definition: Definition,
    machines: &[Arc<CheckedMachine>],
    held: Option<&BTreeSet<Permission>>,
    faults: &mut Vec<DomainFault>,
) -> Option<Action> {
    let Definition { contract, checks, approval, executor, functions } = definition;
    let place = format!("{}: action `{}`", contract.location, contract.name);
    let name = named(&place, ActionName::new(&contract.name), faults)?;
    let entity = named(&place, EntityType::new(&contract.entity), faults)?;
    let Some(machine) = machines.iter().find(|machine| machine.entity == entity) else {
        let (place, action) = (contract.location, contract.name);
        faults.push(DomainFault::NoMachine { place, action, entity: contract.entity });
        return None;
    };
    let allowed = all_named(&place, &contract.allowed_states, faults);
    let permissions = all_named(&place, &contract.permissions, faults);
    let emits = all_named(&place, &contract.emits, faults);
    let reviewers = match contract.reviewers.as_str() {
        "" => None,
        text => named(&place, Permission::new(text), faults),
    };
    let mut rules = RuleCheck { contract: &contract, faults };
    let approval = rules.approval(approval, reviewers.as_ref());
    let checks = rules.checks(checks);
    let params = rules.params();
    rules.retry_window();
    let mut action = Action {
        name,
        entity,
        machine: Arc::clone(machine),
        allowed,
        permissions,
        approval,
        reviewers,
        checks,
        emits,
        params,
        digest: Digest::ZERO,
        executor,
        functions,
        contract,
    };
    check_states(&action, faults);
    check_permissions(&action, held, faults);
    action.digest = contract_digest(&action);
    Some(action)
}

fn check_states(action: &Action, faults: &mut Vec<DomainFault>) {
    let (place, name) = (|| action.contract.location.clone(), || action.name.to_string());
    if action.contract.allowed_states.is_empty() {
        faults.push(DomainFault::NoStates { place: place(), action: name() });
    }
    let mut seen = BTreeSet::new();
    for state in action.allowed.iter().filter(|state| !seen.insert(*state)) {
        let problem = format!("state `{state}` is allowed twice");
        faults.push(DomainFault::Rule { place: place(), action: name(), problem });
    }
    let machine = &action.machine;
    for state in &action.allowed {
        if !machine.states.contains(state) {
            faults.push(DomainFault::UnknownState {
                place: place(),
                action: name(),
                entity: action.entity.to_string(),
                state: state.to_string(),
                known: machine.states.iter().map(ToString::to_string).collect(),
            });
            continue;
        }
        if machine.unreached.contains(state) {
            faults.push(DomainFault::NeverInState { place: place(), action: name(), state: state.to_string() });
        }
        for event in action.emits.iter().filter(|event| machine.step(Some(state), event).is_none()) {
            faults.push(DomainFault::EmitsNowhere {
                place: place(),
                action: name(),
                event: event.to_string(),
                state: state.to_string(),
            });
        }
    }
}

fn check_permissions(action: &Action, held: Option<&BTreeSet<Permission>>, faults: &mut Vec<DomainFault>) {
    let Some(held) = held else { return };
    for permission in
        action.permissions.iter().chain(&action.reviewers).filter(|permission| !held.contains(*permission))
    {
        faults.push(DomainFault::PermissionNotHeld {
            place: action.contract.location.clone(),
            action: action.name.to_string(),
            permission: permission.to_string(),
        });
    }
}
