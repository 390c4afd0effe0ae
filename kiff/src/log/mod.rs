//! The tenant's log as a Merkle tree, and everything that proves what is in it.
//!
//! - [`Frontier`], [`Tree`], [`ProofBuilder`]: roots and proofs (RFC 9162 §2.1), by the records' leaf hashes.
//! - [`verify_inclusion`], [`verify_consistency`]: what a proof shows.

mod proof;
mod tree;

pub use proof::{ProofBuilder, ProofError, verify_consistency, verify_inclusion};
pub use tree::{Frontier, FrontierError, MAX_TREE_SIZE, Nodes, Tree, TreeError, TreeHead};
