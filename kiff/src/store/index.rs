//! What a store says of claims and marks.

use crate::{base::ids::EntityRef, kernel::record::Mark};

/// Where a claim was made.
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate make it")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The stream of the record that claims.
    pub stream: EntityRef,
    /// The record's sequence in it.
    pub seq: u64,
    /// For an approval or an execution: the sequence of the record that closed it last, if it is closed.
    pub closed: Option<u64>,
}

/// A kind of [`Mark`].
#[expect(clippy::exhaustive_enums, reason = "one for each kind of mark, which stores must tell apart")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// [`Mark::Approval`].
    Approval,
    /// [`Mark::Execution`].
    Execution,
}

impl Mark {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> MarkKind {
        match self {
            Self::Approval(_) => MarkKind::Approval,
            Self::Execution(_) => MarkKind::Execution,
        }
    }
}

/// A mark that is open.
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate make it")]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenMark {
    /// The stream.
    pub stream: EntityRef,
    /// The sequence of the record that opened it.
    pub seq: u64,
    /// What is open.
    pub mark: Mark,
}
