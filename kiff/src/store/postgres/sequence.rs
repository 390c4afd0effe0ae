//! Giving out places in the log.
//!
//! Records get their places after they are committed, so the order has no gaps that a slow transaction
//! could fill later. A batch is seen only with all batches before it in its streams, because each of those
//! was committed before it could lock the stream's head. Its clock is greater than theirs, so sorting by
//! clock keeps the order of every stream.

use super::{PostgresStore, count, failed, is_race, lost, read::unread};
use crate::{base::ids::TenantId, store::StoreError};
use sqlx::Row;

/// The length of the log, and whether a batch waits for its place: one look at one moment.
pub(super) const WAITING: &str = "
SELECT coalesce((SELECT length FROM kiff.lengths WHERE tenant = $1), 0),
       EXISTS (SELECT FROM kiff.pending WHERE tenant = $1)
LIMIT 1 / (NOT pg_is_in_recovery())::integer";

/// One sequencer at a time. The upsert waits for the other one, and locks the row.
pub(super) const LOCK_LENGTH: &str = "
INSERT INTO kiff.lengths AS l (tenant, length) VALUES ($1, 0)
ON CONFLICT (tenant) DO UPDATE SET length = l.length";

/// Runs under that lock, with a snapshot taken after it was got.
pub(super) const PLACE: &str = "
WITH next AS MATERIALIZED (
    SELECT clock, stream FROM kiff.pending WHERE tenant = $1 ORDER BY clock, stream LIMIT $2
), taken AS (
    DELETE FROM kiff.pending p USING next n
    WHERE p.tenant = $1 AND p.clock = n.clock AND p.stream = n.stream
    RETURNING p.clock, p.stream, p.streams, p.afters, p.heads
), placed AS (
    SELECT part.stream, s.seq, row_number() OVER (ORDER BY t.clock, t.stream, part.place, s.seq) AS place
    FROM taken t
    CROSS JOIN LATERAL unnest(t.streams, t.afters, t.heads) WITH ORDINALITY AS part (stream, after, head, place)
    CROSS JOIN LATERAL generate_series(part.after + 1, part.head) AS s (seq)
), logged AS (
    INSERT INTO kiff.log (tenant, idx, stream, seq)
    SELECT $1, l.length + p.place - 1, p.stream, p.seq
    FROM placed p CROSS JOIN (SELECT length FROM kiff.lengths WHERE tenant = $1) l
    ORDER BY p.place
    RETURNING idx
)
UPDATE kiff.lengths SET length = length + (SELECT count(*) FROM logged)
WHERE tenant = $1
RETURNING length, (SELECT count(*) FROM taken)";

/// How many batches get their places in one transaction, so that others do not wait long for theirs.
const PAGE: i64 = 2_000;

/// How often a transaction is tried that others made impossible.
const TRIES: usize = 16;

pub(super) async fn sequence(store: &PostgresStore, tenant: &TenantId) -> Result<u64, StoreError> {
    let query = store.statements.waiting.query().bind(tenant.as_str());
    let row = query.fetch_one(&store.pool).await.map_err(unread)?;
    if !row.try_get::<bool, _>(1).map_err(failed)? {
        return count(row.try_get(0).map_err(failed)?);
    }
    let mut tries = 0;
    loop {
        match place(store, tenant).await {
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
async fn place(store: &PostgresStore, tenant: &TenantId) -> Result<(i64, i64), Lost> {
    let mut tx = store.pool.begin_with(store.statements.begin()).await?;
    store.statements.lock_length.query().bind(tenant.as_str()).execute(&mut *tx).await?;
    let query = store.statements.place.query().bind(tenant.as_str()).bind(PAGE);
    let row = query.fetch_one(&mut *tx).await?;
    let done = (row.try_get(0)?, row.try_get(1)?);
    tx.commit().await.map_err(Lost::At)?;
    Ok(done)
}
