//! The Merkle tree over a tenant's log, with all its nodes.

use super::{
    frontier::{Frontier, MAX_TREE_SIZE, TreeHead},
    proof::{ProofError, check_sizes, path, peaks},
};
use crate::base::{code::coded, debug::debug_as_display, digest::Digest};
use std::io;

/// Storage for the nodes of a [`Tree`]. Users may implement it. `Vec<Digest>` does, and so does a file of hashes
/// ([`NodeFile`](crate::ledger::NodeFile)).
///
/// Each node has a fixed place, and nodes are written in the order of their places. Nodes after the last one of a tree
/// are left from a write that was cut off, and are overwritten.
pub trait Nodes {
    /// Reads the node at a place.
    ///
    /// # Errors
    /// The error of the storage; [`io::ErrorKind::UnexpectedEof`] if no node was written there.
    fn read(&self, place: u64) -> io::Result<Digest>;

    /// Writes nodes, the first of them at `place`.
    ///
    /// # Errors
    /// The error of the storage. The tree then stays as it was.
    fn write(&mut self, place: u64, nodes: &[Digest]) -> io::Result<()>;
}

impl Nodes for Vec<Digest> {
    fn read(&self, place: u64) -> io::Result<Digest> {
        let node = usize::try_from(place).ok().and_then(|place| self.get(place));
        node.copied().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn write(&mut self, place: u64, nodes: &[Digest]) -> io::Result<()> {
        let place = usize::try_from(place).map_err(io::Error::other)?;
        if place > self.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.truncate(place);
        self.extend_from_slice(nodes);
        Ok(())
    }
}

impl<N: Nodes + ?Sized> Nodes for Box<N> {
    fn read(&self, place: u64) -> io::Result<Digest> {
        (**self).read(place)
    }

    fn write(&mut self, place: u64, nodes: &[Digest]) -> io::Result<()> {
        (**self).write(place, nodes)
    }
}

/// The number of leaves that are appended between two writes of nodes.
const CHUNK: usize = 1_024;

/// A tree with all its nodes. It makes any proof about its records with a few reads.
///
/// ```
/// use kiff::{log::{Tree, verify_consistency, verify_inclusion}, record::Digest};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let leaves: Vec<Digest> = (0..100u8).map(|record| Digest::leaf(&[record])).collect();
/// let mut tree = Tree::new(Vec::new());
/// tree.extend(leaves.iter().copied())?;
///
/// let head = tree.head();
/// let path = tree.inclusion(41, head.size)?;
/// verify_inclusion(&leaves[41], 41, &path, &head)?;
///
/// let old = tree.head_at(70)?;
/// verify_consistency(&old, &head, &tree.consistency(70, head.size)?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tree<N> {
    nodes: N,
    frontier: Frontier,
}

impl<N: Nodes> Tree<N> {
    /// A tree without records.
    pub const fn new(nodes: N) -> Self {
        Self { nodes, frontier: Frontier::new() }
    }

    /// Opens a tree from stored nodes.
    ///
    /// # Errors
    /// [`TreeError`] if the nodes cannot be read, or do not have the root of `head`.
    pub fn open(nodes: N, head: &TreeHead) -> Result<Self, TreeError> {
        let mut tree = Self::new(nodes);
        tree.resume(head)?;
        Ok(tree)
    }

    /// Continues from a head whose nodes are stored already. Only the nodes of the right edge are read.
    ///
    /// # Errors
    /// [`TreeError`] if the nodes cannot be read, or do not have the root of `head`. The tree then stays as it was.
    pub fn resume(&mut self, head: &TreeHead) -> Result<(), TreeError> {
        if head.size > MAX_TREE_SIZE {
            return Err(ProofError::SizesOutOfOrder { old: head.size, new: MAX_TREE_SIZE }.into());
        }
        let frontier = self.frontier_at(head.size)?;
        if frontier.head() != *head {
            return Err(ProofError::RootMismatch.into());
        }
        self.frontier = frontier;
        Ok(())
    }

