//! The receipts of a bundle, each compared with its record while the log is read.

use super::{bundle::Bundle, files, report::Report, status::CommandError};
use kiff::{
    Receipt,
    ids::{KeyId, ReceiptId},
    keys::PublicKey,
    receipt::ReceiptFault,
    record::{Digest, Kind, Record},
    store::{Claim, IndexEntry, index_of},
    verify::{KeySet, ReceiptVerifier, Revocations},
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

/// Receipts whose records have not been read yet.
#[derive(Debug)]
pub(super) struct Receipts {
    verifier: ReceiptVerifier,
    folder: Option<PathBuf>,
    /// Receipts in files that are named by their ids. There may be one for each decision of the log, so only the ids
    /// are kept.
    named: HashSet<ReceiptId>,
    /// Receipts in files with other names.
    others: HashMap<ReceiptId, Vec<PathBuf>>,
    /// The indices of the records of sound receipts, by the keys of the receipts. They are judged at the end of the
    /// log, when all revocations are known.
    sound: HashMap<KeyId, Vec<u64>>,
    revocations: Revocations,
    decisions: u64,
    decisions_with_receipt: u64,
    read: u64,
}

impl Receipts {
    pub(super) fn open(bundle: &Bundle, keys: KeySet, report: &mut Report) -> Result<Self, CommandError> {
        let mut receipts = Self {
            verifier: ReceiptVerifier::new(keys),
            folder: bundle.receipts.clone(),
            named: HashSet::new(),
            others: HashMap::new(),
            sound: HashMap::new(),
            revocations: Revocations::new(),
            decisions: 0,
            decisions_with_receipt: 0,
            read: 0,
        };
        if let Some(path) = &bundle.receipt {
            receipts.add(path.clone(), report)?;
        }
        if let Some(folder) = &bundle.receipts {
            // Sorted, so that two runs print the same.
            let mut others = BTreeSet::new();
            for entry in fs::read_dir(folder).map_err(|error| CommandError::at(folder, error))? {
                let path = entry.map_err(|error| CommandError::at(folder, error))?.path();
                match id_of(&path) {
                    Some(id) => drop(receipts.named.insert(id)),
                    None => drop(others.insert(path)),
                }
            }
            for path in others {
                receipts.add(path, report)?;
            }
        }
        Ok(receipts)
    }

    /// Adds a receipt in a file that is not named by its id.
    fn add(&mut self, path: PathBuf, report: &mut Report) -> Result<(), CommandError> {
        match Receipt::parse(&files::read_small(&path)?) {
            Ok(receipt) => self.others.entry(receipt.receipt_id()).or_default().push(path),
            Err(fault) => {
                self.read += 1;
                report.refuse(fault.code(), &format!("{}: {fault}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Takes a record of the log, and compares the receipts for it.
    pub(super) fn observe(&mut self, index: u64, record: &Record, report: &mut Report) -> Result<(), CommandError> {
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
            self.decisions_with_receipt += u64::from(!paths.is_empty());
            for path in paths {
                let Some(receipt) = self.read_signed(&path, report)? else { continue };
                match receipt.matches(record) {
                    Ok(()) => self.sound.entry(receipt.key_id().clone()).or_default().push(index),
                    Err(mismatch) => report.refuse(mismatch.code(), &format!("{id}: {mismatch}"))?,
                }
            }
        }
        Ok(())
    }

    /// Takes out the files of a receipt.
    fn take(&mut self, id: ReceiptId) -> Vec<PathBuf> {
        let mut paths = self.others.remove(&id).unwrap_or_default();
        if let Some(folder) = &self.folder
            && self.named.remove(&id)
        {
            paths.insert(0, folder.join(format!("{id}.json")));
        }
        paths
    }

    /// Reads a receipt and checks its signature. Its age does not matter, because evidence does not expire.
    fn read_signed(&mut self, path: &Path, report: &mut Report) -> Result<Option<Receipt>, CommandError> {
        self.read += 1;
        let verified = Receipt::parse(&files::read_small(path)?).and_then(|receipt| {
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

    /// Judges the receipts at the end of the log. `pruned` returns the index of an erased record, and `proved` is the
    /// number of records under a signed root.
    pub(super) fn finish(
        mut self,
        pruned: impl Fn(&Digest) -> Option<u64>,
        proved: u64,
        log_key: Option<&PublicKey>,
        report: &mut Report,
    ) -> Result<(), CommandError> {
        let mut remaining: Vec<_> = self.named.iter().chain(self.others.keys()).copied().collect();
        remaining.sort_unstable();
        let mut by_hash = 0;
        for id in remaining {
            for path in self.take(id) {
                let Some(receipt) = self.read_signed(&path, report)? else { continue };
                match pruned(&receipt.record()) {
                    Some(index) => {
                        by_hash += 1;
                        self.sound.entry(receipt.key_id().clone()).or_default().push(index);
                    }
                    None => report.refuse("record_missing", &format!("{id}: the log does not have its record"))?,
                }
            }
        }
        let valid = self.judge_keys(proved, log_key, report)?;
        self.report_totals(valid, by_hash, report);
        Ok(())
    }

    /// Refuses receipts by revoked keys, and the key of the log as a receipt key. Returns the number of valid receipts.
    fn judge_keys(&self, proved: u64, log_key: Option<&PublicKey>, report: &mut Report) -> Result<u64, CommandError> {
        let mut keys: Vec<_> = self.sound.iter().collect();
        keys.sort_unstable();
        let mut valid = 0;
        for (key_id, indices) in keys {
            if log_key.is_some_and(|key| key.id() == key_id) {
                let detail = format!("key {key_id} signs the log and its receipts, so a thief of it can forge both");
                report.refuse("log_key_signs_receipts", &detail)?;
            }
            let Some(from_index) = self.revocations.from_index(key_id) else {
                valid += indices.len() as u64;
                continue;
            };
            for index in indices {
                // An index that no signed root covers does not prove that the receipt is older than the revocation.
                if *index < from_index && *index < proved {
                    valid += 1;
                    continue;
                }
                let fault = ReceiptFault::KeyRevoked { key_id: key_id.clone(), from_index };
                report.refuse(fault.code(), &format!("the receipt of record {index}: {fault}"))?;
            }
        }
        Ok(valid)
    }

    fn report_totals(&self, valid: u64, by_hash: u64, report: &mut Report) {
        report.count("decisions", self.decisions);
        report.count("receipts", self.read);
        if valid > 0 {
            report.proved("receipts", format!("{valid} receipts are signed, and say what their records say"));
        }
        if by_hash > 0 {
            let text = format!("the content of {by_hash} receipts of erased records: only the hashes agree");
            report.not_proved("receipts_of_pruned", text);
        }
        let missing = self.decisions - self.decisions_with_receipt;
        if missing > 0 {
            let text = format!("that {missing} decisions of the log have receipts: none are here");
            report.not_proved("decisions_without_receipt", text);
        }
    }
}

/// The id of a receipt in a file named `<id>.json`.
fn id_of(path: &Path) -> Option<ReceiptId> {
    path.file_name()?.to_str()?.strip_suffix(".json")?.parse().ok()
}
