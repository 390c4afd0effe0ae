//! The tenant's record of its keys: which were published, and which no longer count.

use super::{
    caller::Caller,
    known::{ANY_MOMENT, Known, Pause},
    record::{
        Draft, KeyPurpose,
        body::{Body, KeyPublished, KeyRevoked, RejectedReview},
    },
    ruling::{note, rejection},
    step::{Case, Command, Done},
    view::View,
};
use crate::base::{
    actor::ActorType,
    code::{Code, coded},
    debug::debug_as_display,
    ids::{EntityRef, KeyId, Permission, TraceId},
    public_key::PublicKey,
    timestamp::Timestamp,
};

/// The permission needed to publish or revoke a key.
pub const KEYS_PERMISSION: &str = "kiff.keys";

/// The largest integer that a record may hold.
const MAX_INDEX: u64 = (1 << 53) - 1;

coded! {
    /// Why a key was not published or revoked. The attempt is recorded.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum KeyRefusal {
        /// The caller lacks the permission.
        #[error("changing keys needs permission `{permission}`")]
        PermissionDenied {
            /// The permission.
            permission: Permission,
        } => "permission_denied",
        /// Only people and services change keys.
        #[error("an actor of kind `{kind}` may not change keys")]
        ActorKind {
            /// The kind of the caller.
            kind: ActorType,
        } => "actor_kind",
        /// The key was published before, perhaps for another purpose.
        #[error("key `{key_id}` was published already")]
        Published {
            /// The key.
            key_id: KeyId,
        } => "key_already_published",
        /// The key was revoked, and cannot be published again.
        #[error("key `{key_id}` was revoked")]
        Revoked {
            /// The key.
            key_id: KeyId,
        } => "key_revoked",
    }
}

debug_as_display!(KeyRefusal);

/// Asks for a change of the tenant's keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChangeKeys<'a> {
    pub(crate) change: KeyChangeOf<'a>,
    pub(crate) by: &'a Caller,
}

/// A change of keys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyChangeOf<'a> {
    Publish(&'a PublicKey, KeyPurpose),
    Revoke { key_id: &'a KeyId, from_index: u64, reason: &'a str },
}

/// A change of keys that is recorded.
#[derive(Debug)]
pub(crate) struct KeysChanged {
    pub(crate) changed_at: Timestamp,
    pub(crate) trace_id: TraceId,
}

impl Command for ChangeKeys<'_> {
    type Reply = Result<KeysChanged, KeyRefusal>;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Self::Reply>, Pause> {
        let view = known.fresh_view(&EntityRef::reserved("keys"), ANY_MOMENT)?.value;
        Ok(match self.check(view) {
            Ok(()) => {
                let changed = KeysChanged { changed_at: case.time(view), trace_id: case.call.ids.trace };
                Done::write(view, vec![Draft::new(&self.by.actor, self.body())], Ok(changed))
            }
            Err(refusal) => {
                let verdict = Code::fixed(match self.change {
                    KeyChangeOf::Publish(..) => "publish_key",
                    KeyChangeOf::Revoke { .. } => "revoke_key",
                });
                let rejected = RejectedReview { approval: None, execution: None, verdict, reason: refusal.code() };
                Done::write(view, rejection(case, view, &self.by.actor, rejected), Err(refusal))
            }
        })
    }
}

impl ChangeKeys<'_> {
    /// Checks whether the keys may be changed. The permission is checked first: a caller without it learns nothing else. A
    /// revocation may always be made, again and of a key that was never published too, because a stolen key must not count
    /// for want of a record. The earliest index counts.
    fn check(&self, view: &View) -> Result<(), KeyRefusal> {
        let permission = Permission::fixed(KEYS_PERMISSION);
        if !self.by.granted.holds(&permission) {
            return Err(KeyRefusal::PermissionDenied { permission });
        }
        if !matches!(self.by.actor.kind, ActorType::Human | ActorType::Service) {
            return Err(KeyRefusal::ActorKind { kind: self.by.actor.kind });
        }
        let KeyChangeOf::Publish(key, _) = self.change else { return Ok(()) };
        match view.keys.iter().find(|known| known.key_id == *key.id()) {
            None => Ok(()),
            Some(known) if known.is_revoked => Err(KeyRefusal::Revoked { key_id: key.id().clone() }),
            Some(_) => Err(KeyRefusal::Published { key_id: key.id().clone() }),
        }
    }

    fn body(&self) -> Body {
        match self.change {
            KeyChangeOf::Publish(key, purpose) => {
                Body::KeyPublished(Box::new(KeyPublished { key: key.clone(), purpose }))
            }
            KeyChangeOf::Revoke { key_id, from_index, reason } => Body::KeyRevoked(KeyRevoked {
                key_id: key_id.clone(),
                // No log reaches the largest index, so a larger one means the same: no record of the key is revoked.
                from_index: from_index.min(MAX_INDEX),
                reason: note(reason),
            }),
        }
    }
}
