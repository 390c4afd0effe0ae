//! One append: one statement that looks, and stores all or nothing.

use super::{DIVISION_BY_ZERO, PostgresStore, code_of, failed, is_race, lost, rows::Rows};
use crate::store::{Append, Batch, StoreError};
use sqlx::{Row, postgres::PgRow};
use std::collections::HashSet;

/// The statement is a transaction of its own, so its answer is the answer of its commit.
///
/// `locked` waits for other appends to the same streams, in the order of their names, so that two batches
/// never wait for each other; `guarded` for those that move a guard, but not for those that only guard it too.
/// Both give the newest heads, also those that were committed while they waited. A guard of an empty stream
/// makes its row, because only a row can be locked.
///
/// `verdict` says whether the batch may be stored by all that is known. Where it may not, nothing is written,
/// and no error goes to the server's log. Two things can only be known by trying: that a stream without a row
/// has none being made beside, and that a claim is not being made beside. The division by zero at the end
/// undoes everything if one of them went wrong; then the statement is run again, and knows.
///
/// What is written after `moved` waits for it, because it asks `ready`: streams are locked before claims
/// by everyone.
pub(super) const STATEMENT: &str = "
WITH locked AS MATERIALIZED (
    SELECT s.stream, s.seq, s.clock FROM kiff.streams s
    WHERE s.tenant = $1 AND s.stream = ANY ($2::text[])
    ORDER BY s.stream FOR NO KEY UPDATE
), made AS (
    INSERT INTO kiff.streams (tenant, stream, seq, clock)
    SELECT $1, g.stream, 0, 0 FROM unnest($5::text[], $6::bigint[]) AS g (stream, expected)
    WHERE g.expected = 0 ORDER BY g.stream COLLATE \"C\"
    ON CONFLICT DO NOTHING
    RETURNING stream, seq
), guarded AS MATERIALIZED (
    SELECT s.stream, s.seq, s.clock FROM kiff.streams s
    WHERE s.tenant = $1 AND s.stream = ANY ($5::text[])
    ORDER BY s.stream FOR SHARE
), seen AS MATERIALIZED (
    SELECT w.stream, w.expected, coalesce(l.seq, 0) AS actual, l.clock
    FROM unnest($2::text[], $3::bigint[]) AS w (stream, expected) LEFT JOIN locked l ON l.stream = w.stream
    UNION ALL
    SELECT g.stream, g.expected, coalesce(h.seq, m.seq, CASE WHEN g.expected > 0 THEN 0 ELSE -1 END), h.clock
    FROM unnest($5::text[], $6::bigint[]) AS g (stream, expected)
    LEFT JOIN guarded h ON h.stream = g.stream LEFT JOIN made m ON m.stream = g.stream
), taken AS MATERIALIZED (
    SELECT c.claim FROM kiff.claims c WHERE c.tenant = $1 AND c.claim = ANY ($10::text[])
), verdict AS MATERIALIZED (
    SELECT NOT $14 AND bool_and(actual = expected) AND NOT EXISTS (SELECT FROM taken) AS go,
           greatest(max(clock) + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS clock
    FROM seen
), moved AS (
    INSERT INTO kiff.streams AS s (tenant, stream, seq, clock)
    SELECT $1, w.stream, w.head, v.clock
    FROM unnest($2::text[], $4::bigint[]) AS w (stream, head) CROSS JOIN verdict v
    WHERE v.go ORDER BY w.stream COLLATE \"C\"
    ON CONFLICT (tenant, stream) DO UPDATE SET seq = excluded.seq, clock = excluded.clock
    WHERE s.stream IN (SELECT stream FROM locked)
    RETURNING 1
), ready AS MATERIALIZED (
    SELECT v.go AND (SELECT count(*) FROM moved) = cardinality($2::text[]) AS go, v.clock FROM verdict v
), claimed AS (
    INSERT INTO kiff.claims (tenant, claim, stream, seq, closed)
    SELECT $1, c.claim, c.stream, c.seq, c.closed
    FROM unnest($10::text[], $11::text[], $12::bigint[], $13::bigint[]) AS c (claim, stream, seq, closed)
    CROSS JOIN ready r WHERE r.go ORDER BY c.claim COLLATE \"C\"
    ON CONFLICT DO NOTHING
    RETURNING 1
), stored AS (
    INSERT INTO kiff.records (tenant, stream, seq, bytes)
    SELECT $1, n.stream, n.seq, n.bytes
    FROM unnest($7::text[], $8::bigint[], $9::bytea[]) AS n (stream, seq, bytes) CROSS JOIN ready r WHERE r.go
), waits AS (
    INSERT INTO kiff.pending (tenant, clock, stream, streams, afters, heads)
    SELECT $1, r.clock, ($2::text[])[1], $2::text[], $3::bigint[], $4::bigint[]
    FROM ready r WHERE r.go AND cardinality($2::text[]) > 0
), opened AS (
    INSERT INTO kiff.open AS o (tenant, id, kind, stream, seq)
    SELECT $1, n.id, n.kind, n.stream, n.seq
    FROM unnest($15::text[], $16::text[], $17::text[], $18::bigint[]) AS n (id, kind, stream, seq)
    CROSS JOIN ready r WHERE r.go
    ON CONFLICT (tenant, id) DO UPDATE SET stream = excluded.stream, seq = excluded.seq
    WHERE o.id = ANY ($19::text[])
), shut AS (
    DELETE FROM kiff.open o USING ready r WHERE r.go AND o.tenant = $1 AND o.id = ANY ($20::text[])
), settled AS (
    UPDATE kiff.claims c SET closed = n.closed
    FROM unnest($21::text[], $22::bigint[]) AS n (claim, closed) CROSS JOIN ready r
    WHERE r.go AND c.tenant = $1 AND c.claim = n.claim
)
SELECT v.go,
       (SELECT array_agg(stream) FROM seen) AS streams,
       (SELECT array_agg(actual) FROM seen) AS actuals,
       (SELECT array_agg(claim) FROM taken) AS taken,
       1 / CASE WHEN v.go AND NOT (r.go AND (SELECT count(*) FROM claimed) = cardinality($10::text[]))
                THEN 0 ELSE 1 END AS sound,
       set_config('synchronous_commit', $23, true) AS durability
FROM verdict v CROSS JOIN ready r";

/// How often the statement is run again after it met another append. Each time that other one has come
/// to its end, so more than a few mean that something else is wrong.
const TRIES: usize = 16;

pub(super) async fn append(store: &PostgresStore, batch: &Batch) -> Result<Append, StoreError> {
    if batch.parts().is_empty() {
        return Ok(Append::Done);
    }
    let rows = Rows::of(batch);
    let mut tries = 0;
    loop {
        // Without a connection nothing can have happened; what comes after may have.
        let mut connection = store.pool.acquire().await.map_err(failed)?;
        let answer = rows.bind(&store.statements).fetch_all(&mut *connection).await;
        tries += 1;
        // All rows are read, not only the one: the commit's own error follows it.
        match answer {
            Ok(answer) => {
                let row = answer.first().ok_or_else(|| StoreError::unknown(sqlx::Error::RowNotFound))?;
                match rows.append(row)? {
                    Some(append) => return Ok(append),
                    None if tries < TRIES => {}
                    None => return Err(StoreError::failed("the batch met another one too often")),
                }
            }
            Err(error) if (is_race(&error) || met_another(&error)) && tries < TRIES => {}
            Err(error) => return Err(lost(error)),
        }
    }
}

/// True if the statement undid itself.
fn met_another(error: &sqlx::Error) -> bool {
    code_of(error) == Some(DIVISION_BY_ZERO)
}

impl Rows<'_> {
    /// What the statement's row says; nothing if it could not know.
    fn append(&self, row: &PgRow) -> Result<Option<Append>, StoreError> {
        let unknown = |error: sqlx::Error| StoreError::unknown(error);
        if row.try_get("go").map_err(unknown)? {
            return Ok(Some(Append::Done));
        }
        // From here on nothing was stored.
        let streams: Vec<String> = row.try_get("streams").map_err(failed)?;
        let actuals: Vec<i64> = row.try_get("actuals").map_err(failed)?;
        if actuals.iter().any(|actual| *actual < 0) {
            return Ok(None);
        }
        let conflict = self.batch().parts().iter().find_map(|part| {
            let place = streams.iter().position(|stream| *stream == *part.stream().as_str())?;
            let actual = super::count(*actuals.get(place)?);
            (actual != part.expected()).then(|| Append::Conflict { stream: part.stream().clone(), actual })
        });
        if conflict.is_some() {
            return Ok(conflict);
        }
        let taken: Option<Vec<String>> = row.try_get("taken").map_err(failed)?;
        let mut taken: HashSet<String> = taken.unwrap_or_default().into_iter().collect();
        let first = self.claims().find(|(text, _)| !taken.insert((*text).to_owned()));
        Ok(first.map(|(_, claim)| Append::Claimed { claim: claim.clone() }))
    }
}
