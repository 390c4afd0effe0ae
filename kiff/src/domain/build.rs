//! The builder of a domain: it checks everything and reports every fault at once.

use super::{
    bounds::Bounds,
    built::{Domain, Parts},
    check::{
        check_action, check_codes, check_functions, check_machine, check_reviewers, check_unique_entities,
        check_unique_names, named,
    },
    digest::{Allowed, domain_digest},
    fault::{DomainError, DomainFault},
};
use crate::{
    base::{
        actor::{PermissionPolicy, RolePolicy},
        ids::{Permission, Role, Version},
    },
    domain::{
        action::{ActionContract, Definition},
        machine::{Machine, StateMachine},
    },
    value::Limits,
};
use std::{panic::Location, sync::Arc};

impl Domain {
    /// Starts a domain. `name` and `version` together are the domain version of every decision: `refund-ops` and `v2` give
    /// `refund-ops-v2`. The code of a rule cannot be hashed, so a change of code needs a new version.
    pub fn builder(name: impl AsRef<str>, version: impl AsRef<str>) -> DomainBuilder {
        DomainBuilder::new(name.as_ref(), version.as_ref())
    }
}

/// Collects machines, actions and roles, and checks them against each other.
///
/// A domain that is built by hand, from names that need not be known at compile time:
///
/// ```
/// use kiff::{Domain, Outcome, domain::{Call, Contract, Definition, Machine}};
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
    fn new(name: &str, version: &str) -> Self {
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

    /// Sets the version of the policy, where the policy changes apart from the domain. The version of the domain by default.
    pub fn policy_version(mut self, version: impl Into<String>) -> Self {
        self.policy_version = Some(version.into());
        self
    }

    /// Adds a derived state machine, by its type. [`table`](Self::table) takes one that is only known at run time.
    #[track_caller]
    pub fn machine<M: StateMachine>(self) -> Self {
        self.table(Machine::of::<M>())
    }

    /// Adds a state machine that was built as a table, by value. [`machine`](Self::machine) takes a derived one.
    pub fn table(mut self, machine: Machine) -> Self {
        self.machines.push(machine);
        self
    }

    /// Adds an annotated function, by the type of the same name that `#[action]` makes. [`define`](Self::define) takes an
    /// action that is only known at run time. The compiler refuses a plain function as "a function item, not a type".
    pub fn action<A: ActionContract>(self) -> Self {
        self.define(A::definition())
    }

    /// Adds an action that was built by hand, by value. [`action`](Self::action) takes an annotated function.
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

    /// Resolves permissions by this policy instead of by the roles.
    pub fn policy(mut self, policy: impl PermissionPolicy + 'static) -> Self {
        self.policy = Some(Arc::new(policy));
        self
    }

    /// Sets the bounds that keep a hostile agent from growing the log.
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Sets the limits for texts from outside: proposals, events and reviews as JSON, where they are read with
    /// [`Domain::limits`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Checks everything and builds the domain.
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
        check_unique_entities(&machines, faults);
        let held = policy.known_permissions();
        let mut actions: Vec<_> = self
            .definitions
            .into_iter()
            .filter_map(|definition| check_action(definition, &machines, held.as_ref(), faults))
            .map(Arc::new)
            .collect();
        actions.sort_by(|a, b| a.name.cmp(&b.name));
        check_unique_names(&actions, faults);
        check_codes(&actions, faults);
        check_functions(&actions, faults);
        actions.iter().for_each(|action| check_reviewers(action, &*policy, faults));
        let (Some(version), Some(policy_version), []) = (version, policy_version, faults.as_slice()) else {
            return Err(DomainError { faults: self.faults });
        };
        let (bounds, limits) = (self.bounds, self.limits);
        let allowed = Allowed { bounds, limits: &limits };
        let digest = domain_digest(version.as_str(), policy_version.as_str(), &machines, &actions, &*policy, allowed);
        Ok(Domain::of(Parts { version, policy_version, digest, bounds, limits, policy, machines, actions }))
    }
}
