//! The tenant's log as a Merkle tree, and the proofs about its contents.
//!
//! Nothing here opens a file or queries a store. Everything works on hashes and texts, for those who make proofs and
//! for those who check them. A [`Ledger`](crate::ledger::Ledger) signs the log of a runtime.
//!
//! - [`Frontier`], [`Tree`], [`ProofBuilder`]: roots and proofs (RFC 9162 §2.1) over the leaf hashes of the records.
//! - [`verify_inclusion`], [`verify_consistency`]: check a proof.
//! - [`SignedCheckpoint`]: the size and the root of a log, signed by its owner and cosigned by witnesses.
//! - [`TlogProof`]: a record, its index, its path and a checkpoint in one file.
//! - [`Disclosure`]: proves some fields of a request and hides the others.
//! - [`VerifierKeys`], [`WitnessPolicy`]: whom a verifier trusts.

mod builder;
mod checkpoint;
mod cosignature;
mod disclosure;
mod frontier;
mod note;
mod proof;
mod signed_checkpoint;
mod tlog_proof;
mod tree;
mod verifier_key;

pub use builder::ProofBuilder;
pub use checkpoint::{Checkpoint, CheckpointFault, default_origin};
pub use cosignature::{Cosignature, WitnessPolicy, WitnessPolicyError};
pub use disclosure::{Disclosed, Disclosure, DisclosureFault};
pub use frontier::{Frontier, FrontierError, MAX_TREE_SIZE, TreeHead};
pub use note::{Note, NoteFault, NoteSignature};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use signed_checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
pub use tlog_proof::{Proven, TlogProof, TlogProofFault};
pub use tree::{Nodes, Tree, TreeError};
pub use verifier_key::{KeyRole, VerifierKey, VerifierKeyError, VerifierKeys};

pub(crate) use cosignature::cosigned_message;
