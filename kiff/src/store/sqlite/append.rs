//! One append, or the setting of one cell, inside a transaction that the writer has begun.

use crate::{
    base::ids::{EntityRef, TenantId},
    kernel::record::{Claim, IndexEntry, Kind, Mark, Record, RecordBytes, index_of},
    store::{Append, Batch, CellSet, MarkKind},
};
use rusqlite::{Connection, Error, OptionalExtension, Result, Statement, params};
use std::borrow::Cow;

/// A batch as rows. Made by the thread that appends, so that the writer's thread only writes.
pub(super) struct Rows {
    tenant: TenantId,
    parts: Vec<Part>,
}

struct Part {
    stream: EntityRef,
    expected: u64,
    rows: Vec<Row>,
}

struct Row {
    seq: i64,
    kind: Kind,
    recorded_at: String,
    leaf: [u8; 32],
    bytes: RecordBytes,
    entries: Vec<IndexEntry>,
}

impl Rows {
    pub(super) fn of(batch: &Batch) -> Self {
        let part = |part: &crate::store::Part| Part {
            stream: part.stream().clone(),
            expected: part.expected(),
            rows: part.records().iter().map(Row::of).collect(),
        };
        Self { tenant: batch.tenant().clone(), parts: batch.parts().iter().map(part).collect() }
    }

    fn entries(&self) -> impl Iterator<Item = (&EntityRef, &Row, &IndexEntry)> {
        let rows = self.parts.iter().flat_map(|part| part.rows.iter().map(|row| (&part.stream, row)));
        rows.flat_map(|(stream, row)| row.entries.iter().map(move |entry| (stream, row, entry)))
    }
}

impl Row {
    fn of(record: &Record) -> Self {
        Self {
            seq: integer(record.entity_seq()),
            kind: record.kind(),
            recorded_at: record.recorded_at().to_string(),
            leaf: *record.leaf().as_bytes(),
            bytes: record.bytes().clone(),
            entries: index_of(record).collect(),
        }
    }
}

/// A cell to be set.
pub(super) struct Setting {
    tenant: TenantId,
    name: String,
    expected: u64,
    value: Vec<u8>,
}

impl Setting {
    pub(super) fn of(tenant: &TenantId, name: &str, expected: u64, value: &[u8]) -> Self {
        Self { tenant: tenant.clone(), name: name.to_owned(), expected, value: value.to_vec() }
    }
}

/// An append or a setting that failed.
#[derive(Debug)]
pub(super) enum WriteError {
    /// Nothing of it is left, and the rest of the transaction is as it was.
    Alone(Error),
    /// The transaction cannot be committed any more: it may hold a part of it, or SQLite has undone it.
    Transaction(Error),
}

/// The statements of an append, and of the setting of a cell, prepared once.
pub(super) struct Appender<'c> {
    savepoint: Statement<'c>,
    release: Statement<'c>,
    undo: Statement<'c>,
    head: Statement<'c>,
    length: Statement<'c>,
    record: Statement<'c>,
    claim: Statement<'c>,
    closed: Statement<'c>,
    open: Statement<'c>,
    close: Statement<'c>,
    revision: Statement<'c>,
    cell: Statement<'c>,
}

