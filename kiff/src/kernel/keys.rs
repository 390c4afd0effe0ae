//! The tenant's record of its keys: which were published, and which no longer count.

use crate::{
    base::{
        actor::{Actor, ActorType, Granted},
        code::{Code, coded},
        ids::{KeyId, Permission},
        public_key::PublicKey,
    },
    kernel::{
        decide::Case,
        record::{
            Draft, KeyPurpose,
            body::{self, Body, KeyPublished, KeyRevoked, RejectedReview},
        },
        review::{MOST_NOTE, rejection},
    },
};
use std::sync::Arc;

/// The permission that whoever publishes or revokes a key must hold.
pub const KEYS_PERMISSION: &str = "kiff.keys";

/// The largest integer that a record may hold.
const MOST_INDEX: u64 = (1 << 53) - 1;

coded! {
    /// Why a key was not published or revoked. The attempt is recorded.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum KeyRefusal {
        /// Whoever tried lacks the permission.
        #[error("changing keys needs permission `{permission}`")]
        PermissionDenied {
            /// The permission.
            permission: Permission,
        } => "permission_denied",
        /// Only people and services change keys.
        #[error("an actor of this kind ({kind}) changes no keys")]
        ActorKind {
            /// What tried.
            kind: ActorType,
        } => "actor_kind",
        /// The key was published before, perhaps for another purpose.
        #[error("key `{key_id}` was published already")]
        Published {
            /// The key.
            key_id: KeyId,
        } => "key_already_published",
        /// The key was revoked, and does not come back.
        #[error("key `{key_id}` was revoked")]
        Revoked {
            /// The key.
            key_id: KeyId,
        } => "key_revoked",
    }
}

/// What somebody wants done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyWish<'a> {
    Publish(&'a PublicKey, KeyPurpose),
    Revoke { key_id: &'a KeyId, from_index: u64, reason: &'a str },
}

/// Who wants it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeper<'a> {
    pub(crate) actor: &'a Arc<Actor>,
    pub(crate) authority: &'a Granted,
}

/// Decides a change of keys. The records of a refusal come with it.
pub(crate) fn change_keys(
    case: &Case<'_>,
    wish: &KeyWish<'_>,
    by: &Keeper<'_>,
) -> Result<Vec<Draft>, (KeyRefusal, Vec<Draft>)> {
    match check(case, wish, by) {
        Ok(()) => Ok(vec![Draft::new(by.actor, body_of(wish))]),
        Err(refusal) => {
            let verdict = match wish {
                KeyWish::Publish(..) => Code::fixed("publish_key"),
                KeyWish::Revoke { .. } => Code::fixed("revoke_key"),
            };
            let body = RejectedReview { approval: None, execution: None, verdict, reason: refusal.code() };
            let drafts = rejection(case, by.actor, body);
            Err((refusal, drafts))
        }
    }
}

/// Permission first: whoever lacks it is told nothing else. A revocation may always be made, once more and of a key
/// that was never published too: the earliest index counts.
fn check(case: &Case<'_>, wish: &KeyWish<'_>, by: &Keeper<'_>) -> Result<(), KeyRefusal> {
    let needed = Permission::new(KEYS_PERMISSION).ok();
    if let Some(permission) = needed.filter(|permission| !by.authority.holds(permission)) {
        return Err(KeyRefusal::PermissionDenied { permission });
    }
    if !matches!(by.actor.kind, ActorType::Human | ActorType::Service) {
        return Err(KeyRefusal::ActorKind { kind: by.actor.kind });
    }
    let KeyWish::Publish(key, _) = wish else { return Ok(()) };
    match case.view.keys.iter().find(|known| known.key_id == *key.id()) {
        None => Ok(()),
        Some(known) if known.is_revoked => Err(KeyRefusal::Revoked { key_id: key.id().clone() }),
        Some(_) => Err(KeyRefusal::Published { key_id: key.id().clone() }),
    }
}

fn body_of(wish: &KeyWish<'_>) -> Body {
    match *wish {
        KeyWish::Publish(key, purpose) => Body::KeyPublished(Box::new(KeyPublished { key: key.clone(), purpose })),
        KeyWish::Revoke { key_id, from_index, reason } => Body::KeyRevoked(KeyRevoked {
            key_id: key_id.clone(),
            from_index: from_index.min(MOST_INDEX),
            reason: body::readable(reason, MOST_NOTE),
        }),
    }
}
