//! Where the examples keep their logs: a SQLite file in a new folder.

use crate::scenarios::Result;
use std::path::PathBuf;

/// The path of a file that is not there yet, in a new folder. It stays when the program has ended, so that one can look
/// into it; where it is goes to the standard error, and so does how to look.
///
/// # Errors
/// If the folder cannot be made.
pub fn fresh(name: &str) -> Result<PathBuf> {
    let folder = folder(name)?;
    let file = folder.join(format!("{name}.db"));
    eprintln!("the log is in {}; look into it while it is used or later:", file.display());
    eprintln!("  sqlite3 -readonly {} \"SELECT record FROM log\"\n", file.display());
    Ok(file)
}

/// A new folder among the temporary ones.
///
/// # Errors
/// If it cannot be made.
pub fn folder(name: &str) -> Result<PathBuf> {
    let place = std::env::temp_dir();
    let taken = (0..1_000).map(|number| place.join(format!("kiff-{name}-{}-{number}", std::process::id())));
    let mut last = None;
    for folder in taken {
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.map_or_else(|| "no folder".into(), Into::into))
}
