//! The record: the one kind of thing that is stored.
//!
//! A record is one line of canonical JSON (`docs/formats.md` §3). It is serialised once, by [`seal`], and
//! the bytes that are hashed are the bytes that are stored. A record that was read back keeps its bytes.

pub(crate) mod body;
mod bytes;
mod decision;
mod envelope;
mod error;
mod format;
mod index;
mod kind;
mod member;
#[cfg(test)]
mod page;
pub(crate) mod read;
mod reader;
mod recent;
#[cfg(test)]
mod row;
mod seal;
mod stored;
mod table;
mod reported;
mod verdict;
pub(crate) mod write;
mod writer;

pub use bytes::{MAX_RECORD, RecordBytes};
pub use error::RecordError;
pub use index::{Claim, Found, IndexEntry, Mark, index_of};
pub use kind::Kind;
pub use stored::Record;
pub use verdict::{CheckResult, KeyPurpose, Verdict};

pub(crate) use envelope::Envelope;
pub(crate) use error::missing;
pub(crate) use seal::{Draft, Head, TooLarge, seal};
