//! The memory of an import: records that wait to be stored, and where each stream ends.

use super::PAGE;
use crate::{
    base::ids::{EntityRef, TenantId},
    kernel::record::{Head, Record},
    store::{Batch, BatchError, DynStore, StoreError},
};
use std::{
    collections::{HashMap, HashSet},
    mem,
};

/// An append of many records is not split for being many, up to here.
const MAX_PAIRED: u64 = 4 * PAGE as u64;
/// How many streams' ends are kept. Of any other the end is read from the store.
const MAX_HEADS: usize = 4 * PAGE;

/// Records that go to the store in one batch.
///
/// INVARIANT: a batch keeps the records of a stream together, so no stream comes back after another one.
#[derive(Default)]
pub(super) struct Page {
    parts: Vec<(EntityRef, Vec<Record>)>,
    streams: HashSet<EntityRef>,
    pub(super) records: u64,
}

impl Page {
    /// True if the record may go to the store together with those before it. A page ends between two
    /// appends of the log, so that an import that is stopped leaves no half of one.
    pub(super) fn has_room_for(&self, record: &Record) -> bool {
        let is_full = self.records >= PAGE as u64;
        match self.parts.last().and_then(|(stream, records)| Some((stream, records.last()?))) {
            Some((stream, last)) if stream == record.entity() => {
                !is_full || last.trace_id() == record.trace_id() && self.records < MAX_PAIRED
            }
            _ => !is_full && !self.streams.contains(record.entity()),
        }
    }

    pub(super) fn push(&mut self, record: Record) {
        self.records += 1;
        match self.parts.last_mut() {
            Some((stream, records)) if stream == record.entity() => records.push(record),
            _ => {
                self.streams.insert(record.entity().clone());
                self.parts.push((record.entity().clone(), vec![record]));
            }
        }
    }

    /// The records, if there are any; the page is empty then.
    pub(super) fn take(&mut self) -> Option<Self> {
        (self.records > 0).then(|| mem::take(self))
    }

    pub(super) fn batch(self, tenant: &TenantId) -> Result<Batch, BatchError> {
        self.parts.into_iter().try_fold(Batch::new(tenant.clone()), |batch, (stream, records)| {
            let expected = records.first().map_or(0, |first| first.entity_seq() - 1);
            batch.with(stream, expected, records)
        })
    }
}

/// Where streams end. A log has more streams than memory should hold, so only some are kept.
#[derive(Default)]
pub(super) struct Heads(HashMap<EntityRef, Head>);

impl Heads {
    /// The end of the record's stream before the record.
    pub(super) async fn before(&self, store: &dyn DynStore, record: &Record) -> Result<Head, StoreError> {
        let tenant = record.tenant();
        let entity = record.entity();
        if let Some(head) = self.0.get(entity) {
            return Ok(head.clone());
        }
        let mut head = Head::empty(tenant.clone(), entity.clone());
        // The record before it, if all is well. Otherwise the whole stream, to name its end in the error.
        let mut after = record.entity_seq().saturating_sub(2);
        loop {
            let page = store.read(tenant, entity, after, PAGE).await?;
            if let Some(last) = page.last() {
                head.pass(&Record::parse(last.clone()).map_err(StoreError::failed)?);
            }
            match page.len() {
                0 if after > 0 && head.seq == 0 => after = 0,
                PAGE => after += PAGE as u64,
                _ => return Ok(head),
            }
        }
    }

    pub(super) fn put(&mut self, record: &Record) {
        let head = self.0.entry(record.entity().clone());
        head.or_insert_with(|| Head::empty(record.tenant().clone(), record.entity().clone())).pass(record);
    }

    /// Makes room. INVARIANT: only while nothing waits to be stored, because what is dropped is read from the store.
    pub(super) fn trim(&mut self) {
        if self.0.len() > MAX_HEADS {
            self.0.clear();
        }
    }
}
