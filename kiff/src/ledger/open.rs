//! Opening a ledger, which refuses a log that is not the one that was signed.

use super::{
    Ledger, LedgerError, State,
    blocking::BlockingLedger,
    head::{DynHeadCell, HeadCell, StoreHead},
    signer::{DynLogSigner, LogSigner},
    witness::{Cosigner, Witness},
};
use crate::{
    evidence::log::{Frontier, KeyRole, Nodes, SignedCheckpoint, Tree, VerifierKey},
    runtime::{Runtime, clock::block_on},
};
use std::{
    fmt,
    sync::{Arc, Mutex},
};

/// The most bytes of an origin: a cell's name has 255.
const MAX_ORIGIN: usize = 200;

/// Collects what a ledger needs beside its key. Everything has a default.
#[must_use]
pub struct LedgerBuilder {
    runtime: Runtime,
    signer: Arc<dyn DynLogSigner>,
    cell: Option<Arc<dyn DynHeadCell>>,
    nodes: Option<Box<dyn Nodes + Send>>,
    since: Vec<SignedCheckpoint>,
    former: Vec<VerifierKey>,
    witnesses: Vec<Cosigner>,
    resume: bool,
}

impl Runtime {
    /// Signs this tenant's log with a key of its own: see [`Ledger`].
    pub fn ledger(&self, signer: impl LogSigner) -> LedgerBuilder {
        LedgerBuilder {
            runtime: self.clone(),
            signer: Arc::new(signer),
            cell: None,
            nodes: None,
            since: Vec::new(),
            former: Vec::new(),
            witnesses: Vec::new(),
            resume: false,
        }
    }
}

impl LedgerBuilder {
    /// Keeps the last head elsewhere than in a cell of the store.
    pub fn head_cell(mut self, cell: impl HeadCell) -> Self {
        self.cell = Some(Arc::new(cell));
        self
    }

    /// Keeps the nodes of the tree, such as in a [`NodeFile`](super::NodeFile). Proofs then take a few reads;
    /// without, each reads the log.
    pub fn nodes(mut self, nodes: impl Nodes + Send + 'static) -> Self {
        self.nodes = Some(Box::new(nodes));
        self
    }

    /// A checkpoint that the host holds: the log must extend it. It shows what a head beside the log cannot,
    /// the restore of the whole database. May be given more than once.
    ///
    /// ```
    /// use kiff::{keys::Ed25519Signer, ledger::Ed25519LogSigner, log::SignedCheckpoint};
    #[doc = include_str!("../../docs/shop.txt")]
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let signer = || Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::from_seed(&[7; 32]));
    /// # let rt = shop(paid_back)?;
    /// let checkpoint_txt = rt.ledger(signer()?).open_blocking()?.checkpoint()?.checkpoint.to_string();
    ///
    /// // A database that was restored to before.
    /// # let rt = kiff::Runtime::builder(rt.domain().clone()).build()?;
    /// let held = SignedCheckpoint::parse(checkpoint_txt.as_bytes())?;
    /// let refused = rt.ledger(signer()?).since(held).open_blocking().unwrap_err();
    /// assert_eq!(refused.code(), "log_shorter_than_head");
    /// # Ok(())
    /// # }
    /// ```
    pub fn since(mut self, checkpoint: SignedCheckpoint) -> Self {
        self.since.push(checkpoint);
        self
    }

    /// A key that signed this log before: the last head, and a checkpoint that the host holds, may be signed by it.
    /// Every checkpoint from now on is signed by the new key. May be given more than once.
    pub fn former_key(mut self, key: VerifierKey) -> Self {
        self.former.push(key);
        self
    }

    /// Asks a witness for its signature on each checkpoint. May be given more than once.
    pub fn witness(mut self, witness: impl Witness) -> Self {
        self.witnesses.push(Cosigner::new(witness));
        self
    }

    /// Goes on from the last head without reading the records below it again, but the last. For long logs.
    ///
    /// A change below the head never leads to a fork, because the signed head stays as it is. But it is not found
    /// here, only by a verifier who compares the log with a checkpoint.
    pub fn resume(mut self) -> Self {
        self.resume = true;
        self
    }

    /// Opens the ledger: reads the log up to the last head, and compares.
    ///
    /// # Errors
    /// [`LedgerError::LogShorterThanHead`] or [`LedgerError::LogForked`] if the log does not extend what was
    /// signed; any other if the key does not fit or something cannot be read.
    pub async fn open(self) -> Result<Ledger, LedgerError> {
        let key = self.signer.verifier_key();
        let name = key.name();
        if key.role() != KeyRole::Log || name.len() > MAX_ORIGIN || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(LedgerError::Origin);
        }
        if self.runtime.receipt_key_id() == Some(key.public_key().id().as_str()) {
            return Err(LedgerError::ReceiptKey);
        }
        let store = Arc::clone(self.runtime.log_store());
        let in_store = StoreHead { store, tenant: self.runtime.tenant_id().clone(), name: format!("head:{name}") };
        let state = State {
            frontier: Frontier::new(),
            tree: self.nodes.map(Tree::new),
            checked: Vec::new(),
            seen: 0,
            released: None,
        };
        let ledger = Ledger {
            cell: self.cell.unwrap_or_else(|| Arc::new(in_store)),
            runtime: self.runtime,
            signer: self.signer,
            former: self.former,
            witnesses: self.witnesses,
            state: Mutex::new(state),
        };
        ledger.start(self.since, self.resume).await
    }

    /// The same without `async`, for code that has no async runtime.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_blocking(self) -> Result<BlockingLedger, LedgerError> {
        block_on(self.open()).map(BlockingLedger::new)
    }
}

impl Ledger {
    async fn start(self, since: Vec<SignedCheckpoint>, resume: bool) -> Result<Self, LedgerError> {
        let current = self.current().await?;
        let since = since.iter().map(|held| self.own(held.to_string().as_bytes()));
        let mut known = since.collect::<Result<Vec<_>, _>>().map_err(LedgerError::Since)?;
        let oldest = known.iter().map(|held| held.unverified().head().size).min();
        known.extend(current.clone());
        let heads: Vec<_> = known.iter().map(|held| held.unverified().head()).collect();
        let last = current.map(|current| current.unverified().head());
        let from = match last {
            // A head below the frontier of the last one could not be compared.
            Some(last) if resume && oldest.is_none_or(|oldest| oldest >= last.size) => self.resumed(&last).await?,
            _ => Frontier::new(),
        };
        let length = self.sequence().await?;
        let longest = heads.iter().map(|head| head.size).max().unwrap_or(0);
        if longest > length {
            return Err(LedgerError::LogShorterThanHead { size: length, head: longest });
        }
        let frontier = self.grow(from, longest, &heads).await?;
        self.keep(frontier, heads, last.map_or(0, |last| last.size));
        // A checkpoint of a former key is extended, and not handed out any more.
        known.retain(|held| self.is_signed(held));
        self.lock().released = known.into_iter().max_by_key(|held| held.unverified().head().size);
        Ok(self)
    }
}

impl fmt::Debug for LedgerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerBuilder").field("verifier_key", self.signer.verifier_key()).finish_non_exhaustive()
    }
}
