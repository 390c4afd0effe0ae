//! A signer for receipts whose key everybody knows.

use ed25519_dalek::{Signer as _, SigningKey};
use kiff::{Receipt, Signer, SignerError};

/// Signs with the first test key of RFC 8032 §7.1. Its secret is public: a service would keep its own in a KMS, or
/// read it from a file that nobody else may.
pub struct DemoKey(SigningKey);

const SECRET: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5,
    0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

/// The RFC 7638 thumbprint of its public half, as RFC 8037 appendix A.3 gives it.
const KEY_ID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

impl Default for DemoKey {
    fn default() -> Self {
        Self(SigningKey::from_bytes(&SECRET))
    }
}

impl std::fmt::Debug for DemoKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DemoKey(..)")
    }
}

impl Signer for DemoKey {
    fn key_id(&self) -> &str {
        KEY_ID
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        Ok(self.0.sign(message).to_bytes())
    }
}

impl DemoKey {
    /// True if the key has signed exactly this receipt: what an auditor computes, with nothing of kiff's but the
    /// format (`docs/FORMATS.md`, "Receipt").
    #[must_use]
    pub fn has_signed(&self, receipt: &Receipt) -> bool {
        let unsigned = receipt.iter().filter(|(name, _)| *name != "signature");
        let payload = kiff::Value::object(unsigned).to_string();
        let kind = "application/vnd.kiff.receipt.v1+json";
        let message = format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len());
        let hex = receipt.get("signature").and_then(|text| text.strip_prefix("kiff_sig_")).unwrap_or_default();
        let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
        let bytes: Result<Vec<u8>, _> = digits.map(|pair| u8::from_str_radix(pair, 16)).collect();
        let signature = bytes.ok().and_then(|bytes| ed25519_dalek::Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| self.0.verifying_key().verify_strict(message.as_bytes(), &signature).is_ok())
    }
}
