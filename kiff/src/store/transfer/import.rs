//! Into a store, page by page.

use super::{
    PAGE,
    fault::ImportError,
    lines::Lines,
    page::{Heads, Page},
};
use crate::{
    base::ids::{EntityRef, TenantId, TraceId},
    kernel::{
        record::{Claim, Kind, Record, RecordBytes, index_of},
        view::{FoldError, check_place},
    },
    store::{Append, DynStore, EventStore, StoreError},
};
use std::{collections::VecDeque, io::BufRead};

/// The outcome of an import.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Whose log it is; nothing for an empty file.
    pub tenant: Option<TenantId>,
    /// How many records the file has, which is how many the store's log has now.
    pub records: u64,
    /// How many of them the store did not have before.
    pub added: u64,
    /// How many streams they are of.
    pub entities: u64,
}

/// Brings `log.jsonl` into a store, byte for byte and in its order, and makes the store's index anew.
///
/// Each line is read strictly, and its place and chain are checked before it is stored; what was stored is
/// read back and compared. Into a store that holds the beginning of this log it goes on after it, so an
/// import that was stopped is simply run again. A store with another log is refused untouched. While it
/// runs, nobody else may append to the tenant's log.
///
/// A record is not checked against the records of other streams, and no commitment is computed again:
/// [`replay::verify`](crate::evidence::replay::verify) does that. Verify a file that somebody else has sent first. The reader
/// is called from the caller's task, so give it a file and no slow socket.
///
/// ```
/// use kiff::store::{MemoryStore, transfer::{self, ImportError}};
#[doc = include_str!("../../../docs/shop.txt")]
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// # let rt = shop(paid_back)?;
/// let file = rt.export().await?;
/// let imported = transfer::import(&MemoryStore::new(), file.as_slice()).await?;
/// assert_eq!((imported.records, imported.entities), (4, 1));
///
/// // A record that was changed is found by the record after it.
/// let changed = String::from_utf8(file)?.replacen("evt_1", "evt_0", 1);
/// let refused = transfer::import(&MemoryStore::new(), changed.as_bytes()).await;
/// assert!(matches!(refused, Err(ImportError::Place { line: 2, .. })));
/// # Ok(())
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(feature = "testing")]
/// # kiff::testing::store_suite::block_on(run())?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ImportError`] with the line at which the import ended.
pub async fn import<S: EventStore>(store: &S, reader: impl BufRead + Send) -> Result<Imported, ImportError> {
    import_into(store, None, reader).await
}

/// The same into a store of any type; `expected` is whose log it must be.
pub(crate) async fn import_into(
    store: &dyn DynStore,
    expected: Option<&TenantId>,
    reader: impl BufRead + Send,
) -> Result<Imported, ImportError> {
    let mut lines = Lines::new(reader);
    let Some(first) = lines.next()? else { return Ok(Imported::default()) };
    let tenant = expected.unwrap_or(first.tenant()).clone();
    let held = store.sequence(&tenant).await.map_err(|source| ImportError::Store { line: 1, source })?;
    let mut import = Import {
        store,
        tenant,
        held,
        ahead: VecDeque::new(),
        heads: Heads::default(),
        page: Page::default(),
        alone: None,
        line: 0,
        entities: 0,
    };
    let mut next = Some(first);
    while let Some(record) = next {
        import.line = lines.number;
        import.take(record).await?;
        next = lines.next()?;
    }
    import.finish().await
}

/// An import under way.
struct Import<'a> {
    store: &'a dyn DynStore,
    tenant: TenantId,
    /// How many records the store held at the beginning.
    held: u64,
    /// Those of them that were read and not yet compared.
    ahead: VecDeque<RecordBytes>,
    heads: Heads,
    page: Page,
    /// The last record, if another must follow it in the same append.
    alone: Option<Alone>,
    /// The line of the record that was taken last.
    line: u64,
    entities: u64,
}

/// An event before its step, or a proposal before its decision.
struct Alone {
    entity: EntityRef,
    trace: TraceId,
    kind: Kind,
}

