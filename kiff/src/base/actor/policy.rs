//! What an actor may do.

use super::identity::Actor;
use crate::base::ids::{Permission, Role};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// The roles and permissions of an actor, as a policy resolved them. A decision records both.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Sorted, each once.
    pub roles: Arc<[Role]>,
    /// Sorted, each once.
    pub permissions: Arc<[Permission]>,
}

impl Granted {
    /// Joins roles and permissions, sorted.
    pub fn new(roles: impl IntoIterator<Item = Role>, permissions: impl IntoIterator<Item = Permission>) -> Self {
        let roles: BTreeSet<Role> = roles.into_iter().collect();
        let permissions: BTreeSet<Permission> = permissions.into_iter().collect();
        Self { roles: roles.into_iter().collect(), permissions: permissions.into_iter().collect() }
    }

    /// Whether the permission is among them.
    #[must_use]
    pub fn holds(&self, permission: &Permission) -> bool {
        self.permissions.binary_search(permission).is_ok()
    }
}

/// Decides what an actor may do. Implement it to use your own directory; the default is [`RolePolicy`].
///
/// It is called during a decision and again on replay, so it must be a pure function of its arguments and of data that
/// changes only with the policy version.
///
/// ```
/// use kiff::{
///     Authority, Domain, actor::{Actor, ActorType, Granted, PermissionPolicy}, domain::Machine,
///     ids::{Permission, Role},
/// };
/// use std::sync::Arc;
///
/// /// People may do everything; an agent holds the permissions that its roles are named after.
/// #[derive(Debug)]
/// struct Directory {
///     all: Vec<Permission>,
/// }
///
/// impl PermissionPolicy for Directory {
///     fn resolve(&self, actor: &Actor, roles: &Arc<[Role]>) -> Granted {
///         let has = |permission: &&Permission| {
///             actor.kind == ActorType::Human || roles.iter().any(|role| role.as_str() == permission.as_str())
///         };
///         Granted::new(roles.iter().cloned(), self.all.iter().filter(has).cloned())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let directory = Directory { all: vec![Permission::new("orders.refund")?, Permission::new("orders.approve")?] };
/// let agent = Authority::agent("bot", ["orders.refund"])?;
/// let granted = directory.resolve(agent.actor(), agent.roles());
/// assert!(granted.holds(&Permission::new("orders.refund")?));
/// assert!(!granted.holds(&Permission::new("orders.approve")?));
///
/// // Change the version when the rules of the directory change.
/// let domain = Domain::builder("shop", "v1")
///     .table(Machine::new("order").starts("ORDER_PLACED", "CREATED"))
///     .policy(directory)
///     .policy_version("directory-2026-05")
///     .build()?;
/// # let _ = domain;
/// # Ok(())
/// # }
/// ```
pub trait PermissionPolicy: fmt::Debug + Send + Sync {
    /// The roles and permissions of `actor`, whom the host gave `roles`.
    fn resolve(&self, actor: &Actor, roles: &Arc<[Role]>) -> Granted;

    /// Every permission that someone could hold, if the policy knows them all. [`Domain`](crate::Domain) refuses a contract
    /// that needs another permission.
    fn known_permissions(&self) -> Option<BTreeSet<Permission>> {
        None
    }

    /// Everyone who could hold the permission, if the policy knows them all. [`Domain`](crate::Domain) refuses a contract
    /// whose quorum is larger than that, or that only the requester could consent to.
    ///
    /// ```
    /// use kiff::{
    ///     Authority, Domain, actor::{Actor, Granted, PermissionPolicy},
    ///     domain::{Contract, Definition, DomainFault, Machine}, ids::{Permission, Role},
    /// };
    /// use std::sync::Arc;
    ///
    /// /// A shop of two.
    /// #[derive(Debug)]
    /// struct AnnAndBob;
    ///
    /// impl PermissionPolicy for AnnAndBob {
    ///     fn resolve(&self, _: &Actor, roles: &Arc<[Role]>) -> Granted {
    ///         Granted::new(roles.iter().cloned(), Permission::new("orders.approve"))
    ///     }
    ///
    ///     fn holders(&self, _: &Permission) -> Option<Vec<Actor>> {
    ///         let people = ["ann", "bob"].map(|id| Authority::human(id, [""; 0]));
    ///         Some(people.iter().flatten().map(|person| Actor::clone(person.actor())).collect())
    ///     }
    /// }
    ///
    /// let refund = Contract::new("REFUND", "order").allowed_states(["PAID"]).approval_required("orders.approve").quorum(3);
    /// let order = Machine::new("order").starts("ORDER_PAID", "PAID");
    /// let error = Domain::builder("shop", "v1").table(order).define(Definition::new(refund)).policy(AnnAndBob).build();
    /// let faults = error.map_err(|error| error.faults().to_vec()).unwrap_err();
    /// assert!(matches!(faults[..], [DomainFault::QuorumTooLarge { quorum: 3, reviewers: 2, .. }]));
    /// ```
    fn holders(&self, permission: &Permission) -> Option<Vec<Actor>> {
        let _ = permission;
        None
    }

    /// The permissions of each role, for the digest of the domain, if the policy knows them.
    fn describe(&self) -> BTreeMap<Role, BTreeSet<Permission>> {
        BTreeMap::new()
    }
}

/// Permissions by role, as `Domain::builder(..).role(..)` adds them.
#[derive(Clone, Debug, Default)]
pub struct RolePolicy {
    roles: BTreeMap<Role, Arc<[Permission]>>,
}

impl RolePolicy {
    /// Adds these permissions to those of a role.
    pub fn grant(&mut self, role: Role, permissions: impl IntoIterator<Item = Permission>) {
        let held = self.roles.entry(role).or_insert_with(|| Arc::new([]));
        let all: BTreeSet<Permission> = held.iter().cloned().chain(permissions).collect();
        *held = all.into_iter().collect();
    }
}

impl PermissionPolicy for RolePolicy {
    fn resolve(&self, _: &Actor, roles: &Arc<[Role]>) -> Granted {
        let held = |role: &Role| self.roles.get(role);
        let permissions = match &**roles {
            // One role is the common case, and needs no new list.
            [role] => held(role).cloned().unwrap_or_else(|| Arc::new([])),
            roles => {
                let all: BTreeSet<&Permission> = roles.iter().filter_map(held).flat_map(|all| all.iter()).collect();
                all.into_iter().cloned().collect()
            }
        };
        Granted { roles: Arc::clone(roles), permissions }
    }

    fn known_permissions(&self) -> Option<BTreeSet<Permission>> {
        Some(self.roles.values().flat_map(|all| all.iter().cloned()).collect())
    }

    fn describe(&self) -> BTreeMap<Role, BTreeSet<Permission>> {
        self.roles.iter().map(|(role, all)| (role.clone(), all.iter().cloned().collect())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::actor::Authority;

    #[test]
    fn several_roles_add_up() {
        let mut policy = RolePolicy::default();
        let permission = |text| Permission::new(text).unwrap();
        policy.grant(Role::new("a").unwrap(), [permission("x.b"), permission("x.a")]);
        policy.grant(Role::new("b").unwrap(), [permission("x.c"), permission("x.a")]);
        let authority = Authority::human("h", ["b", "a", "unknown"]).unwrap();
        let resolved = policy.resolve(authority.actor(), authority.roles());
        assert_eq!(resolved.permissions.iter().map(Permission::as_str).collect::<Vec<_>>(), ["x.a", "x.b", "x.c"]);
        assert!(resolved.holds(&permission("x.b")) && !resolved.holds(&permission("x.d")));
    }
}
