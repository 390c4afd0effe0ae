//! Signs the log of a runtime: checkpoints that never fork, proofs, and bundles of evidence.
//!
//! A record is protected from the first checkpoint on that includes it and that somebody else holds, not from
//! its append. So release checkpoints often, and give them to others: witnesses, anchors, the auditor.

mod anchor;
mod blocking;
mod bundle;
mod error;
mod grow;
mod head;
mod node_file;
mod open;
mod signer;
mod witness;

pub use anchor::{Anchor, AnchorError, AnchorState, FolderAnchor, Submission};
pub use blocking::BlockingLedger;
pub use bundle::Bundle;
pub use error::LedgerError;
pub use head::{HeadCell, HeadSet};
pub use node_file::NodeFile;
pub use open::LedgerBuilder;
pub use signer::{Ed25519LogSigner, LogSigner};
pub use witness::{Witness, WitnessError, WitnessKey};

use crate::{
    base::{digest::Digest, ids::ReceiptId},
    evidence::log::{
        Checkpoint, CheckpointFault, Frontier, Nodes, NoteSignature, SignedCheckpoint, TlogProof, Tree, TreeHead,
        VerifierKey, WitnessPolicy, verify_consistency, verify_inclusion,
    },
    kernel::record::Claim,
    runtime::Runtime,
    store::StoreError,
};
use head::DynHeadCell;
use signer::DynLogSigner;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use witness::Cosigner;

/// How often a head is tried again when others sign one meanwhile.
const MAX_TRIES: u32 = 16;

/// Signs the heads of one tenant's log, and proves what is in it.
///
/// It remembers the last head that was signed in a [`HeadCell`], and sets that before it releases a checkpoint. So
/// any number of ledgers on one store sign heads of one log: none signs a fork.
///
/// ```
/// use kiff::{Authority, Proposal, keys::Ed25519Signer, ledger::{Ed25519LogSigner, LogSigner}, log::WitnessPolicy};
#[doc = include_str!("../../docs/shop.txt")]
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let rt = shop(paid_back)?;
/// # rt.blocking().execute(&Authority::agent("bot", ["operator"])?, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
/// // A key of its own, not the one that signs receipts.
/// let signer = Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::generate()?)?;
/// let log = signer.verifier_key().clone();
///
/// // `open().await` in async code.
/// let ledger = rt.ledger(signer).open_blocking()?;
/// let checkpoint = ledger.checkpoint()?.checkpoint;
/// println!("{checkpoint}");
///
/// // Anyone who has the log's key can check that a record is in it.
/// let proven = ledger.prove(2)?.verify(&log, &WitnessPolicy::none())?;
/// assert_eq!(proven.index(), 2);
/// # Ok(())
/// # }
/// ```
pub struct Ledger {
    runtime: Runtime,
    signer: Arc<dyn DynLogSigner>,
    cell: Arc<dyn DynHeadCell>,
    /// Keys that signed the log before.
    former: Vec<VerifierKey>,
    witnesses: Vec<Cosigner>,
    state: Mutex<State>,
}

/// A ledger's memory of its log.
struct State {
    /// From here the next head goes on.
    frontier: Frontier,
    /// All nodes, if the host keeps them. It has at least as many records as the frontier.
    tree: Option<Tree<Box<dyn Nodes + Send>>>,
    /// Heads that the log was found to extend.
    checked: Vec<TreeHead>,
    /// The largest size that was seen in the cell.
    seen: u64,
    /// The checkpoint that proofs refer to.
    released: Option<SignedCheckpoint>,
}

/// The answer of one witness.
enum Cosignature {
    Given(NoteSignature),
    Refused(WitnessError),
}

/// A checkpoint that may be handed out.
#[non_exhaustive]
#[derive(Debug)]
pub struct Released {
    /// The checkpoint, with the signatures of the witnesses that have given one.
    pub checkpoint: SignedCheckpoint,
    /// The witnesses that have not signed, by name.
    pub refusals: Vec<(String, WitnessError)>,
}

