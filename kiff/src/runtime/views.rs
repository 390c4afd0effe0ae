//! Views that are kept between calls. They are a cache: an append is protected by the expected version, so a stale view costs
//! a second try and nothing else.

use crate::{
    base::ids::{EntityRef, TenantId},
    kernel::{
        record::Record,
        view::{FoldError, View, fold},
    },
    runtime::sync::{Mutex, MutexGuard},
};
use std::{
    collections::HashMap,
    mem,
    sync::{Arc, PoisonError},
};

type Key = (TenantId, EntityRef);

/// Two generations of views. A view that is used moves to the young generation, and when that is full, the old one is
/// dropped. So finding a view takes one or two look-ups, and at most `capacity` views are kept.
#[derive(Debug)]
pub(crate) struct Views {
    generations: Mutex<Generations>,
    half: usize,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, Slot>,
    old: HashMap<Key, Slot>,
}

/// One entity's view, with a lock of its own, so that folding it blocks no other entity.
type Slot = Arc<Mutex<Arc<View>>>;

impl Views {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { generations: Mutex::default(), half: (capacity / 2).max(1) }
    }

    /// The view as it was last seen.
    pub(crate) fn get(&self, tenant: &TenantId, entity: &EntityRef) -> Option<Arc<View>> {
        let slot = self.slot(&(tenant.clone(), entity.clone()))?;
        Some(Arc::clone(&lock(&slot)))
    }

    /// Keeps a view that was just folded from the store, unless a later one is kept already.
    pub(crate) fn put(&self, view: &Arc<View>) {
        // An entity that does not exist gets no place, or guessed names would push the others out.
        if view.head.seq == 0 {
            return;
        }
        let key = (view.head.tenant.clone(), view.head.entity.clone());
        match self.slot(&key) {
            Some(slot) => {
                let mut kept = lock(&slot);
                if kept.head.seq < view.head.seq {
                    *kept = Arc::clone(view);
                }
            }
            None => lock(&self.generations).insert(key, Arc::new(Mutex::new(Arc::clone(view))), self.half),
        }
    }

    /// Folds records that were just stored after `base` into the kept view. The view is changed in place if nobody else holds
    /// it.
    pub(crate) fn advance(&self, base: Arc<View>, records: &[Record]) -> Result<(), FoldError> {
        let key = (base.head.tenant.clone(), base.head.entity.clone());
        let Some(slot) = self.slot(&key) else {
            let mut view = Arc::unwrap_or_clone(base);
            records.iter().try_for_each(|record| fold(&mut view, record))?;
            self.put(&Arc::new(view));
            return Ok(());
        };
        let mut kept = lock(&slot);
        // Another call has put another view in its place. The next look-up folds what that one lacks.
        if kept.head.seq != base.head.seq {
            return Ok(());
        }
        drop(base);
        let view = Arc::make_mut(&mut kept);
        let folded = records.iter().try_for_each(|record| fold(view, record));
        drop(kept);
        // A view into which only some of the records were folded must not be used.
        folded.inspect_err(|_| self.forget(&key.0, &key.1))
    }

    /// The kept view, if `every` records were folded into it since its last snapshot. One caller gets it, and makes the next
    /// snapshot.
    pub(crate) fn due(&self, tenant: &TenantId, entity: &EntityRef, every: u64) -> Option<Arc<View>> {
        let slot = self.slot(&(tenant.clone(), entity.clone()))?;
        let mut kept = lock(&slot);
        let seq = kept.head.seq;
        if seq.saturating_sub(kept.snapshot.seq) < every {
            return None;
        }
        Arc::make_mut(&mut kept).snapshot.seq = seq;
        Some(Arc::clone(&kept))
    }

    /// Notes the revision of the cell that has an entity's snapshot.
    pub(crate) fn note_snapshot(&self, tenant: &TenantId, entity: &EntityRef, revision: u64) {
        if let Some(slot) = self.slot(&(tenant.clone(), entity.clone())) {
            Arc::make_mut(&mut lock(&slot)).snapshot.revision = revision;
        }
    }

    /// Drops a view that may be wrong.
    pub(crate) fn forget(&self, tenant: &TenantId, entity: &EntityRef) {
        let key = (tenant.clone(), entity.clone());
        let mut generations = lock(&self.generations);
        generations.young.remove(&key);
        generations.old.remove(&key);
    }

    fn slot(&self, key: &Key) -> Option<Slot> {
        let mut generations = lock(&self.generations);
        if let Some(slot) = generations.young.get(key) {
            return Some(Arc::clone(slot));
        }
        let (key, slot) = generations.old.remove_entry(key)?;
        generations.insert(key, Arc::clone(&slot), self.half);
        Some(slot)
    }
}

impl Generations {
    fn insert(&mut self, key: Key, slot: Slot, half: usize) {
        if self.young.len() >= half {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, slot);
    }
}

/// Locks. A poisoned lock is fine: only users' `Facts::apply` can unwind while these are held, and that is caught.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
