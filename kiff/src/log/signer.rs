//! The seam for who signs checkpoints.

use super::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    tree::TreeHead,
    verifier_key::{KeyRole, VerifierKey, VerifierKeyError},
};
use crate::{action::BoxFuture, public_key::PublicKey, receipt::SignerError};
use ed25519_dalek::{Signer as _, SigningKey};
use std::{fmt, future::Future};

/// Signs a log's checkpoints with an Ed25519 key. Users may implement it, for a KMS or an HSM; write
/// `async fn sign`. [`Ed25519LogSigner`] has the key in memory.
///
/// The key must not be the one that signs receipts.
pub trait LogSigner: Send + Sync + 'static {
    /// The public key, under the origin of the log.
    fn verifier_key(&self) -> &VerifierKey;

    /// The pure Ed25519 signature (RFC 8032) of `text`.
    ///
    /// # Errors
    /// [`SignerError`] if the key cannot be used now.
    fn sign(&self, text: &[u8]) -> impl Future<Output = Result<[u8; 64], SignerError>> + Send;
}

/// [`LogSigner`] with its future boxed, so that a ledger can hold any.
pub(crate) trait DynLogSigner: Send + Sync {
    fn verifier_key(&self) -> &VerifierKey;
    fn sign<'a>(&'a self, text: &'a [u8]) -> BoxFuture<'a, Result<[u8; 64], SignerError>>;
}

impl<S: LogSigner> DynLogSigner for S {
    fn verifier_key(&self) -> &VerifierKey {
        LogSigner::verifier_key(self)
    }

    fn sign<'a>(&'a self, text: &'a [u8]) -> BoxFuture<'a, Result<[u8; 64], SignerError>> {
        Box::pin(LogSigner::sign(self, text))
    }
}

/// The key of a log, in memory. Wiped when it is dropped.
pub struct Ed25519LogSigner {
    key: SigningKey,
    verifier_key: VerifierKey,
}

impl Ed25519LogSigner {
    /// The key that RFC 8032 makes of 32 random bytes, for the log with this origin.
    ///
    /// ```
    /// use kiff::log::{Ed25519LogSigner, LogSigner};
    ///
    /// let signer = Ed25519LogSigner::from_seed("kiff.dev/log/shop", &[7; 32])?;
    /// // What verifiers pin.
    /// assert!(signer.verifier_key().to_string().starts_with("kiff.dev/log/shop+"));
    /// # Ok::<(), kiff::log::VerifierKeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`VerifierKeyError`] if the origin is empty or has a space, a control character or a `+`.
    pub fn from_seed(origin: impl Into<String>, seed: &[u8; 32]) -> Result<Self, VerifierKeyError> {
        let key = SigningKey::from_bytes(seed);
        let public = PublicKey::of(&key);
        Ok(Self { verifier_key: VerifierKey::new(origin, KeyRole::Log, public)?, key })
    }

    /// A checkpoint of this head, signed at once. It is for logs kept by hand: a ledger remembers what it has
    /// signed, and this does not.
    #[must_use]
    pub fn checkpoint(&self, head: TreeHead) -> SignedCheckpoint {
        let checkpoint = Checkpoint::of_log(&self.verifier_key, head);
        let signature = self.key.sign(checkpoint.to_string().as_bytes()).to_bytes();
        SignedCheckpoint::new(checkpoint, &self.verifier_key, &signature)
    }
}

impl LogSigner for Ed25519LogSigner {
    fn verifier_key(&self) -> &VerifierKey {
        &self.verifier_key
    }

    fn sign(&self, text: &[u8]) -> impl Future<Output = Result<[u8; 64], SignerError>> + Send {
        std::future::ready(Ok(self.key.sign(text).to_bytes()))
    }
}

impl fmt::Debug for Ed25519LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519LogSigner({:?}, ..)", self.verifier_key)
    }
}
