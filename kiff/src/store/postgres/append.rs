//! One append: one statement, and one round trip.

use super::{MET_ANOTHER, PostgresStore, code_of, count, failed, is_race, lost, rows::Rows, statements::Statements};
use crate::store::{Append, Batch, StoreError};
use sqlx::{PgConnection, Row, postgres::PgRow};

macro_rules! with_function {
    ($name:literal) => {
        concat!(
            "SELECT a.outcome, a.place, a.actual, set_config('synchronous_commit', \
             CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE $24 END, true) \
             FROM kiff.",
            $name,
            "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
             $23) a"
        )
    };
}

/// The statement is a transaction of its own, so its answer is the answer of its commit. What it does is the
/// function `append_2` of the schema.
pub(super) const STATEMENT: &str = with_function!("append_2");

/// The same, for a batch that met another or whose claim is taken.
pub(super) const CAREFUL: &str = with_function!("append_1");

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
        // To the end of the answers: the commit's own error comes behind the row.
        let statement = if tries == 0 { &store.statements.append } else { &store.statements.append_carefully };
        let answer = rows.bind(statement, store.statements.durability).fetch_all(&mut *connection).await;
        tries += 1;
        // All rows are read, not only the one: the commit's own error follows it.
        match answer {
            Ok(answer) => {
                let row = answer.first().ok_or_else(|| StoreError::unknown(sqlx::Error::RowNotFound))?;
                return rows.append(row);
            }
            Err(error) if (is_race(&error) || met_another(&error)) && tries < TRIES => {}
            Err(error) => return Err(lost(error)),
        }
    }
}

/// The same inside a transaction of the host's, which must be brought back to a savepoint unless the answer is
/// [`Append::Done`]. None if it met another append and may be tried again from there.
///
/// What the host's transaction began with is not ours to end, so a race that the server ended is an error here.
pub(super) async fn append_in(
    statements: &Statements,
    connection: &mut PgConnection,
    batch: &Batch,
) -> Result<Option<Append>, StoreError> {
    let rows = Rows::of(batch);
    match rows.bind(&statements.append, statements.durability).fetch_one(connection).await {
        Ok(row) => rows.append(&row).map(Some),
        Err(error) if met_another(&error) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// True if the function undid what it did.
fn met_another(error: &sqlx::Error) -> bool {
    code_of(error) == Some(MET_ANOTHER)
}

impl Rows<'_> {
    /// What the function's row says.
    fn append(&self, row: &PgRow) -> Result<Append, StoreError> {
        // Nobody can say what a row means that cannot be read.
        let unknown = |error: sqlx::Error| StoreError::unknown(error);
        let place = || row.try_get::<i32, _>("place").map(|place| usize::try_from(place - 1).unwrap_or(usize::MAX));
        let answer = match row.try_get("outcome").map_err(unknown)? {
            "done" => Some(Append::Done),
            "conflict" => {
                let actual = row.try_get("actual").map(count).map_err(unknown)?;
                self.part(place().map_err(unknown)?)
                    .map(|part| Append::Conflict { stream: part.stream().clone(), actual })
            }
            "claimed" => self.claim(place().map_err(unknown)?).map(|claim| Append::Claimed { claim: claim.clone() }),
            _ => None,
        };
        answer.ok_or_else(|| StoreError::unknown("the database gave an answer that has no meaning"))
    }
}
