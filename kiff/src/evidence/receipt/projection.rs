//! From a record to its receipt, and the comparison of the two.

use super::{claims::Claims, signed::Receipt};
use crate::{
    base::{code::coded, debug::debug_as_display, digest::Digest, ids::KeyId},
    kernel::record::{Kind, Record, Verdict},
};

/// A receipt without its signature.
#[derive(Clone, Debug)]
pub(crate) struct Unsigned(Claims);

impl Unsigned {
    /// The receipt for a record that holds a decision. `None` for a record of another kind, and for one that names no
    /// key.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        let ruling = record.body.ruling()?;
        let decision = match record.kind() {
            Kind::ActionValidated => Verdict::Allowed,
            Kind::ApprovalRequired => Verdict::ApprovalRequired,
            _ => Verdict::Blocked,
        };
        Some(Self(Claims {
            action: ruling.action.clone(),
            anchor: ruling.issue.anchor.to_string(),
            decision,
            domain_version: ruling.domain_version.clone(),
            entity: record.entity().clone(),
            entity_seq: record.entity_seq(),
            issued_at: record.recorded_at(),
            issued_by: ruling.issue.issued_by.to_string(),
            key_id: KeyId::new(&ruling.issue.key_id).ok()?,
            policy_version: ruling.policy_version.clone(),
            reason: ruling.reason.clone(),
            receipt: ruling.receipt,
            record: record.leaf(),
            request_digest: ruling.request_digest,
            tenant: record.tenant().clone(),
            trace: record.trace_id(),
        }))
    }

    /// The id of the key that must sign it.
    pub(crate) fn key_id(&self) -> &str {
        self.0.key_id.as_str()
    }

    /// The bytes to be signed.
    pub(crate) fn message(&self) -> Vec<u8> {
        self.0.message()
    }

    /// The receipt with its signature.
    pub(crate) fn signed(self, signature: [u8; 64]) -> Receipt {
        Receipt::new(self.0, signature)
    }
}

coded! {
    /// A receipt and a record that do not belong together.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum RecordMismatch {
        /// No receipt is issued for the record: it is of another kind, or names no key.
        #[error("no receipt is issued for a record of kind `{kind}`, or for one that names no key")]
        NoReceipt {
            /// The kind of the record.
            kind: Kind,
        } => "record_without_receipt",
        /// A member of the receipt differs from the record.
        #[error("`{member}` is `{receipt}` in the receipt, and `{recorded}` in record {record}")]
        Member {
            /// The member.
            member: &'static str,
            /// Its text in the receipt.
            receipt: String,
            /// Its text by the record.
            recorded: String,
            /// The leaf hash of the record.
            record: Digest,
        } => "record_mismatch",
    }
}

debug_as_display!(RecordMismatch);

impl Receipt {
    /// Compares every member except the signature with the record.
    ///
    /// Success proves that the receipt was made from this record, not that either is genuine.
    ///
    /// ```
    /// use kiff::{Authority, Proposal, Runtime, keys::Ed25519Signer};
    /// # use kiff::{Answer, Domain, domain::Machine};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
    /// let rt = Runtime::builder(domain).signer(Ed25519Signer::generate()?).build()?.blocking();
    /// let answer = rt.execute(&Authority::agent("bot", [""; 0])?, Proposal::new("REFUND_ORDER", "order:1"))?;
    /// let receipt = answer.receipt().ok_or("no receipt")?;
    ///
    /// let timeline = rt.timeline(receipt.entity().as_str())?;
    /// let matching = timeline.records().iter().filter(|record| receipt.matches(record).is_ok());
    /// assert_eq!(matching.count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RecordMismatch`] names the first member that differs. `record` comes before all others.
    pub fn matches(&self, record: &Record) -> Result<(), RecordMismatch> {
        let Some(Unsigned(recorded)) = Unsigned::of(record) else {
            return Err(RecordMismatch::NoReceipt { kind: record.kind() });
        };
        let theirs = recorded.members();
        let ours = self.claims().members();
        let mut differing = ours.into_iter().zip(theirs).filter(|(ours, theirs)| ours != theirs).collect::<Vec<_>>();
        // Another record explains every other difference, so it is named first.
        differing.sort_by_key(|((member, _), _)| *member != "record");
        match differing.into_iter().next() {
            None => Ok(()),
            Some(((member, receipt), (_, recorded))) => {
                Err(RecordMismatch::Member { member, receipt, recorded, record: record.leaf() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of the format, from the record's bytes to the bytes that are signed.
    #[test]
    fn the_published_example_is_reproduced() {
        let record = r#"{"actor":{"id":"ops-agent","type":"agent"},"body":{"action":"REFUND_ORDER","anchor":"base-sepolia:0x2F54680000000000000000000000000000000001","approval_id":"appr_01J8Z9K3M4N5P6Q7R8S9T0V1W3","checks":[{"name":"action","result":"passed"},{"name":"permission","result":"passed"},{"name":"entity","result":"passed"},{"name":"state","result":"passed"},{"name":"parameters","result":"passed"},{"name":"open_execution","result":"passed"},{"name":"approval","result":"failed"}],"contract_digest":"sha256:c6a80e6828df50dcd91df64dfab6a9bf696a3a265d0a63c89415b5c0bfbe0ab9","decision":"approval_required","domain_version":"refund-ops-v2","issued_by":"kiff-cloud","key_id":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","policy_version":"inventory-v2","reason":"amount_above_threshold","receipt_id":"rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W2","request_digest":"sha256:bd47179b65a72c902bd6fa29bbb7412ee3de5221781ecd3bacab7863fd48b7d0","state_version":1},"entity":"order:ord_002","entity_seq":4,"format":"kiff-record/1","kind":"approval_required","prev":"sha256:0ddbc9c95bf59b566c934f93af9d068e3fbb5dde1b0ddba3d19861e4b5dc3616","recorded_at":"2026-05-24T09:50:18.431Z","tenant":"kiff-demo","trace_id":"trace_01J8Z8H2J3K4M5N6P7Q8R9S0T1"}"#;
        let record = Record::parse(record.as_bytes().into()).unwrap();
        assert_eq!(
            record.leaf().to_string(),
            "sha256:96cba03069a645e8349db2a4ba95005105fe2461a7d1d1a3500e925adc6c9fbb"
        );
        let unsigned = Unsigned::of(&record).unwrap();
        let message = unsigned.message();
        assert_eq!(message.len(), 798);
        assert_eq!(
            Digest::of(&message).to_string(),
            "sha256:08cfe0a756c80ab2b7806bec0e5c2b2adfa608834eab569366688ee209232054"
        );
        let receipt = unsigned.signed([0xfd; 64]);
        assert_eq!(receipt.iter().count(), 19);
        assert!(receipt.get("signature").unwrap().starts_with("kiff_sig_fdfd"));
    }
}