    /// The right edge.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The size and the root.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.frontier.head()
    }

    /// Appends records by their leaf hashes.
    ///
    /// # Errors
    /// The error of [`Nodes::write`]. The tree then ends with the last chunk that was written, as its size shows.
    pub fn extend(&mut self, leaves: impl IntoIterator<Item = Digest>) -> io::Result<()> {
        let mut leaves = leaves.into_iter().peekable();
        let mut next = self.frontier.clone();
        let mut nodes = Vec::new();
        while leaves.peek().is_some() {
            nodes.clear();
            for leaf in leaves.by_ref().take(CHUNK) {
                next.append_with(leaf, |_, node| nodes.push(node));
            }
            self.nodes.write(node_count(self.frontier.size()), &nodes)?;
            self.frontier.clone_from(&next);
        }
        Ok(())
    }

    /// The leaf hash of the record at `index`, counted from zero.
    ///
    /// # Errors
    /// [`TreeError`] if the tree has no such record, or the node cannot be read.
    pub fn leaf(&self, index: u64) -> Result<Digest, TreeError> {
        let size = self.frontier.size();
        if index >= size {
            return Err(ProofError::IndexOutside { index, size }.into());
        }
        self.node(0, index)
    }

    /// The head that the tree had at this size.
    ///
    /// # Errors
    /// [`TreeError`] if the tree is smaller, or a node cannot be read.
    pub fn head_at(&self, size: u64) -> Result<TreeHead, TreeError> {
        if size > self.frontier.size() {
            return Err(ProofError::SizesOutOfOrder { old: size, new: self.frontier.size() }.into());
        }
        Ok(self.frontier_at(size)?.head())
    }

    /// The proof that the tree of this size holds the record at `index`, counted from zero.
    ///
    /// # Errors
    /// [`TreeError`] if the tree is smaller or has no such record, or a node cannot be read.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Digest>, TreeError> {
        if index >= size || size > self.frontier.size() {
            return Err(ProofError::IndexOutside { index, size: size.min(self.frontier.size()) }.into());
        }
        path(0, index, size, |level, index| self.node(level, index))
    }

    /// The proof that the tree of the size `new` begins with the records of the tree of the size `old`.
    ///
    /// # Errors
    /// [`TreeError`] if `old` is 0 or more than `new`, the tree is smaller than `new`, or a node cannot be read.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, TreeError> {
        check_sizes(old, new)?;
        check_sizes(new, self.frontier.size())?;
        if old == new {
            return Ok(Vec::new());
        }
        let level = old.trailing_zeros();
        let index = (old >> level) - 1;
        let mut proof = Vec::new();
        // The verifier knows the root of the old tree, so a perfect old tree is left out.
        if !old.is_power_of_two() {
            proof.push(self.node(level, index)?);
        }
        proof.extend(path(level, index, new, |level, index| self.node(level, index))?);
        Ok(proof)
    }

    /// The right edge that the tree had at this size.
    fn frontier_at(&self, size: u64) -> Result<Frontier, TreeError> {
        let peaks = peaks(size).map(|(level, start)| self.node(level, start >> level));
        Ok(Frontier::of_peaks(size, peaks.collect::<Result<_, _>>()?))
    }

    fn node(&self, level: u32, index: u64) -> Result<Digest, TreeError> {
        Ok(self.nodes.read(place(level, index))?)
    }
}

coded! {
    /// Why a [`Tree`] cannot make a proof.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum TreeError {
        /// The proof does not exist, or the nodes do not have the root of the head.
        #[error(transparent)]
        Proof(#[from] ProofError) => error,
        /// A node could not be read.
        #[error("a node of the tree could not be read")]
        Nodes(#[from] io::Error) => "nodes_failed",
    }
}

debug_as_display!(TreeError);

/// The place of a node. Nodes are stored in the order in which they become complete.
fn place(level: u32, index: u64) -> u64 {
    let last_leaf = ((index + 1) << level) - 1;
    node_count(last_leaf) + u64::from(level)
}

/// The number of complete nodes in a tree of this size.
fn node_count(size: u64) -> u64 {
    2 * size - u64::from(size.count_ones())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_stored_in_the_order_in_which_they_become_complete() {
        let mut frontier = Frontier::new();
        let mut next = 0;
        for leaf in 0..300u64 {
            assert_eq!(node_count(leaf), next);
            frontier.append_with(Digest::ZERO, |level, _| {
                assert_eq!(place(level, leaf >> level), next);
                next += 1;
            });
        }
        assert!(node_count(300) < 600, "an append costs less than one node hash beside its leaf");
    }

    #[test]
    fn a_tree_is_opened_with_its_own_head_alone() {
        let mut tree = Tree::new(Vec::new());
        tree.extend((0..9u8).map(|leaf| Digest::leaf(&[leaf]))).unwrap();
        let Tree { nodes, .. } = tree.clone();
        assert_eq!(Tree::open(nodes.clone(), &tree.head()).unwrap().head(), tree.head());
        let old = tree.head_at(6).unwrap();
        // Nodes after the head do not belong to the tree.
        let mut reopened = Tree::open(nodes.clone(), &old).unwrap();
        reopened.extend((6..9u8).map(|leaf| Digest::leaf(&[leaf]))).unwrap();
        assert_eq!(reopened.head(), tree.head());
        let other = TreeHead { size: 9, root: Digest::ZERO };
        assert_eq!(Tree::open(nodes.clone(), &other).unwrap_err().code(), "root_mismatch");
        assert_eq!(Tree::open(nodes, &TreeHead { size: 64, ..other }).unwrap_err().code(), "nodes_failed");
    }
}
