//! The runtime: loads, asks the heart, signs, appends, runs, and records what came of it.
//!
//! It holds no rule. Read a proposal's way from [`Runtime::execute`] down.

pub(crate) mod answer;
pub(crate) mod blocking;
mod build;
pub mod clock;
mod commit;
mod doubt;
pub(crate) mod effect;
mod error;
mod ingest;
#[cfg(feature = "postgres")]
mod ingest_in;
mod keys;
mod lookup;
pub(crate) mod probe;
mod read;
mod recover;
mod review;
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
pub use read::{EntityState, Explanation, Rebuild};
pub use recover::{Recovered, Recovery};
pub use review::{ApprovalStatus, Review};
pub use subscription::{Logged, Subscription, SubscriptionError};

use crate::{
    base::{
        actor::Authority,
        code::Code,
        ids::{ActorId, ApprovalId, EntityRef, ExecutionId, Ids, TenantId, TraceId},
        timestamp::Timestamp,
    },
    domain::{
        Domain,
        action::{Failure, Outcome, Providers},
    },
    evidence::receipt::{DynSigner, Receipt},
    kernel::{
        decision::{Cleared, Permit},
        finish::{Ending, finish},
        proposal::{Asked, Proposal, admit_proposal},
        record::{Record, body::Issue},
    },
    runtime::{
        answer::{Allowed, Answer, Decision, Teller},
        clock::{Clock, IdGen, Timer},
        effect::Spent,
        probe::Probes,
        sync::{Mutex, MutexGuard},
        views::Views,
    },
    store::DynStore,
};
use commit::Commit;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, PoisonError},
    time::Duration,
};
use transact::Ruled;

/// How often an outcome is tried again when others change the same entity. An entity that changes this
/// often within one call is out of order, and the outcome is handed back.
const MOST_ENDING_TRIES: u32 = 10_000;
/// How often an outcome is tried again when the store fails, with a pause that grows.
const MOST_STORE_FAILURES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

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
/// # is_send(&refund(shop(paid_back)?, Authority::agent("bot", ["operator"]), "1".to_owned(), 20_00));
/// // The same call where there is no async runtime.
/// let rt = shop(paid_back)?.blocking();
/// let agent = Authority::agent("bot", ["operator"]);
/// let done = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?.executed()?;
/// assert_eq!(done.message, "paid back");
/// # Ok(())
/// # }
/// ```
///
/// A framework drops a handler's future when its client disconnects, and a dropped [`execute`](Self::execute)
/// leaves its execution in doubt until a person resolves it. In a server, spawn the call on the async runtime
/// and await its handle, so that it runs to its end whoever listens:
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
    /// After how many records the next snapshot of a view is made; 0 for none.
    snapshots: u64,
    /// What runs in this process now, and how many calls say so.
    running: Mutex<BTreeMap<ExecutionId, usize>>,
    /// Refusals that were not recorded, until the actor's next decision on the entity tells their number.
    suppressed: Mutex<HashMap<(TenantId, EntityRef, ActorId), u64>>,
}

impl Runtime {
    /// Starts a runtime for a domain.
    pub fn builder(domain: Domain) -> RuntimeBuilder {
        RuntimeBuilder::new(domain)
    }

    /// The same runtime on another tenant's log.
    ///
    /// # Errors
    /// [`NameError`](crate::NameError) if the name breaks its alphabet.
    pub fn tenant(&self, tenant: impl AsRef<str>) -> Result<Self, crate::NameError> {
        Ok(Self { inner: Arc::clone(&self.inner), tenant: TenantId::new(tenant)? })
    }

    /// Where records are kept, for what reads and signs the log beside the runtime.
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

    /// The same calls without `async`, for code that has no async runtime.
    #[must_use]
    pub fn blocking(&self) -> blocking::Blocking {
        blocking::Blocking::new(self.clone())
    }

