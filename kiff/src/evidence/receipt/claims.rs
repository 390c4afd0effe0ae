//! What a receipt says, and the bytes of it that are signed.

use crate::{
    base::{
        code::Code,
        digest::Digest,
        ids::{ActionName, EntityRef, KeyId, ReceiptId, TenantId, TraceId, Version},
        timestamp::Timestamp,
    },
    kernel::record::Verdict,
    value::Value,
};

/// The format's name, in every receipt.
pub(super) const FORMAT: &str = "kiff-receipt/1";
/// The payload type of the signed envelope (DSSE).
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.kiff.receipt.v1+json";

/// The contents of a receipt, without the signature and the two members that follow from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) action: ActionName,
    pub(super) anchor: String,
    pub(super) decision: Verdict,
    pub(super) domain_version: Version,
    pub(super) entity: EntityRef,
    pub(super) entity_seq: u64,
    pub(super) issued_at: Timestamp,
    pub(super) issued_by: String,
    pub(super) key_id: KeyId,
    pub(super) policy_version: Version,
    pub(super) reason: Code,
    pub(super) receipt: ReceiptId,
    pub(super) record: Digest,
    pub(super) request_digest: Digest,
    pub(super) tenant: TenantId,
    pub(super) trace: TraceId,
}

impl Claims {
    /// The eighteen members that are signed, in the order of their names.
    pub(super) fn members(&self) -> Vec<(&'static str, String)> {
        vec![
            ("action", self.action.to_string()),
            ("anchor", self.anchor.clone()),
            ("audit_url", format!("/v1/entities/{}/timeline", self.entity)),
            ("decision", self.decision.to_string()),
            ("domain_version", self.domain_version.to_string()),
            ("entity", self.entity.to_string()),
            ("entity_seq", self.entity_seq.to_string()),
            ("format", FORMAT.to_owned()),
            ("issued_at", self.issued_at.to_string()),
            ("issued_by", self.issued_by.clone()),
            ("key_id", self.key_id.to_string()),
            ("policy_version", self.policy_version.to_string()),
            ("reason", self.reason.to_string()),
            ("receipt_id", self.receipt.to_string()),
            ("record", self.record.to_string()),
            ("request_digest", self.request_digest.to_string()),
            ("tenant", self.tenant.to_string()),
            ("trace_id", self.trace.to_string()),
        ]
    }

    /// The bytes that are signed: the DSSE pre-authentication encoding of the payload.
    pub(super) fn message(&self) -> Vec<u8> {
        let payload = self.payload();
        let mut message = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
        message.extend_from_slice(&payload);
        message
    }

    /// The receipt without its signature, as canonical JSON.
    pub(super) fn payload(&self) -> Vec<u8> {
        Value::object(self.members()).to_canonical()
    }
}
