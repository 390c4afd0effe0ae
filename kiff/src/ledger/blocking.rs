//! A ledger's calls without `async`.

use super::{Bundle, Ledger, LedgerError, Released};
use crate::{
    base::{digest::Digest, ids::ReceiptId},
    evidence::{
        log::{TlogProof, TreeHead},
        verify::KeySet,
    },
    runtime::clock::block_on,
};
use std::{ops::Deref, path::Path};

/// The calls of a [`Ledger`], each run to its end on the caller's thread. Do not use it inside an async runtime.
#[derive(Debug)]
pub struct BlockingLedger {
    ledger: Ledger,
}

impl BlockingLedger {
    pub(super) const fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }

    /// Signs the head of the log as it is now.
    ///
    /// # Errors
    /// As [`Ledger::checkpoint`].
    pub fn checkpoint(&self) -> Result<Released, LedgerError> {
        block_on(self.ledger.checkpoint())
    }

    /// Proves that the record at `index`, counted from zero, is in the log.
    ///
    /// # Errors
    /// As [`Ledger::prove`].
    pub fn prove(&self, index: u64) -> Result<TlogProof, LedgerError> {
        block_on(self.ledger.prove(index))
    }

    /// Proves that the record of a receipt is in the log.
    ///
    /// # Errors
    /// As [`Ledger::prove_receipt`].
    pub fn prove_receipt(&self, receipt: ReceiptId) -> Result<TlogProof, LedgerError> {
        block_on(self.ledger.prove_receipt(receipt))
    }

    /// Proves that the last checkpoint extends an older head.
    ///
    /// # Errors
    /// As [`Ledger::prove_consistency`].
    pub fn prove_consistency(&self, old: &TreeHead) -> Result<Vec<Digest>, LedgerError> {
        block_on(self.ledger.prove_consistency(old))
    }

    /// Writes all evidence of the last checkpoint into a new folder.
    ///
    /// # Errors
    /// As [`Ledger::bundle`].
    pub fn bundle(&self, folder: impl AsRef<Path>, keys: &KeySet) -> Result<Bundle, LedgerError> {
        block_on(self.ledger.bundle(folder, keys))
    }
}

/// The calls that wait for nothing.
impl Deref for BlockingLedger {
    type Target = Ledger;
    fn deref(&self) -> &Ledger {
        &self.ledger
    }
}
