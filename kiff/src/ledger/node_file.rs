//! A file of node hashes.

use crate::{base::digest::Digest, evidence::log::Nodes};
use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// The bytes of a node.
const NODE: u64 = 32;

/// The nodes of a tree in a file: 32 bytes for each, 64 for a record, and nothing of it in memory.
///
/// It is a cache: everything in it follows from the log, and a ledger checks what it reads there against a signed
/// head. So nothing is forced to the disk, and the file may be deleted. Only one ledger may use it at a time.
#[derive(Debug)]
pub struct NodeFile {
    file: File,
}

impl NodeFile {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// Whatever the file system has.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file })
    }
}

impl Nodes for NodeFile {
    fn read(&self, place: u64) -> io::Result<Digest> {
        let mut node = [0; NODE as usize];
        read_exact_at(&self.file, &mut node, offset(place)?)?;
        Ok(Digest::from_bytes(node))
    }

    fn write(&mut self, place: u64, nodes: &[Digest]) -> io::Result<()> {
        let bytes: Vec<u8> = nodes.iter().flat_map(|node| *node.as_bytes()).collect();
        write_all_at(&self.file, &bytes, offset(place)?)
    }
}

fn offset(place: u64) -> io::Result<u64> {
    place.checked_mul(NODE).ok_or_else(|| io::ErrorKind::FileTooLarge.into())
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

// Without positional calls the place of the file is moved, which is why a ledger locks its nodes.
#[cfg(not(unix))]
fn read_exact_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    use io::{Read, Seek};
    file.seek(io::SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

#[cfg(not(unix))]
fn write_all_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use io::{Seek, Write};
    file.seek(io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
