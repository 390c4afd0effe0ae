//! Who acts, and on what authority.
//!
//! An [`Authority`] is the only thing that says who acts. Host code makes it, after it has
//! authenticated its caller; nothing that an agent sends can become one, so it cannot be deserialised.

use crate::base::ids::{ActorId, NameError, Permission, Role};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// What kind of actor acts.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning: the format names these four")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorType {
    /// A program that decides for itself, such as a language model with tools.
    Agent,
    /// A person.
    Human,
    /// Another service, such as a payment provider that reports events.
    Service,
    /// The host itself, such as a scheduled job.
    System,
}

impl ActorType {
    /// The word that the log uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Human => "human",
            Self::Service => "service",
            Self::System => "system",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Agent, Self::Human, Self::Service, Self::System].into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for ActorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who acted: what a record says of it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor {
    /// The actor's id.
    pub id: ActorId,
    /// What kind of actor it is.
    pub kind: ActorType,
    /// The principal behind an agent, where the host names one.
    pub on_behalf_of: Option<ActorId>,
}

impl Actor {
    pub(crate) fn new(id: ActorId, kind: ActorType, on_behalf_of: Option<ActorId>) -> Self {
        Self { id, kind, on_behalf_of }
    }

    /// True if one is the other or its principal, or acts for one of them. Another spelling of an id by case alone does
    /// not make another person.
    pub(crate) fn is_party_with(&self, other: &Self) -> bool {
        let names = |actor: &Self| [Some(actor.id.clone()), actor.on_behalf_of.clone()];
        let (mine, theirs) = (names(self), names(other));
        let is_theirs =
            |name: &ActorId| theirs.iter().flatten().any(|their| name.as_str().eq_ignore_ascii_case(their.as_str()));
        mine.iter().flatten().any(is_theirs)
    }
}

/// Who acts in one call, and the roles that the host gives to it.
///
/// Made by host code alone. The constructors check names but return no error, so that a call stays
/// one line: a name that breaks its alphabet is reported by the call that uses the authority.
///
/// ```
/// use kiff::Authority;
///
/// let agent = Authority::agent("ops-agent", ["operator"]).on_behalf_of("alice");
/// let stripe = Authority::service("stripe");
/// assert_eq!(agent.actor()?.id, *"ops-agent");
/// assert!(stripe.roles()?.is_empty());
/// # Ok::<(), kiff::NameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Authority(Result<Named, NameError>);

#[derive(Clone, Debug)]
struct Named {
    actor: Arc<Actor>,
    roles: Arc<[Role]>,
}

impl Authority {
    /// An agent with these roles.
    pub fn agent<R: AsRef<str>>(id: impl AsRef<str>, roles: impl IntoIterator<Item = R>) -> Self {
        Self::of(ActorType::Agent, id.as_ref(), roles)
    }

    /// A person with these roles.
    pub fn human<R: AsRef<str>>(id: impl AsRef<str>, roles: impl IntoIterator<Item = R>) -> Self {
        Self::of(ActorType::Human, id.as_ref(), roles)
    }

    /// Another service, without roles.
    pub fn service(id: impl AsRef<str>) -> Self {
        Self::of(ActorType::Service, id.as_ref(), [""; 0])
    }

    /// The host itself, without roles.
    pub fn system(id: impl AsRef<str>) -> Self {
        Self::of(ActorType::System, id.as_ref(), [""; 0])
    }

    /// The same actor with these roles instead.
    #[must_use]
    pub fn with_roles<R: AsRef<str>>(self, roles: impl IntoIterator<Item = R>) -> Self {
        Self(self.0.and_then(|granted| Ok(Named { roles: parse_roles(roles)?, ..granted })))
    }

    /// The same actor, acting for this principal.
    #[must_use]
    pub fn on_behalf_of(self, principal: impl AsRef<str>) -> Self {
        Self(self.0.and_then(|granted| {
            let mut actor = Arc::unwrap_or_clone(granted.actor);
            actor.on_behalf_of = Some(ActorId::new(principal)?);
            Ok(Named { actor: Arc::new(actor), ..granted })
        }))
    }

    /// Who acts.
    ///
    /// # Errors
    /// [`NameError`] if a name that the authority was made with breaks its alphabet.
    pub fn actor(&self) -> Result<&Arc<Actor>, NameError> {
        self.granted().map(|granted| &granted.actor)
    }

