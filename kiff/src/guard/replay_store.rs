//! Which receipts were used, and with which outcome.

use crate::base::{
    boxed::boxed_twin,
    debug::debug_as_display,
    digest::Digest,
    ids::{ReceiptId, TenantId},
    timestamp::Timestamp,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Remembers which receipts were used. Users may implement it, for the database that the service has; write `async fn`.
///
/// Every process of a service must share one, and one store serves guards of one maximum age.
pub trait ReplayStore: Send + Sync + 'static {
    /// Notes that a receipt is used, unless it is noted already. Of two calls at once, one gets [`Begun::New`]. What is
    /// noted is durable before the call answers.
    ///
    /// A use may be forgotten once [`Usage::now`] of a call is after its [`Usage::until`]. A store that forgets keeps
    /// the latest [`Usage::issued_at`] of what it has forgotten, and answers [`Begun::Forgotten`] to a receipt that it
    /// does not know and that was not issued later: clocks can be set back, and maximum ages be raised.
    fn begin(&self, usage: &Usage) -> impl Future<Output = Result<Begun, ReplayError>> + Send;

    /// Keeps the outcome of a use that was begun. Durable before it answers.
    fn finish(&self, usage: &Usage, outcome: &[u8]) -> impl Future<Output = Result<(), ReplayError>> + Send;
}

/// One use of a receipt: known by its tenant and its receipt id.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The tenant.
    pub tenant: TenantId,
    /// The receipt's id.
    pub receipt_id: ReceiptId,
    /// The decision's record: another one under the same id is another decision.
    pub record: Digest,
    /// When the receipt was issued.
    pub issued_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// Until when the use must be remembered.
    pub until: Timestamp,
}

/// A store's answer to a use that begins.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning: a guard handles each")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is the first, and noted now.
    New,
    /// It came to this outcome.
    Done(Vec<u8>),
    /// It was begun, and has no outcome.
    InDoubt,
    /// Another decision was used under this id.
    OtherRecord,
    /// It may have been used: what was issued then is forgotten.
    Forgotten,
}

/// A store of used receipts failed.
#[non_exhaustive]
#[derive(thiserror::Error)]
#[error("the store of used receipts failed")]
pub struct ReplayError(#[source] Box<dyn Error + Send + Sync>);

debug_as_display!(ReplayError);

impl ReplayError {
    /// Wraps what went wrong.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

boxed_twin! {
    /// Any [`ReplayStore`].
    pub(super) trait DynReplayStore for ReplayStore {
        future begin(usage: &'a Usage) -> Result<Begun, ReplayError>;
        future finish(usage: &'a Usage, outcome: &'a [u8]) -> Result<(), ReplayError>;
    }
}

/// Remembers used receipts for as long as the process lives. A clone is the same store.
#[derive(Clone, Debug, Default)]
pub struct MemoryReplayStore(Arc<Mutex<Uses>>);

#[derive(Debug, Default)]
struct Uses {
    by_id: BTreeMap<UseKey, Use>,
    /// The same, in the order in which they may be forgotten.
    by_end: BTreeSet<(Timestamp, UseKey)>,
    /// The latest receipt that was forgotten.
    forgotten: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct UseKey(TenantId, ReceiptId);

#[derive(Debug)]
struct Use {
    record: Digest,
    issued_at: Timestamp,
    outcome: Option<Vec<u8>>,
}

impl UseKey {
    fn of(usage: &Usage) -> Self {
        Self(usage.tenant.clone(), usage.receipt_id)
    }
}

impl MemoryReplayStore {
    /// A store that knows of no use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many uses it remembers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().by_id.len()
    }

    /// True if it remembers none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nothing unwinds while the lock is held.
    fn lock(&self) -> MutexGuard<'_, Uses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplayStore for MemoryReplayStore {
    async fn begin(&self, usage: &Usage) -> Result<Begun, ReplayError> {
        Ok(self.lock().begin(usage))
    }

    async fn finish(&self, usage: &Usage, outcome: &[u8]) -> Result<(), ReplayError> {
        match self.lock().by_id.get_mut(&UseKey::of(usage)) {
            Some(found) => found.outcome = Some(outcome.to_vec()),
            None => return Err(ReplayError::new("the use was forgotten before it had an outcome")),
        }
        Ok(())
    }
}

impl Uses {
    fn begin(&mut self, usage: &Usage) -> Begun {
        self.forget(usage.now);
        let key = UseKey::of(usage);
        match self.by_id.get(&key) {
            Some(found) if found.record != usage.record => return Begun::OtherRecord,
            Some(found) => return found.outcome.clone().map_or(Begun::InDoubt, Begun::Done),
            None if self.forgotten.is_some_and(|latest| usage.issued_at <= latest) => return Begun::Forgotten,
            None => {}
        }
        self.by_end.insert((usage.until, key.clone()));
        self.by_id.insert(key, Use { record: usage.record, issued_at: usage.issued_at, outcome: None });
        Begun::New
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((until, _)) = self.by_end.first()
            && *until < now
            && let Some((_, key)) = self.by_end.pop_first()
        {
            let issued_at = self.by_id.remove(&key).map(|found| found.issued_at);
            self.forgotten = self.forgotten.max(issued_at);
        }
    }
}
