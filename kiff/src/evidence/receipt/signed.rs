//! A receipt: claims under a signature.

use super::claims::Claims;
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

/// The beginning of the text of a signature.
pub(super) const SIGNATURE_PREFIX: &str = "kiff_sig_";

/// A signed decision: nineteen members, all of them texts.
///
/// A receipt is evidence of a decision, not a permission. Before acting on one, check its signature against a pinned
/// key, and check that it is about the act. A [parsed](Self::parse) receipt has the right form and proves nothing yet;
/// a [`ReceiptVerifier`](crate::evidence::verify::ReceiptVerifier) checks who signed it.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt(Arc<Signed>);

#[derive(PartialEq, Eq)]
struct Signed {
    claims: Claims,
    signature: [u8; 64],
    /// All nineteen members as texts, in the order of their names.
    members: Vec<(&'static str, String)>,
}

impl Receipt {
    pub(super) fn new(claims: Claims, signature: [u8; 64]) -> Self {
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut members = claims.members();
        members.push(("signature", format!("{SIGNATURE_PREFIX}{hex}")));
        members.sort_unstable();
        Self(Arc::new(Signed { claims, signature, members }))
    }

    /// The text of a member, such as `decision`.
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

    /// The id, unique among the decisions of the tenant.
    #[must_use]
    pub fn receipt_id(&self) -> ReceiptId {
        self.0.claims.receipt
    }

    /// The trace id of the call that asked for the decision.
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

    /// The sequence number of the decision in that stream.
    #[must_use]
    pub fn entity_seq(&self) -> u64 {
        self.0.claims.entity_seq
    }

    /// The proposed action.
    #[must_use]
    pub fn action(&self) -> &ActionName {
        &self.0.claims.action
    }

    /// The decision.
    #[must_use]
    pub fn decision(&self) -> Verdict {
        self.0.claims.decision
    }

    /// The reason for the decision; `none` if the action was cleared.
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

    /// The name under which the issuer issues receipts.
    #[must_use]
    pub fn issued_by(&self) -> &str {
        &self.0.claims.issued_by
    }

    /// When the decision was recorded.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.0.claims.issued_at
    }

    /// Where the log is anchored, or `none`. It is an address, never evidence.
    #[must_use]
    pub fn anchor(&self) -> &str {
        &self.0.claims.anchor
    }

    /// The id of the signing key. A verifier looks it up among the keys that it trusts.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        &self.0.claims.key_id
    }

    /// The digest of the request: tenant, entity, action, requester and every parameter.
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

    /// The bytes that the signature is over.
    pub(in crate::evidence) fn signed_message(&self) -> Vec<u8> {
        self.0.claims.message()
    }

    pub(super) fn claims(&self) -> &Claims {
        &self.0.claims
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
