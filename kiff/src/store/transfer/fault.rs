//! Why a log cannot be brought in.

use crate::{
    base::{
        code::coded,
        debug::debug_as_display,
        ids::{EntityRef, TenantId},
    },
    kernel::{
        record::{Claim, RecordError},
        view::FoldError,
    },
    store::StoreError,
};
use std::io;

coded! {
    /// Why a file could not be brought in.
    ///
    /// The lines before it are in the store, or will be when the import is run again; the line itself and those after
    /// it are not.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum ImportError {
        /// The file cannot be read.
        #[error("line {line} cannot be read")]
        Read {
            /// The line; 1 is the first.
            line: u64,
            /// The reader's error.
            source: io::Error,
        } => "log_not_read",
        /// The line is no record, or one that this version cannot read.
        #[error("line {line} is no record of this format")]
        Record {
            /// The line.
            line: u64,
            /// The record's error.
            source: RecordError,
        } => {source},
        /// The line stands for an erased record. A store cannot find anything by what is gone.
        #[error("line {line} stands for an erased record, which cannot be brought into a store")]
        Erased {
            /// The line.
            line: u64,
        } => "record_erased",
        /// The record is of another tenant than the first, or than the runtime.
        #[error("line {line} is of tenant `{found}`, and the log is that of `{expected}`")]
        OtherTenant {
            /// The line.
            line: u64,
            /// Whose log it is.
            expected: TenantId,
            /// The tenant in the record.
            found: TenantId,
        } => "other_tenant",
        /// The record cannot be the next one of its stream.
        #[error("line {line} does not follow the record before it in `{entity}`")]
        Place {
            /// The line.
            line: u64,
            /// The stream.
            entity: EntityRef,
            /// Why it cannot be the next one.
            source: FoldError,
        } => {source},
        /// An event without its step, or a proposal without its decision: the file was cut there.
        #[error("line {line} lacks the record that was stored together with it")]
        Torn {
            /// The line that stands alone.
            line: u64,
        } => "append_torn",
        /// A name that one record alone may have, such as an event's id, is taken.
        #[error("line {line} claims a name that another record of the log has")]
        Claimed {
            /// The line.
            line: u64,
            /// The claim that is taken.
            claim: Claim,
        } => "name_claimed",
        /// The store's log has another record at this place: it is another log, somebody else appends to it, or
        /// the store does not keep the order of a batch.
        #[error("the store's log has another record at line {line}")]
        OtherLog {
            /// The line.
            line: u64,
        } => "other_log",
        /// The store's log begins with the whole file and goes on after it. Nothing was to be added.
        #[error("the store's log has {length} records, and the file ends at {lines}")]
        StoreAhead {
            /// How many lines the file has.
            lines: u64,
            /// How many records the store has.
            length: u64,
        } => "store_ahead",
        /// The store failed. Run the import again: it goes on where the store's log ends.
        #[error("the store failed at line {line}")]
        Store {
            /// The first line that may not be stored.
            line: u64,
            /// The store's error.
            source: StoreError,
        } => {source},
    }
}

debug_as_display!(ImportError);

impl ImportError {
    /// The line at which it was found; 1 is the first.
    #[must_use]
    pub fn line(&self) -> u64 {
        match self {
            Self::Read { line, .. }
            | Self::Record { line, .. }
            | Self::Erased { line }
            | Self::OtherTenant { line, .. }
            | Self::Place { line, .. }
            | Self::Torn { line }
            | Self::Claimed { line, .. }
            | Self::OtherLog { line }
            | Self::StoreAhead { lines: line, .. }
            | Self::Store { line, .. } => *line,
        }
    }
}
