//! The driver: it fetches what the kernel needs, signs, appends, and runs effects. It holds no rule.
//!
//! `execute` has the way of a proposal, from [`Runtime::execute`] down, and `transact` the one loop that carries every
//! command.

pub(crate) mod answer;
pub(crate) mod blocking;
mod build;
pub mod clock;
mod desk;
mod doubt;
pub(crate) mod effect;
mod error;
mod execute;
mod ingest;
#[cfg(feature = "postgres")]
mod ingest_in;
mod keys;
pub(crate) mod probe;
mod read;
mod rebuild;
mod recover;
mod review;
mod running;
pub(crate) mod signing;
mod snapshot;
mod subscription;
pub(crate) mod sync;
mod transact;
pub(crate) mod views;

pub use build::RuntimeBuilder;
pub use doubt::Resolved;
pub use error::{BuildError, RuntimeError, Unrecorded};
pub use ingest::{IngestError, Ingested, InputAdapter};
pub use keys::{KeyChange, KeyStatus};
pub use read::{EntityState, Explanation};
pub use rebuild::Rebuild;
pub use recover::{Recovered, Recovery};
pub use review::{ApprovalStatus, Review};
pub use subscription::{Logged, Subscription, SubscriptionError};

use crate::{
    base::{
        actor::Authority,
        ids::{ExecutionId, Ids, NameError, TenantId},
    },
    domain::{Domain, action::Providers},
    evidence::receipt::DynSigner,
    kernel::{
        caller::Caller,
        proposal::{AdmittedProposal, Proposal, admit_proposal},
        record::body::Issue,
        step::Call,
    },
    store::DynStore,
};
use clock::{Clock, IdGen, Timer};
use probe::Probes;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError},
};
use sync::{Mutex, MutexGuard};
use views::Views;

/// Decides proposals against a domain, runs what is cleared, and keeps the log.
///
/// A cheap handle on one tenant's log: clone it, share it between threads, put it into a web framework's
/// state. It has no type parameters and brings no async runtime: its futures run on any. Where there is
/// none, [`Runtime::blocking`] gives the same calls without `async`.
///
/// In a web framework a handler is an `async fn` that is given a clone:
///
/// ```
/// use kiff::{Answer, Authority, Proposal, Runtime, RuntimeError};
///
/// async fn refund(rt: Runtime, agent: Authority, order: String, cents: u64) -> Result<String, RuntimeError> {
///     let proposal = Proposal::new("REFUND_ORDER", format!("order:{order}")).param("cents", cents);
///     Ok(match rt.execute(&agent, proposal).await? {
///         Answer::Executed(done) => done.message,
///         Answer::Held(held) => format!("waits for approval {}", held.approval_id),
///         other => other.word().to_owned(),
///     })
/// }
#[doc = include_str!("../../docs/shop.txt")]
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # fn is_send<T: Send>(_: &T) {}
/// # is_send(&refund(shop(paid_back)?, Authority::agent("bot", ["operator"])?, "1".to_owned(), 20_00));
/// // The same call where there is no async runtime.
/// let rt = shop(paid_back)?.blocking();
/// let agent = Authority::agent("bot", ["operator"])?;
/// let done = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?.executed()?;
/// assert_eq!(done.message, "paid back");
/// # Ok(())
/// # }
/// ```
///
/// A framework drops a handler's future when its client disconnects, and a dropped [`execute`](Self::execute)
/// leaves its execution in doubt until a person resolves it. In a server, spawn the call on the async runtime
/// and await its handle, so that it runs to its end even if nobody waits for it:
/// `tokio::spawn(async move { rt.execute(&agent, proposal).await }).await`.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
    tenant: TenantId,
}

struct Inner {
    domain: Domain,
    store: Arc<dyn DynStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    timer: Arc<dyn Timer>,
    signer: Option<Arc<dyn DynSigner>>,
    providers: Providers,
    probes: Probes,
    issue: Issue,
    views: Views,
    /// After how many records of an entity the next snapshot of its view is made; 0 for no snapshots.
    snapshots: u64,
    /// The executions that run in this process now, each with the number of calls that run it.
    running: Mutex<BTreeMap<ExecutionId, usize>>,
}

impl Runtime {
    /// Returns the same runtime for another tenant's log.
    ///
    /// # Errors
    /// [`NameError`](crate::ids::NameError) if the name breaks its alphabet.
    pub fn tenant(&self, tenant: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self { inner: Arc::clone(&self.inner), tenant: TenantId::new(tenant)? })
    }

    /// The store, for the ledger, which reads and signs the log beside the runtime.
    pub(crate) fn log_store(&self) -> &Arc<dyn DynStore> {
        &self.inner.store
    }

    pub(crate) fn tenant_id(&self) -> &TenantId {
        &self.tenant
    }

    /// The key that signs receipts, if there is one.
    pub(crate) fn receipt_key_id(&self) -> Option<&str> {
        self.inner.signer.as_ref().map(|signer| signer.key_id())
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.inner.domain
    }

    /// True if the execution runs in this process now.
    fn is_running(&self, execution: ExecutionId) -> bool {
        lock(&self.inner.running).contains_key(&execution)
    }

    /// Checks the proposal's names and parameters, and draws what the call needs from outside.
    fn admit(&self, authority: &Authority, proposal: Proposal) -> Result<(AdmittedProposal, Call), RuntimeError> {
        let call = self.draw()?;
        let caller = self.caller(authority);
        let admitted = admit_proposal(&self.inner.domain, &self.tenant, caller, proposal, &call.ids)?;
        Ok((admitted, call))
    }

    /// The caller, with the permissions that the policy grants.
    fn caller(&self, authority: &Authority) -> Caller {
        Caller::of(&self.inner.domain, authority)
    }

    /// Draws what a call needs from outside, once.
    fn draw(&self) -> Result<Call, RuntimeError> {
        let now = self.inner.clock.now();
        Ok(Call { ids: self.inner.ids.draw(now)?, now, is_unsigned: false })
    }

    /// A later call under the same ids, at the time that it is now.
    fn call_of(&self, ids: Ids) -> Call {
        Call { ids, now: self.inner.clock.now(), is_unsigned: false }
    }
}

/// Locks. A poisoned lock is fine, because nothing unwinds while these are held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("tenant", &self.tenant)
            .field("domain", &self.inner.domain)
            .finish_non_exhaustive()
    }
}
