//! The bytes of a record.

use std::{fmt, sync::Arc};

/// The most bytes that a record may have.
pub const MAX_RECORD: usize = 65_535;

/// The bytes of one record, shared with the records that were sealed with it. Cheap to clone.
#[derive(Clone)]
pub struct RecordBytes {
    // INVARIANT: the range lies within the buffer, except while a batch is being sealed.
    pub(super) shared: Arc<[u8]>,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl From<Vec<u8>> for RecordBytes {
    fn from(bytes: Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl From<&[u8]> for RecordBytes {
    fn from(bytes: &[u8]) -> Self {
        Self { shared: bytes.into(), start: 0, end: bytes.len() }
    }
}

impl std::ops::Deref for RecordBytes {
    type Target = [u8];
    // Evidence rests on these bytes: an empty record in place of a broken invariant would hide it.
    #[expect(clippy::expect_used, reason = "the range is made from the buffer's own length, and is private")]
    fn deref(&self) -> &[u8] {
        self.shared.get(self.start..self.end).expect("the range lies within the buffer")
    }
}

impl AsRef<[u8]> for RecordBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl PartialEq for RecordBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for RecordBytes {}

impl fmt::Debug for RecordBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self))
    }
}
