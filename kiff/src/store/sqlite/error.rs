//! What can be wrong with a file, or with the SQLite that reads it.

use crate::base::{code::coded, debug::debug_as_display};
use rusqlite::ErrorCode;
use std::{error::Error, io, path::PathBuf, sync::Arc};

coded! {
    /// Why a [`SqliteStore`](super::SqliteStore) cannot be opened, or failed.
    ///
    /// It is the source of the [`StoreError`](crate::store::StoreError)s that the store gives.
    #[non_exhaustive]
    #[derive(Clone, thiserror::Error)]
    pub enum SqliteError {
        /// This SQLite has bugs that can destroy a log.
        #[error("SQLite {found} is too old: {needed} is the oldest that keeps a log safe")]
        TooOld {
            /// Its version.
            found: String,
            /// The oldest that is accepted.
            needed: String,
        } => "sqlite_too_old",
        /// The file belongs to another program. It was left as it is.
        #[error("the file `{}` was not made by kiff", path.display())]
        Foreign {
            /// The file.
            path: PathBuf,
        } => "file_foreign",
        /// The file has a form that a later version of kiff gave it.
        #[error("the file has schema version {found}, and this version of kiff knows none later than {known}")]
        TooNew {
            /// The version of its schema.
            found: i64,
            /// The latest version that is known here.
            known: i64,
        } => "file_too_new",
        /// A setting that the store's promises rest on did not take.
        #[error("the setting `{name}` is `{found}`, and must be `{wanted}`")]
        NotInForce {
            /// The setting, a pragma of SQLite.
            name: &'static str,
            /// What it must be.
            wanted: String,
            /// What it is.
            found: String,
        } => "setting_not_in_force",
        /// The file, or its folder, cannot be written.
        #[error("the file cannot be written")]
        ReadOnly(#[source] Cause) => "file_read_only",
        /// There is no room left.
        #[error("there is no room left for the file to grow")]
        Full(#[source] Cause) => "file_full",
        /// Another process held the file for longer than the store waits.
        #[error("another process holds the file")]
        Locked(#[source] Cause) => "file_locked",
        /// The file is damaged.
        #[error("the file is damaged")]
        Corrupt(#[source] Cause) => "file_corrupt",
        /// The system failed to read or write.
        #[error("the system could not read or write the file")]
        Io(#[source] Cause) => "file_io",
        /// SQLite failed in another way.
        #[error("SQLite failed")]
        Other(#[source] Cause) => "sqlite_failed",
        /// The thread that writes has ended.
        #[error("the thread that writes to the file has ended")]
        WriterEnded => "writer_ended",
    }
}

debug_as_display!(SqliteError);

/// What SQLite or the system said. Several appends may share one.
type Cause = Arc<dyn Error + Send + Sync>;

impl SqliteError {
    /// The kind of what SQLite said. No `From`, so that SQLite's own error stays out of the interface.
    pub(super) fn of(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        let cause: Cause = Arc::new(error);
        match code {
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(cause),
            Some(ErrorCode::DiskFull) => Self::Full(cause),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(cause),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(cause),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => Self::Io(cause),
            _ => Self::Other(cause),
        }
    }

    /// A row that the store itself can never have written.
    pub(super) fn corrupt(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Corrupt(Arc::new(source))
    }

    pub(super) fn io(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(Arc::new(source)),
            io::ErrorKind::StorageFull => Self::Full(Arc::new(source)),
            _ => Self::Io(Arc::new(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn each_failure_of_sqlite_has_its_kind() {
        for (result, code) in [
            (ffi::SQLITE_READONLY, "file_read_only"),
            (ffi::SQLITE_PERM, "file_read_only"),
            (ffi::SQLITE_FULL, "file_full"),
            (ffi::SQLITE_BUSY, "file_locked"),
            (ffi::SQLITE_BUSY_SNAPSHOT, "file_locked"),
            (ffi::SQLITE_LOCKED, "file_locked"),
            (ffi::SQLITE_CORRUPT, "file_corrupt"),
            (ffi::SQLITE_NOTADB, "file_corrupt"),
            (ffi::SQLITE_IOERR_FSYNC, "file_io"),
            (ffi::SQLITE_CANTOPEN, "file_io"),
            (ffi::SQLITE_ERROR, "sqlite_failed"),
            (ffi::SQLITE_CONSTRAINT, "sqlite_failed"),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(result), None);
            assert_eq!(SqliteError::of(error).code(), code, "{result}");
        }
    }
}
