//! A receipt key for the examples. Everybody knows its secret half.

use kiff::{
    keys::Ed25519Signer,
    verify::{KeySet, ReceiptVerifier},
};

/// The first test key of RFC 8032 §7.1. A service would keep its key in a KMS, or load it from a file that nobody else
/// can read (`Ed25519Signer::load`).
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5,
    0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

/// The signer of receipts.
#[must_use]
pub fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(&SEED)
}

/// The key set that verifiers pin.
#[must_use]
pub fn keys() -> KeySet {
    KeySet::new().with(signer().public_key().clone())
}

/// A verifier that trusts only this key.
#[must_use]
pub fn verifier() -> ReceiptVerifier {
    ReceiptVerifier::new(keys())
}