impl Import<'_> {
    async fn take(&mut self, record: Record) -> Result<(), ImportError> {
        let line = self.line;
        if *record.tenant() != self.tenant {
            let expected = self.tenant.clone();
            return Err(ImportError::OtherTenant { line, expected, found: record.tenant().clone() });
        }
        let goes_on = self.pair(&record)?;
        self.entities += u64::from(record.entity_seq() == 1);
        if line <= self.held {
            self.compare(&record).await?;
            self.heads.put(&record);
            self.heads.trim();
            return Ok(());
        }
        let head = self.heads.before(self.store, &record).await.map_err(|source| self.failed(source))?;
        check_place(&head, &record).map_err(|source| place(line, &record, source))?;
        if !goes_on && !self.page.has_room_for(&record) {
            self.store_page(line - 1).await?;
        }
        // Behind the page before it: to store one may drop the ends of streams, and nothing else has this one.
        self.heads.put(&record);
        self.page.push(record);
        Ok(())
    }

    /// Two records that are one thing, stored in one append, must stand together. True if the record is the second half.
    fn pair(&mut self, record: &Record) -> Result<bool, ImportError> {
        let kind = record.kind();
        let second = self.alone.take();
        if let Some(first) = &second {
            let follows = match first.kind {
                Kind::EventIngested => kind == Kind::StateChanged,
                _ => matches!(kind, Kind::ActionValidated | Kind::ApprovalRequired | Kind::ActionBlocked),
            };
            if !follows || first.entity != *record.entity() || first.trace != record.trace_id() {
                return Err(ImportError::Torn { line: self.line - 1 });
            }
        }
        if matches!(kind, Kind::EventIngested | Kind::DecisionRecorded) {
            self.alone = Some(Alone { entity: record.entity().clone(), trace: record.trace_id(), kind });
        }
        Ok(second.is_some())
    }

    /// Compares a line with the record that the store has at its place.
    async fn compare(&mut self, record: &Record) -> Result<(), ImportError> {
        if self.ahead.is_empty() {
            let page = self.store.read_log(&self.tenant, self.line - 1, PAGE).await;
            self.ahead = page.map_err(|source| self.failed(source))?.into();
        }
        match self.ahead.pop_front() {
            Some(held) if held == *record.bytes() => Ok(()),
            _ => Err(ImportError::OtherLog { line: self.line }),
        }
    }

    /// Stores the page, whose last record is of the line `last`, and reads it back.
    async fn store_page(&mut self, last: u64) -> Result<(), ImportError> {
        let Some(page) = self.page.take() else { return Ok(()) };
        let first = last + 1 - page.records;
        let failed = |source| ImportError::Store { line: first, source };
        let batch = page.batch(&self.tenant).map_err(|error| failed(StoreError::failed(error)))?;
        match self.store.append(&batch).await.map_err(failed)? {
            Append::Done => {}
            Append::Conflict { .. } => return Err(ImportError::OtherLog { line: first }),
            Append::Claimed { claim } => {
                let records = batch.parts().iter().flat_map(|part| part.records());
                let mut lines = (first..).zip(records).filter(|(_, record)| claims(record, &claim));
                // Of two in one page, the second is the one too many.
                let one = lines.next();
                let two = lines.next();
                return Err(ImportError::Claimed { line: two.or(one).map_or(first, |(line, _)| line), claim });
            }
        }
        // A store that orders later would sort what waits, so nothing is left to wait.
        self.store.sequence(&self.tenant).await.map_err(failed)?;
        let mut stored = VecDeque::new();
        for (line, record) in (first..).zip(batch.parts().iter().flat_map(|part| part.records())) {
            if stored.is_empty() {
                stored = self.store.read_log(&self.tenant, line - 1, PAGE).await.map_err(failed)?.into();
            }
            if stored.pop_front().as_ref() != Some(record.bytes()) {
                return Err(ImportError::OtherLog { line });
            }
        }
        self.heads.trim();
        Ok(())
    }

    async fn finish(mut self) -> Result<Imported, ImportError> {
        if self.alone.is_some() {
            return Err(ImportError::Torn { line: self.line });
        }
        self.store_page(self.line).await?;
        if self.held > self.line {
            return Err(ImportError::StoreAhead { lines: self.line, length: self.held });
        }
        let added = self.line - self.held;
        Ok(Imported { tenant: Some(self.tenant), records: self.line, added, entities: self.entities })
    }

    fn failed(&self, source: StoreError) -> ImportError {
        ImportError::Store { line: self.line, source }
    }
}

fn place(line: u64, record: &Record, source: FoldError) -> ImportError {
    ImportError::Place { line, entity: record.entity().clone(), source }
}

fn claims(record: &Record, claim: &Claim) -> bool {
    index_of(record).any(|entry| matches!(entry, crate::kernel::record::IndexEntry::Claim(ours) if ours == *claim))
}
