//! The head of a log, and the right edge of its tree (RFC 9162 §2.1), which is all that an append needs.

use crate::base::{debug::debug_as_display, digest::Digest};

/// The most records that a tree can hold.
pub const MAX_TREE_SIZE: u64 = i64::MAX as u64;

/// The number of records in a tree, and the one hash that stands for all of them.
#[expect(clippy::exhaustive_structs, reason = "a size and its root: nothing else can belong to a head")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TreeHead {
    /// The number of records.
    pub size: u64,
    /// The root hash over the leaf hashes of the records.
    pub root: Digest,
}

impl TreeHead {
    /// The head of a tree without records.
    #[must_use]
    pub fn empty() -> Self {
        Frontier::new().head()
    }
}

/// The right edge of a tree. It suffices for appending and for computing the root.
///
/// It holds one hash for each bit that is set in the size: at most 20 at a million records. An append computes one node
/// hash on average.
///
/// ```
/// use kiff::{log::Frontier, record::Digest};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut frontier = Frontier::new();
/// frontier.append(Digest::leaf(b"first"));
/// frontier.append(Digest::leaf(b"second"));
/// assert_eq!(frontier.head().size, 2);
/// assert_eq!(frontier.head().root, Digest::node(&Digest::leaf(b"first"), &Digest::leaf(b"second")));
///
/// // It can be stored, and continued later.
/// let mut later = Frontier::from_bytes(&frontier.to_bytes())?;
/// later.append(Digest::leaf(b"third"));
/// assert_eq!(later.size(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    // INVARIANT: one for each bit that is set in `size`, the roots of the perfect subtrees, largest first.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The frontier of a tree without records.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// Reads a stored frontier.
    ///
    /// # Errors
    /// [`FrontierError`] if the bytes are not a frontier. Compare its head with a trusted one to know that it is the
    /// frontier of a certain log.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or(FrontierError)?;
        let size = u64::from_be_bytes(*size);
        let (hashes, rest) = hashes.as_chunks::<32>();
        if size > MAX_TREE_SIZE || !rest.is_empty() || hashes.len() != size.count_ones() as usize {
            return Err(FrontierError);
        }
        Ok(Self { size, peaks: hashes.iter().copied().map(Digest::from_bytes).collect() })
    }

    /// The frontier as bytes: eight for the size, big-endian, and 32 for each hash.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|peak| bytes.extend_from_slice(peak.as_bytes()));
        bytes
    }

    /// The number of records.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a record by its leaf hash.
    pub fn append(&mut self, leaf: Digest) {
        self.append_with(leaf, |_, _| ());
    }

    /// The size and the root.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        let root = bag(self.peaks.iter().copied()).unwrap_or_else(|| Digest::of(b""));
        TreeHead { size: self.size, root }
    }

    /// The frontier with these roots of perfect subtrees, largest first. There must be one for each bit of the size.
    pub(super) const fn of_peaks(size: u64, peaks: Vec<Digest>) -> Self {
        Self { size, peaks }
    }

    /// The roots of the perfect subtrees, largest first.
    pub(super) fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// Appends a leaf, and calls `completed` with the level and the hash of each node that it completes, the leaf
    /// first.
    pub(super) fn append_with(&mut self, leaf: Digest, mut completed: impl FnMut(u32, Digest)) {
        let mut node = leaf;
        completed(0, node);
        for level in 1..=self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            node = Digest::node(&left, &node);
            completed(level, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }
}

/// The bytes are not a frontier.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frontier must be a size and one hash for each bit that is set in it")]
pub struct FrontierError;

debug_as_display!(FrontierError);

/// The one root over perfect subtrees, given largest first; `None` if there are none.
pub(super) fn bag(peaks: impl DoubleEndedIterator<Item = Digest>) -> Option<Digest> {
    peaks.rev().reduce(|right, left| Digest::node(&left, &right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_frontier_continues_as_the_original() {
        let mut frontier = Frontier::new();
        for leaf in 0..70u8 {
            let mut stored = Frontier::from_bytes(&frontier.to_bytes()).unwrap();
            assert_eq!(stored, frontier);
            stored.append(Digest::leaf(&[leaf]));
            frontier.append(Digest::leaf(&[leaf]));
            assert_eq!(stored.head(), frontier.head());
        }
        let bytes = frontier.to_bytes();
        for bad in
            [&bytes[..7], &bytes[..bytes.len() - 1], &bytes[..bytes.len() - 32], &[bytes.as_slice(), &[0; 32]].concat()]
        {
            assert_eq!(Frontier::from_bytes(bad), Err(FrontierError));
        }
    }

    #[test]
    fn the_empty_tree_has_the_hash_of_nothing() {
        assert_eq!(TreeHead::empty(), TreeHead { size: 0, root: Digest::of(b"") });
    }
}
