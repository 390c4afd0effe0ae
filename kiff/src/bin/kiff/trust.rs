//! The keys with which the signatures of a log are checked.

use super::{files, report::Report, status::CommandError};
use kiff::log::{SignedCheckpoint, VerifiedCheckpoint, VerifierKey, VerifierKeys, WitnessPolicy};
use std::path::Path;

/// The keys of logs and witnesses.
#[derive(Debug)]
pub(super) struct LogTrust {
    keys: VerifierKeys,
    pub(super) policy: WitnessPolicy,
    /// Where the keys come from: the auditor, or the bundle. Keys from a bundle show only that it is consistent.
    pub(super) is_given: bool,
}

impl LogTrust {
    /// Loads the keys that the auditor names. Their witnesses count.
    pub(super) fn given(path: &Path, quorum: usize) -> Result<Self, CommandError> {
        let text = files::read_small_text(path)?;
        let keys = VerifierKeys::parse(&text).map_err(|error| CommandError::at(path, error))?;
        let policy = WitnessPolicy::new(keys.witnesses().cloned(), quorum);
        let policy = policy.map_err(|error| CommandError::at(path, error))?;
        Ok(Self { keys, policy, is_given: true })
    }

    /// Loads the keys of a bundle, if it has any. Their witnesses do not count.
    pub(super) fn bundled(path: Option<&Path>, report: &mut Report) -> Result<Self, CommandError> {
        let mut keys = VerifierKeys::default();
        if let Some(path) = path {
            match VerifierKeys::parse(&String::from_utf8_lossy(&files::read_small(path)?)) {
                Ok(found) => keys = found,
                Err(error) => report.refuse(error.code(), &format!("vkeys.txt: {error}"))?,
            }
        }
        Ok(Self { keys, policy: WitnessPolicy::none(), is_given: false })
    }

    /// The key of the log with this origin. If the auditor named keys, an unknown log is refused.
    pub(super) fn key(&self, origin: &str, report: &mut Report) -> Result<Option<&VerifierKey>, CommandError> {
        let key = self.keys.log(origin);
        if key.is_none() && self.is_given {
            report.refuse("log_key_unknown", &format!("none of the keys that you named belongs to {origin}"))?;
        }
        Ok(key)
    }

    /// Checks the signatures of a checkpoint. `None` if they do not hold, or if the log's key is not known.
    pub(super) fn verify(
        &self,
        file: &str,
        checkpoint: &SignedCheckpoint,
        report: &mut Report,
    ) -> Result<Option<VerifiedCheckpoint>, CommandError> {
        let Some(key) = self.key(checkpoint.unverified().origin(), report)? else { return Ok(None) };
        match checkpoint.verify(key, &self.policy) {
            Ok(verified) => Ok(Some(verified)),
            Err(fault) => {
                report.refuse(fault.code(), &format!("{file}: {fault}"))?;
                Ok(None)
            }
        }
    }

    /// Reports the signatures of a verified checkpoint, and what they do not prove.
    pub(super) fn report_signatures(&self, verified: &VerifiedCheckpoint, report: &mut Report) {
        report_witnesses(verified, report);
        if !self.is_given {
            report.not_proved("log_key", "that the key belongs to the log: it came with the bundle (--vkeys)");
        }
        if verified.witnesses().is_empty() {
            report.not_proved("witness", "that others see the same log: no witness that you named has signed");
        }
    }
}

pub(super) fn report_witnesses(verified: &VerifiedCheckpoint, report: &mut Report) {
    for witness in verified.witnesses() {
        let name = &witness.name;
        let seconds = witness.unix_seconds;
        let text = format!("witness {name} has signed the checkpoint, at unix time {seconds} by its own clock");
        report.proved("witness", text);
    }
}
