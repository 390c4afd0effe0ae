//! A witness in memory.

use crate::{
    base::digest::Digest,
    evidence::log::{
        CheckpointFault, NoteSignature, SignedCheckpoint, TreeHead, VerifierKey, VerifierKeyError, WitnessPolicy,
        verify_consistency,
    },
    ledger::{Witness, WitnessError, WitnessKey},
    runtime::{clock::Clock, signing::Ed25519Signer},
    testing::ManualClock,
};
use std::{
    collections::BTreeMap,
    future::{Future, ready},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A witness in this process, for tests: it signs what extends all that it saw, and refuses anything else.
///
/// A clone is the same witness. It shows how a witness works; one that runs with the log's owner proves nothing.
///
/// ```
/// use kiff::{keys::Ed25519Signer, ledger::{Ed25519LogSigner, LogSigner}, log::WitnessPolicy, testing::TestWitness};
#[doc = include_str!("../../docs/shop.txt")]
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let rt = shop(paid_back)?;
/// let signer = Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::generate()?)?;
/// let log = signer.verifier_key().clone();
/// let witness = TestWitness::new("witness.example/1", [log.clone()])?;
/// let policy = WitnessPolicy::new([witness.key()], 1)?;
///
/// let ledger = rt.ledger(signer).witness(witness).open_blocking()?;
/// let verified = ledger.checkpoint()?.checkpoint.verify(&log, &policy)?;
/// assert_eq!(verified.witnesses()[0].name, "witness.example/1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestWitness {
    key: Arc<WitnessKey>,
    logs: Vec<VerifierKey>,
    clock: ManualClock,
    /// The last head of each log, by its origin.
    seen: Arc<Mutex<BTreeMap<String, TreeHead>>>,
}

impl TestWitness {
    /// A witness of these logs. Its key follows from its name, so it is no secret.
    ///
    /// # Errors
    /// [`VerifierKeyError`] if the name is empty or has a space, a control character or a `+`.
    pub fn new(name: &str, logs: impl IntoIterator<Item = VerifierKey>) -> Result<Self, VerifierKeyError> {
        let key = WitnessKey::new(name, Ed25519Signer::from_seed(Digest::of(name.as_bytes()).as_bytes()))?;
        Ok(Self {
            key: Arc::new(key),
            logs: logs.into_iter().collect(),
            clock: ManualClock::default(),
            seen: Arc::default(),
        })
    }

    /// The same with this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: ManualClock) -> Self {
        self.clock = clock;
        self
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> VerifierKey {
        self.key.verifier_key().clone()
    }

    fn add(&self, old: u64, proof: &[Digest], signed: &SignedCheckpoint) -> Result<NoteSignature, WitnessError> {
        let checkpoint = signed.unverified();
        let log = self.logs.iter().find(|log| log.name() == checkpoint.origin());
        let log = log.ok_or(WitnessError::Checkpoint(CheckpointFault::LogSignatureMissing))?;
        signed.verify(log, &WitnessPolicy::none()).map_err(WitnessError::Checkpoint)?;
        let mut seen = self.lock();
        let last = seen.get(checkpoint.origin()).copied().unwrap_or_else(TreeHead::empty);
        if last.size != old {
            return Err(WitnessError::Conflict { size: last.size });
        }
        if old > 0 {
            verify_consistency(&last, &checkpoint.head(), proof).map_err(WitnessError::Proof)?;
        }
        seen.insert(checkpoint.origin().to_owned(), checkpoint.head());
        let seconds = self.clock.now().unix_ms() / 1_000;
        Ok(self.key.cosign(checkpoint, u64::try_from(seconds).unwrap_or(0)))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, TreeHead>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for TestWitness {
    fn verifier_key(&self) -> &VerifierKey {
        self.key.verifier_key()
    }

    fn add_checkpoint(
        &self,
        old: u64,
        proof: &[Digest],
        checkpoint: &SignedCheckpoint,
    ) -> impl Future<Output = Result<NoteSignature, WitnessError>> + Send {
        ready(self.add(old, proof, checkpoint))
    }
}
