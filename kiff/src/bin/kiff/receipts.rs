//! The receipts of a bundle, each met with its record as the log passes by.

use super::{
    bundle::Bundle,
    files::{self, Trouble},
    report::Report,
};
use kiff::{
    Digest, Kind, PublicKey, Receipt, ReceiptFault, ReceiptId, Record,
    store::{Claim, IndexEntry, index_of},
    verify::{KeySet, ReceiptVerifier, Revocations},
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

/// Receipts that wait for their records. Of one that has its id as its name, only the id is kept: they may be as many
/// as the log has decisions.
#[derive(Debug)]
pub(super) struct Receipts {
    verifier: ReceiptVerifier,
    folder: Option<PathBuf>,
    named: HashSet<ReceiptId>,
    others: HashMap<ReceiptId, Vec<PathBuf>>,
    /// Those that hold so far, by the indices of their records. Whether a key was revoked shows at the end of the log.
    held: HashMap<kiff::KeyId, Vec<u64>>,
    revocations: Revocations,
    decisions: u64,
    met: u64,
    read: u64,
}

impl Receipts {
    pub(super) fn open(bundle: &Bundle, keys: KeySet, report: &mut Report) -> Result<Self, Trouble> {
        let mut receipts = Self {
            verifier: ReceiptVerifier::new(keys),
            folder: bundle.receipts.clone(),
            named: HashSet::new(),
            others: HashMap::new(),
            held: HashMap::new(),
            revocations: Revocations::new(),
            decisions: 0,
            met: 0,
            read: 0,
        };
        if let Some(path) = &bundle.receipt {
            receipts.add(path.clone(), report)?;
        }
        if let Some(folder) = &bundle.receipts {
            // Sorted, so that two runs say the same: only those with names of their own are kept as paths.
            let mut own = BTreeSet::new();
            for entry in fs::read_dir(folder).map_err(|error| Trouble::at(folder, error))? {
                let path = entry.map_err(|error| Trouble::at(folder, error))?.path();
                match path.extension().is_some_and(|end| end == "json").then(|| id_of(&path)).flatten() {
                    Some(id) => drop(receipts.named.insert(id)),
                    None => drop(own.insert(path)),
                }
            }
            for path in own {
                receipts.add(path, report)?;
            }
        }
        Ok(receipts)
    }

    /// A receipt whose file has another name than its id.
    fn add(&mut self, path: PathBuf, report: &mut Report) -> Result<(), Trouble> {
        match Receipt::parse(&files::small(&path)?) {
            Ok(receipt) => self.others.entry(receipt.receipt_id()).or_default().push(path),
            Err(fault) => {
                self.read += 1;
                report.refuse(fault.code(), &format!("{}: {fault}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Notes what a record of the log means for receipts, and compares those that name it.
    pub(super) fn observe(&mut self, index: u64, record: &Record, report: &mut Report) -> Result<(), Trouble> {
        self.revocations.observe(record);
        if !matches!(record.kind(), Kind::ActionValidated | Kind::ApprovalRequired | Kind::ActionBlocked) {
            return Ok(());
        }
        self.decisions += 1;
        let ids = index_of(record).filter_map(|entry| match entry {
            IndexEntry::Claim(Claim::Receipt(id)) => Some(id),
            _ => None,
        });
        for id in ids {
            let paths = self.take(id);
            self.met += u64::from(!paths.is_empty());
            for path in paths {
                let Some(receipt) = self.signed(&path, report)? else { continue };
                match receipt.matches(record) {
                    Ok(()) => self.held.entry(receipt.key_id().clone()).or_default().push(index),
                    Err(mismatch) => report.refuse(mismatch.code(), &format!("{id}: {mismatch}"))?,
                }
            }
        }
        Ok(())
    }

    /// The files of a receipt, which are not given again.
    fn take(&mut self, id: ReceiptId) -> Vec<PathBuf> {
        let named = self.named.remove(&id).then(|| self.path(id)).flatten();
        named.into_iter().chain(self.others.remove(&id).unwrap_or_default()).collect()
    }

    fn path(&self, id: ReceiptId) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{id}.json")))
    }

    /// Reads a receipt and checks its signature. Its age is not looked at: evidence does not expire.
    fn signed(&mut self, path: &Path, report: &mut Report) -> Result<Option<Receipt>, Trouble> {
        self.read += 1;
        let verified = Receipt::parse(&files::small(path)?).and_then(|receipt| {
            let at = receipt.issued_at();
            self.verifier.verify_receipt(receipt, at)
        });
        match verified {
            Ok(verified) => Ok(Some(verified.receipt().clone())),
            Err(fault) => {
                report.refuse(fault.code(), &format!("{}: {fault}", path.display()))?;
                Ok(None)
            }
        }
    }

    /// Ends the log. `pruned` tells where an erased record was, `proved` how many records are under a signed root.
    pub(super) fn finish(
        mut self,
        pruned: impl Fn(&Digest) -> Option<u64>,
        proved: u64,
        log_key: Option<&PublicKey>,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let mut left: Vec<_> = self.named.iter().chain(self.others.keys()).copied().collect();
        left.sort_unstable();
        let mut by_hash = 0;
        for id in left {
            for path in self.take(id) {
                let Some(receipt) = self.signed(&path, report)? else { continue };
                match pruned(&receipt.record()) {
                    Some(index) => {
                        by_hash += 1;
                        self.held.entry(receipt.key_id().clone()).or_default().push(index);
                    }
                    None => report.refuse("record_missing", &format!("{id}: the log does not have its record"))?,
                }
            }
        }
        let held = self.judge_keys(proved, log_key, report)?;
        self.tell(held, by_hash, report);
        Ok(())
    }

    /// Refuses what keys have signed that may not: those that were revoked, and that of the log.
    fn judge_keys(&self, proved: u64, log_key: Option<&PublicKey>, report: &mut Report) -> Result<u64, Trouble> {
        let mut keys: Vec<_> = self.held.iter().collect();
        keys.sort_unstable();
        let mut held = 0;
        for (key_id, indices) in keys {
            if log_key.is_some_and(|key| key.id() == key_id) {
                report.refuse("log_key_signs_receipts", &format!("key {key_id} signs both, so one thief has both"))?;
            }
            let from_index = self.revocations.from_index(key_id).unwrap_or(u64::MAX);
            for index in indices {
                // A place that no signed root covers is no proof of an earlier time.
                if from_index == u64::MAX || *index < from_index && *index < proved {
                    held += 1;
                    continue;
                }
                let fault = ReceiptFault::KeyRevoked { key_id: key_id.clone(), from_index };
                report.refuse(fault.code(), &format!("the receipt of record {index}: {fault}"))?;
            }
        }
        Ok(held)
    }

    fn tell(&self, held: u64, by_hash: u64, report: &mut Report) {
        report.count("decisions", self.decisions);
        report.count("receipts", self.read);
        if held > 0 {
            report.proved("receipts", format!("{held} receipts are signed, and say what their records say"));
        }
        if by_hash > 0 {
            let text = format!("what {by_hash} receipts say of records that were erased: the hashes alone agree");
            report.not_proved("receipts_of_pruned", text);
        }
        if self.decisions > self.met {
            let text = format!("{} decisions of the log have no receipt here", self.decisions - self.met);
            report.not_proved("decisions_without_receipt", text);
        }
    }
}

fn id_of(path: &Path) -> Option<ReceiptId> {
    path.file_stem()?.to_str()?.parse().ok()
}
