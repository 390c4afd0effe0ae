//! The floor of a durable append on one machine: the bytes at the end of a file, and a sync.

use std::{error::Error, fs::File, io::Write, path::Path};

/// A file that grows by whole batches.
#[derive(Debug)]
pub(crate) struct Log(File);

impl Log {
    pub(crate) fn new(path: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self(File::create_new(path)?))
    }

    /// Appends bytes and syncs them, without the times of the file.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        self.0.write_all(bytes)?;
        Ok(self.0.sync_data()?)
    }
}
