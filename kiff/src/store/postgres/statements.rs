//! The statements that run often, made once for a schema.

use super::sql;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, postgres::PgArguments, query::Query};
use std::sync::Arc;

/// How far a commit must have come when it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// Flushed, here and on the standbys that the server's settings name.
    On,
    /// Seen by those who read from the standbys, too: the host's wish, which is not weakened.
    RemoteApply,
}

impl Durability {
    /// The value of `synchronous_commit`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::RemoteApply => "remote_apply",
        }
    }
}

/// The texts of the statements.
pub(super) struct Statements {
    schema: String,
    pub(super) durability: Durability,
    pub(super) append: Statement,
    pub(super) append_carefully: Statement,
    pub(super) read_stream: Statement,
    pub(super) read_log: Statement,
    pub(super) find: Statement,
    pub(super) open: Statement,
    pub(super) waiting: Statement,
    pub(super) lock_length: Statement,
    pub(super) place: Statement,
    pub(super) read_cell: Statement,
    pub(super) set_cell: Statement,
}

impl Statements {
    /// INVARIANT: `schema` passed `check_name`, so it can stand in a statement as it is.
    pub(super) fn new(schema: &str, durability: Durability) -> Self {
        let statement = |text| Statement(in_schema(text, schema).into());
        Self {
            schema: schema.to_owned(),
            durability,
            append: statement(sql::APPEND),
            append_carefully: statement(sql::APPEND_CAREFULLY),
            read_stream: statement(sql::READ_STREAM),
            read_log: statement(sql::READ_LOG),
            find: statement(sql::FIND),
            open: statement(sql::OPEN),
            waiting: statement(sql::WAITING),
            lock_length: statement(sql::LOCK_LENGTH),
            place: statement(sql::PLACE),
            read_cell: statement(sql::READ_CELL),
            set_cell: statement(sql::SET_CELL),
        }
    }

    /// The schema's name.
    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    /// A text with the tables' schema in the place of `kiff`.
    pub(super) fn in_schema(&self, text: &str) -> String {
        in_schema(text, &self.schema)
    }

    /// Begins a transaction, whatever the session's defaults are.
    ///
    /// Each statement must see what was committed before it, not before the transaction. Plans must use the keys,
    /// because a plan made while a table was small is kept while it grows.
    pub(super) fn begin(&self) -> &'static str {
        match self.durability {
            Durability::On => {
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL enable_seqscan = off; \
                 SET LOCAL synchronous_commit = on"
            }
            Durability::RemoteApply => {
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL enable_seqscan = off; \
                 SET LOCAL synchronous_commit = remote_apply"
            }
        }
    }
}

/// One statement, prepared once on each connection.
pub(super) struct Statement(Arc<str>);

impl Statement {
    pub(super) fn query(&self) -> Query<'static, Postgres, PgArguments> {
        // The only part that is not fixed is the schema's name, whose letters are checked.
        sqlx::query(AssertSqlSafe(Arc::clone(&self.0)).into_sql_str())
    }
}

fn in_schema(text: &str, schema: &str) -> String {
    text.replace("kiff.", &format!("{schema}."))
}
