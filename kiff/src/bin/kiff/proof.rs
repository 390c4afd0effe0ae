//! The proof in a bundle: `record.tlog-proof`.

use super::{files, report::Report, status::CommandError, trust::LogTrust};
use kiff::{
    log::{TlogProof, TlogProofFault, TreeHead},
    record::Record,
};
use std::{fmt, path::Path};

/// A record that a proof shows to be in the log.
pub(super) struct ProvenRecord {
    pub(super) index: u64,
    pub(super) record: Record,
    pub(super) head: TreeHead,
}

/// Verifies a proof that contains its record.
pub(super) fn verify(path: &Path, trust: &LogTrust, report: &mut Report) -> Result<Option<ProvenRecord>, CommandError> {
    let proof = match TlogProof::parse(&files::read_small(path)?) {
        Ok(proof) => proof,
        Err(fault) => return refuse(fault.code(), &fault, report),
    };
    let origin = proof.checkpoint().unverified().origin();
    let Some(key) = trust.key(origin, report)? else {
        if trust.is_given {
            // `key` has refused it.
            return Ok(None);
        }
        return refuse("log_key_unknown", &"no key of its log is known (--vkeys)", report);
    };
    let proven = match proof.verify(key, &trust.policy) {
        Ok(proven) => proven,
        Err(fault) => return refuse(fault.code(), &fault, report),
    };
    let index = proven.index();
    let head = proven.checkpoint().head();
    let Some(record) = proven.record() else {
        let fault = TlogProofFault::RecordMissing;
        return refuse(fault.code(), &fault, report);
    };
    match Record::parse(record.into()) {
        Ok(record) => {
            report.proved("inclusion", format!("record {index} is in the log of {origin} with {} records", head.size));
            Ok(Some(ProvenRecord { index, record, head }))
        }
        Err(error) => refuse(error.code(), &error, report),
    }
}

fn refuse<T>(
    reason: impl AsRef<str>,
    detail: &dyn fmt::Display,
    report: &mut Report,
) -> Result<Option<T>, CommandError> {
    report.refuse(reason, &format!("record.tlog-proof: {detail}"))?;
    Ok(None)
}
