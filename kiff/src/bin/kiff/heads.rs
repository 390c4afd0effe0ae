//! The heads with which a log is compared.

use super::{bundle::Bundle, files, report::Report, status::CommandError, trust::LogTrust};
use kiff::{
    keys::PublicKey,
    log::{Frontier, SignedCheckpoint, TreeHead, VerifiedCheckpoint, WitnessPolicy},
};
use std::path::Path;

/// A head with which a log is compared once it has as many records.
#[derive(Debug)]
struct Expected {
    head: TreeHead,
    /// The result; `None` while the log is shorter.
    root_matches: Option<bool>,
}

impl Expected {
    fn new(head: TreeHead) -> Self {
        Self { head, root_matches: None }
    }

    fn observe(&mut self, frontier: &Frontier) {
        if frontier.size() == self.head.size {
            self.root_matches = Some(frontier.head() == self.head);
        }
    }

    /// Refuses a log that is shorter or has another root.
    fn judge(&self, source: &str, records: u64, report: &mut Report) -> Result<bool, CommandError> {
        let size = self.head.size;
        match self.root_matches {
            Some(true) => return Ok(true),
            Some(false) => {
                report.refuse("root_mismatch", &format!("{source}: the first {size} records have another root"))?;
            }
            None => {
                let detail = format!("{source}: it has {size} records, but the log has {records}");
                report.refuse("log_shorter_than_head", &detail)?;
            }
        }
        Ok(false)
    }
}

/// All heads with which a log is compared.
#[derive(Debug)]
pub(super) struct Heads {
    pub(super) trust: LogTrust,
    checkpoint: Option<Expected>,
    verified: Option<VerifiedCheckpoint>,
    since: Option<Expected>,
    /// The head of the proof beside the log. Two signed heads that do not agree are a fork.
    proof: Option<Expected>,
}

impl Heads {
    /// Loads the checkpoint of a bundle, and checks its signatures.
    pub(super) fn load(trust: LogTrust, bundle: &Bundle, report: &mut Report) -> Result<Self, CommandError> {
        let mut heads = Self { trust, checkpoint: None, verified: None, since: None, proof: None };
        match &bundle.checkpoint {
            Some(path) => match SignedCheckpoint::parse(&files::read_small(path)?) {
                Ok(checkpoint) => {
                    heads.checkpoint = Some(Expected::new(checkpoint.unverified().head()));
                    heads.verified = heads.trust.verify("checkpoint.txt", &checkpoint, report)?;
                }
                Err(fault) => report.refuse(fault.code(), &format!("checkpoint.txt: {fault}"))?,
            },
            None if heads.trust.is_given && bundle.log.is_some() => {
                report.refuse("checkpoint_missing", "you named keys of the log, but there is no checkpoint")?;
            }
            None => {}
        }
        Ok(heads)
    }

    /// Adds a head that the auditor holds. It must be of the same log as the checkpoint.
    pub(super) fn add_held(&mut self, path: &Path, bundle: &Bundle, report: &mut Report) -> Result<(), CommandError> {
        let held = SignedCheckpoint::parse(&files::read_small(path)?);
        let held = held.map_err(|fault| CommandError::at(path, fault))?;
        if bundle.log.is_none() {
            return report.refuse("log_missing", "a head that you hold can only be compared with a log");
        }
        let origin = held.unverified().origin();
        if let Some(verified) = &self.verified
            && verified.origin() != origin
        {
            let detail = format!("the head that you hold is of {origin}, not of {}", verified.origin());
            return report.refuse("origin_unexpected", &detail);
        }
        // The auditor checked the witnesses when taking the head.
        if let Some(key) = self.trust.key(origin, report)?
            && let Err(fault) = held.verify(key, &WitnessPolicy::none())
        {
            return report.refuse(fault.code(), &format!("the head that you hold: {fault}"));
        }
        self.since = Some(Expected::new(held.unverified().head()));
        Ok(())
    }

    /// Adds the head of a proof beside the log.
    pub(super) fn add_proven(&mut self, head: TreeHead) {
        self.proof = Some(Expected::new(head));
    }

    pub(super) fn observe(&mut self, frontier: &Frontier) {
        let all = self.checkpoint.iter_mut().chain(&mut self.since).chain(&mut self.proof);
        all.for_each(|expected| expected.observe(frontier));
    }

    /// Compares the log with all heads, once all of its records were observed.
    pub(super) fn judge(&mut self, records: u64, report: &mut Report) -> Result<(), CommandError> {
        if let Some(expected) = &self.checkpoint {
            if expected.judge("checkpoint.txt", records, report)? {
                self.report_checkpoint(expected.head.size, records, report);
            } else {
                self.verified = None;
            }
        } else {
            report.not_proved("checkpoint", "that the owner shows others the same log: there is no checkpoint");
        }
        if let Some(expected) = &self.since
            && expected.judge("the head that you hold", records, report)?
        {
            let size = expected.head.size;
            report.proved("since", format!("the log begins with the {size} records of the head that you hold"));
        }
        if let Some(expected) = &self.proof {
            expected.judge("record.tlog-proof", records, report)?;
        }
        Ok(())
    }

    fn report_checkpoint(&self, size: u64, records: u64, report: &mut Report) {
        match &self.verified {
            Some(verified) => {
                let origin = verified.origin();
                let text = format!("the first {size} records are those of the checkpoint that {origin} has signed");
                report.proved("checkpoint", text);
                self.trust.report_signatures(verified, report);
            }
            None => report.not_proved("checkpoint", "who signed the checkpoint, although its root fits the log"),
        }
        if records > size {
            let text = format!("{} records after the checkpoint: nobody has signed them yet", records - size);
            report.not_proved("behind_checkpoint", text);
        }
    }

    /// The number of records under a root that the log's key has signed.
    pub(super) fn proved(&self) -> u64 {
        self.verified.as_ref().map_or(0, |verified| verified.head().size)
    }

    /// The key that signed the checkpoint.
    pub(super) fn log_key(&self, report: &mut Report) -> Result<Option<PublicKey>, CommandError> {
        let Some(verified) = &self.verified else { return Ok(None) };
        let key = self.trust.key(verified.origin(), report)?;
        Ok(key.map(|key| key.public_key().clone()))
    }
}
