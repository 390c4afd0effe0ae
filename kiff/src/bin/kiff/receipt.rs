//! `kiff verify-receipt`: one receipt against keys that are trusted.

use super::{
    Ended,
    files::{self, Trouble},
    report::Report,
};
use clap::Args;
use kiff::{
    Receipt, Record,
    log::{TlogProof, VerifierKeys, WitnessPolicy},
    verify::{KeySet, ReceiptVerifier, Verified},
};
use std::path::PathBuf;

/// Verifies one receipt, or a DSSE envelope with one, against keys that you trust.
///
/// With a proof file it is shown too that the decision's record is in the log, and the receipt is compared with the
/// record if the proof shows it. Whether the key was revoked is in the log: see `kiff verify`. The age is not looked
/// at; `issued_at` is printed.
#[derive(Debug, Args)]
pub(super) struct VerifyReceipt {
    /// The receipt, as JSON.
    receipt: PathBuf,
    /// The keys of receipts that you trust, as a JWK set.
    #[arg(long, value_name = "JWKS")]
    keys: PathBuf,
    /// A proof that the receipt's record is in the log (`record.tlog-proof`).
    #[arg(long, value_name = "FILE", requires = "vkeys")]
    proof: Option<PathBuf>,
    /// The keys of the log and of the witnesses that you trust, one on each line.
    #[arg(long, value_name = "FILE", requires = "proof")]
    vkeys: Option<PathBuf>,
    /// How many of these witnesses must have signed the checkpoint.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "vkeys")]
    quorum: usize,
    /// Prints one JSON object in place of lines.
    #[arg(long)]
    json: bool,
}

impl VerifyReceipt {
    pub(super) fn run(self) -> Result<Ended, Trouble> {
        let mut report = Report::new(self.json);
        let keys = KeySet::from_json(&files::small(&self.keys)?).map_err(|error| Trouble::at(&self.keys, error))?;
        let text = files::small(&self.receipt)?;
        // An envelope has no member of a receipt's, and a receipt none of an envelope's.
        let parsed = Receipt::parse(&text).or_else(|fault| Receipt::from_dsse(&text).map_err(|_| fault));
        let verified = parsed.and_then(|receipt| {
            let at = receipt.issued_at();
            ReceiptVerifier::new(keys).verify_receipt(receipt, at)
        });
        match verified {
            Err(fault) => report.refuse(fault.code(), &fault.to_string())?,
            Ok(verified) => {
                tell(&verified, &mut report);
                self.verify_proof(&verified, &mut report)?;
            }
        }
        report.not_proved("revocations", "that the key was not revoked: that is in the log");
        report.not_proved("permission", "that anything may be done: a receipt tells what was decided, once");
        report.end()
    }

    fn verify_proof(&self, verified: &Verified, report: &mut Report) -> Result<(), Trouble> {
        let (Some(path), Some(vkeys)) = (&self.proof, &self.vkeys) else {
            report.not_proved("inclusion", "that the decision is in the log (--proof)");
            return Ok(());
        };
        let keys = VerifierKeys::parse(&files::small_text(vkeys)?).map_err(|error| Trouble::at(vkeys, error))?;
        let policy = WitnessPolicy::new(keys.witnesses().cloned(), self.quorum);
        let policy = policy.map_err(|error| Trouble::at(vkeys, error))?;
        let proof = match TlogProof::parse(&files::small(path)?) {
            Ok(proof) => proof,
            Err(fault) => return report.refuse(fault.code(), &format!("the proof: {fault}")),
        };
        let origin = proof.checkpoint().unverified().origin();
        let Some(key) = keys.log(origin) else {
            return report.refuse("log_key_unknown", &format!("no key that you named is that of {origin}"));
        };
        let proven = match proof.verify_leaf(verified.receipt().record(), key, &policy) {
            Ok(proven) => proven,
            Err(fault) => return report.refuse(fault.code(), &format!("the proof: {fault}")),
        };
        let (index, size) = (proven.index(), proven.size());
        report.proved("inclusion", format!("record {index} is in the log of {origin} with {size} records"));
        for witness in proven.witnesses() {
            report.proved("witness", format!("witness {} has signed the checkpoint", witness.name));
        }
        match proof.unverified_record() {
            Some(bytes) => matches(verified, bytes, report),
            None => Ok(()),
        }
    }
}

fn matches(verified: &Verified, bytes: &[u8], report: &mut Report) -> Result<(), Trouble> {
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

fn tell(verified: &Verified, report: &mut Report) {
    let receipt = verified.receipt();
    report.proved("signature", format!("{} is signed by key {}", receipt.receipt_id(), verified.signed_by()));
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
