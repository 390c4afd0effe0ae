//! Small values beside the log.

use super::{
    error::{count, failed, int, is_race, lost},
    read::unread,
    statements::Statements,
};
use crate::{
    base::ids::TenantId,
    store::{Cell, CellSet, StoreError},
};
use sqlx::{PgExecutor, PgPool, Row};

/// How often a setting is tried that others made impossible.
const TRIES: usize = 16;

pub(super) async fn read(
    statements: &Statements,
    server: impl PgExecutor<'_>,
    tenant: &TenantId,
    name: &str,
) -> Result<Option<Cell>, StoreError> {
    let query = statements.read_cell.query().bind(tenant.as_str()).bind(name);
    let Some(row) = query.fetch_optional(server).await.map_err(unread)? else { return Ok(None) };
    let revision = count(row.try_get(0).map_err(failed)?)?;
    Ok(Some(Cell { revision, value: row.try_get(1).map_err(failed)? }))
}

pub(super) async fn set(
    pool: &PgPool,
    statements: &Statements,
    tenant: &TenantId,
    name: &str,
    expected: u64,
    value: &[u8],
) -> Result<CellSet, StoreError> {
    let mut tries = 0;
    loop {
        // Without a connection nothing can have happened; what comes after may have.
        let mut connection = pool.acquire().await.map_err(failed)?;
        let query = statements.set_cell.query().bind(tenant.as_str()).bind(name).bind(int(expected)).bind(value);
        // All rows are read, not only the one: the commit's own error follows it.
        let answer = query.bind(statements.durability.as_str()).fetch_all(&mut *connection).await;
        drop(connection);
        tries += 1;
        match answer {
            Ok(rows) if !rows.is_empty() => return Ok(CellSet::Done),
            Ok(_) => {}
            Err(error) if is_race(&error) && tries < TRIES => continue,
            Err(error) => return Err(lost(error)),
        }
        let actual = read(statements, pool, tenant, name).await?.map_or(0, |cell| cell.revision);
        // The cell may have come to the expected revision since: then it is worth another try.
        if actual != expected || tries >= TRIES {
            return Ok(CellSet::Conflict { actual });
        }
    }
}
