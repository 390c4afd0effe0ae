//! How a command ends.

use std::{fmt, path::Path};

/// The result of a command that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Everything that was asked for holds, or was done: status 0.
    Success,
    /// Something was refused, or a log has faults: status 1.
    Refused,
}

impl Status {
    /// The status of a command that found this many refusals and faults.
    pub(super) fn of(refusals_and_faults: u64) -> Self {
        if refusals_and_faults == 0 { Self::Success } else { Self::Refused }
    }
}

/// Why a command could not be carried out: status 2.
#[derive(Debug)]
pub(super) struct CommandError(pub(super) String);

impl CommandError {
    pub(super) fn new(subject: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self(format!("{subject}: {reason}"))
    }

    pub(super) fn at(path: &Path, reason: impl fmt::Display) -> Self {
        Self::new(path.display(), reason)
    }
}