    /// Decides a proposal, and runs its effect if it is cleared.
    ///
    /// The clearance is recorded before the executor starts, the outcome after it ends. A future that is
    /// dropped in between leaves the execution in doubt, never lost.
    ///
    /// ```
    /// use kiff::{Answer, Authority, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"]);
    /// let refund = |cents: u64| Proposal::new("REFUND_ORDER", "order:1").param("cents", cents);
    ///
    /// let done = rt.execute(&agent, refund(20_00).idempotency_key("refund-1"))?.executed()?;
    /// assert_eq!(done.message, "paid back");
    ///
    /// // The same key with the same content: the recorded answer, and nothing runs.
    /// let again = rt.execute(&agent, refund(20_00).idempotency_key("refund-1"))?.executed()?;
    /// assert!(again.is_repeat);
    /// assert_eq!(again.execution_id, done.execution_id);
    ///
    /// // A refusal is an answer.
    /// let answer = rt.execute(&agent, refund(20_00))?;
    /// assert!(matches!(answer, Answer::Blocked(blocked) if blocked.reason == "state_not_allowed"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is an [`Answer`].
    pub async fn execute(&self, authority: &Authority, proposal: Proposal) -> Result<Answer, RuntimeError> {
        let (asked, ids, now) = self.admit(authority, proposal)?;
        if let Some(action) = asked.action.as_ref().filter(|action| action.executor.is_none()) {
            return Err(RuntimeError::NoExecutor { action: action.name.clone() });
        }
        // From before the clearance is stored, or another call could take it for abandoned.
        let _running = Running::enter(&self.inner, ids.execution);
        match self.ruled(&asked, &ids, now).await? {
            Ruled::Allowed(allowed) => self.run(allowed).await,
            Ruled::Answered(answer) => Ok(*answer),
        }
    }

    /// Decides a proposal whose effect the host runs itself. Only the first answer is
    /// [`Decision::Allowed`]; run the effect and give its outcome to [`settle`](Self::settle).
    ///
    /// ```
    /// use kiff::{Authority, Decision, Outcome, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"]);
    /// let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00).idempotency_key("refund-1");
    ///
    /// match rt.decide(&agent, refund.clone())? {
    ///     Decision::Allowed(allowed) => {
    ///         // Run the effect here, with `allowed.permit.execution_id()` as the provider's idempotency key.
    ///         let outcome = Outcome::new("paid back by the host").emit("ORDER_REFUNDED");
    ///         let done = rt.settle(allowed.permit, Ok(outcome))?.executed()?;
    ///         assert_eq!(done.message, "paid back by the host");
    ///     }
    ///     Decision::AlreadyCleared(answer) => println!("{} before", answer.word()),
    ///     Decision::Held(held) => println!("waits for approval {}", held.approval_id),
    ///     Decision::Blocked(blocked) => println!("{blocked}"),
    /// }
    /// assert!(matches!(rt.decide(&agent, refund)?, Decision::AlreadyCleared(answer) if answer.word() == "executed"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Decision`].
    pub async fn decide(&self, authority: &Authority, proposal: Proposal) -> Result<Decision, RuntimeError> {
        let (asked, ids, now) = self.admit(authority, proposal)?;
        Ok(match self.ruled(&asked, &ids, now).await? {
            Ruled::Allowed(allowed) => Decision::Allowed(allowed),
            Ruled::Answered(answer) => match *answer {
                Answer::Held(held) => Decision::Held(held),
                Answer::Blocked(blocked) => Decision::Blocked(blocked),
                cleared => Decision::AlreadyCleared(Box::new(cleared)),
            },
        })
    }

