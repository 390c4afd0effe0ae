//! Open marks, as a store lists them.

use crate::{base::ids::EntityRef, kernel::record::Mark};

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
    /// The approval or the execution.
    pub mark: Mark,
}
