//! The tables, and what the server must be.

use super::{
    error::PostgresError,
    statements::{Durability, Statements},
};
use sqlx::{AssertSqlSafe, PgPool, Row};

/// The version of the tables that this library knows: as many as there are [`STEPS`].
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are few")]
const KNOWN: i32 = STEPS.len() as i32;

/// Takes two logs apart that migrate at the same time: any number that other users of the database are
/// unlikely to lock. It is held only while tables are made.
const MIGRATION_LOCK: i64 = 0x6b69_6666_5f6c_6f67;

/// Each brings the tables from the version that is its place to the next. A step that was released never
/// changes. Texts are compared by their bytes, as kiff does, whatever the database's own order.
const STEPS: &[&str] = &[
    concat!(include_str!("tables.sql"), include_str!("append.sql")),
    include_str!("cells.sql"),
    include_str!("unchanged.sql"),
];

/// Refuses a name that would not stand in a statement as it is.
pub(super) fn check_name(name: &str) -> Result<(), PostgresError> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let fits = name.len() <= 40 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(good);
    if fits && !name.starts_with("pg_") { Ok(()) } else { Err(PostgresError::Name { name: name.to_owned() }) }
}

/// Refuses a server that would lose records or does not take them.
pub(super) async fn check_server(pool: &PgPool) -> Result<Durability, PostgresError> {
    let row = sqlx::query(
        "SELECT pg_is_in_recovery(), current_setting('fsync'), current_setting('full_page_writes'), \
         current_setting('synchronous_commit')",
    )
    .fetch_one(pool)
    .await?;
    if row.try_get(0)? {
        return Err(PostgresError::Replica);
    }
    // A host whose file system never tears a page may turn `full_page_writes` off, but cannot tell us so.
    for (place, setting) in [(1, "fsync"), (2, "full_page_writes")] {
        let value: String = row.try_get(place)?;
        if value != "on" {
            return Err(PostgresError::NotDurable { setting, value });
        }
    }
    let commit: String = row.try_get(3)?;
    Ok(if commit == "remote_apply" { Durability::RemoteApply } else { Durability::On })
}

/// Brings the tables to the known version. Any number of processes may do so at once, and again.
pub(super) async fn migrate(pool: &PgPool, statements: &Statements) -> Result<(), PostgresError> {
    if version(&mut *pool.acquire().await?, statements).await? == STEPS.len() {
        return Ok(());
    }
    let mut tx = pool.begin_with(statements.begin()).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *tx).await?;
    // Another may have done it while this one waited.
    let found = version(&mut tx, statements).await?;
    if found == 0 {
        prepare(&mut tx, statements).await?;
    }
    for step in STEPS.iter().skip(found) {
        let text = statements.in_schema(step);
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *tx).await?;
    }
    let text = statements.in_schema("UPDATE kiff.schema_version SET version = $1");
    sqlx::query(AssertSqlSafe(text)).bind(KNOWN).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}

/// The version of the tables; 0 if there are none.
async fn version(connection: &mut sqlx::PgConnection, statements: &Statements) -> Result<usize, PostgresError> {
    let there: bool = sqlx::query("SELECT to_regclass($1) IS NOT NULL")
        .bind(statements.in_schema("kiff.schema_version"))
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    if !there {
        return Ok(0);
    }
    let text = statements.in_schema("SELECT version FROM kiff.schema_version");
    let found: i32 = sqlx::query(AssertSqlSafe(text)).fetch_one(connection).await?.try_get(0)?;
    let version = usize::try_from(found).ok().filter(|version| *version <= STEPS.len());
    version.ok_or(PostgresError::Newer { found, known: KNOWN })
}

/// Makes the schema, unless the host made it, and the table of its version.
async fn prepare(connection: &mut sqlx::PgConnection, statements: &Statements) -> Result<(), PostgresError> {
    // `IF NOT EXISTS` asks for the right to make a schema even where there is one.
    let there: bool = sqlx::query("SELECT to_regnamespace($1) IS NOT NULL")
        .bind(statements.schema())
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    if !there {
        let text = format!("CREATE SCHEMA {}", statements.schema());
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await?;
    }
    let text = statements.in_schema(
        "CREATE TABLE kiff.schema_version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version integer NOT NULL); \
         INSERT INTO kiff.schema_version (version) VALUES (0)",
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_a_name_that_needs_no_quotes() {
        for good in ["kiff", "a", "k_2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "Kiff", "2k", "_k", "a-b", "a b", "a\"b", "a.b", "\u{e9}", "pg_kiff", &"a".repeat(41)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
