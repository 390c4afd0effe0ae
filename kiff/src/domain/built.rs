//! A domain that was built, and so is sound.

use super::{
    bounds::Bounds,
    checked::{Action, CheckedMachine},
};
use crate::{
    base::{
        actor::PermissionPolicy,
        digest::Digest,
        ids::{ActionName, Version},
    },
    domain::action::Provided,
    value::Limits,
};
use std::{fmt, sync::Arc};

/// Machines, contracts and roles that have been checked against each other. Cheap to clone.
///
/// Register annotated functions and derived machines by their types:
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
/// [`DomainBuilder`](crate::domain::DomainBuilder) has an example that is built by hand.
#[derive(Clone)]
pub struct Domain(Arc<Parts>);

pub(in crate::domain) struct Parts {
    pub(in crate::domain) version: Version,
    pub(in crate::domain) policy_version: Version,
    pub(in crate::domain) digest: Digest,
    pub(in crate::domain) bounds: Bounds,
    pub(in crate::domain) limits: Limits,
    pub(in crate::domain) policy: Arc<dyn PermissionPolicy>,
    pub(in crate::domain) machines: Vec<Arc<CheckedMachine>>,
    /// Sorted by name.
    pub(in crate::domain) actions: Vec<Arc<Action>>,
}

impl Domain {
    /// INVARIANT: the builder has checked the parts against each other.
    pub(in crate::domain) fn of(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The name and the version, as every decision records them.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.0.version
    }

    /// The version of the policy, as every decision records it.
    #[must_use]
    pub fn policy_version(&self) -> &Version {
        &self.0.policy_version
    }

    /// The digest of the contracts, the machines and the roles.
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

    /// The limits for texts from outside. They apply to a text that is read with them; a proposal that host code makes has
    /// no text.
    ///
    /// ```
    /// use kiff::{Domain, NewEvent, domain::Machine, value::Limits};
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

    /// The types that the executors need from the host, each with the action that needs it.
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
