//! Makes a proof in a single pass over a log.

use super::{
    frontier::{Frontier, TreeHead},
    proof::{ProofError, check_sizes, path, peaks},
};
use crate::base::digest::Digest;
use std::collections::BTreeMap;

/// Makes one proof in a single pass over the leaf hashes of a log, in memory that does not grow with the log.
///
/// Use it for a log in a file. A [`Tree`](super::Tree) makes any proof from its stored nodes.
///
/// ```
/// use kiff::{log::{ProofBuilder, verify_inclusion}, record::Digest};
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
    /// The node at which the path starts.
    start: Option<Digest>,
    /// The complete siblings on the path up from it, by level.
    siblings: BTreeMap<u32, Digest>,
}

/// The claim to be proved.
#[derive(Clone, Copy, Debug)]
enum Target {
    Inclusion(u64),
    Consistency(u64),
}

impl Target {
    /// The level and the index of the node at which the path starts. For consistency it is the last perfect subtree of
    /// the old tree.
    fn node(self) -> Option<(u32, u64)> {
        match self {
            Self::Inclusion(index) => Some((0, index)),
            Self::Consistency(0) => None,
            Self::Consistency(old) => Some((old.trailing_zeros(), (old >> old.trailing_zeros()) - 1)),
        }
    }
}

impl ProofBuilder {
    /// Proves that the log holds a record at `index`, counted from zero.
    #[must_use]
    pub const fn inclusion(index: u64) -> Self {
        Self::of(Target::Inclusion(index))
    }

    /// Proves that the log begins with the `old` records that it had before.
    #[must_use]
    pub const fn consistency(old: u64) -> Self {
        Self::of(Target::Consistency(old))
    }

    const fn of(target: Target) -> Self {
        Self { target, frontier: Frontier::new(), start: None, siblings: BTreeMap::new() }
    }

    /// Appends the next leaf hash of the log.
    pub fn append(&mut self, leaf: Digest) {
        let leaf_index = self.frontier.size();
        let Some((base, index)) = self.target.node() else { return self.frontier.append(leaf) };
        let start = &mut self.start;
        let siblings = &mut self.siblings;
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

    /// The size and the root of the log so far.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.frontier.head()
    }

    /// The proof about the log so far.
    ///
    /// # Errors
    /// [`ProofError`] if the log does not hold the record, or is shorter than it was before.
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
        // Each node on a path is either a complete sibling or a peak, so all of them are known.
        proof.extend(path(base, index, size, |level, index| {
            let peak = all.iter().find(|((at, start), _)| *at == level && *start >> level == index);
            let sibling = || self.siblings.get(&level);
            peak.map(|(_, peak)| *peak).or_else(sibling).copied().ok_or(ProofError::IndexOutside { index, size })
        })?);
        Ok(proof)
    }
}
