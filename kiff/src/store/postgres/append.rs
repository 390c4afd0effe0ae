//! One append: one statement, and one round trip.

use super::{
    error::{MET_ANOTHER, code_of, count, failed, is_race, lost},
    rows::Rows,
    statements::Statements,
};
use crate::store::{Append, Batch, StoreError};
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow};

/// How often the statement is run again after it met another append. Each time that other one has come
/// to its end, so more than a few mean that something else is wrong.
const TRIES: usize = 16;

pub(super) async fn append(pool: &PgPool, statements: &Statements, batch: &Batch) -> Result<Append, StoreError> {
    if batch.parts().is_empty() {
        return Ok(Append::Done);
    }
    let rows = Rows::of(batch);
    let (mut tries, mut is_usual) = (0, rows.are_usual());
    loop {
        // Without a connection nothing can have happened; what comes after may have.
        let mut connection = pool.acquire().await.map_err(failed)?;
        let query = if is_usual { rows.usual(statements) } else { rows.careful(statements) };
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
