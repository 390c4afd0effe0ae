//! Questions to the file, each a statement of its own, which its connection prepares once.

use super::{
    SqliteError,
    append::{columns, integer, mark_id, word},
};
use crate::{
    base::ids::{EntityRef, NameError, TenantId},
    kernel::record::{Claim, Mark, RecordBytes},
    store::{Cell, Found, MarkKind, OpenMark},
};
use rusqlite::{Connection, OptionalExtension, Params, params};

pub(super) fn stream(
    connection: &Connection,
    tenant: &TenantId,
    stream: &EntityRef,
    after: u64,
    limit: usize,
) -> Result<Vec<RecordBytes>, SqliteError> {
    records(connection, STREAM, params![tenant.as_str(), stream.as_str(), integer(after), most(limit)])
}

pub(super) fn log(
    connection: &Connection,
    tenant: &TenantId,
    after: u64,
    limit: usize,
) -> Result<Vec<RecordBytes>, SqliteError> {
    records(connection, LOG, params![tenant.as_str(), integer(after), most(limit)])
}

pub(super) fn length(connection: &Connection, tenant: &TenantId) -> Result<u64, SqliteError> {
    let mut statement = connection.prepare_cached(LENGTH).map_err(SqliteError::of)?;
    let length: Option<i64> = statement.query_row([tenant.as_str()], |row| row.get(0)).map_err(SqliteError::of)?;
    length.map_or(Ok(0), |length| u64::try_from(length).map_err(SqliteError::corrupt))
}

pub(super) fn claim(connection: &Connection, tenant: &TenantId, claim: &Claim) -> Result<Option<Found>, SqliteError> {
    let (kind, owner, name) = columns(claim);
    let mut statement = connection.prepare_cached(CLAIM).map_err(SqliteError::of)?;
    let row = statement
        .query_row(params![tenant.as_str(), kind, owner, name], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<i64>>(2)?))
        })
        .optional()
        .map_err(SqliteError::of)?;
    let Some((entity, seq, closed)) = row else { return Ok(None) };
    let closed = closed.map(u64::try_from).transpose().map_err(SqliteError::corrupt)?;
    Ok(Some(Found { stream: parse(&entity)?, seq: u64::try_from(seq).map_err(SqliteError::corrupt)?, closed }))
}

pub(super) fn open(
    connection: &Connection,
    tenant: &TenantId,
    kind: MarkKind,
    after: Option<&OpenMark>,
    limit: usize,
) -> Result<Vec<OpenMark>, SqliteError> {
    // The empty name and the empty id sort before all others.
    let (entity, seq, id) =
        after.map_or(("", 0, String::new()), |mark| (mark.stream.as_str(), integer(mark.seq), mark_id(&mark.mark)));
    let place = params![tenant.as_str(), word(kind), entity, seq, id, most(limit)];
    let mut statement = connection.prepare_cached(OPEN).map_err(SqliteError::of)?;
    let rows = statement
        .query_map(place, |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)))
        .map_err(SqliteError::of)?;
    rows.map(|row| {
        let (entity, seq, id) = row.map_err(SqliteError::of)?;
        let mark = match kind {
            MarkKind::Approval => Mark::Approval(id.parse().map_err(name)?),
            MarkKind::Execution => Mark::Execution(id.parse().map_err(name)?),
        };
        Ok(OpenMark { stream: parse(&entity)?, seq: u64::try_from(seq).map_err(SqliteError::corrupt)?, mark })
    })
    .collect()
}

pub(super) fn cell(connection: &Connection, tenant: &TenantId, name: &str) -> Result<Option<Cell>, SqliteError> {
    let mut statement = connection.prepare_cached(CELL).map_err(SqliteError::of)?;
    let row = statement
        .query_row([tenant.as_str(), name], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
        .optional()
        .map_err(SqliteError::of)?;
    let Some((revision, value)) = row else { return Ok(None) };
    Ok(Some(Cell { revision: u64::try_from(revision).map_err(SqliteError::corrupt)?, value }))
}

fn records(connection: &Connection, sql: &str, place: impl Params) -> Result<Vec<RecordBytes>, SqliteError> {
    let mut statement = connection.prepare_cached(sql).map_err(SqliteError::of)?;
    let rows = statement.query_map(place, |row| row.get::<_, Vec<u8>>(0)).map_err(SqliteError::of)?;
    rows.map(|bytes| bytes.map(RecordBytes::from).map_err(SqliteError::of)).collect()
}

fn parse(entity: &str) -> Result<EntityRef, SqliteError> {
    entity.parse().map_err(name)
}

fn name(error: NameError) -> SqliteError {
    SqliteError::corrupt(error)
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

const STREAM: &str = "SELECT bytes FROM records WHERE tenant = ? AND entity = ? AND seq > ? ORDER BY seq LIMIT ?";
const LOG: &str = "SELECT bytes FROM records WHERE tenant = ? AND idx >= ? ORDER BY idx LIMIT ?";
const LENGTH: &str = "SELECT max(idx) + 1 FROM records WHERE tenant = ?";
const CLAIM: &str = "SELECT entity, seq, closed FROM claims WHERE tenant = ? AND kind = ? AND owner = ? AND name = ?";
const OPEN: &str = "SELECT entity, seq, id FROM marks WHERE tenant = ? AND kind = ? AND (entity, seq, id) > (?, ?, ?)
    ORDER BY entity, seq, id LIMIT ?";
const CELL: &str = "SELECT revision, value FROM cells WHERE tenant = ? AND name = ?";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: [&str; 6] = [STREAM, LOG, LENGTH, CLAIM, OPEN, CELL];
