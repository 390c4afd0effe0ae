//! The store within a transaction of the host's.

use super::{PostgresStore, append, cells, error::failed, read, statements::Statements};
use crate::{
    base::ids::{EntityRef, TenantId},
    kernel::record::{Claim, RecordBytes},
    store::{Append, Batch, Cell, Found, StoreError},
};
use sqlx::{Connection, PgConnection, PgTransaction};
use std::{fmt, sync::Arc};

impl PostgresStore {
    /// The store within a transaction of the host's, for [`Runtime::ingest_in`](crate::Runtime::ingest_in).
    ///
    /// The transaction must be one of the database in which the store is. It stays the host's: only its commit
    /// makes what was appended part of the log.
    pub fn within<'t>(&self, transaction: &'t mut PgTransaction<'_>) -> PostgresTransaction<'t> {
        PostgresTransaction { statements: Arc::clone(&self.statements), connection: &mut *transaction }
    }
}

/// A [`PostgresStore`] within a transaction of the host's, made by [`PostgresStore::within`].
pub struct PostgresTransaction<'t> {
    statements: Arc<Statements>,
    connection: &'t mut PgConnection,
}

impl PostgresTransaction<'_> {
    /// A place to which the transaction can be brought back. Dropped, it is.
    pub(crate) async fn savepoint(&mut self) -> Result<Savepoint<'_>, StoreError> {
        let transaction = self.connection.begin().await.map_err(failed)?;
        Ok(Savepoint { statements: &self.statements, transaction })
    }
}

impl fmt::Debug for PostgresTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTransaction").finish_non_exhaustive()
    }
}

/// A part of the host's transaction, which is kept or undone without the rest. A statement that fails here
/// would otherwise make all of the transaction useless.
pub(crate) struct Savepoint<'s> {
    statements: &'s Statements,
    transaction: PgTransaction<'s>,
}

impl Savepoint<'_> {
    /// As [`EventStore::read`](crate::store::EventStore::read), with what the transaction itself has appended.
    pub(crate) async fn read(
        &mut self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordBytes>, StoreError> {
        read::stream(self.statements, &mut *self.transaction, tenant, stream, after, limit).await
    }

    /// As [`EventStore::find`](crate::store::EventStore::find), with what the transaction itself has claimed.
    pub(crate) async fn find(&mut self, tenant: &TenantId, claim: &Claim) -> Result<Option<Found>, StoreError> {
        read::find(self.statements, &mut *self.transaction, tenant, claim).await
    }

    /// As [`EventStore::cell`](crate::store::EventStore::cell), as the transaction sees it.
    pub(crate) async fn cell(&mut self, tenant: &TenantId, name: &str) -> Result<Option<Cell>, StoreError> {
        cells::read(self.statements, &mut *self.transaction, tenant, name).await
    }

    /// Appends as a part of the transaction. Unless it is [`Append::Done`], undo the savepoint; at `None` the
    /// append met another one and may be tried again.
    pub(crate) async fn append(&mut self, batch: &Batch) -> Result<Option<Append>, StoreError> {
        append::append_in(self.statements, &mut self.transaction, batch).await
    }

    /// Leaves what was done to the transaction.
    pub(crate) async fn keep(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(failed)
    }

    /// Brings the transaction back to where it was.
    pub(crate) async fn undo(self) -> Result<(), StoreError> {
        self.transaction.rollback().await.map_err(failed)
    }
}
