//! What is in a bundle, by the names that `docs/formats.md` §9 gives.

use super::files::Trouble;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where the parts of a bundle are. A part that is not there is not looked for again.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    pub(super) log: Option<PathBuf>,
    pub(super) proof: Option<PathBuf>,
    pub(super) checkpoint: Option<PathBuf>,
    pub(super) vkeys: Option<PathBuf>,
    pub(super) keys: Option<PathBuf>,
    pub(super) receipt: Option<PathBuf>,
    pub(super) receipts: Option<PathBuf>,
}

impl Bundle {
    /// A folder, or a log alone.
    pub(super) fn at(path: &Path) -> Result<Self, Trouble> {
        let kind = fs::metadata(path).map_err(|error| Trouble::at(path, error))?;
        if !kind.is_dir() {
            return Ok(Self { log: Some(path.to_owned()), ..Self::default() });
        }
        let part = |name: &str| {
            let part = path.join(name);
            match fs::symlink_metadata(&part) {
                Ok(_) => Ok(Some(part)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(Trouble::at(&part, error)),
            }
        };
        let bundle = Self {
            log: part("log.jsonl")?,
            proof: part("record.tlog-proof")?,
            checkpoint: part("checkpoint.txt")?,
            vkeys: part("vkeys.txt")?,
            keys: part("keys.jwks.json")?,
            receipt: part("receipt.json")?,
            receipts: part("receipts")?,
        };
        match bundle.log.is_none() && bundle.proof.is_none() {
            true => Err(Trouble::at(path, "has neither log.jsonl nor record.tlog-proof")),
            false => Ok(bundle),
        }
    }
}
