//! Whom a verifier relies on for the log, and the heads that a log is compared with.

use super::{
    files::{self, Trouble},
    report::Report,
};
use kiff::log::{Frontier, SignedCheckpoint, TreeHead, VerifiedCheckpoint, VerifierKey, VerifierKeys, WitnessPolicy};
use std::path::Path;

/// The keys of logs and witnesses, and where they come from.
#[derive(Debug)]
pub(super) struct LogTrust {
    keys: VerifierKeys,
    pub(super) policy: WitnessPolicy,
    /// The auditor has named them. Those in a bundle show no more than that the bundle fits itself.
    pub(super) is_given: bool,
}

impl LogTrust {
    /// The auditor's keys, whose witnesses count; or those of the bundle, whose witnesses do not.
    pub(super) fn load(
        given: Option<&Path>,
        bundled: Option<&Path>,
        quorum: usize,
        report: &mut Report,
    ) -> Result<Self, Trouble> {
        if let Some(path) = given {
            let keys = VerifierKeys::parse(&files::small_text(path)?).map_err(|error| Trouble::at(path, error))?;
            let policy = WitnessPolicy::new(keys.witnesses().cloned(), quorum);
            let policy = policy.map_err(|error| Trouble::at(path, error))?;
            return Ok(Self { keys, policy, is_given: true });
        }
        let mut keys = VerifierKeys::default();
        if let Some(path) = bundled {
            match VerifierKeys::parse(&String::from_utf8_lossy(&files::small(path)?)) {
                Ok(found) => keys = found,
                Err(error) => report.refuse(error.code(), &format!("vkeys.txt: {error}"))?,
            }
        }
        Ok(Self { keys, policy: WitnessPolicy::none(), is_given: false })
    }

    /// The key of the log with this origin. None that is known is a refusal where the auditor has named keys.
    pub(super) fn key(&self, origin: &str, report: &mut Report) -> Result<Option<&VerifierKey>, Trouble> {
        let key = self.keys.log(origin);
        if key.is_none() && self.is_given {
            report.refuse("log_key_unknown", &format!("no key that you named is that of {origin}"))?;
        }
        Ok(key)
    }

    /// Checks the signatures of a checkpoint: nothing if they do not hold, or no key is known.
    pub(super) fn verify(
        &self,
        what: &str,
        checkpoint: &SignedCheckpoint,
        report: &mut Report,
    ) -> Result<Option<VerifiedCheckpoint>, Trouble> {
        let Some(key) = self.key(checkpoint.unverified().origin(), report)? else { return Ok(None) };
        match checkpoint.verify(key, &self.policy) {
            Ok(verified) => Ok(Some(verified)),
            Err(fault) => {
                report.refuse(fault.code(), &format!("{what}: {fault}"))?;
                Ok(None)
            }
        }
    }

    /// Tells who has signed, and how far that goes.
    pub(super) fn tell(&self, verified: &VerifiedCheckpoint, report: &mut Report) {
        for witness in verified.witnesses() {
            let (name, seconds) = (&witness.name, witness.unix_seconds);
            report.proved(
                "witness",
                format!("witness {name} has signed the checkpoint, by its clock at unix time {seconds}"),
            );
        }
        if !self.is_given {
            report.not_proved("log_key", "that the key is that of the log: it came with the bundle (--vkeys)");
        }
        if verified.witnesses().is_empty() {
            report.not_proved("witness", "that others are shown the same log: no witness that you named has signed");
        }
    }
}

/// A head that a log is compared with once it has as many records.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) head: TreeHead,
    /// What came out; nothing before the log is as long.
    root_is_met: Option<bool>,
}

impl Expected {
    pub(super) fn new(head: TreeHead) -> Self {
        Self { head, root_is_met: None }
    }

    pub(super) fn observe(&mut self, frontier: &Frontier) {
        if frontier.size() == self.head.size {
            self.root_is_met = Some(frontier.head() == self.head);
        }
    }

    /// Refuses a log that is shorter, or another one.
    pub(super) fn judge(&self, what: &str, records: u64, report: &mut Report) -> Result<bool, Trouble> {
        let size = self.head.size;
        match self.root_is_met {
            Some(true) => return Ok(true),
            Some(false) => {
                report.refuse("root_mismatch", &format!("{what}: the first {size} records have another root"))?;
            }
            None => {
                let detail = format!("{what}: has {size} records, and the log has {records}");
                report.refuse("log_shorter_than_head", &detail)?;
            }
        }
        Ok(false)
    }
}
