//! The tenant's log as a tree: proofs, checkpoints, witnesses, disclosure.

#[cfg(test)]
mod tree;