    /// Records the outcome of an effect that the host ran itself.
    ///
    /// The example of [`decide`](Self::decide) shows both calls. What came of the effect is said as by an executor:
    ///
    /// ```
    /// use kiff::{Authority, Decision, Failure, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"]);
    /// let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00);
    ///
    /// if let Decision::Allowed(allowed) = rt.decide(&agent, refund)? {
    ///     let answer = rt.settle(allowed.permit, Err(Failure::not_applied("the card is closed")))?;
    ///     assert_eq!(answer.word(), "failed");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError::OutcomeNotRecorded`] if it could not be recorded: the outcome is in the error.
    pub async fn settle(&self, permit: Permit, result: Result<Outcome, Failure>) -> Result<Answer, RuntimeError> {
        let trace = permit.cleared.trace;
        // The outcome belongs into the log that has the clearance, whichever tenant's handle is used.
        let own = Self { inner: Arc::clone(&self.inner), tenant: permit.cleared.tenant.clone() };
        own.record(Spent(permit), Ending::from(result), None, trace).await
    }

    /// Runs the stored proposal of an approval that has been granted, for the requester that the log
    /// names, whoever resumes it. Every check is made again.
    ///
    /// ```
    /// use kiff::{Answer, ApprovalState, Authority, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"]);
    /// let answer = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 999_00))?;
    /// let Answer::Held(held) = answer else { return Err("not held".into()) };
    /// assert_eq!(held.quorum, 2);
    ///
    /// // Two different people must consent. A grant only records: nothing runs yet.
    /// let ann = Authority::human("ann", ["approver"]);
    /// let status = rt.grant(&ann, held.approval_id, "the parcel is lost")?.recorded()?;
    /// assert_eq!(status.state, ApprovalState::Pending);
    /// assert!(matches!(rt.resume(held.approval_id)?, Answer::Held(held) if held.grants == 1));
    ///
    /// let bob = Authority::human("bob", ["approver"]);
    /// let status = rt.grant(&bob, held.approval_id, "seen the carrier's letter")?.recorded()?;
    /// assert_eq!(status.state, ApprovalState::Granted);
    /// let done = rt.resume(held.approval_id)?.executed()?;
    /// assert_eq!(done.message, "paid back");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError::ApprovalUnknown`] if the log has no such approval; otherwise as
    /// [`execute`](Self::execute).
    pub async fn resume(&self, approval: ApprovalId) -> Result<Answer, RuntimeError> {
        let (ids, now) = self.draw()?;
        let _running = Running::enter(&self.inner, ids.execution);
        match self.resumed(approval, &ids, now).await? {
            Ruled::Allowed(allowed) => self.run(allowed).await,
            Ruled::Answered(answer) => Ok(*answer),
        }
    }

    /// Runs a cleared effect and records what came of it.
    async fn run(&self, allowed: Allowed) -> Result<Answer, RuntimeError> {
        let Allowed { permit, receipt, trace_id } = allowed;
        let _running = Running::enter(&self.inner, permit.execution_id());
        let warrant = receipt.as_ref().map(|receipt| permit.warrant(receipt));
        let (providers, timer, now) = (&self.inner.providers, &*self.inner.timer, self.inner.clock.now());
        let (spent, ending) = effect::run(permit, &self.tenant, providers, warrant.as_ref(), timer, now).await;
        self.record(spent, ending, receipt, trace_id).await
    }

    /// Records how an execution ended, or hands the outcome back.
    async fn record(
        &self,
        spent: Spent,
        ending: Ending,
        receipt: Option<Receipt>,
        trace_id: TraceId,
    ) -> Result<Answer, RuntimeError> {
        let cleared = &spent.0.cleared;
        let (entity, action) = (&cleared.proposed.entity, &cleared.proposed.action);
        match self.stored_ending(cleared, &ending, trace_id).await {
            // It was settled before, and this result says nothing: what was recorded stands.
            Ok(records) if records.is_empty() => self.recorded_ending(cleared.terms.execution).await,
            Ok(records) => {
                let teller = Teller { entity, action, receipt, trace_id, is_repeat: false };
                let answer = teller.ended(records);
                let what = "an execution ended in a record of another kind";
                answer.ok_or_else(|| RuntimeError::Inconsistent { entity: entity.clone(), what })
            }
            Err(source) => Err(RuntimeError::OutcomeNotRecorded(Box::new(Unrecorded {
                execution_id: cleared.terms.execution,
                entity: entity.clone(),
                result: ending.into(),
                source: Box::new(source),
            }))),
        }
    }

