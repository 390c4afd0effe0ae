//! Checks proofs about a tree, and finds the nodes that a proof consists of.

use super::frontier::{TreeHead, bag};
use crate::base::{code::coded, debug::debug_as_display, digest::Digest};

/// Checks that the tree of `head` holds a record at `index`, counted from zero.
///
/// The head must come from a verified checkpoint, because a path proves only a root, not a size.
///
/// ```
/// use kiff::{log::{TreeHead, verify_inclusion}, record::Digest};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (first, second) = (Digest::leaf(b"first"), Digest::leaf(b"second"));
/// let head = TreeHead { size: 2, root: Digest::node(&first, &second) };
/// verify_inclusion(&second, 1, &[first], &head)?;
///
/// let wrong = verify_inclusion(&second, 0, &[first], &head).unwrap_err();
/// assert_eq!(wrong.code(), "root_mismatch");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ProofError`] if the proof does not hold.
pub fn verify_inclusion(leaf: &Digest, index: u64, path: &[Digest], head: &TreeHead) -> Result<(), ProofError> {
    let size = head.size;
    if size == 0 {
        return Err(ProofError::EmptyTree);
    }
    if index >= size {
        return Err(ProofError::IndexOutside { index, size });
    }
    let mut walk = Walk { node: index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in path {
        hash = match walk.climb().ok_or(ProofError::Length { actual: path.len() })? {
            Side::Left => Digest::node(sibling, &hash),
            Side::Right => Digest::node(&hash, sibling),
        };
    }
    if walk.last != 0 {
        return Err(ProofError::Length { actual: path.len() });
    }
    if hash == head.root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// Checks that the tree of `new` begins with exactly the records of the tree of `old`.
///
/// ```
/// use kiff::{log::{TreeHead, verify_consistency}, record::Digest};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (first, second) = (Digest::leaf(b"first"), Digest::leaf(b"second"));
/// let old = TreeHead { size: 1, root: first };
/// let new = TreeHead { size: 2, root: Digest::node(&first, &second) };
/// verify_consistency(&old, &new, &[second])?;
///
/// let other = TreeHead { size: 1, root: second };
/// assert_eq!(verify_consistency(&other, &new, &[second]).unwrap_err().code(), "root_mismatch");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ProofError`] if the proof does not hold. A tree without records is refused, because it proves nothing.
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, path: &[Digest]) -> Result<(), ProofError> {
    check_sizes(old.size, new.size)?;
    let length = ProofError::Length { actual: path.len() };
    if old.size == new.size {
        if !path.is_empty() {
            return Err(length);
        }
        return if old.root == new.root { Ok(()) } else { Err(ProofError::RootMismatch) };
    }
    // The proof begins with the last perfect subtree of the old tree, unless the old tree is perfect itself: then the
    // verifier has its root already.
    let (start, path) = match path.split_first() {
        _ if old.size.is_power_of_two() => (old.root, path),
        Some((start, path)) => (*start, path),
        None => return Err(length),
    };
    let level = old.size.trailing_zeros();
    let mut walk = Walk { node: (old.size - 1) >> level, last: (new.size - 1) >> level };
    let mut old_hash = start;
    let mut new_hash = start;
    for sibling in path {
        match walk.climb().ok_or(length.clone())? {
            Side::Left => {
                old_hash = Digest::node(sibling, &old_hash);
                new_hash = Digest::node(sibling, &new_hash);
            }
            Side::Right => new_hash = Digest::node(&new_hash, sibling),
        }
    }
    if walk.last != 0 {
        return Err(length);
    }
    if old_hash != old.root {
        return Err(ProofError::OldRootMismatch);
    }
    if new_hash == new.root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

coded! {
    /// Why a proof does not hold, or cannot exist.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum ProofError {
        /// A tree without records proves nothing.
        #[error("a tree without records proves nothing")]
        EmptyTree => "tree_empty",
        /// The tree has no record at this index.
        #[error("index {index} is not in a tree of {size} records")]
        IndexOutside {
            /// The index.
            index: u64,
            /// The number of records in the tree.
            size: u64,
        } => "index_outside_tree",
        /// A tree cannot begin with a larger one.
        #[error("a tree of {new} records cannot extend one of {old}")]
        SizesOutOfOrder {
            /// The size of the tree that should be the older.
            old: u64,
            /// The size of the tree that should be the newer.
            new: u64,
        } => "sizes_out_of_order",
        /// The proof has more or fewer hashes than a proof about trees of these sizes has.
        #[error("the proof has {actual} hashes, which does not fit the sizes of the trees")]
        Length {
            /// The number of its hashes.
            actual: usize,
        } => "proof_length",
        /// The proof leads to another root.
        #[error("the proof leads to another root")]
        RootMismatch => "root_mismatch",
        /// The proof leads to another root of the older tree.
        #[error("the proof leads to another root of the older tree")]
        OldRootMismatch => "old_root_mismatch",
    }
}

debug_as_display!(ProofError);

/// Checks that a tree of `new` records can extend one of `old` records.
pub(super) fn check_sizes(old: u64, new: u64) -> Result<(), ProofError> {
    if old == 0 {
        return Err(ProofError::EmptyTree);
    }
    if old > new {
        return Err(ProofError::SizesOutOfOrder { old, new });
    }
    Ok(())
}

/// The perfect subtrees of a tree, largest first, each with its level and the index of its first leaf.
pub(super) fn peaks(size: u64) -> impl DoubleEndedIterator<Item = (u32, u64)> {
    let levels = (0..u64::BITS).rev().filter(move |level| size >> level & 1 == 1);
    // The higher bits of the size count the leaves before the subtree.
    levels.map(move |level| (level, size >> level >> 1 << 1 << level))
}

/// The hashes beside the path from a complete node up to the root, lowest first.
///
/// Within its perfect subtree a node has complete siblings. The subtrees to the right of it count as one hash, and
/// those to the left count one by one.
pub(super) fn path<E>(
    level: u32,
    index: u64,
    size: u64,
    mut node: impl FnMut(u32, u64) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    let first = index << level;
    let mut path = Vec::new();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (peak, start) in peaks(size) {
        if start > first {
            right.push(node(peak, start >> peak)?);
        } else if first >> peak == start >> peak {
            for level in level..peak {
                path.push(node(level, first >> level ^ 1)?);
            }
        } else {
            left.push(node(peak, start >> peak)?);
        }
    }
    path.extend(bag(right.into_iter()));
    path.extend(left.into_iter().rev());
    Ok(path)
}

/// The side of the path on which a sibling is.
enum Side {
    Left,
    Right,
}

/// The path from a node up to the root, as RFC 9162 §2.1.3.2 describes it.
struct Walk {
    /// The index of the node on its level.
    node: u64,
    /// The index of the last node on that level.
    last: u64,
}

impl Walk {
    /// Climbs to the next level with a sibling; `None` at the root.
    fn climb(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.node & 1 == 1 || self.node == self.last { Side::Left } else { Side::Right };
        if matches!(side, Side::Left) {
            // While the last node of a level has an even index, it has no sibling on that level.
            self.up(self.node.trailing_zeros());
        }
        self.up(1);
        Some(side)
    }

    fn up(&mut self, levels: u32) {
        self.node >>= levels;
        self.last >>= levels;
    }
}
