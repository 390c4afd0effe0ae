//! Receipts in the hands of others: what is accepted, what is refused, and with which word.

mod guard;
mod hostile;
mod key_file;
mod key_set;
mod malformed;
mod payments;
mod vectors;
mod verifier;
mod warrant;

/// What the tests share: the published example, and the key that has signed it.
mod kit {
    use kiff::{
        Receipt, Timestamp,
        keys::Ed25519Signer,
        verify::{KeySet, ReceiptVerifier},
    };
    use std::{fs, path::Path};

    /// The first test key of RFC 8032 §7.1.
    pub(crate) const SEED: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    pub(crate) const KEY_ID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

    pub(crate) fn signer() -> Ed25519Signer {
        Ed25519Signer::from_seed(&SEED)
    }

    pub(crate) fn vector(name: &str) -> Vec<u8> {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/receipt").join(name)).unwrap()
    }

    pub(crate) fn receipt() -> Receipt {
        Receipt::parse(&vector("receipt.json")).unwrap()
    }

    pub(crate) fn keys() -> KeySet {
        KeySet::from_json(&vector("keys.jwks.json")).unwrap()
    }

    pub(crate) fn verifier() -> ReceiptVerifier {
        ReceiptVerifier::new(keys())
    }

    /// Two minutes behind the receipt.
    pub(crate) fn now() -> Timestamp {
        at("2026-05-24T09:52:18.431Z")
    }

    pub(crate) fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }
}
