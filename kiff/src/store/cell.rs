//! Small named values beside the log.

/// A small named value beside the log, as it is now.
///
/// Cells hold what can be computed again, or is only a place to go on from: nothing in them is evidence, and each
/// can be lost without harm to the log. kiff's own have a name of their kind, a colon and whose they are, such as
/// `position:billing` and `snapshot:order:ord_1`: at most 255 visible ASCII characters, beginning with a letter in
/// lower case.
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate make it")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// How often it was set: 1 at first, and one more each time.
    pub revision: u64,
    /// The value, as it was set.
    pub value: Vec<u8>,
}

/// How the setting of a [`Cell`] came out.
#[must_use]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellSet {
    /// It is set, and its revision is one more than the expected.
    Done,
    /// Nothing is changed: the cell is at another revision.
    Conflict {
        /// Its revision; 0 if there is none.
        actual: u64,
    },
}
