//! Who acts in one call.

use super::identity::{Actor, ActorType};
use crate::base::ids::{ActorId, NameError, Role};
use std::{collections::BTreeSet, sync::Arc};

/// Who acts in one call, and the roles that the host gives to it.
///
/// Only host code makes one. The constructors check names but return no error, so that a call stays one line: a name that
/// breaks its alphabet is reported by the call that uses the authority.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_name_is_kept_until_it_is_used() {
        assert!(Authority::agent("ops agent", ["operator"]).actor().is_err());
        assert!(Authority::agent("ops-agent", ["oper ator"]).actor().is_err());
        assert!(Authority::service("stripe").on_behalf_of("").actor().is_err());
    }
}
