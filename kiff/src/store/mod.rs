//! The one seam to storage.
//!
//! [`EventStore`] is for users to implement: everything in it is public vocabulary, and
//! `kiff::testing::store_suite` holds an implementation to its rules. [`MemoryStore`] is the one that
//! needs nothing; `SqliteStore` (feature `sqlite` or `sqlite-bundled`) keeps the log in a
//! file, and `PostgresStore` (feature `postgres`) in a database that other processes share.

mod batch;
mod cell;
mod error;
mod event_store;
mod memory;
mod open_mark;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
pub mod transfer;

pub use crate::kernel::record::{Claim, Found, IndexEntry, Mark, index_of};
pub use batch::{Append, Batch, BatchError, Part};
pub use cell::{Cell, CellSet};
pub use error::StoreError;
pub(crate) use event_store::DynStore;
pub use event_store::EventStore;
pub use memory::MemoryStore;
pub use open_mark::{MarkKind, OpenMark};
#[cfg(feature = "postgres")]
pub(crate) use postgres::Savepoint;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use postgres::{PostgresError, PostgresStore, PostgresTransaction};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use sqlite::{SqliteError, SqliteStore};
