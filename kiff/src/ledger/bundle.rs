//! Evidence bundles: a folder with everything that a verifier needs, except the keys to trust.

use super::{Ledger, LedgerError};
use crate::{
    base::digest::Digest,
    evidence::{
        log::{Frontier, SignedCheckpoint},
        verify::KeySet,
    },
    kernel::record::{Record, RecordBytes},
};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

/// The contents of a bundle that was written.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// How many records.
    pub records: u64,
    /// How many receipts.
    pub receipts: u64,
}

/// How many records are read from the store at once.
const PAGE: usize = 1_000;

impl Ledger {
    /// Writes all evidence of the last checkpoint into a new folder: `log.jsonl`, `checkpoint.txt`, `vkeys.txt`,
    /// `keys.jwks.json`, and in `receipts/` every receipt, issued again with the runtime's signer.
    ///
    /// `keys` are the public keys that have signed receipts. The receipts of a key that the runtime no longer
    /// has are left out. The folder is written as the log is read, with the file system's own blocking calls.
    ///
    /// ```
    /// use kiff::{keys::Ed25519Signer, ledger::Ed25519LogSigner, verify::KeySet};
    #[doc = include_str!("../../docs/shop.txt")]
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?;
    /// # let folder = std::env::temp_dir().join(format!("kiff-doc-bundle-{}", std::process::id()));
    /// let signer = Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::generate()?)?;
    /// let ledger = rt.ledger(signer).open_blocking()?;
    /// ledger.checkpoint()?;
    /// // The public keys of receipts; this runtime signs none.
    /// let bundle = ledger.bundle(&folder, &KeySet::new())?;
    /// assert_eq!((bundle.records, bundle.receipts), (4, 0));
    /// assert!(folder.join("log.jsonl").exists());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LedgerError::Bundle`] if the folder is there already, or cannot be written;
    /// [`LedgerError::NoCheckpoint`] if nothing was signed yet; any other if the log cannot be read, or is not the
    /// one that was signed. What was written until then stays.
    pub async fn bundle(&self, folder: impl AsRef<Path>, keys: &KeySet) -> Result<Bundle, LedgerError> {
        let checkpoint = self.last_checkpoint().ok_or(LedgerError::NoCheckpoint)?;
        let folder = folder.as_ref();
        let mut log = self.begin(folder, &checkpoint, keys).map_err(LedgerError::Bundle)?;
        let head = checkpoint.unverified().head();
        let (mut frontier, mut receipts) = (Frontier::new(), 0);
        while frontier.size() < head.size {
            let rest = usize::try_from(head.size - frontier.size()).unwrap_or(PAGE);
            let page = self.read_log(frontier.size(), rest.min(PAGE)).await?;
            if page.is_empty() {
                return Err(LedgerError::LogShorterThanHead { size: frontier.size(), head: head.size });
            }
            for bytes in page {
                frontier.append(Digest::leaf(&bytes));
                write_line(&mut log, &bytes).map_err(LedgerError::Bundle)?;
                receipts += self.write_receipt(folder, bytes).await?;
            }
        }
        if frontier.head() != head {
            return Err(LedgerError::LogForked { head: head.size });
        }
        log.into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|log| log.sync_all())
            .map_err(LedgerError::Bundle)?;
        Ok(Bundle { records: head.size, receipts })
    }

    /// Makes the folder, and writes all that does not come from the log.
    fn begin(&self, folder: &Path, checkpoint: &SignedCheckpoint, keys: &KeySet) -> io::Result<BufWriter<File>> {
        fs::create_dir(folder)?;
        fs::create_dir(folder.join("receipts"))?;
        let witnesses = self.witnesses.iter().map(|witness| witness.verifier_key());
        let verifier_keys = [self.verifier_key()].into_iter().chain(witnesses);
        let verifier_keys: String = verifier_keys.map(|key| format!("{key}\n")).collect();
        fs::write(folder.join("vkeys.txt"), verifier_keys)?;
        fs::write(folder.join("checkpoint.txt"), checkpoint.to_string())?;
        fs::write(folder.join("keys.jwks.json"), format!("{}\n", keys.to_json()))?;
        Ok(BufWriter::new(File::create_new(folder.join("log.jsonl"))?))
    }

    /// Writes the receipt of a record, if it has one that can be issued again.
    async fn write_receipt(&self, folder: &Path, bytes: RecordBytes) -> Result<u64, LedgerError> {
        // A record that cannot be read has no receipt; that it is in the log is what the bundle shows.
        let Ok(record) = Record::parse(bytes) else { return Ok(0) };
        let Some(receipt) = self.runtime.reissue(&record).await else { return Ok(0) };
        let name = format!("receipts/{}.json", receipt.receipt_id());
        fs::write(folder.join(name), format!("{}\n", receipt.to_json())).map_err(LedgerError::Bundle)?;
        Ok(1)
    }
}

fn write_line(log: &mut BufWriter<File>, record: &[u8]) -> io::Result<()> {
    log.write_all(record)?;
    log.write_all(b"\n")
}
