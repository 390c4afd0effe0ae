//! Reads the lines of a log one at a time, in memory that does not grow with the log.

use super::{files, status::CommandError};
use kiff::record::MAX_RECORD;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    path::{Path, PathBuf},
};

/// A smaller log is read before anyone could look at the progress bar.
const MIN_BYTES_FOR_BAR: u64 = 32 * 1024 * 1024;
/// The number of lines between two updates of the progress bar.
const BAR_STEP: u64 = 16_384;

/// Reads a log line by line, and shows a progress bar on standard error if that is a terminal.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    /// The size of the file; `None` if no bar is shown.
    total: Option<u64>,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, CommandError> {
        let file = files::open(path)?;
        let size = file.metadata().map_err(|error| CommandError::at(path, error))?.len();
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        if reader.fill_buf().map_err(|error| CommandError::at(path, error))?.starts_with(b"SQLite format 3\0") {
            return Err(CommandError::at(path, "is a database; export its log and give that"));
        }
        Ok(Self {
            path: path.to_owned(),
            reader,
            line: Vec::new(),
            number: 0,
            bytes: 0,
            total: Some(size).filter(|size| *size >= MIN_BYTES_FOR_BAR && io::stderr().is_terminal()),
        })
    }

    /// The next line without its newline; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, CommandError> {
        self.line.clear();
        // One byte more for the newline, and one more to see that the line continues.
        let limit = MAX_RECORD as u64 + 2;
        let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.line);
        let mut read = read.map_err(|error| CommandError::at(&self.path, error))? as u64;
        if read == 0 {
            self.draw_bar(true);
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if read == limit {
            // The line is too long for a record. The part that was read is refused for its length.
            read += self.skip_line()?;
        }
        self.number += 1;
        self.bytes += read;
        if self.number.is_multiple_of(BAR_STEP) {
            self.draw_bar(false);
        }
        Ok(Some(&self.line))
    }

    fn skip_line(&mut self) -> Result<u64, CommandError> {
        let mut skipped = 0;
        loop {
            let buffer = self.reader.fill_buf().map_err(|error| CommandError::at(&self.path, error))?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |end| end + 1);
            let is_over = end.is_some() || used == 0;
            self.reader.consume(used);
            skipped += used as u64;
            if is_over {
                return Ok(skipped);
            }
        }
    }

    fn draw_bar(&self, is_over: bool) {
        let Some(total) = self.total.filter(|total| *total > 0) else { return };
        let done = self.bytes.min(total) * 40 / total;
        let bar: String = (0..40).map(|at| if at < done { '#' } else { '.' }).collect();
        let end = if is_over { "\n" } else { "" };
        // The bar is only for show, so an error in drawing it is ignored.
        let _ = write!(io::stderr(), "\r[{bar}] {} records{end}", self.number);
    }
}
