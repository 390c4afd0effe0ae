//! Why the store cannot be opened, and what an error of the server means.

use crate::{base::debug::debug_as_display, store::StoreError};

/// The store cannot be opened.
#[non_exhaustive]
#[derive(thiserror::Error)]
pub enum PostgresError {
    /// The name cannot name a schema.
    #[error("`{name}` cannot name the store's schema: 1 to 40 of [a-z0-9_], beginning with a letter")]
    Name {
        /// The name that was given.
        name: String,
    },
    /// The server follows another one. It may show old records, and takes no new ones.
    #[error("the server is a replica")]
    Replica,
    /// The server acknowledges commits that it may lose.
    #[error("the server may lose commits that it has acknowledged: `{setting}` is `{value}`")]
    NotDurable {
        /// The server's setting.
        setting: &'static str,
        /// Its value.
        value: String,
    },
    /// The tables were made by a newer version of kiff.
    #[error("the tables have version {found}, and this version of kiff knows none later than {known}")]
    Newer {
        /// The version found.
        found: i32,
        /// The version that this library knows.
        known: i32,
    },
    /// The server gave an error, or could not be reached.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

debug_as_display!(PostgresError);

/// The error of a statement after which nothing is stored in any case.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    StoreError::failed(error)
}

/// The error of a statement that commits.
///
/// The server's own word that it could not do it is certain, except while it goes down: it may send that
/// after the commit.
pub(super) fn lost(error: sqlx::Error) -> StoreError {
    match code_of(&error) {
        // Transaction rollback, integrity, syntax and rights, data, resources, objects not ready, read only.
        Some("40003") => StoreError::unknown(error),
        Some(code) if ["40", "23", "42", "22", "53", "55", "25", "54"].iter().any(|class| code.starts_with(class)) => {
            StoreError::failed(error)
        }
        // A statement that was cancelled, also by its timeout; one that undid what it did.
        Some("57014" | MET_ANOTHER) => StoreError::failed(error),
        _ => StoreError::unknown(error),
    }
}

/// The server's code for its error, if it is the server's.
pub(super) fn code_of(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().map(|error| error.code())
}

/// True if the server undid the transaction because of others that ran beside it.
pub(super) fn is_race(error: &sqlx::Error) -> bool {
    matches!(code_of(error), Some("40001" | "40P01"))
}

/// The error that an append raises to undo itself.
pub(super) const MET_ANOTHER: &str = "KF001";

/// The error that a read on a replica raises.
pub(super) const DIVISION_BY_ZERO: &str = "22012";

/// A number beyond those of a `bigint` is beyond every stream, log and page as well.
pub(super) fn int(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// A count that the tables have. None of them is negative.
pub(super) fn count(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(StoreError::failed)
}
