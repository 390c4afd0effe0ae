//! What the refund desk hands to an auditor.

use crate::{
    demo_key,
    scenarios::{Result, SCENARIOS},
};
use kiff::{
    Ed25519Signer,
    ledger::{Bundle, Ed25519LogSigner},
};
use std::{fs, path::Path};

/// The secret half of the log's key, which is as public as the one of [`demo_key`]. A log has a key of its own.
const SEED: [u8; 32] = [2; 32];

/// Plays a held and granted refund, and writes all its evidence into a new folder: a bundle, and beside it the proof of
/// the first decision (`record.tlog-proof`) and its receipt as a DSSE envelope (`dsse.json`).
///
/// # Errors
/// What went wrong, such as that the folder is there already.
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
