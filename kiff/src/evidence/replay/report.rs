//! The result of checking a log.

use crate::{base::code::Code, kernel::view::FoldError};
use std::fmt;

/// The result of checking a log.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The number of lines in the log.
    pub records: u64,
    /// The number of lines that stand for an erased record. Its hash is checked, and its content is gone.
    pub pruned: u64,
    /// The number of streams in the log.
    pub entities: u64,
    /// The faults, in the order of the log. A stream is not followed beyond its first fault.
    pub faults: Vec<Fault>,
}

/// A record that is wrong.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The index of the record in the log, counted from 0.
    pub index: u64,
    /// The entity of the record; empty if it is not known.
    pub entity: String,
    /// The reason, as a stable word.
    pub reason: Code,
    /// The reason in words, for people.
    pub detail: String,
}

impl Report {
    /// Whether the log has no faults.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records of {} entities", self.records, self.entities)?;
        if self.pruned > 0 {
            write!(f, ", {} of them pruned", self.pruned)?;
        }
        match self.faults.as_slice() {
            [] => f.write_str(": the log holds"),
            faults => faults.iter().try_for_each(|fault| write!(f, "\n{fault}")),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault: {} {} {}: {}", self.index, self.entity, self.reason, self.detail)
    }
}

/// Why a record is wrong.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) reason: Code,
    pub(super) detail: String,
}

impl Mismatch {
    pub(super) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason: Code::fixed(reason), detail: detail.into() }
    }
}

impl From<FoldError> for Mismatch {
    fn from(error: FoldError) -> Self {
        Self { reason: error.code(), detail: error.to_string() }
    }
}
