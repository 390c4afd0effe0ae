//! The result of deciding a log again.

use crate::{
    base::{
        code::Code,
        ids::{ActionName, EntityRef},
    },
    kernel::record::Verdict,
};
use std::fmt;

/// The decisions that other rules would make differently.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The number of decisions that were made again.
    pub compared: u64,
    /// The number of decisions that were left out, because they depended on more than the rules.
    pub left_out: u64,
    /// The decisions that would differ, in the order of the log.
    pub differences: Vec<Difference>,
    /// The indices of the records that could not be read or followed, each with the reason.
    pub unreadable: Vec<(u64, Code)>,
}

/// One decision that would differ.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The index of the proposal in the log, counted from 0.
    pub index: u64,
    /// The entity.
    pub entity: EntityRef,
    /// The action.
    pub action: ActionName,
    /// The recorded decision.
    pub was: Outlook,
    /// The decision by the other rules.
    pub now: Outlook,
}

/// A decision and its reason.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The decision.
    pub decision: Verdict,
    /// The reason code; `none` if there is no reason.
    pub reason: Code,
}

impl Comparison {
    /// Whether every decision would be the same, and every record could be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && self.unreadable.is_empty()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} decisions made again, {} would differ", self.compared, self.differences.len())?;
        if self.left_out > 0 {
            write!(f, "; {} left out", self.left_out)?;
        }
        for difference in &self.differences {
            write!(f, "\n{difference}")?;
        }
        self.unreadable
            .iter()
            .try_for_each(|(index, reason)| write!(f, "\nrecord {index} cannot be followed: {reason}"))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: {} on {} was {}, would be {}", self.index, self.action, self.entity, self.was, self.now)
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason == *"none" {
            write!(f, "{}", self.decision)
        } else {
            write!(f, "{} ({})", self.decision, self.reason)
        }
    }
}
