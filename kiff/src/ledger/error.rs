//! What can go wrong with a ledger.

use crate::{
    base::ids::ReceiptId,
    evidence::{
        log::{CheckpointFault, TreeError},
        receipt::SignerError,
    },
    store::StoreError,
};
use std::io;

/// A ledger that could not be opened, or a call of it that could not be carried out.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The log has fewer records than a head that was signed.
    #[error("the log has {size} records, and a head of {head} was signed")]
    LogShorterThanHead {
        /// How many it has.
        size: u64,
        /// How many it had.
        head: u64,
    },
    /// The log has other records than when a head was signed.
    #[error("the first {head} records are not those of the head that was signed")]
    LogForked {
        /// The size of that head.
        head: u64,
    },
    /// The kept head is older than one that this ledger has seen in its place.
    #[error("the head that is kept has {head} records, and one of {seen} was there before")]
    HeadRolledBack {
        /// The size of the head that is kept.
        head: u64,
        /// The size of the one before.
        seen: u64,
    },
    /// The head that is kept is no checkpoint of this log.
    #[error("the head that is kept is no checkpoint of this log")]
    Head(#[source] CheckpointFault),
    /// The checkpoint that the host holds is not one of this log.
    #[error("the checkpoint to extend is not one of this log")]
    Since(#[source] CheckpointFault),
    /// The key of the log signs receipts too.
    #[error("the key of the log must not be the one that signs receipts")]
    ReceiptKey,
    /// The key of the log is not a log's, or its origin is no fit name for a cell.
    #[error("the key of a log must be one of a log, under at most 200 visible ASCII characters")]
    Origin,
    /// The signer failed. Nothing was released.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The store or the cell of the head failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others kept signing heads of the same log.
    #[error("others kept signing heads of the same log")]
    Contended,
    /// No checkpoint has been signed yet, so nothing can be proved.
    #[error("no checkpoint has been signed yet")]
    NoCheckpoint,
    /// The record came after the last checkpoint.
    #[error("the record is not among the {size} records of the last checkpoint")]
    NotIncluded {
        /// The size of the checkpoint.
        size: u64,
    },
    /// The log has no such receipt.
    #[error("the log has no receipt `{receipt}`")]
    ReceiptUnknown {
        /// The receipt.
        receipt: ReceiptId,
    },
    /// There is no such proof, or the nodes of the tree could not be read or written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A bundle could not be written.
    #[error("the bundle could not be written")]
    Bundle(#[source] io::Error),
}

impl LedgerError {
    /// A stable word for the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LogShorterThanHead { .. } => "log_shorter_than_head",
            Self::LogForked { .. } => "log_forked",
            Self::HeadRolledBack { .. } => "head_rolled_back",
            Self::Head(_) => "head_malformed",
            Self::Since(_) => "since_malformed",
            Self::ReceiptKey => "log_key_signs_receipts",
            Self::Origin => "origin_malformed",
            Self::Signer(_) => "signer_unavailable",
            Self::Store(error) => error.code(),
            Self::Contended => "contended",
            Self::NoCheckpoint => "no_checkpoint",
            Self::NotIncluded { .. } => "not_included",
            Self::ReceiptUnknown { .. } => "receipt_unknown",
            Self::Tree(error) => error.code(),
            Self::Bundle(_) => "bundle_failed",
        }
    }
}
