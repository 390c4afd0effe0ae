//! The evidence that the refund desk gives to an auditor.

use crate::{
    demo_key,
    scenarios::{Result, SCENARIOS},
};
use kiff::{
    keys::Ed25519Signer,
    ledger::{Bundle, Ed25519LogSigner},
};
use std::{fs, path::Path};

/// The secret half of the log's key. A log must have a key of its own, and not that of its receipts.
const SEED: [u8; 32] = [2; 32];

/// Runs a refund that is held and granted, and writes its evidence into a new folder: a bundle, the proof of the first
/// decision (`record.tlog-proof`), and its receipt as a DSSE envelope (`dsse.json`).
///
/// # Errors
/// If a step fails, for example because the folder exists already.
pub fn write(folder: &Path) -> Result<Bundle> {
    let [_, _, granted, ..] = SCENARIOS;
    let shop = granted.run()?;
    let signer = Ed25519LogSigner::new("kiff.dev/log/kiff-demo", Ed25519Signer::from_seed(&SEED))?;
    let ledger = shop.runtime.runtime().ledger(signer).open_blocking()?;
    ledger.checkpoint()?;
    let bundle = ledger.bundle(folder, &demo_key::keys())?;
    if let Some(receipt) = shop.receipts.first() {
        let proof = ledger.prove_receipt(receipt.receipt_id())?;
        fs::write(folder.join("record.tlog-proof"), proof.to_string())?;
        fs::write(folder.join("dsse.json"), receipt.to_dsse())?;
    }
    Ok(bundle)
}
