//! Publishing and revoking keys.

use super::{Runtime, RuntimeError};
use crate::{
    base::{
        actor::Authority,
        ids::{ActorId, KeyId, TraceId},
        public_key::PublicKey,
        timestamp::Timestamp,
    },
    kernel::{
        keys::{ChangeKeys, KeyChangeOf, KeyRefusal},
        record::KeyPurpose,
    },
};

/// The answer to publishing or revoking a key.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Clone, Debug)]
#[must_use = "it may be a refusal"]
pub enum KeyChange {
    /// The change is recorded.
    Recorded(KeyStatus),
    /// The change was refused, and the refusal is recorded.
    Refused(KeyRefusal),
}

impl KeyChange {
    /// The key if the change is recorded; the refusal as an error, for `?`, otherwise.
    ///
    /// # Errors
    /// The [`KeyRefusal`].
    pub fn recorded(self) -> Result<KeyStatus, KeyRefusal> {
        match self {
            Self::Recorded(status) => Ok(status),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

/// A key after a change.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct KeyStatus {
    /// The key.
    pub key_id: KeyId,
    /// Who changed it.
    pub changed_by: ActorId,
    /// When.
    pub changed_at: Timestamp,
    /// The call that it belongs to.
    pub trace_id: TraceId,
}

impl Runtime {
    /// Records in the tenant's log that a key is in use, so that the log itself shows which keys were. Verifiers still pin
    /// their keys, because a log cannot vouch for its own.
    ///
    /// The caller must be a person or a service, and hold [`KEYS_PERMISSION`](crate::keys::KEYS_PERMISSION). A refusal is
    /// recorded.
    ///
    /// ```
    /// use kiff::{Authority, Domain, Runtime, domain::Machine, keys::{Ed25519Signer, KeyPurpose}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let domain = Domain::builder("shop", "v1")
    ///     .table(Machine::new("order").starts("ORDER_PLACED", "CREATED"))
    ///     .role("key_keeper", ["kiff.keys"])
    ///     .build()?;
    /// let rt = Runtime::builder(domain).build()?.blocking();
    /// let keeper = Authority::human("kim", ["key_keeper"])?;
    ///
    /// let (old, new) = (Ed25519Signer::generate()?, Ed25519Signer::generate()?);
    /// rt.publish_key(&keeper, old.public_key(), KeyPurpose::Receipt)?.recorded()?;
    /// rt.publish_key(&keeper, new.public_key(), KeyPurpose::Receipt)?.recorded()?;
    /// // The old key was stolen. Its receipts count for the first 4,711 records of the log, and no further.
    /// rt.revoke_key(&keeper, old.key_id(), 4_711, "the backup was stolen")?.recorded()?;
    ///
    /// let refused = rt.publish_key(&Authority::agent("bot", ["key_keeper"])?, new.public_key(), KeyPurpose::Log)?;
    /// assert!(refused.recorded().is_err_and(|refusal| refusal.code() == "actor_kind"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`KeyChange`].
    pub async fn publish_key(
        &self,
        authority: &Authority,
        key: &PublicKey,
        purpose: KeyPurpose,
    ) -> Result<KeyChange, RuntimeError> {
        self.change_keys(authority, KeyChangeOf::Publish(key, purpose), key.id()).await
    }

    /// Records in the tenant's log that a key no longer counts: receipts of the key do not hold if their records stand at
    /// `from_index` of the log or after it. Indices begin at 0. The example of [`publish_key`](Self::publish_key) revokes a key.
    ///
    /// The same callers may revoke as publish, and a refusal is recorded. A key may be revoked again: the earliest index holds.
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`KeyChange`].
    pub async fn revoke_key(
        &self,
        authority: &Authority,
        key_id: &KeyId,
        from_index: u64,
        reason: &str,
    ) -> Result<KeyChange, RuntimeError> {
        self.change_keys(authority, KeyChangeOf::Revoke { key_id, from_index, reason }, key_id).await
    }

    async fn change_keys(
        &self,
        authority: &Authority,
        change: KeyChangeOf<'_>,
        key_id: &KeyId,
    ) -> Result<KeyChange, RuntimeError> {
        let by = self.caller(authority);
        let command = ChangeKeys { change, by: &by };
        Ok(match self.transact(&command, &mut self.draw()?).await?.reply {
            Err(refusal) => KeyChange::Refused(refusal),
            Ok(changed) => KeyChange::Recorded(KeyStatus {
                key_id: key_id.clone(),
                changed_by: by.actor.id.clone(),
                changed_at: changed.changed_at,
                trace_id: changed.trace_id,
            }),
        })
    }
}
