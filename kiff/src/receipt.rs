//! Receipts: what is handed out for a decision (`docs/FORMATS.md` §8), and the seam for who signs them.
//!
//! A receipt is a projection of the record that carries the decision, and a signature. It can be issued
//! again from the log.

use crate::{
    action::BoxFuture,
    record::{Record, Verdict},
    value::Value,
};
use std::{error::Error, fmt, future::Future};

/// Signs receipts with an Ed25519 key. Users may implement it, for a KMS or an HSM; write `async fn sign`.
///
/// A signer that fails means that nothing is cleared.
///
/// ```
/// use kiff::{Signer, SignerError};
///
/// /// A client of the service that holds the key.
/// struct Kms {
///     key_id: String,
/// }
///
/// impl Kms {
///     async fn sign_ed25519(&self, message: &[u8]) -> Result<Vec<u8>, std::io::Error> {
///         // Ask the service here. It signs the message itself, not a digest of it.
/// #         let _ = message;
/// #         Err(std::io::ErrorKind::Unsupported.into())
///     }
/// }
///
/// impl Signer for Kms {
///     fn key_id(&self) -> &str {
///         &self.key_id
///     }
///
///     async fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
///         let signature = self.sign_ed25519(message).await.map_err(SignerError::new)?;
///         signature.try_into().map_err(|_| SignerError::new("the service gave no Ed25519 signature"))
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let domain = kiff::Domain::builder("shop", "v1").table(kiff::Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
/// let signer = Kms { key_id: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned() };
/// let rt = kiff::Runtime::builder(domain).signer(signer).build()?;
/// # let _ = rt;
/// # Ok(())
/// # }
/// ```
pub trait Signer: Send + Sync + 'static {
    /// The RFC 7638 thumbprint of the public key, in base64url without padding.
    fn key_id(&self) -> &str;

    /// The pure Ed25519 signature (RFC 8032) of `message`.
    ///
    /// # Errors
    /// [`SignerError`] if the key cannot be used now.
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<[u8; 64], SignerError>> + Send;
}

/// A receipt could not be signed.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
#[error("the receipt could not be signed")]
pub struct SignerError(#[source] Box<dyn Error + Send + Sync>);

impl SignerError {
    /// Wraps what went wrong.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// [`Signer`] with its future boxed, so that a runtime can hold any signer.
pub(crate) trait DynSigner: Send + Sync {
    fn key_id(&self) -> &str;
    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<[u8; 64], SignerError>>;
}

impl<S: Signer> DynSigner for S {
    fn key_id(&self) -> &str {
        Signer::key_id(self)
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<[u8; 64], SignerError>> {
        Box::pin(Signer::sign(self, message))
    }
}

/// The format's name, in every receipt.
const FORMAT: &str = "kiff-receipt/1";
/// The payload type of the signed envelope (DSSE).
const PAYLOAD_TYPE: &str = "application/vnd.kiff.receipt.v1+json";

/// A signed decision: nineteen members, every one a text.
///
/// It is evidence of a decision, not a permission by itself: whoever acts on one checks the signature
/// against a pinned key, and that it says what they are about to do.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// All members but the signature, in the order of their names.
    members: Vec<(&'static str, String)>,
    signature: String,
}

impl Receipt {
    /// A member by its name, such as `decision`.
    #[must_use]
    pub fn get(&self, member: &str) -> Option<&str> {
        if member == "signature" {
            return Some(&self.signature);
        }
        self.members.iter().find(|(name, _)| *name == member).map(|(_, text)| text.as_str())
    }

    /// All nineteen members, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut all: Vec<_> = self
            .members
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .chain([("signature", self.signature.as_str())])
            .collect();
        all.sort_unstable();
        all.into_iter()
    }

    /// The receipt as canonical JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::object(self.iter()).to_string()
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A receipt that lacks its signature.
#[derive(Clone, Debug)]
pub(crate) struct Unsigned(Vec<(&'static str, String)>);

impl Unsigned {
    /// The receipt of a record that carries a decision; nothing for a record of another kind, or one that
    /// names no key.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        let ruling = record.body.ruling().filter(|ruling| &*ruling.issue.key_id != "none")?;
        let decision = match record.kind() {
            crate::Kind::ActionValidated => Verdict::Allowed,
            crate::Kind::ApprovalRequired => Verdict::ApprovalRequired,
            _ => Verdict::Blocked,
        };
        let entity = record.entity();
        Some(Self(vec![
            ("action", ruling.action.to_string()),
            ("anchor", ruling.issue.anchor.to_string()),
            ("audit_url", format!("/v1/entities/{entity}/timeline")),
            ("decision", decision.to_string()),
            ("domain_version", ruling.domain_version.to_string()),
            ("entity", entity.to_string()),
            ("entity_seq", record.entity_seq().to_string()),
            ("format", FORMAT.to_owned()),
            ("issued_at", record.recorded_at().to_string()),
            ("issued_by", ruling.issue.issued_by.to_string()),
            ("key_id", ruling.issue.key_id.to_string()),
            ("policy_version", ruling.policy_version.to_string()),
            ("reason", ruling.reason.to_string()),
            ("receipt_id", ruling.receipt.to_string()),
            ("record", record.leaf().to_string()),
            ("request_digest", ruling.request_digest.to_string()),
            ("tenant", record.tenant().to_string()),
            ("trace_id", record.trace_id().to_string()),
        ]))
    }

    /// The key that is to sign it.
    pub(crate) fn key_id(&self) -> &str {
        self.0.iter().find(|(name, _)| *name == "key_id").map_or("none", |(_, id)| id.as_str())
    }

    /// What is signed: the DSSE pre-authentication encoding of the canonical receipt.
    pub(crate) fn message(&self) -> Vec<u8> {
        let payload = Value::object(self.0.iter().map(|(name, text)| (*name, text.as_str()))).to_canonical();
        let mut message = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
        message.extend_from_slice(&payload);
        message
    }

    /// The receipt with its signature.
    pub(crate) fn signed(self, signature: &[u8; 64]) -> Receipt {
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        Receipt { members: self.0, signature: format!("kiff_sig_{hex}") }
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
            crate::Digest::of(&message).to_string(),
            "sha256:08cfe0a756c80ab2b7806bec0e5c2b2adfa608834eab569366688ee209232054"
        );
        let receipt = unsigned.signed(&[0xfd; 64]);
        assert_eq!(receipt.iter().count(), 19);
        assert!(receipt.get("signature").unwrap().starts_with("kiff_sig_fdfd"));
    }
}
