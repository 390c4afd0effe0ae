//! Reading files whose size and kind nobody has vouched for.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Why a command could not be carried out: status 2.
#[derive(Debug)]
pub(super) struct Trouble(pub(super) String);

impl Trouble {
    pub(super) fn of(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }

    pub(super) fn at(path: &Path, why: impl fmt::Display) -> Self {
        Self::of(path.display(), why)
    }
}

/// More than any key, checkpoint, proof or receipt has.
const MOST: u64 = 1024 * 1024;

/// A small file as a whole. Something else than a file would wait, or never end.
pub(super) fn small(path: &Path) -> Result<Vec<u8>, Trouble> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| Trouble::at(path, error))?;
    match bytes.len() as u64 > MOST {
        true => Err(Trouble::at(path, format!("has more than {MOST} bytes"))),
        false => Ok(bytes),
    }
}

/// The same as text.
pub(super) fn small_text(path: &Path) -> Result<String, Trouble> {
    String::from_utf8(small(path)?).map_err(|_| Trouble::at(path, "is not UTF-8"))
}

/// Opens a regular file.
pub(super) fn open(path: &Path) -> Result<File, Trouble> {
    let trouble = |error: io::Error| Trouble::at(path, error);
    if !fs::metadata(path).map_err(trouble)?.is_file() {
        return Err(Trouble::at(path, "is not a file"));
    }
    File::open(path).map_err(trouble)
}

/// The log itself, or the one in a bundle.
pub(super) fn log_in(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("log.jsonl") } else { path.to_owned() }
}
