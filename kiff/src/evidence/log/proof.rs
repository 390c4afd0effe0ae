//! Proofs about the tree: how they are checked, and how one is made in a single pass over a log.

use super::frontier::{Frontier, TreeHead, bag};
use crate::base::code::coded;
use crate::base::digest::Digest;
use std::collections::BTreeMap;

/// Checks that a record is at `index`, counted from zero, in the tree of `head`.
///
/// The head must come from a checkpoint whose signature was verified: a path proves no size, only a root.
///
/// ```
/// use kiff::{Digest, log::{TreeHead, verify_inclusion}};
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
/// [`ProofError`] if the proof does not show that.
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
/// use kiff::{Digest, log::{TreeHead, verify_consistency}};
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
/// [`ProofError`] if the proof does not show that. A tree without records proves nothing and is refused.
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, path: &[Digest]) -> Result<(), ProofError> {
    check_sizes(old.size, new.size)?;
    let length = ProofError::Length { actual: path.len() };
    if old.size == new.size {
        return match (path, old.root == new.root) {
            ([], true) => Ok(()),
            ([], false) => Err(ProofError::RootMismatch),
            _ => Err(length),
        };
    }
    // The proof begins with the last perfect subtree of the old tree, unless that is the whole of it.
    let (start, path) = match path.split_first() {
        _ if old.size.is_power_of_two() => (old.root, path),
        Some((start, path)) => (*start, path),
        None => return Err(length),
    };
    let level = old.size.trailing_zeros();
    let mut walk = Walk { node: (old.size - 1) >> level, last: (new.size - 1) >> level };
    let (mut old_hash, mut new_hash) = (start, start);
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
    match old_hash == old.root {
        false => Err(ProofError::OldRootMismatch),
        true if new_hash == new.root => Ok(()),
        true => Err(ProofError::RootMismatch),
    }
}

coded! {
    /// A proof that does not show what it should, or that there cannot be.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum ProofError {
        /// A tree without records proves nothing.
        #[error("a tree without records proves nothing")]
        EmptyTree => "tree_empty",
        /// The tree has no record at this index.
        #[error("index {index} is not in a tree of {size} records")]
        IndexOutside {
            /// The index.
            index: u64,
            /// The tree's size.
            size: u64,
        } => "index_outside_tree",
        /// A tree cannot begin with a larger one.
        #[error("a tree of {new} records cannot extend one of {old}")]
        SizesOutOfOrder {
            /// The size that should be the smaller one.
            old: u64,
            /// The size that should be the larger one.
            new: u64,
        } => "sizes_out_of_order",
        /// The proof has more hashes, or fewer, than one about these sizes has.
        #[error("the proof has {actual} hashes, which is not as many as its sizes take")]
        Length {
            /// How many it has.
            actual: usize,
        } => "proof_length",
        /// The proof leads to another root.
        #[error("the proof leads to another root")]
        RootMismatch => "root_mismatch",
        /// The proof leads to another root of the old tree.
        #[error("the proof leads to another root of the older tree")]
        OldRootMismatch => "old_root_mismatch",
    }
}

/// Makes one proof in a single pass over the leaf hashes of a log, in memory that does not grow with it.
///
/// For whoever has a log as a file and no tree of it.
///
/// ```
/// use kiff::{Digest, log::{ProofBuilder, verify_inclusion}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut builder = ProofBuilder::inclusion(2);
/// for record in ["a", "b", "c", "d", "e"] {
///     builder.append(Digest::leaf(record.as_bytes()));
/// }
/// verify_inclusion(&Digest::leaf(b"c"), 2, &builder.proof()?, &builder.head())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProofBuilder {
    target: Target,
    frontier: Frontier,
    /// The node that the path starts from.
    start: Option<Digest>,
    /// The complete siblings on the way up from it, by level.
    siblings: BTreeMap<u32, Digest>,
}

/// What is to be proved.
#[derive(Clone, Copy, Debug)]
enum Target {
    Inclusion(u64),
    Consistency(u64),
}

impl Target {
    /// Level and index of the node that the path starts from. For consistency that is the last perfect
    /// subtree of the old tree.
    fn node(self) -> Option<(u32, u64)> {
        match self {
            Self::Inclusion(index) => Some((0, index)),
            Self::Consistency(0) => None,
            Self::Consistency(old) => Some((old.trailing_zeros(), (old >> old.trailing_zeros()) - 1)),
        }
    }
}

