//! What can go wrong with a ledger.

use crate::{
    base::{code::coded, debug::debug_as_display, ids::ReceiptId},
    evidence::{
        log::{CheckpointFault, TreeError},
        receipt::SignerError,
    },
    store::StoreError,
};
use std::io;

coded! {
    /// A ledger that could not be opened, or a call of it that could not be carried out.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum LedgerError {
        /// The log has fewer records than a head that was signed.
        #[error("the log has {size} records, and a head of {head} was signed")]
        LogShorterThanHead {
            /// How many it has.
            size: u64,
            /// How many it had.
            head: u64,
        } => "log_shorter_than_head",
        /// The log has other records than when a head was signed.
        #[error("the first {head} records are not those of the head that was signed")]
        LogForked {
            /// The size of that head.
            head: u64,
        } => "log_forked",
        /// The kept head is older than one that this ledger has seen in its place.
        #[error("the head that is kept has {head} records, and one of {seen} was there before")]
        HeadRolledBack {
            /// The size of the head that is kept.
            head: u64,
            /// The size of the one before.
            seen: u64,
        } => "head_rolled_back",
        /// The head that is kept is no checkpoint of this log.
        #[error("the head that is kept is no checkpoint of this log")]
        Head(#[source] CheckpointFault) => "head_malformed",
        /// The checkpoint that the host holds is not one of this log.
        #[error("the checkpoint to extend is not one of this log")]
        Since(#[source] CheckpointFault) => "since_malformed",
        /// The key of the log signs receipts too.
        #[error("the key of the log must not be the one that signs receipts")]
        ReceiptKey => "log_key_signs_receipts",
        /// The key of the log is not a log's, or its origin is no fit name for a cell.
        #[error("the key of a log must be one of a log, under at most 200 visible ASCII characters")]
        Origin => "origin_malformed",
        /// The signer failed. Nothing was released.
        #[error(transparent)]
        Signer(#[from] SignerError) => "signer_unavailable",
        /// The store or the cell of the head failed.
        #[error(transparent)]
        Store(#[from] StoreError) => error,
        /// Others kept signing heads of the same log.
        #[error("others kept signing heads of the same log")]
        Contended => "contended",
        /// No checkpoint has been signed yet, so nothing can be proved.
        #[error("no checkpoint has been signed yet")]
        NoCheckpoint => "no_checkpoint",
        /// The record came after the last checkpoint.
        #[error("the record is not among the {size} records of the last checkpoint")]
        NotIncluded {
            /// The size of the checkpoint.
            size: u64,
        } => "not_included",
        /// The log has no such receipt.
        #[error("the log has no receipt `{receipt}`")]
        ReceiptUnknown {
            /// The receipt.
            receipt: ReceiptId,
        } => "receipt_unknown",
        /// There is no such proof, or the nodes of the tree could not be read or written.
        #[error(transparent)]
        Tree(#[from] TreeError) => error,
        /// A bundle could not be written.
        #[error("the bundle could not be written")]
        Bundle(#[source] io::Error) => "bundle_failed",
    }
}

debug_as_display!(LedgerError);
