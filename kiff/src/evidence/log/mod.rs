//! The tenant's log as a Merkle tree, and everything that proves what is in it.
//!
//! Nothing here opens a file or asks a store: all of it works on hashes and texts, for those who make proofs
//! and for those who check them. A [`Ledger`](crate::ledger::Ledger) signs the log of a runtime.
//!
//! - [`Frontier`], [`Tree`], [`ProofBuilder`]: roots and proofs (RFC 9162 §2.1), by the records' leaf hashes.
//! - [`verify_inclusion`], [`verify_consistency`]: what a proof shows.
//! - [`SignedCheckpoint`]: what the owner of a log says it is, with the cosignatures of witnesses.
//! - [`TlogProof`]: a record, its place, its path and a checkpoint in one file.
//! - [`Disclosure`]: some fields of a request, proved, and the rest hidden.
//! - [`VerifierKeys`], [`WitnessPolicy`]: whom a verifier relies on.

mod checkpoint;
mod cosignature;
mod disclosure;
mod frontier;
mod note;
mod proof;
mod tlog_proof;
mod tree;
mod verifier_key;

pub use checkpoint::{Checkpoint, CheckpointFault, SignedCheckpoint, VerifiedCheckpoint, default_origin};
pub use cosignature::{Cosignature, WitnessPolicy, WitnessPolicyError};
pub use disclosure::{Disclosed, Disclosure, DisclosureFault};
pub use frontier::{Frontier, FrontierError, MAX_TREE_SIZE, TreeHead};
pub use note::{Note, NoteFault, NoteSignature};
pub use proof::{ProofBuilder, ProofError, verify_consistency, verify_inclusion};
pub use tlog_proof::{Proven, TlogProof, TlogProofFault};
pub use tree::{Nodes, Tree, TreeError};
pub use verifier_key::{KeyRole, VerifierKey, VerifierKeyError, VerifierKeys};

pub(crate) use cosignature::cosigned_message;