impl ProofBuilder {
    /// Will prove that the record at `index`, counted from zero, is in the log.
    #[must_use]
    pub const fn inclusion(index: u64) -> Self {
        Self::of(Target::Inclusion(index))
    }

    /// Will prove that the log begins with the `old` records that it once had.
    #[must_use]
    pub const fn consistency(old: u64) -> Self {
        Self::of(Target::Consistency(old))
    }

    const fn of(target: Target) -> Self {
        Self { target, frontier: Frontier::new(), start: None, siblings: BTreeMap::new() }
    }

    /// Takes the next leaf hash of the log.
    pub fn append(&mut self, leaf: Digest) {
        let leaf_index = self.frontier.size();
        let (start, siblings) = (&mut self.start, &mut self.siblings);
        let Some((base, index)) = self.target.node() else { return self.frontier.append(leaf) };
        self.frontier.append_with(leaf, |level, node| {
            let Some(climbed) = level.checked_sub(base) else { return };
            let here = leaf_index >> level;
            if level == base && here == index {
                *start = Some(node);
            }
            if index.checked_shr(climbed).is_some_and(|ancestor| ancestor ^ 1 == here) {
                siblings.insert(level, node);
            }
        });
    }

    /// Size and root of what was appended.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.frontier.head()
    }

    /// The proof about all that was appended.
    ///
    /// # Errors
    /// [`ProofError`] if the log does not have the record, or is not as long as it once was.
    pub fn proof(&self) -> Result<Vec<Digest>, ProofError> {
        let size = self.frontier.size();
        let mut proof = Vec::new();
        match self.target {
            Target::Inclusion(index) if index >= size => return Err(ProofError::IndexOutside { index, size }),
            Target::Inclusion(_) => {}
            Target::Consistency(old) => {
                check_sizes(old, size)?;
                if old == size {
                    return Ok(proof);
                }
                proof.extend(self.start.filter(|_| !old.is_power_of_two()));
            }
        }
        let (base, index) = self.target.node().ok_or(ProofError::EmptyTree)?;
        let all: Vec<_> = peaks(size).zip(self.frontier.peaks()).collect();
        // Both kinds of nodes on a path are at hand: complete siblings, and peaks.
        proof.extend(path(base, index, size, |level, index| {
            let peak = all.iter().find(|((at, start), _)| *at == level && *start >> level == index);
            let sibling = || self.siblings.get(&level);
            peak.map(|(_, peak)| *peak).or_else(sibling).copied().ok_or(ProofError::IndexOutside { index, size })
        })?);
        Ok(proof)
    }
}

/// That a tree of `new` records can extend one of `old`.
pub(super) fn check_sizes(old: u64, new: u64) -> Result<(), ProofError> {
    match old {
        0 => Err(ProofError::EmptyTree),
        _ if old > new => Err(ProofError::SizesOutOfOrder { old, new }),
        _ => Ok(()),
    }
}

/// The perfect subtrees of a tree, largest first: each one's level and first leaf.
pub(super) fn peaks(size: u64) -> impl DoubleEndedIterator<Item = (u32, u64)> {
    let levels = (0..u64::BITS).rev().filter(move |level| size >> level & 1 == 1);
    // The bits above a peak's are the leaves before it.
    levels.map(move |level| (level, size >> level >> 1 << 1 << level))
}

/// The hashes beside the way from a complete node up to the root, lowest first.
///
/// Within its own perfect subtree a node has complete siblings. What is right of that subtree counts as
/// one hash; what is left of it comes peak by peak.
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

/// On which side of the way up a sibling stands.
enum Side {
    Left,
    Right,
}

/// The way up from a node to the root, as RFC 9162 §2.1.3.2 goes it.
struct Walk {
    /// The index of the node on its level.
    node: u64,
    /// The index of the last node on that level.
    last: u64,
}

impl Walk {
    /// One level with a sibling up; nothing if the root is reached.
    fn climb(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.node & 1 == 1 || self.node == self.last { Side::Left } else { Side::Right };
        if matches!(side, Side::Left) {
            // The last node of a level has no sibling there while its index is even.
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
