//! `kiff verify-receipt`: verifies one receipt.

use super::{
    files,
    report::Report,
    status::{CommandError, Status},
    trust::{LogTrust, report_witnesses},
};
use clap::Args;
use kiff::{
    Receipt,
    log::TlogProof,
    record::Record,
    verify::{KeySet, ReceiptVerifier, Verified},
};
use std::path::PathBuf;

/// Verifies one receipt, or a DSSE envelope with one, against keys that you trust.
///
/// A proof file shows that the decision's record is in the log. If it contains the record, the receipt is compared with
/// it. Only the log shows whether the key was revoked: see `kiff verify`. The age of the receipt is not checked, but
/// `issued_at` is printed.
#[derive(Debug, Args)]
pub(super) struct VerifyReceipt {
    /// The receipt, as JSON.
    receipt: PathBuf,
    /// The receipt keys that you trust, as a JWK set.
    #[arg(long, value_name = "JWKS")]
    keys: PathBuf,
    /// A proof that the record of the decision is in the log (`record.tlog-proof`).
    #[arg(long, value_name = "FILE", requires = "vkeys")]
    proof: Option<PathBuf>,
    /// The keys of the log and of the witnesses that you trust, one on each line.
    #[arg(long, value_name = "FILE", requires = "proof")]
    vkeys: Option<PathBuf>,
    /// The number of these witnesses that must have signed the checkpoint.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "vkeys")]
    quorum: usize,
    /// Prints one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl VerifyReceipt {
    pub(super) fn run(self) -> Result<Status, CommandError> {
        let mut report = Report::new(self.json);
        let keys =
            KeySet::from_json(&files::read_small(&self.keys)?).map_err(|error| CommandError::at(&self.keys, error))?;
        let text = files::read_small(&self.receipt)?;
        // Receipts and envelopes have no member in common, so at most one of the two can be read.
        let parsed = Receipt::parse(&text).or_else(|fault| Receipt::from_dsse(&text).map_err(|_| fault));
        let verified = parsed.and_then(|receipt| {
            let at = receipt.issued_at();
            ReceiptVerifier::new(keys).verify_receipt(receipt, at)
        });
        match verified {
            Err(fault) => report.refuse(fault.code(), &fault.to_string())?,
            Ok(verified) => {
                report_receipt(verified.receipt(), &mut report);
                self.verify_proof(&verified, &mut report)?;
            }
        }
        report.not_proved("revocations", "that the key is not revoked: only the log shows that");
        report.not_proved("permission", "that the action may run now: a receipt only says what was decided, once");
        report.end()
    }

    fn verify_proof(&self, verified: &Verified, report: &mut Report) -> Result<(), CommandError> {
        let (Some(path), Some(vkeys)) = (&self.proof, &self.vkeys) else {
            report.not_proved("inclusion", "that the decision is in the log (--proof)");
            return Ok(());
        };
        let trust = LogTrust::given(vkeys, self.quorum)?;
        let proof = match TlogProof::parse(&files::read_small(path)?) {
            Ok(proof) => proof,
            Err(fault) => return report.refuse(fault.code(), &format!("the proof: {fault}")),
        };
        let origin = proof.checkpoint().unverified().origin();
        let Some(key) = trust.key(origin, report)? else { return Ok(()) };
        let proven = match proof.verify_leaf(verified.receipt().record(), key, &trust.policy) {
            Ok(proven) => proven,
            Err(fault) => return report.refuse(fault.code(), &format!("the proof: {fault}")),
        };
        let index = proven.index();
        let size = proven.checkpoint().head().size;
        report.proved("inclusion", format!("record {index} is in the log of {origin} with {size} records"));
        report_witnesses(proven.checkpoint(), report);
        match proof.unverified_record() {
            Some(bytes) => compare(verified, bytes, report),
            None => Ok(()),
        }
    }
}

/// Compares the receipt with the record in the proof.
fn compare(verified: &Verified, bytes: &[u8], report: &mut Report) -> Result<(), CommandError> {
    match Record::parse(bytes.into()) {
        Err(error) => report.refuse(error.code(), &format!("the record in the proof: {error}")),
        Ok(record) => match verified.matches(&record) {
            Err(mismatch) => report.refuse(mismatch.code(), &mismatch.to_string()),
            Ok(()) => {
                report.proved("record", "the receipt says what the record says");
                Ok(())
            }
        },
    }
}

fn report_receipt(receipt: &Receipt, report: &mut Report) {
    report.proved("signature", format!("{} is signed by key {}", receipt.receipt_id(), receipt.key_id()));
    let said = format!(
        "it says that {} of tenant {} decided {} on {} at {}: {}, {}",
        receipt.issued_by(),
        receipt.tenant(),
        receipt.action(),
        receipt.entity(),
        receipt.issued_at(),
        receipt.decision(),
        receipt.reason()
    );
    report.proved("statement", said);
}
