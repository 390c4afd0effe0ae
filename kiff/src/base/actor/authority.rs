//! Who acts in one call.

use super::identity::{Actor, ActorType};
use crate::base::ids::{ActorId, NameError, Role};
use std::{collections::BTreeSet, sync::Arc};

/// Who acts in one call, and the roles that the host gives to the actor.
///
/// Only host code makes one. The constructors check every name, so an authority is always sound, and a clone of one shares its
/// names: make it once for each caller and pass it by reference to every call.
///
/// ```
/// use kiff::Authority;
///
/// let agent = Authority::agent("ops-agent", ["operator"])?.on_behalf_of("alice")?;
/// let stripe = Authority::service("stripe")?;
/// assert_eq!(agent.actor().id, *"ops-agent");
/// assert!(stripe.roles().is_empty());
///
/// let error = Authority::agent("ops agent", ["operator"]).unwrap_err();
/// assert_eq!(error.to_string(), "`ops agent` is not an actor id: [A-Za-z0-9._~:@+-]{1,128}");
/// # Ok::<(), kiff::ids::NameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Authority {
    actor: Arc<Actor>,
    roles: Arc<[Role]>,
}

impl Authority {
    /// An agent with these roles.
    ///
    /// # Errors
    /// [`NameError`] if the id or a role breaks its alphabet.
    pub fn agent<R: AsRef<str>>(id: impl AsRef<str>, roles: impl IntoIterator<Item = R>) -> Result<Self, NameError> {
        Self::of(ActorType::Agent, id.as_ref())?.with_roles(roles)
    }

    /// A person with these roles.
    ///
    /// # Errors
    /// [`NameError`] if the id or a role breaks its alphabet.
    pub fn human<R: AsRef<str>>(id: impl AsRef<str>, roles: impl IntoIterator<Item = R>) -> Result<Self, NameError> {
        Self::of(ActorType::Human, id.as_ref())?.with_roles(roles)
    }

    /// Another service, without roles.
    ///
    /// # Errors
    /// [`NameError`] if the id breaks its alphabet.
    pub fn service(id: impl AsRef<str>) -> Result<Self, NameError> {
        Self::of(ActorType::Service, id.as_ref())
    }

    /// The host itself, without roles.
    ///
    /// # Errors
    /// [`NameError`] if the id breaks its alphabet.
    pub fn system(id: impl AsRef<str>) -> Result<Self, NameError> {
        Self::of(ActorType::System, id.as_ref())
    }

    /// Replaces the roles.
    ///
    /// # Errors
    /// [`NameError`] if a role breaks its alphabet.
    pub fn with_roles<R: AsRef<str>>(self, roles: impl IntoIterator<Item = R>) -> Result<Self, NameError> {
        Ok(Self { roles: parse_roles(roles)?, ..self })
    }

    /// Sets the principal for whom the actor acts.
    ///
    /// # Errors
    /// [`NameError`] if the principal's id breaks its alphabet.
    pub fn on_behalf_of(self, principal: impl AsRef<str>) -> Result<Self, NameError> {
        let mut actor = Arc::unwrap_or_clone(self.actor);
        actor.on_behalf_of = Some(ActorId::new(principal)?);
        Ok(Self { actor: Arc::new(actor), ..self })
    }

    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// The roles that the host gave.
    #[must_use]
    pub fn roles(&self) -> &Arc<[Role]> {
        &self.roles
    }

    fn of(kind: ActorType, id: &str) -> Result<Self, NameError> {
        Ok(Self { actor: Arc::new(Actor::new(ActorId::new(id)?, kind, None)), roles: Arc::default() })
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
    fn a_bad_name_fails_where_it_is_given() {
        assert!(Authority::agent("ops agent", ["operator"]).is_err());
        assert!(Authority::agent("ops-agent", ["oper ator"]).is_err());
        assert!(Authority::service("stripe").unwrap().on_behalf_of("").is_err());
        assert!(Authority::service("stripe").unwrap().with_roles(["oper ator"]).is_err());
    }
}
