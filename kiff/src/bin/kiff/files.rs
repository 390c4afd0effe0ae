//! Reads files of unknown size and kind.

use super::status::CommandError;
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// No key, checkpoint, proof or receipt is larger.
const MAX_SMALL: u64 = 1024 * 1024;

/// Reads a small file as a whole.
pub(super) fn read_small(path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(MAX_SMALL + 1).read_to_end(&mut bytes);
    read.map_err(|error| CommandError::at(path, error))?;
    if bytes.len() as u64 > MAX_SMALL {
        return Err(CommandError::at(path, format!("has more than {MAX_SMALL} bytes")));
    }
    Ok(bytes)
}

/// Reads a small file as text.
pub(super) fn read_small_text(path: &Path) -> Result<String, CommandError> {
    String::from_utf8(read_small(path)?).map_err(|_| CommandError::at(path, "is not UTF-8"))
}

/// Opens a regular file. A read from anything else might wait, or never end.
pub(super) fn open(path: &Path) -> Result<File, CommandError> {
    let failed = |error: io::Error| CommandError::at(path, error);
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(CommandError::at(path, "is not a file"));
    }
    File::open(path).map_err(failed)
}

/// The path of the log, which is `path` itself or in the bundle there.
pub(super) fn log_in(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("log.jsonl") } else { path.to_owned() }
}
