//! The lines of a log, one at a time.

use super::fault::ImportError;
use crate::{
    base::digest::Digest,
    kernel::record::{MAX_RECORD, Record, RecordBytes},
};
use std::io::{BufRead, Read};

/// Reads records line by line, strictly, and never more than a record's length at once.
pub(super) struct Lines<R> {
    reader: R,
    /// The number of the line read last; 1 is the first.
    pub(super) number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    /// The next record, or nothing at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Record>, ImportError> {
        let line = self.number + 1;
        let mut text = Vec::new();
        // One more for the newline, and one more to see that the line goes on.
        let most = MAX_RECORD as u64 + 2;
        let read = self.reader.by_ref().take(most).read_until(b'\n', &mut text);
        if read.map_err(|source| ImportError::Read { line, source })? == 0 {
            return Ok(None);
        }
        self.number = line;
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        if std::str::from_utf8(&text).is_ok_and(|text| text.parse::<Digest>().is_ok()) {
            return Err(ImportError::Erased { line });
        }
        // A line that is too long is cut here, and refused for its length.
        let record = Record::parse(RecordBytes::from(text)).map_err(|source| ImportError::Record { line, source })?;
        Ok(Some(record))
    }
}
