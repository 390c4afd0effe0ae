//! A store that fails when it is told to, to see that what is built on it survives.

use super::StoreLayer;
use crate::{
    base::ids::TenantId,
    store::{Append, Batch, CellSet, EventStore, StoreError},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// How a call to a [`FaultStore`] fails.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the caller is told so.
    Refused,
    /// An append is stored, or a cell set, and the answer lost. Any other call is refused.
    Lost,
    /// An append, or the setting of a cell, meets a conflict that is not there any more when the caller looks. Any
    /// other call is answered.
    Conflict,
}

/// Any store, with calls that fail. Clones share the store, the count and the plan.
///
/// Run what you test once to count its calls; then once for every call and every [`Fault`]. Afterwards the
/// log must replay, and no effect may have happened that the log does not know of.
///
/// ```
/// use kiff::{Authority, Domain, NewEvent, Runtime, domain::Machine, store::MemoryStore};
/// use kiff::testing::{Fault, FaultStore};
///
/// let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
/// let store = FaultStore::new(MemoryStore::new());
/// let rt = Runtime::builder(domain).store(store.clone()).build()?.blocking();
/// let placed = || rt.ingest(&Authority::service("shop")?, "order:1", NewEvent::new("e1", "ORDER_PLACED"));
///
/// store.fail_at(1, Fault::Refused);
/// assert!(placed().is_err());
/// assert!(placed()?.is_in_the_log());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Every call in turn, so that no place is left where a crash would do harm:
///
/// ```
/// use kiff::{Authority, Domain, NewEvent, Runtime, domain::Machine, store::MemoryStore};
/// use kiff::testing::{Fault, FaultStore};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let order = Machine::new("order").starts("ORDER_PLACED", "CREATED");
/// let domain = Domain::builder("shop", "v1").table(order).build()?;
/// for fault in [Fault::Refused, Fault::Lost, Fault::Conflict] {
///     for call in 1.. {
///         let store = FaultStore::new(MemoryStore::new());
///         store.fail_at(call, fault);
///         let rt = Runtime::builder(domain.clone()).store(store.clone()).build()?.blocking();
///         let placed = || rt.ingest(&Authority::service("shop")?, "order:1", NewEvent::new("e1", "ORDER_PLACED"));
///         // The source reports it again until it is acknowledged.
///         let answer = placed().or_else(|_| placed())?;
///         assert!(answer.is_in_the_log());
///         if store.calls() < call {
///             break;
///         }
///         assert!(rt.rebuild("order:1")?.matches());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FaultStore<S> {
    inner: Arc<S>,
    calls: Arc<AtomicU64>,
    plan: Arc<Mutex<BTreeMap<u64, Fault>>>,
}

impl<S: EventStore> FaultStore<S> {
    /// The store, without a fault.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self { inner: Arc::new(inner), calls: Arc::default(), plan: Arc::default() }
    }

    /// Lets a call fail: the first from now on is number 1. Several faults may be planned.
    pub fn fail_at(&self, call: u64, fault: Fault) {
        let mut plan = self.plan();
        plan.insert(self.calls().saturating_add(call), fault);
    }

    /// How many calls there have been.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// The store without faults.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn plan(&self) -> MutexGuard<'_, BTreeMap<u64, Fault>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, and takes the fault that was planned for it.
    fn count(&self) -> Option<Fault> {
        let mut plan = self.plan();
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        plan.remove(&call)
    }
}

impl<S: EventStore> StoreLayer for FaultStore<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.inner
    }

    async fn before(&self) -> Result<(), StoreError> {
        match self.count() {
            Some(Fault::Refused | Fault::Lost) => Err(StoreError::failed("a planned fault")),
            Some(Fault::Conflict) | None => Ok(()),
        }
    }

    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        match (self.count(), batch.parts().first()) {
            (Some(Fault::Refused), _) => Err(StoreError::failed("a planned fault")),
            (Some(Fault::Lost), _) => {
                self.inner.append(batch).await?;
                Err(StoreError::unknown("a planned fault"))
            }
            (Some(Fault::Conflict), Some(part)) => {
                Ok(Append::Conflict { stream: part.stream().clone(), actual: part.expected() })
            }
            _ => self.inner.append(batch).await,
        }
    }

    async fn set_cell(
        &self,
        tenant: &TenantId,
        name: &str,
        expected: u64,
        value: &[u8],
    ) -> Result<CellSet, StoreError> {
        match self.count() {
            Some(Fault::Refused) => Err(StoreError::failed("a planned fault")),
            Some(Fault::Lost) => {
                let _ = self.inner.set_cell(tenant, name, expected, value).await?;
                Err(StoreError::unknown("a planned fault"))
            }
            Some(Fault::Conflict) => Ok(CellSet::Conflict { actual: expected }),
            None => self.inner.set_cell(tenant, name, expected, value).await,
        }
    }
}
