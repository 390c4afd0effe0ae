//! Witnesses: others who sign a checkpoint once they have seen that it extends all that they saw before.

use crate::{
    base::{boxed::boxed_twin, code::coded, debug::debug_as_display, digest::Digest},
    evidence::log::{
        Checkpoint, CheckpointFault, KeyRole, NoteSignature, ProofError, SignedCheckpoint, VerifierKey,
        VerifierKeyError, WitnessPolicy, cosigned_message,
    },
    runtime::signing::Ed25519Signer,
};
use std::{
    error::Error,
    fmt,
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
};

/// Cosigns checkpoints. Users may implement it, as a client of a witness (C2SP `tlog-witness`); write
/// `async fn add_checkpoint`. `kiff::testing` has one in memory.
///
/// A witness is worth something only if somebody else than the log's owner runs it.
pub trait Witness: Send + Sync + 'static {
    /// The key of the witness, under its name.
    fn verifier_key(&self) -> &VerifierKey;

    /// Gives the cosignature of a checkpoint, which extends the checkpoint of the size `old` that the witness has
    /// seen last (0 if none). The proof is that of consistency between the two; it is empty if `old` is 0 or the
    /// checkpoint's own size.
    ///
    /// # Errors
    /// [`WitnessError::Conflict`] if the witness has seen another size last. Any other if it gives no signature.
    fn add_checkpoint(
        &self,
        old: u64,
        proof: &[Digest],
        checkpoint: &SignedCheckpoint,
    ) -> impl Future<Output = Result<NoteSignature, WitnessError>> + Send;
}

coded! {
    /// Why a witness has not signed.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum WitnessError {
        /// It has seen another size last.
        #[error("the witness has seen {size} records last")]
        Conflict {
            /// The size that it has seen.
            size: u64,
        } => "witness_conflict",
        /// The log is unknown to it, or its signature wrong.
        #[error("the witness refuses the checkpoint")]
        Checkpoint(#[source] CheckpointFault) => fault,
        /// The checkpoint does not extend what it has seen.
        #[error("the witness has seen another log")]
        Proof(#[source] ProofError) => error,
        /// It cannot be reached, or gave no answer that can be read.
        #[error("the witness failed")]
        Failed(#[source] Box<dyn Error + Send + Sync>) => "witness_failed",
    }
}

debug_as_display!(WitnessError);

impl WitnessError {
    /// It cannot be reached, or gave no answer that can be read.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }
}

boxed_twin! {
    /// Any [`Witness`].
    trait DynWitness for Witness {
        fn verifier_key() -> &VerifierKey;
        future add_checkpoint(
            old: u64,
            proof: &'a [Digest],
            checkpoint: &'a SignedCheckpoint,
        ) -> Result<NoteSignature, WitnessError>;
    }
}

/// A witness, and the size that it has seen last.
pub(super) struct Cosigner {
    witness: Box<dyn DynWitness>,
    seen: AtomicU64,
}

impl Cosigner {
    pub(super) fn new(witness: impl Witness) -> Self {
        Self { witness: Box::new(witness), seen: AtomicU64::new(0) }
    }

    pub(super) fn verifier_key(&self) -> &VerifierKey {
        self.witness.verifier_key()
    }

    /// The size that it has seen last, as far as this ledger knows.
    pub(super) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// Asks for its signature, and checks that: a wrong one would make verifiers refuse the whole checkpoint.
    pub(super) async fn cosign(
        &self,
        old: u64,
        proof: &[Digest],
        checkpoint: &SignedCheckpoint,
    ) -> Result<NoteSignature, WitnessError> {
        let signature = self.witness.add_checkpoint(old, proof, checkpoint).await?;
        let policy = WitnessPolicy::new([self.verifier_key().clone()], 1).map_err(WitnessError::failed)?;
        let checkpoint = checkpoint.unverified();
        let lines = std::slice::from_ref(&signature);
        policy.check(&checkpoint.to_string(), lines).map_err(WitnessError::Checkpoint)?;
        self.seen.store(checkpoint.head().size, Ordering::Relaxed);
        Ok(signature)
    }
}

/// The key of a witness, in memory. Wiped when it is dropped.
///
/// It only signs. Its owner must remember the last checkpoint of each log, and sign nothing that does not extend it.
pub struct WitnessKey {
    key: Ed25519Signer,
    verifier_key: VerifierKey,
}

impl WitnessKey {
    /// A key under the name of the witness.
    ///
    /// # Errors
    /// [`VerifierKeyError`] if the name is empty or has a space, a control character or a `+`.
    pub fn new(name: impl Into<String>, key: Ed25519Signer) -> Result<Self, VerifierKeyError> {
        Ok(Self { verifier_key: VerifierKey::new(name, KeyRole::Witness, key.public_key().clone())?, key })
    }

    /// The public half, for those who rely on the witness.
    #[must_use]
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.verifier_key
    }

    /// Signs a checkpoint as seen at this time.
    ///
    /// ```
    /// use kiff::{keys::Ed25519Signer, ledger::WitnessKey, log::{Checkpoint, TreeHead}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let witness = WitnessKey::new("witness.example.com/w1", Ed25519Signer::generate()?)?;
    /// let checkpoint = Checkpoint::new("kiff.dev/log/shop", TreeHead::empty())?;
    /// let line = witness.cosign(&checkpoint, 1_779_616_219);
    /// assert_eq!(line.name(), "witness.example.com/w1");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cosign(&self, checkpoint: &Checkpoint, unix_seconds: u64) -> NoteSignature {
        let signature = self.key.sign_now(cosigned_message(unix_seconds, &checkpoint.to_string()).as_bytes());
        self.verifier_key.signature(&[unix_seconds.to_be_bytes().as_slice(), &signature].concat())
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessKey({:?}, ..)", self.verifier_key)
    }
}
