//! One append: one statement, and one round trip.

use super::{MET_ANOTHER, PostgresStore, code_of, count, failed, is_race, lost, rows::Rows, statements::Statements};
use crate::store::{Append, Batch, StoreError};
use sqlx::{PgConnection, Row, postgres::PgRow};

/// The usual batch: records after one stream's head, which guards nothing and closes nothing.
///
/// The statement is a transaction of its own, so its answer is the answer of its commit. It gives no row if
/// the stream is elsewhere. All tables but the head's are written from what the head gave, so nobody is waited for
/// with a claim in hands. A stream that should have a head and has none gets one below zero, and that undoes
/// everything, as a claim that is taken does. It only inserts, so no plan of it can be a bad one.
pub(super) const STATEMENT: &str = "
WITH now (clock) AS MATERIALIZED (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
), head AS (
    INSERT INTO kiff.streams AS s (tenant, stream, seq, clock)
    SELECT $1, $2, $4, CASE $3::bigint WHEN 0 THEN clock ELSE -1 END FROM now
    ON CONFLICT (tenant, stream) DO UPDATE
    SET seq = excluded.seq, clock = greatest((SELECT clock FROM now), s.clock + 1) WHERE s.seq = $3
    RETURNING clock
), recorded AS (
    INSERT INTO kiff.records (tenant, stream, seq, bytes)
    SELECT $1, $2, r.seq, r.bytes FROM head, unnest($5::bigint[], $6::bytea[]) AS r (seq, bytes)
), waits AS (
    INSERT INTO kiff.pending (tenant, clock, stream, streams, afters, heads)
    SELECT $1, clock, $2, ARRAY[$2], ARRAY[$3], ARRAY[$4] FROM head
), claimed AS (
    INSERT INTO kiff.claims (tenant, claim, stream, seq)
    SELECT $1, c.claim, $2, c.seq FROM head, unnest($7::text[], $8::bigint[]) AS c (claim, seq)
    ON CONFLICT DO NOTHING RETURNING 1
), opened AS (
    INSERT INTO kiff.open (tenant, id, kind, stream, seq)
    SELECT $1, o.id, o.kind, $2, o.seq FROM head, unnest($9::text[], $10::text[], $11::bigint[]) AS o (id, kind, seq)
    ON CONFLICT DO NOTHING
)
SELECT CASE WHEN clock >= 0 AND (SELECT count(*) FROM claimed) = cardinality($7::text[]) THEN 'done'
       ELSE kiff.met_another() END AS outcome,
    set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE $12 END, true)
FROM head";

/// Any batch, and the answer to one that the statement above could not append. What it does is the function
/// `append_1` of the schema.
pub(super) const CAREFUL: &str = "
SELECT a.outcome, a.place, a.actual, set_config('synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE $24 END, true)
FROM kiff.append_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) a";

/// How often the statement is run again after it met another append. Each time that other one has come
/// to its end, so more than a few mean that something else is wrong.
const TRIES: usize = 16;

pub(super) async fn append(store: &PostgresStore, batch: &Batch) -> Result<Append, StoreError> {
    if batch.parts().is_empty() {
        return Ok(Append::Done);
    }
    let rows = Rows::of(batch);
    let (mut tries, mut is_usual) = (0, rows.are_usual());
    loop {
        // Without a connection nothing can have happened; what comes after may have.
        let mut connection = store.pool.acquire().await.map_err(failed)?;
        let query = if is_usual { rows.usual(&store.statements) } else { rows.careful(&store.statements) };
        // All rows are read, not only the one: the commit's own error follows it.
        let answer = query.fetch_all(&mut *connection).await;
        tries += 1;
        match answer {
            Ok(answer) => match answer.first() {
                Some(row) => return rows.append(row),
                None if is_usual => {}
                None => return Err(StoreError::unknown(sqlx::Error::RowNotFound)),
            },
            Err(error) if (is_race(&error) || met_another(&error)) && tries < TRIES => {}
            Err(error) => return Err(lost(error)),
        }
        is_usual = false;
    }
}

/// The same inside a transaction of the host's, which must be brought back to a savepoint unless the answer is
/// [`Append::Done`]. None if another append came first: look again from there.
///
/// A host's transaction is not ours to begin anew, so a race that the server ended is an error here.
pub(super) async fn append_in(
    statements: &Statements,
    connection: &mut PgConnection,
    batch: &Batch,
) -> Result<Option<Append>, StoreError> {
    let rows = Rows::of(batch);
    let query = if rows.are_usual() { rows.usual(statements) } else { rows.careful(statements) };
    match query.fetch_optional(connection).await {
        Ok(Some(row)) => rows.append(&row).map(Some),
        Ok(None) => Ok(None),
        Err(error) if met_another(&error) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// True if the statement undid what it did.
fn met_another(error: &sqlx::Error) -> bool {
    code_of(error) == Some(MET_ANOTHER)
}

impl Rows<'_> {
    /// Reads the function's row.
    fn append(&self, row: &PgRow) -> Result<Append, StoreError> {
        // Nobody can say what a row means that cannot be read.
        let unknown = |error: sqlx::Error| StoreError::unknown(error);
        let place = || row.try_get::<i32, _>("place").map(|place| usize::try_from(place - 1).ok()).map_err(unknown);
        let answer = match row.try_get("outcome").map_err(unknown)? {
            "done" => Some(Append::Done),
            "conflict" => {
                let actual = count(row.try_get("actual").map_err(unknown)?)?;
                let part = place()?.and_then(|place| self.part(place));
                part.map(|part| Append::Conflict { stream: part.stream().clone(), actual })
            }
            "claimed" => {
                let claim = place()?.and_then(|place| self.claim(place));
                claim.map(|claim| Append::Claimed { claim: claim.clone() })
            }
            _ => None,
        };
        answer.ok_or_else(|| StoreError::unknown("the database gave an answer that has no meaning"))
    }
}
