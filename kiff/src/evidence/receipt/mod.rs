//! Receipts: what is handed out for a decision (`docs/formats.md` §8), and the seam for who signs them.
//!
//! A receipt is a projection of the record that carries the decision, and a signature. It can be issued
//! again from the log.

mod dsse;
mod fault;
mod parse;
mod projection;
mod signer;

pub use fault::ReceiptFault;
pub use projection::RecordMismatch;
pub use signer::{Signer, SignerError};

pub(crate) use projection::Unsigned;
pub(crate) use signer::DynSigner;

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
use std::{fmt, sync::Arc};

/// The format's name, in every receipt.
const FORMAT: &str = "kiff-receipt/1";
/// The payload type of the signed envelope (DSSE).
const PAYLOAD_TYPE: &str = "application/vnd.kiff.receipt.v1+json";
/// What stands before the signature's digits.
const SIGNATURE_PREFIX: &str = "kiff_sig_";

/// A signed decision: nineteen members, every one a text.
///
/// It is evidence of a decision, not a permission by itself: whoever acts on one checks the signature
/// against a pinned key, and that it says what they are about to do. A receipt that was
/// [parsed](Self::parse) has the right form and proves nothing;
/// [`ReceiptVerifier`](crate::evidence::verify::ReceiptVerifier) tells who signed it.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt(Arc<Signed>);

#[derive(PartialEq, Eq)]
struct Signed {
    claims: Claims,
    signature: [u8; 64],
    /// All nineteen members as texts, in the order of their names.
    members: Vec<(&'static str, String)>,
}

/// What a receipt says, apart from its signature and from what follows from the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) action: ActionName,
    pub(crate) anchor: String,
    pub(crate) decision: Verdict,
    pub(crate) domain_version: Version,
    pub(crate) entity: EntityRef,
    pub(crate) entity_seq: u64,
    pub(crate) issued_at: Timestamp,
    pub(crate) issued_by: String,
    pub(crate) key_id: KeyId,
    pub(crate) policy_version: Version,
    pub(crate) reason: Code,
    pub(crate) receipt: ReceiptId,
    pub(crate) record: Digest,
    pub(crate) request_digest: Digest,
    pub(crate) tenant: TenantId,
    pub(crate) trace: TraceId,
}

impl Claims {
    /// The eighteen members that are signed, in the order of their names.
    pub(crate) fn members(&self) -> Vec<(&'static str, String)> {
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

    /// What is signed: the DSSE pre-authentication encoding of the canonical receipt.
    pub(crate) fn message(&self) -> Vec<u8> {
        let payload = self.payload();
        let mut message = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
        message.extend_from_slice(&payload);
        message
    }

    /// The canonical receipt without its signature.
    fn payload(&self) -> Vec<u8> {
        Value::object(self.members()).to_canonical()
    }
}

impl Receipt {
    pub(crate) fn new(claims: Claims, signature: [u8; 64]) -> Self {
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut members = claims.members();
        members.push(("signature", format!("{SIGNATURE_PREFIX}{hex}")));
        members.sort_unstable();
        Self(Arc::new(Signed { claims, signature, members }))
    }

    /// A member by its name, such as `decision`.
    #[must_use]
    pub fn get(&self, member: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == member).map(|(_, text)| text)
    }

    /// All nineteen members, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.members.iter().map(|(name, text)| (*name, text.as_str()))
    }

    /// The receipt as canonical JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::object(self.iter()).to_string()
    }

    /// Its id: no other decision of the tenant has it.
    #[must_use]
    pub fn receipt_id(&self) -> ReceiptId {
        self.0.claims.receipt
    }

    /// The call that it belongs to.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.0.claims.trace
    }

    /// The tenant in whose log the decision is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.0.claims.tenant
    }

    /// The entity in whose stream the decision is.
    #[must_use]
    pub fn entity(&self) -> &EntityRef {
        &self.0.claims.entity
    }

    /// The decision's place in that stream.
    #[must_use]
    pub fn entity_seq(&self) -> u64 {
        self.0.claims.entity_seq
    }

    /// What was asked for.
    #[must_use]
    pub fn action(&self) -> &ActionName {
        &self.0.claims.action
    }

    /// What was decided.
    #[must_use]
    pub fn decision(&self) -> Verdict {
        self.0.claims.decision
    }

    /// Why; `none` for what was cleared.
    #[must_use]
    pub fn reason(&self) -> &Code {
        &self.0.claims.reason
    }

    /// The version of the domain that decided.
    #[must_use]
    pub fn domain_version(&self) -> &Version {
        &self.0.claims.domain_version
    }

    /// The version of its permission policy.
    #[must_use]
    pub fn policy_version(&self) -> &Version {
        &self.0.claims.policy_version
    }

    /// Who issued it, as the issuer calls itself.
    #[must_use]
    pub fn issued_by(&self) -> &str {
        &self.0.claims.issued_by
    }

    /// When the decision was recorded.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.0.claims.issued_at
    }

    /// Where the log is anchored, or `none`: an address, never evidence.
    #[must_use]
    pub fn anchor(&self) -> &str {
        &self.0.claims.anchor
    }

    /// The key that it names. A verifier looks it up among those that it trusts.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        &self.0.claims.key_id
    }

    /// The digest of what was asked: tenant, entity, action, requester and every parameter.
    #[must_use]
    pub fn request_digest(&self) -> Digest {
        self.0.claims.request_digest
    }

    /// The leaf hash of the decision's record.
    #[must_use]
    pub fn record(&self) -> Digest {
        self.0.claims.record
    }

    /// The 64 bytes of the signature.
    #[must_use]
    pub fn signature(&self) -> &[u8; 64] {
        &self.0.signature
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.0.claims
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
