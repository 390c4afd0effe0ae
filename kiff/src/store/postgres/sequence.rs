//! Giving out places in the log.
//!
//! Records get their places after they are committed, so the order has no gaps that a slow transaction
//! could fill later. A batch is seen only with all batches before it in its streams, because each of those
//! was committed before it could lock the stream's head. Its clock is greater than theirs, so sorting by
//! clock keeps the order of every stream.

use super::{
    error::{count, failed, is_race, lost},
    read::unread,
    statements::Statements,
};
use crate::{base::ids::TenantId, store::StoreError};
use sqlx::{PgPool, Row};

/// How many batches get their places in one transaction, so that others do not wait long for theirs.
const PAGE: i64 = 2_000;

/// How often a transaction is tried that others made impossible.
const TRIES: usize = 16;

pub(super) async fn sequence(pool: &PgPool, statements: &Statements, tenant: &TenantId) -> Result<u64, StoreError> {
    let query = statements.waiting.query().bind(tenant.as_str());
    let row = query.fetch_one(pool).await.map_err(unread)?;
    if !row.try_get::<bool, _>(1).map_err(failed)? {
        return count(row.try_get(0).map_err(failed)?);
    }
    let mut tries = 0;
    loop {
        match place(pool, statements, tenant).await {
            Ok((length, batches)) if batches < PAGE => return count(length),
            Ok(_) => tries = 0,
            Err(Lost::Before(error)) if is_race(&error) && tries < TRIES => tries += 1,
            Err(Lost::Before(error)) => return Err(failed(error)),
            Err(Lost::At(error)) => return Err(lost(error)),
        }
    }
}

/// Whether the error came before the commit.
enum Lost {
    Before(sqlx::Error),
    At(sqlx::Error),
}

impl From<sqlx::Error> for Lost {
    fn from(error: sqlx::Error) -> Self {
        Self::Before(error)
    }
}

/// Gives places to one page of batches. Returns the log's length after it, and how many batches there were.
async fn place(pool: &PgPool, statements: &Statements, tenant: &TenantId) -> Result<(i64, i64), Lost> {
    let mut tx = pool.begin_with(statements.begin()).await?;
    statements.lock_length.query().bind(tenant.as_str()).execute(&mut *tx).await?;
    let query = statements.place.query().bind(tenant.as_str()).bind(PAGE);
    let row = query.fetch_one(&mut *tx).await?;
    let done = (row.try_get(0)?, row.try_get(1)?);
    tx.commit().await.map_err(Lost::At)?;
    Ok(done)
}