impl Ledger {
    /// The key that verifiers pin. Its name is the origin of the log.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        self.signer.verifier_key()
    }

    /// The last checkpoint, which proofs refer to.
    #[must_use]
    pub fn last_checkpoint(&self) -> Option<SignedCheckpoint> {
        self.lock().released.clone()
    }

    /// Signs the head of the log as it is now, and asks the witnesses for their signatures, one by one.
    ///
    /// If no record has come since the last checkpoint, that one is returned again. A witness that does not sign
    /// holds nothing up: its error is in the answer.
    ///
    /// # Errors
    /// [`LedgerError`] if the log does not extend the last head, or the signer, the store or the cell fails.
    /// Nothing was released then.
    pub async fn checkpoint(&self) -> Result<Released, LedgerError> {
        for _ in 0..MAX_TRIES {
            let current = self.current().await?;
            let (frontier, size) = self.extended(current.as_ref()).await?;
            let last = current.as_ref().map(|last| last.unverified().head());
            let signed = match current {
                Some(last) if last.unverified().head().size == size && self.is_signed(&last) => last,
                current => {
                    let signed = self.sign(frontier.head()).await?;
                    let expected = current.map(|current| current.to_string());
                    match self.cell.set(expected.as_deref(), &signed.to_string()).await {
                        Ok(HeadSet::Done) => signed,
                        // After a lost answer, the cell shows whether it is set.
                        Ok(HeadSet::Conflict) | Err(StoreError::Unknown(_)) => continue,
                        Err(error) => return Err(error.into()),
                    }
                }
            };
            let head = signed.unverified().head();
            let checked = last.into_iter().chain([head]).collect();
            self.keep(frontier, checked, size);
            if last != Some(head) {
                self.cache_frontier().await;
            }
            return self.cosigned(signed).await;
        }
        Err(LedgerError::Contended)
    }

    /// Proves that the record at `index`, counted from zero, is in the log, to anyone who has the log's key. The
    /// proof contains the record.
    ///
    /// With the nodes of the tree at hand that takes a few reads. Without, it reads the log.
    ///
    /// # Errors
    /// [`LedgerError::NotIncluded`] if the last checkpoint does not include it yet; any other if the log or its
    /// nodes cannot be read, or are not those that were signed.
    pub async fn prove(&self, index: u64) -> Result<TlogProof, LedgerError> {
        let checkpoint = self.last_checkpoint().ok_or(LedgerError::NoCheckpoint)?;
        let head = checkpoint.unverified().head();
        let records = if index < head.size { self.read_log(index, 1).await? } else { Vec::new() };
        let record = records.into_iter().next().ok_or(LedgerError::NotIncluded { size: head.size })?;
        let path = self.inclusion(index, &head).await?;
        verify_inclusion(&Digest::leaf(&record), index, &path, &head)
            .map_err(|_| LedgerError::LogForked { head: head.size })?;
        Ok(TlogProof::new(&record, index, path, checkpoint))
    }

    /// Proves that the record of a receipt is in the log. The record is looked for from the end of the log.
    ///
    /// # Errors
    /// [`LedgerError::ReceiptUnknown`] if there is no such receipt; otherwise as [`prove`](Self::prove).
    pub async fn prove_receipt(&self, receipt: ReceiptId) -> Result<TlogProof, LedgerError> {
        let store = self.runtime.log_store();
        let tenant = self.runtime.tenant_id();
        let unknown = LedgerError::ReceiptUnknown { receipt };
        let Some(found) = store.find(tenant, &Claim::Receipt(receipt)).await? else { return Err(unknown) };
        let record = store.read(tenant, &found.stream, found.seq.saturating_sub(1), 1).await?;
        let record = record.into_iter().next().ok_or(unknown)?;
        let size = self.last_checkpoint().ok_or(LedgerError::NoCheckpoint)?.unverified().head().size;
        let index = self.index_of(&record, size).await?.ok_or(LedgerError::NotIncluded { size })?;
        self.prove(index).await
    }

    /// Proves that the last checkpoint extends an older head of the same log.
    ///
    /// # Errors
    /// [`LedgerError::LogForked`] if it does not; [`LedgerError::Tree`] if the older head is empty or larger.
    pub async fn prove_consistency(&self, old: &TreeHead) -> Result<Vec<Digest>, LedgerError> {
        let checkpoint = self.last_checkpoint().ok_or(LedgerError::NoCheckpoint)?;
        let head = checkpoint.unverified().head();
        let proof = self.consistency(old.size, &head).await?;
        verify_consistency(old, &head, &proof).map_err(|_| LedgerError::LogForked { head: old.size })?;
        Ok(proof)
    }

    /// The checkpoint in the cell.
    async fn current(&self) -> Result<Option<SignedCheckpoint>, LedgerError> {
        let Some(text) = self.cell.load().await? else { return Ok(None) };
        let checkpoint = self.own(text.as_bytes()).map_err(LedgerError::Head)?;
        let head = checkpoint.unverified().head().size;
        let seen = self.lock().seen;
        if head < seen {
            return Err(LedgerError::HeadRolledBack { head, seen });
        }
        Ok(Some(checkpoint))
    }

    /// A checkpoint that this ledger's key has signed, or a former one.
    fn own(&self, text: &[u8]) -> Result<SignedCheckpoint, CheckpointFault> {
        let checkpoint = SignedCheckpoint::parse(text)?;
        let is_by_former = |key: &VerifierKey| checkpoint.verify(key, &WitnessPolicy::none()).is_ok();
        if !self.former.iter().any(is_by_former) {
            checkpoint.verify(self.verifier_key(), &WitnessPolicy::none())?;
        }
        Ok(checkpoint)
    }

    /// True if verifiers who know this ledger's key alone accept the checkpoint.
    fn is_signed(&self, checkpoint: &SignedCheckpoint) -> bool {
        checkpoint.verify(self.verifier_key(), &WitnessPolicy::none()).is_ok()
    }

    async fn sign(&self, head: TreeHead) -> Result<SignedCheckpoint, LedgerError> {
        let checkpoint = Checkpoint::of_log(self.verifier_key(), head);
        let signature = self.signer.sign(checkpoint.to_string().as_bytes()).await?;
        Ok(SignedCheckpoint::new(checkpoint, self.verifier_key(), &signature))
    }

    fn keep(&self, frontier: Frontier, checked: Vec<TreeHead>, seen: u64) {
        let mut state = self.lock();
        state.seen = state.seen.max(seen);
        if frontier.size() >= state.frontier.size() {
            state.frontier = frontier;
            state.checked = checked;
        }
    }

    /// The checkpoint with the signatures of the witnesses. It is what proofs refer to from now on.
    async fn cosigned(&self, mut checkpoint: SignedCheckpoint) -> Result<Released, LedgerError> {
        let mut refusals = Vec::new();
        for cosigner in &self.witnesses {
            match self.cosignature(cosigner, &checkpoint).await? {
                Cosignature::Given(signature) => checkpoint = checkpoint.with(signature),
                Cosignature::Refused(error) => refusals.push((cosigner.verifier_key().name().to_owned(), error)),
            }
        }
        let mut state = self.lock();
        let size = |checkpoint: &SignedCheckpoint| checkpoint.unverified().head().size;
        if state.released.as_ref().is_none_or(|last| size(last) <= size(&checkpoint)) {
            state.released = Some(checkpoint.clone());
        }
        Ok(Released { checkpoint, refusals })
    }

    /// Asks one witness, and again if it has seen another size last.
    async fn cosignature(
        &self,
        cosigner: &Cosigner,
        checkpoint: &SignedCheckpoint,
    ) -> Result<Cosignature, LedgerError> {
        let head = checkpoint.unverified().head();
        let mut old = cosigner.seen().min(head.size);
        let mut is_asked_again = false;
        loop {
            let needs_no_proof = old == 0 || old == head.size;
            let proof = if needs_no_proof { Vec::new() } else { self.consistency(old, &head).await? };
            match cosigner.cosign(old, &proof, checkpoint).await {
                Ok(signature) => return Ok(Cosignature::Given(signature)),
                Err(WitnessError::Conflict { size }) if size <= head.size && !is_asked_again => old = size,
                Err(error) => return Ok(Cosignature::Refused(error)),
            }
            is_asked_again = true;
        }
    }

    // No lock is held across an await: this is only called for what is done at once.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("verifier_key", self.verifier_key()).finish_non_exhaustive()
    }
}
