//! The parts of a bundle, by their names in `docs/formats.md` §9.

use super::status::CommandError;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The paths of the parts that a bundle has.
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
    /// Finds the parts of a folder, or takes a file as a log alone.
    pub(super) fn at(path: &Path) -> Result<Self, CommandError> {
        let kind = fs::metadata(path).map_err(|error| CommandError::at(path, error))?;
        if !kind.is_dir() {
            return Ok(Self { log: Some(path.to_owned()), ..Self::default() });
        }
        let part = |name: &str| {
            let part = path.join(name);
            match fs::symlink_metadata(&part) {
                Ok(_) => Ok(Some(part)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(CommandError::at(&part, error)),
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
        if bundle.log.is_none() && bundle.proof.is_none() {
            return Err(CommandError::at(path, "has neither log.jsonl nor record.tlog-proof"));
        }
        Ok(bundle)
    }
}