impl<'c> Appender<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> Result<Self> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            savepoint: prepare("SAVEPOINT append")?,
            release: prepare("RELEASE append")?,
            undo: prepare("ROLLBACK TO append")?,
            head: prepare(HEAD)?,
            length: prepare(LENGTH)?,
            record: prepare(RECORD)?,
            claim: prepare(CLAIM)?,
            closed: prepare(CLOSED)?,
            open: prepare(OPEN)?,
            close: prepare(CLOSE)?,
            revision: prepare(REVISION)?,
            cell: prepare(CELL)?,
        })
    }

    /// Appends in a savepoint of its own, so that a batch that is refused or fails leaves the rest of the
    /// transaction as it was.
    pub(super) fn append(&mut self, rows: &Rows) -> Result<Append, WriteError> {
        self.alone(|appender| appender.write(rows), |answer| *answer == Append::Done)
    }

    /// Sets a cell, apart from the rest of the transaction as an append is.
    pub(super) fn set(&mut self, setting: &Setting) -> Result<CellSet, WriteError> {
        self.alone(|appender| appender.compare_and_set(setting), |answer| *answer == CellSet::Done)
    }

    fn alone<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
        is_done: impl FnOnce(&T) -> bool,
    ) -> Result<T, WriteError> {
        self.savepoint.execute([]).map_err(WriteError::Transaction)?;
        let result = work(self);
        if !result.as_ref().is_ok_and(is_done)
            && let Err(later) = self.undo.execute([])
        {
            // The first error explains the second one.
            return Err(WriteError::Transaction(result.err().unwrap_or(later)));
        }
        self.release.execute([]).map_err(WriteError::Transaction)?;
        result.map_err(WriteError::Alone)
    }

    fn compare_and_set(&mut self, setting: &Setting) -> Result<CellSet> {
        let tenant = setting.tenant.as_str();
        let name = &setting.name;
        let revision: Option<i64> = self.revision.query_row(params![tenant, name], |row| row.get(0)).optional()?;
        let actual = count(revision)?;
        if actual != setting.expected {
            return Ok(CellSet::Conflict { actual });
        }
        self.cell.execute(params![tenant, name, integer(actual) + 1, setting.value])?;
        Ok(CellSet::Done)
    }

    fn write(&mut self, rows: &Rows) -> Result<Append> {
        for part in &rows.parts {
            let actual = self.head(&rows.tenant, &part.stream)?;
            if actual != part.expected {
                return Ok(Append::Conflict { stream: part.stream.clone(), actual });
            }
        }
        self.records(rows)?;
        if let Some(claim) = self.claims(rows)? {
            return Ok(Append::Claimed { claim });
        }
        self.marks(rows)?;
        Ok(Append::Done)
    }

    fn head(&mut self, tenant: &TenantId, stream: &EntityRef) -> Result<u64> {
        let head: Option<i64> = self.head.query_row(params![tenant.as_str(), stream.as_str()], |row| row.get(0))?;
        count(head)
    }

    /// Stores the records and gives them their places in the log: the transaction has the right to write, so
    /// nobody else gives any out.
    fn records(&mut self, rows: &Rows) -> Result<()> {
        let tenant = rows.tenant.as_str();
        let length: Option<i64> = self.length.query_row([tenant], |row| row.get(0))?;
        let mut idx = length.unwrap_or(0);
        for part in &rows.parts {
            for row in &part.rows {
                self.record.execute(params![
                    tenant,
                    idx,
                    part.stream.as_str(),
                    row.seq,
                    row.kind.as_str(),
                    row.recorded_at,
                    row.leaf.as_slice(),
                    &*row.bytes,
                ])?;
                idx += 1;
            }
        }
        Ok(())
    }

    /// Makes the claims, or gives the first that is taken.
    fn claims(&mut self, rows: &Rows) -> Result<Option<Claim>> {
        for (stream, row, entry) in rows.entries() {
            let IndexEntry::Claim(claim) = entry else { continue };
            let (kind, owner, name) = columns(claim);
            let place = params![rows.tenant.as_str(), kind, owner, name, stream.as_str(), row.seq];
            if self.claim.execute(place)? == 0 {
                return Ok(Some(claim.clone()));
            }
        }
        Ok(None)
    }

    /// Opens and closes, in the order of the entries.
    fn marks(&mut self, rows: &Rows) -> Result<()> {
        let tenant = rows.tenant.as_str();
        for (stream, row, entry) in rows.entries() {
            let (mark, closed) = match entry {
                IndexEntry::Claim(_) => continue,
                IndexEntry::Open(mark) => (mark, None),
                IndexEntry::Close(mark) => (mark, Some(row.seq)),
            };
            let kind = word(mark.kind());
            let id = mark_id(mark);
            match closed {
                None => self.open.execute(params![tenant, kind, stream.as_str(), row.seq, id])?,
                Some(_) => self.close.execute(params![tenant, kind, id])?,
            };
            self.closed.execute(params![closed, tenant, kind, id])?;
        }
        Ok(())
    }
}

/// A claim as the columns `kind`, `owner` and `name`.
pub(super) fn columns(claim: &Claim) -> (&'static str, &str, Cow<'_, str>) {
    match claim {
        Claim::Event(actor, id) => ("event", actor.as_str(), id.as_str().into()),
        Claim::Key(actor, key) => ("key", actor.as_str(), key.as_str().into()),
        Claim::Approval(id) => (word(MarkKind::Approval), "", id.to_string().into()),
        Claim::Receipt(id) => ("receipt", "", id.to_string().into()),
        Claim::Execution(id) => (word(MarkKind::Execution), "", id.to_string().into()),
    }
}

/// A kind of mark as the column `kind`. The claim of what is marked has the same word.
pub(super) fn word(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Approval => "approval",
        MarkKind::Execution => "execution",
    }
}

pub(super) fn mark_id(mark: &Mark) -> String {
    match mark {
        Mark::Approval(id) => id.to_string(),
        Mark::Execution(id) => id.to_string(),
    }
}

/// A count that the file has, or 0. No number in the tables is negative.
fn count(number: Option<i64>) -> Result<u64> {
    let number = number.unwrap_or(0);
    u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(0, number))
}

/// SQLite's integers have a sign. A number beyond them is beyond every record as well.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

const HEAD: &str = "SELECT max(seq) FROM records WHERE tenant = ? AND entity = ?";
const LENGTH: &str = "SELECT max(idx) + 1 FROM records WHERE tenant = ?";
const RECORD: &str = "INSERT INTO records (tenant, idx, entity, seq, kind, recorded_at, leaf, bytes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const CLAIM: &str = "INSERT INTO claims (tenant, kind, owner, name, entity, seq) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING";
const CLOSED: &str = "UPDATE claims SET closed = ? WHERE tenant = ? AND kind = ? AND owner = '' AND name = ?";
const OPEN: &str = "INSERT INTO marks (tenant, kind, entity, seq, id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
const CLOSE: &str = "DELETE FROM marks WHERE tenant = ? AND kind = ? AND id = ?";
const REVISION: &str = "SELECT revision FROM cells WHERE tenant = ? AND name = ?";
const CELL: &str = "INSERT INTO cells (tenant, name, revision, value) VALUES (?, ?, ?, ?)
    ON CONFLICT (tenant, name) DO UPDATE SET revision = excluded.revision, value = excluded.value";

/// Every statement of this file that names a table.
#[cfg(test)]
pub(super) const ALL: [&str; 9] = [HEAD, LENGTH, RECORD, CLAIM, CLOSED, OPEN, CLOSE, REVISION, CELL];
