//! Reading records, claims and open marks.
//!
//! A pool may lead to another server after a failover, and decisions must not rest on one that follows. The
//! limit of every statement is therefore divided by zero on a replica: it is computed even if no row is found.

use super::{
    error::{DIVISION_BY_ZERO, PostgresError, code_of, count, failed, int},
    statements::Statements,
};
use crate::{
    base::ids::{EntityRef, NameError, TenantId},
    kernel::record::{Claim, Mark, RecordBytes},
    store::{Found, MarkKind, OpenMark, StoreError},
};
use sqlx::{PgExecutor, Row, postgres::PgRow};

pub(super) async fn stream(
    statements: &Statements,
    server: impl PgExecutor<'_>,
    tenant: &TenantId,
    stream: &EntityRef,
    after: u64,
    limit: usize,
) -> Result<Vec<RecordBytes>, StoreError> {
    let query = statements.read_stream.query().bind(tenant.as_str()).bind(stream.as_str());
    let rows = query.bind(int(after)).bind(int(limit)).fetch_all(server).await.map_err(unread)?;
    rows.iter().map(bytes).collect()
}

pub(super) async fn log(
    statements: &Statements,
    server: impl PgExecutor<'_>,
    tenant: &TenantId,
    after: u64,
    limit: usize,
) -> Result<Vec<RecordBytes>, StoreError> {
    let query = statements.read_log.query().bind(tenant.as_str());
    let rows = query.bind(int(after)).bind(int(limit)).fetch_all(server).await.map_err(unread)?;
    rows.iter().map(bytes).collect()
}

pub(super) async fn find(
    statements: &Statements,
    server: impl PgExecutor<'_>,
    tenant: &TenantId,
    claim: &Claim,
) -> Result<Option<Found>, StoreError> {
    let query = statements.find.query().bind(tenant.as_str()).bind(claim_text(claim));
    let Some(row) = query.fetch_optional(server).await.map_err(unread)? else { return Ok(None) };
    let closed: Option<i64> = row.try_get(2).map_err(failed)?;
    let closed = closed.map(count).transpose()?;
    Ok(Some(Found { stream: parsed(&row, 0)?, seq: seq(&row, 1)?, closed }))
}

pub(super) async fn open(
    statements: &Statements,
    server: impl PgExecutor<'_>,
    tenant: &TenantId,
    kind: MarkKind,
    after: Option<&OpenMark>,
    limit: usize,
) -> Result<Vec<OpenMark>, StoreError> {
    // Every stream's name sorts after the empty text.
    let (stream, place, id) = match after {
        Some(after) => (after.stream.as_str(), int(after.seq), mark_text(after.mark)),
        None => ("", 0, String::new()),
    };
    let query = statements.open.query().bind(tenant.as_str()).bind(kind_text(kind));
    let query = query.bind(stream).bind(place).bind(id).bind(int(limit));
    let rows = query.fetch_all(server).await.map_err(unread)?;
    let open = |row: &PgRow| {
        let mark = match kind {
            MarkKind::Approval => Mark::Approval(parsed(row, 2)?),
            MarkKind::Execution => Mark::Execution(parsed(row, 2)?),
        };
        Ok(OpenMark { stream: parsed(row, 0)?, seq: seq(row, 1)?, mark })
    };
    rows.iter().map(open).collect()
}

/// A claim as it stands in the table: its kind and its parts. None of them has a space in it.
pub(super) fn claim_text(claim: &Claim) -> String {
    match claim {
        Claim::Event(source, id) => format!("event {source} {id}"),
        Claim::Key(actor, key) => format!("key {actor} {key}"),
        Claim::Approval(id) => format!("approval {id}"),
        Claim::Receipt(id) => format!("receipt {id}"),
        Claim::Execution(id) => format!("execution {id}"),
    }
}

/// A mark's id as it stands in the table. The prefix shows the kind.
pub(super) fn mark_text(mark: Mark) -> String {
    match mark {
        Mark::Approval(id) => id.to_string(),
        Mark::Execution(id) => id.to_string(),
    }
}

pub(super) fn kind_text(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Approval => "approval",
        MarkKind::Execution => "execution",
    }
}

/// The error of a statement that reads.
pub(super) fn unread(error: sqlx::Error) -> StoreError {
    match code_of(&error) {
        Some(DIVISION_BY_ZERO) => StoreError::failed(PostgresError::Replica),
        _ => failed(error),
    }
}

fn bytes(row: &PgRow) -> Result<RecordBytes, StoreError> {
    row.try_get::<Vec<u8>, _>(0).map(RecordBytes::from).map_err(failed)
}

fn seq(row: &PgRow, column: usize) -> Result<u64, StoreError> {
    count(row.try_get(column).map_err(failed)?)
}

fn parsed<T: std::str::FromStr<Err = NameError>>(row: &PgRow, column: usize) -> Result<T, StoreError> {
    row.try_get::<&str, _>(column).map_err(failed)?.parse().map_err(StoreError::failed)
}