    /// Stores how an execution ended. Whatever came meanwhile, it folds again and tries until that is done.
    async fn stored_ending(
        &self,
        cleared: &Cleared,
        ending: &Ending,
        trace: TraceId,
    ) -> Result<Vec<Record>, RuntimeError> {
        let entity = &cleared.proposed.entity;
        let (mut tries, mut failures) = (0, 0);
        // Where the first append was tried whose answer is lost: what stands behind it may be this outcome.
        let mut lost = None;
        loop {
            let mut tried = None;
            let stored = async {
                if let Some(after) = lost {
                    let landed = self.records_of_call(entity, after, trace).await?;
                    if !landed.is_empty() {
                        return Ok(Commit::found(landed));
                    }
                }
                let mut view = self.view(entity).await?;
                let terms = cleared.terms;
                if view.execution(terms.execution).is_none_or(|open| open.attempt != terms.attempt) {
                    self.execution_place(terms.execution).await?;
                    // The attempt may have been cleared elsewhere: a view that is behind would call its end late.
                    view = self.refresh(entity).await?;
                }
                let now = self.inner.clock.now();
                let drafts = finish(&self.inner.domain, &view, cleared, ending, now);
                tried = Some(view.head.seq);
                self.commit(view, drafts, trace, now).await
            };
            match stored.await {
                Ok(Commit::Stored(stored)) => return Ok(stored.records),
                Ok(Commit::Conflict | Commit::Unsigned) => once_more(&mut tries, MOST_ENDING_TRIES, entity)?,
                // The outcome of an effect is worth more tries than a decision is.
                Err(RuntimeError::Store(_)) if failures < MOST_STORE_FAILURES => {
                    lost = lost.or(tried);
                    failures += 1;
                    self.inner.timer.sleep(PAUSE * failures).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// True if the execution runs in this process now.
    fn is_running(&self, execution: ExecutionId) -> bool {
        lock(&self.inner.running).contains_key(&execution)
    }

    /// Checks the proposal's names and parameters and draws what the call needs from outside.
    fn admit(&self, authority: &Authority, proposal: Proposal) -> Result<(Asked, Ids, Timestamp), RuntimeError> {
        let (ids, now) = self.draw()?;
        authority.actor().map_err(RuntimeError::Authority)?;
        let asked = admit_proposal(&self.inner.domain, &self.tenant, authority, proposal, &ids)?;
        Ok((asked, ids, now))
    }

    fn draw(&self) -> Result<(Ids, Timestamp), RuntimeError> {
        let now = self.inner.clock.now();
        Ok((self.inner.ids.draw(now)?, now))
    }
}

/// Counts a try; the bound turns endless contention into an error.
fn once_more(tries: &mut u32, most: u32, entity: &EntityRef) -> Result<(), RuntimeError> {
    *tries += 1;
    if *tries > most { Err(RuntimeError::Contended { entity: entity.clone(), tries: *tries }) } else { Ok(()) }
}

/// Nothing unwinds while these locks are held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why nobody knows the outcome of an open execution.
fn cause(doubt: Option<&Code>, is_running: bool) -> Code {
    let open = if is_running { "running" } else { "unfinished" };
    doubt.cloned().unwrap_or(Code::fixed(open))
}

/// Marks an execution as running in this process, for as long as it lives.
struct Running<'a> {
    inner: &'a Inner,
    execution: ExecutionId,
}

impl<'a> Running<'a> {
    fn enter(inner: &'a Inner, execution: ExecutionId) -> Self {
        *lock(&inner.running).entry(execution).or_default() += 1;
        Self { inner, execution }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut running = lock(&self.inner.running);
        match running.get_mut(&self.execution) {
            Some(calls) if *calls > 1 => *calls -= 1,
            _ => drop(running.remove(&self.execution)),
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("tenant", &self.tenant)
            .field("domain", &self.inner.domain)
            .finish_non_exhaustive()
    }
}
