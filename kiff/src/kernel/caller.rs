//! Who makes a call, with what the policy lets them do.

use crate::{
    base::{
        actor::{Actor, Authority, Granted},
        ids::Role,
    },
    domain::{Action, Domain},
};
use std::sync::Arc;

/// Who makes a call, with what the policy lets them do.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Arc<Actor>,
    pub(crate) granted: Granted,
}

impl Caller {
    /// The caller of an authority that the host made.
    pub(crate) fn of(domain: &Domain, authority: &Authority) -> Self {
        let actor = authority.actor();
        Self { actor: Arc::clone(actor), granted: resolve(domain, actor, authority.roles()) }
    }
}

/// Asks the policy what an actor with these roles may do. Nothing else in kiff asks it.
pub(crate) fn resolve(domain: &Domain, actor: &Actor, roles: &Arc<[Role]>) -> Granted {
    domain.policy().resolve(actor, roles)
}

/// True if all the permissions that the contract names are held.
pub(crate) fn holds_all(action: &Action, granted: &Granted) -> bool {
    action.permissions.iter().all(|permission| granted.holds(permission))
}
