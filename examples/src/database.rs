//! Where the examples keep their logs: a SQLite file in a new folder.

use crate::scenarios::Result;
use std::path::PathBuf;

/// The path for a database file in a new folder. The file stays when the program ends, and a message on standard error
/// says how to look into it.
///
/// # Errors
/// If the folder cannot be made.
pub fn fresh(name: &str) -> Result<PathBuf> {
    let folder = new_folder(name)?;
    let file = folder.join(format!("{name}.db"));
    eprintln!("the log is in {}. To look into it, now or later:", file.display());
    eprintln!("  sqlite3 -readonly {} \"SELECT record FROM log\"\n", file.display());
    Ok(file)
}

/// Makes a new folder for temporary files.
///
/// # Errors
/// If the folder cannot be made.
pub fn new_folder(name: &str) -> Result<PathBuf> {
    let place = std::env::temp_dir();
    // Another process may have left a folder of the same name behind.
    for number in 0..1_000 {
        let folder = place.join(format!("kiff-{name}-{}-{number}", std::process::id()));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(format!("{} has too many folders of this example", place.display()).into())
}
