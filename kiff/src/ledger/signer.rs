//! The seam for who signs checkpoints.

use crate::{
    base::boxed::boxed_twin,
    evidence::{
        log::{Checkpoint, KeyRole, SignedCheckpoint, TreeHead, VerifierKey, VerifierKeyError},
        receipt::SignerError,
    },
    runtime::signing::Ed25519Signer,
};
use std::{
    fmt,
    future::{Future, ready},
};

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

boxed_twin! {
    /// Any [`LogSigner`].
    pub(crate) trait DynLogSigner for LogSigner {
        fn verifier_key() -> &VerifierKey;
        future sign(text: &'a [u8]) -> Result<[u8; 64], SignerError>;
    }
}

/// The key of a log, in memory. Wiped when it is dropped.
pub struct Ed25519LogSigner {
    key: Ed25519Signer,
    verifier_key: VerifierKey,
}

impl Ed25519LogSigner {
    /// The key of the log with this origin. Give it a key of its own, not the one that signs receipts.
    ///
    /// ```
    /// use kiff::{keys::Ed25519Signer, ledger::{Ed25519LogSigner, LogSigner}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Or `Ed25519Signer::load(path)`.
    /// let signer = Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::generate()?)?;
    /// // What verifiers pin.
    /// assert!(signer.verifier_key().to_string().starts_with("kiff.dev/log/shop+"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`VerifierKeyError`] if the origin is empty or has a space, a control character or a `+`.
    pub fn new(origin: impl Into<String>, key: Ed25519Signer) -> Result<Self, VerifierKeyError> {
        Ok(Self { verifier_key: VerifierKey::new(origin, KeyRole::Log, key.public_key().clone())?, key })
    }

    /// A checkpoint of this head, signed at once. It is for logs kept by hand: a [`Ledger`](super::Ledger)
    /// remembers what it has signed, and this does not.
    #[must_use]
    pub fn checkpoint(&self, head: TreeHead) -> SignedCheckpoint {
        let checkpoint = Checkpoint::of_log(&self.verifier_key, head);
        let signature = self.key.sign_now(checkpoint.to_string().as_bytes());
        SignedCheckpoint::new(checkpoint, &self.verifier_key, &signature)
    }
}

impl LogSigner for Ed25519LogSigner {
    fn verifier_key(&self) -> &VerifierKey {
        &self.verifier_key
    }

    fn sign(&self, text: &[u8]) -> impl Future<Output = Result<[u8; 64], SignerError>> + Send {
        ready(Ok(self.key.sign_now(text)))
    }
}

impl fmt::Debug for Ed25519LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519LogSigner({:?}, ..)", self.verifier_key)
    }
}