    /// The roles that the host gave.
    ///
    /// # Errors
    /// [`NameError`] if a name that the authority was made with breaks its alphabet.
    pub fn roles(&self) -> Result<&Arc<[Role]>, NameError> {
        self.granted().map(|granted| &granted.roles)
    }

    fn of<R: AsRef<str>>(kind: ActorType, id: &str, roles: impl IntoIterator<Item = R>) -> Self {
        Self(ActorId::new(id).and_then(|id| {
            let actor = Arc::new(Actor::new(id, kind, None));
            Ok(Named { actor, roles: parse_roles(roles)? })
        }))
    }

    fn granted(&self) -> Result<&Named, NameError> {
        self.0.as_ref().map_err(Clone::clone)
    }
}

fn parse_roles<R: AsRef<str>>(roles: impl IntoIterator<Item = R>) -> Result<Arc<[Role]>, NameError> {
    let roles: BTreeSet<Role> = roles.into_iter().map(Role::new).collect::<Result<_, _>>()?;
    Ok(roles.into_iter().collect())
}

/// The roles and permissions of an actor, as a policy resolved them. Decisions record both.
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

    /// True if the permission is among them.
    #[must_use]
    pub fn holds(&self, permission: &Permission) -> bool {
        self.permissions.binary_search(permission).is_ok()
    }
}

/// Says what an actor may do. Implement it to ask your own directory; the default is [`RolePolicy`].
///
/// The heart asks it in the middle of a decision and again on replay, so it must be a pure function of
/// its arguments and of data that changes only with the policy version.
///
/// ```
/// use kiff::{Actor, ActorType, Authority, Domain, Granted, Machine, Permission, PermissionPolicy, Role};
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
/// let agent = Authority::agent("bot", ["orders.refund"]);
/// let granted = directory.resolve(agent.actor()?, agent.roles()?);
/// assert!(granted.holds(&Permission::new("orders.refund")?));
/// assert!(!granted.holds(&Permission::new("orders.approve")?));
///
/// // What the rules are goes by the version: change it when the directory's rules change.
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

    /// Every permission that someone could hold, if the policy can tell. [`Domain`](crate::Domain)
    /// refuses a contract that needs a permission outside it.
    fn known_permissions(&self) -> Option<BTreeSet<Permission>> {
        None
    }

    /// Everyone who could hold the permission, if the policy knows them all. [`Domain`](crate::Domain) refuses a contract
    /// whose quorum is larger than that, or that only the requester could consent to.
    ///
    /// ```
    /// use kiff::{Actor, Authority, Contract, Definition, Domain, DomainFault, Granted, Machine, Permission, PermissionPolicy, Role};
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
    ///         Some(people.iter().filter_map(|person| Some(Actor::clone(person.actor().ok()?))).collect())
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

    /// The rules as text, for the domain's digest, if the policy can tell.
    fn describe(&self) -> BTreeMap<Role, BTreeSet<Permission>> {
        BTreeMap::new()
    }
}

/// Permissions by role: what `Domain::builder(..).role(..)` fills.
#[derive(Clone, Debug, Default)]
pub struct RolePolicy {
    roles: BTreeMap<Role, Arc<[Permission]>>,
}

impl RolePolicy {
    /// Gives these permissions to a role, on top of those that it has.
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
            // One role is the common case, and its permissions are already what is asked for.
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

    #[test]
    fn a_bad_name_is_kept_until_it_is_used() {
        assert!(Authority::agent("ops agent", ["operator"]).actor().is_err());
        assert!(Authority::agent("ops-agent", ["oper ator"]).actor().is_err());
        assert!(Authority::service("stripe").on_behalf_of("").actor().is_err());
    }

    #[test]
    fn several_roles_add_up() {
        let mut policy = RolePolicy::default();
        let permission = |text| Permission::new(text).unwrap();
        policy.grant(Role::new("a").unwrap(), [permission("x.b"), permission("x.a")]);
        policy.grant(Role::new("b").unwrap(), [permission("x.c"), permission("x.a")]);
        let authority = Authority::human("h", ["b", "a", "unknown"]);
        let resolved = policy.resolve(authority.actor().unwrap(), authority.roles().unwrap());
        assert_eq!(resolved.permissions.iter().map(Permission::as_str).collect::<Vec<_>>(), ["x.a", "x.b", "x.c"]);
        assert!(resolved.holds(&permission("x.b")) && !resolved.holds(&permission("x.d")));
    }
}
