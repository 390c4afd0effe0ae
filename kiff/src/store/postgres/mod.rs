//! Records in PostgreSQL, on the host's own pool.

mod append;
mod cells;
mod error;
mod read;
mod rows;
mod schema;
mod sequence;
mod sql;
mod statements;
mod within;

use super::{Append, Batch, Cell, CellSet, EventStore, Found, MarkKind, OpenMark, StoreError};
use crate::{
    base::ids::{EntityRef, TenantId},
    kernel::record::{Claim, RecordBytes},
};
use sqlx::PgPool;
use statements::Statements;
use std::{fmt, sync::Arc};

pub use error::PostgresError;
pub use within::PostgresTransaction;
pub(crate) use within::Savepoint;

/// Keeps records in PostgreSQL, on the host's own pool. A clone is the same store.
///
/// # What it promises
///
/// - An append is one statement and one round trip, and a second one if it meets another. It compares and sets
///   the head of each stream that it writes, in a row of that stream's own, so that appends to different entities
///   never wait for each other.
/// - It is acknowledged after the server has flushed it (`synchronous_commit` is never weaker than `on`
///   in an append, whatever the session says), and after the standbys that the server's settings name.
/// - The order of a tenant's log is given out by [`sequence`](EventStore::sequence), one sequencer at a time,
///   without gaps, and never by a serial column.
/// - Records and their places are not changed by accident: triggers refuse `UPDATE`, `DELETE` and `TRUNCATE` on them.
/// - If the connection is lost while an append is under way, the answer is [`StoreError::Unknown`]. A
///   [`Runtime`](crate::Runtime) then reads the stream again and finds out.
///
/// [`read_log`](EventStore::read_log) only reads, so it shows the records that have their places. To read all that are
/// committed, call `sequence` first, as the runtime does.
///
/// # What it needs
///
/// The pool must lead to the primary; a read that a replica answers is refused, so that no decision rests on
/// old records. An append waits for rows that another session has locked, so set a
/// `statement_timeout` if the host wants a bound; a statement that runs into it has stored nothing.
/// A pool with `test_before_acquire(false)` saves a round trip on each call.
///
/// ```no_run
/// use kiff::store::PostgresStore;
/// use sqlx::PgPool;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = PgPool::connect("postgres://localhost/orders").await?;
/// let store = PostgresStore::open(pool).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    statements: Arc<Statements>,
}

impl PostgresStore {
    /// Opens the store in the schema `kiff`, which is made if it is not there.
    ///
    /// Only the first open of a new version changes the schema, and needs the right to; afterwards `SELECT`,
    /// `INSERT`, `UPDATE` and `DELETE` on its tables are enough.
    ///
    /// # Errors
    /// [`PostgresError`] if the server is not fit to keep the log, or its tables are of a newer version.
    pub async fn open(pool: PgPool) -> Result<Self, PostgresError> {
        Self::open_in(pool, "kiff").await
    }

    /// Opens the store in another schema, so that several logs find room in one database.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`PostgresError::Name`] if `schema` is not 1 to 40 lower case letters, digits
    /// and `_`, beginning with a letter.
    pub async fn open_in(pool: PgPool, schema: &str) -> Result<Self, PostgresError> {
        schema::check_name(schema)?;
        let durability = schema::check_server(&pool).await?;
        let statements = Arc::new(Statements::new(schema, durability));
        schema::migrate(&pool, &statements).await?;
        Ok(Self { pool, statements })
    }
}

impl EventStore for PostgresStore {
    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        append::append(&self.pool, &self.statements, batch).await
    }

    async fn read(
        &self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordBytes>, StoreError> {
        read::stream(&self.statements, &self.pool, tenant, stream, after, limit).await
    }

    async fn read_log(&self, tenant: &TenantId, after: u64, limit: usize) -> Result<Vec<RecordBytes>, StoreError> {
        read::log(&self.statements, &self.pool, tenant, after, limit).await
    }

    async fn sequence(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        sequence::sequence(&self.pool, &self.statements, tenant).await
    }

    async fn find(&self, tenant: &TenantId, claim: &Claim) -> Result<Option<Found>, StoreError> {
        read::find(&self.statements, &self.pool, tenant, claim).await
    }

    async fn open(
        &self,
        tenant: &TenantId,
        kind: MarkKind,
        after: Option<&OpenMark>,
        limit: usize,
    ) -> Result<Vec<OpenMark>, StoreError> {
        read::open(&self.statements, &self.pool, tenant, kind, after, limit).await
    }

    async fn cell(&self, tenant: &TenantId, name: &str) -> Result<Option<Cell>, StoreError> {
        cells::read(&self.statements, &self.pool, tenant, name).await
    }

    async fn set_cell(
        &self,
        tenant: &TenantId,
        name: &str,
        expected: u64,
        value: &[u8],
    ) -> Result<CellSet, StoreError> {
        cells::set(&self.pool, &self.statements, tenant, name, expected, value).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
