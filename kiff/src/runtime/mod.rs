//! The runtime: loads, asks the heart, signs, appends, runs, and records what came of it.
//!
//! It holds no rule. Read a proposal's way from [`Runtime::execute`] down.

pub(crate) mod answer;
pub(crate) mod blocking;
mod build;
pub mod clock;
mod desk;
mod doubt;
pub(crate) mod effect;
mod error;
mod ingest;
#[cfg(feature = "postgres")]
mod ingest_in;
mod keys;
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
        ids::{ActionName, ApprovalId, EntityRef, ExecutionId, Ids, TenantId, TraceId},
    },
    domain::{
        Domain,
        action::{Failure, Outcome, Providers},
    },
    evidence::receipt::{DynSigner, Receipt},
    kernel::{
        caller::Caller,
        conclusion::{Concluded, Conclusion},
        decide::{EffectBy, Propose, Resume},
        decision::{Acknowledged, Clearance, Decided, Permit},
        finish::{Ending, Finish, Finished},
        proposal::{AdmittedProposal, Proposal, admit_proposal},
        record::{Record, body::Issue},
        step::{Call, Command},
    },
    store::DynStore,
};
use answer::{Allowed, Answer, Decision};
use clock::{Clock, IdGen, Timer};
use effect::Spent;
use probe::Probes;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError},
    time::Duration,
};
use sync::{Mutex, MutexGuard};
use transact::Transacted;
use views::Views;

/// How often an outcome is decided anew when others change the same entity. An entity that changes this often within one
/// call is out of order, and the outcome is handed back.
const MAX_ENDING_TRIES: u32 = 10_000;
/// How often an outcome is tried again when the store fails, with a pause that grows.
const MAX_STORE_FAILURES: u32 = 5;
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
        let (admitted, call) = self.admit(authority, proposal)?;
        match self.decided(&Propose { admitted: &admitted, effect_by: EffectBy::Executor }, call).await? {
            Cleared::ToRun(cleared) => self.run(cleared).await,
            Cleared::Answered(answer) => Ok(*answer),
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
        let (admitted, call) = self.admit(authority, proposal)?;
        Ok(match self.decided(&Propose { admitted: &admitted, effect_by: EffectBy::Host }, call).await? {
            Cleared::ToRun(cleared) => Decision::Allowed(cleared.allowed),
            Cleared::Answered(answer) => match *answer {
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
        // The outcome belongs into the log that has the clearance, whichever tenant's handle is used.
        let own = Self { inner: Arc::clone(&self.inner), tenant: permit.cleared.tenant.clone() };
        let call = own.call_of(permit.cleared.ids);
        own.finish(Spent(permit), Ending::from(result), None, call).await
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
        let call = self.draw()?;
        match self.decided(&Resume { approval }, call).await? {
            Cleared::ToRun(cleared) => self.run(cleared).await,
            Cleared::Answered(answer) => Ok(*answer),
        }
    }

    /// Carries out a command that may clear an effect.
    async fn decided(&self, command: &impl Command<Reply = Decided>, mut call: Call) -> Result<Cleared, RuntimeError> {
        let Transacted { reply, receipt, acknowledged, running, .. } = self.transact(command, &mut call).await?;
        let answer = match reply {
            Decided::Cleared(clearance) => {
                let permit = permit(clearance, acknowledged)?;
                let allowed = Allowed { permit, receipt, trace_id: call.ids.trace };
                return Ok(Cleared::ToRun(ClearedEffect { allowed, running }));
            }
            Decided::Held(hold) => Answer::held(hold, receipt),
            Decided::Blocked(block) => Answer::blocked(block, receipt),
            Decided::Concluded(concluded) => Answer::concluded(concluded, receipt),
        };
        Ok(Cleared::Answered(Box::new(answer)))
    }

    /// Runs a cleared effect and records what came of it.
    async fn run(&self, cleared: ClearedEffect) -> Result<Answer, RuntimeError> {
        let ClearedEffect { allowed: Allowed { permit, receipt, trace_id }, running } = cleared;
        let warrant = receipt.as_ref().map(|receipt| permit.warrant(receipt));
        let ids = Ids { trace: trace_id, ..permit.cleared.ids };
        let (providers, timer) = (&self.inner.providers, &*self.inner.timer);
        let now = self.inner.clock.now();
        let (spent, ending) = effect::run(permit, &self.tenant, providers, warrant.as_ref(), timer, now).await;
        let answer = self.finish(spent, ending, receipt, self.call_of(ids)).await;
        drop(running);
        answer
    }

    /// Records how an execution ended, or hands the outcome back.
    async fn finish(
        &self,
        spent: Spent,
        ending: Ending,
        receipt: Option<Receipt>,
        call: Call,
    ) -> Result<Answer, RuntimeError> {
        let cleared = &spent.0.cleared;
        let entity = &cleared.proposal.entity;
        match self.record_ending(&Finish { cleared, ending: &ending }, call).await {
            Ok(Ended::Recorded(records)) => {
                let action = &cleared.proposal.action;
                conclude(action, entity, cleared.terms.execution, records, call.ids.trace)
                    .map(|concluded| Answer::concluded(concluded, receipt))
            }
            Ok(Ended::Before(concluded, receipt)) => Ok(Answer::concluded(concluded, receipt)),
            Err(source) => Err(RuntimeError::OutcomeNotRecorded(Box::new(Unrecorded {
                execution_id: cleared.terms.execution,
                entity: entity.clone(),
                result: ending.into(),
                source: Box::new(source),
            }))),
        }
    }

    /// Records how an execution ended. Whatever comes in between, it tries until that is done: the outcome of an effect is
    /// worth more tries than a decision is.
    async fn record_ending(&self, command: &Finish<'_>, mut call: Call) -> Result<Ended, RuntimeError> {
        let entity = &command.cleared.proposal.entity;
        let mut desk = self.own_desk();
        let mut failures = 0;
        loop {
            let tried = async {
                // The records whose answer was lost may stand in the log.
                if let Some(after) = desk.lost_after {
                    let landed = self.records_of_call(entity, after, call.ids.trace).await?;
                    if !landed.is_empty() {
                        return Ok(Ended::Recorded(landed));
                    }
                }
                call.now = self.inner.clock.now();
                let finished = self.transact_at(&mut desk, command, &mut call, MAX_ENDING_TRIES).await?;
                Ok(match finished.reply {
                    Finished::Recorded => Ended::Recorded(finished.records),
                    Finished::Before(concluded) => Ended::Before(concluded, finished.receipt),
                })
            };
            match tried.await {
                Err(RuntimeError::Store(_)) if failures < MAX_STORE_FAILURES => {
                    failures += 1;
                    self.inner.timer.sleep(PAUSE * failures).await;
                }
                ended => return ended,
            }
        }
    }

    /// The records after a sequence that one call wrote, wherever they stand among those of others.
    async fn records_of_call(
        &self,
        entity: &EntityRef,
        after: u64,
        trace: TraceId,
    ) -> Result<Vec<Record>, RuntimeError> {
        let mut records = self.stream(entity, after).await?;
        records.retain(|record| record.trace_id() == trace);
        Ok(records)
    }

    /// True if the execution runs in this process now.
    fn is_running(&self, execution: ExecutionId) -> bool {
        lock(&self.inner.running).contains_key(&execution)
    }

    /// Checks the proposal's names and parameters, and draws what the call needs from outside.
    fn admit(&self, authority: &Authority, proposal: Proposal) -> Result<(AdmittedProposal, Call), RuntimeError> {
        let call = self.draw()?;
        let caller = self.caller(authority)?;
        let admitted = admit_proposal(&self.inner.domain, &self.tenant, caller, proposal, &call.ids)?;
        Ok((admitted, call))
    }

    /// Who calls, with what the policy lets them do.
    fn caller(&self, authority: &Authority) -> Result<Caller, RuntimeError> {
        Caller::of(&self.inner.domain, authority).map_err(RuntimeError::Authority)
    }

    /// Draws what a call needs from outside, once.
    fn draw(&self) -> Result<Call, RuntimeError> {
        let now = self.inner.clock.now();
        Ok(Call { ids: self.inner.ids.draw(now)?, now, is_unsigned: false })
    }

    /// A call that needs no ids of its own.
    fn call_of(&self, ids: Ids) -> Call {
        Call { ids, now: self.inner.clock.now(), is_unsigned: false }
    }
}

/// What a command that may clear an effect has come to.
enum Cleared {
    ToRun(ClearedEffect),
    Answered(Box<Answer>),
}

/// A cleared effect, which counts as running from before its clearance was stored.
struct ClearedEffect {
    allowed: Allowed,
    running: Option<Running>,
}

/// What came of recording an ending.
enum Ended {
    Recorded(Vec<Record>),
    /// The execution was settled before.
    Before(Concluded, Option<Receipt>),
}

/// What the records of an execution's end, or of its settlement, say became of it.
fn conclude(
    action: &ActionName,
    entity: &EntityRef,
    execution: ExecutionId,
    records: Vec<Record>,
    trace: TraceId,
) -> Result<Concluded, RuntimeError> {
    let Some(conclusion) = Conclusion::of(records) else {
        let what = "an execution ended in a record of another kind";
        return Err(RuntimeError::Inconsistent { entity: entity.clone(), what });
    };
    Ok(Concluded {
        action: action.clone(),
        entity: entity.clone(),
        execution,
        conclusion,
        trace_id: trace,
        is_repeat: false,
    })
}

/// Trades a clearance and the store's acknowledgement for the right to run it.
fn permit(clearance: Clearance, acknowledged: Option<Acknowledged>) -> Result<Permit, RuntimeError> {
    match acknowledged {
        Some(acknowledged) => Ok(clearance.acknowledged(acknowledged)),
        None => {
            let entity = clearance.entity().clone();
            Err(RuntimeError::Inconsistent { entity, what: "a clearance has no record" })
        }
    }
}

/// Nothing unwinds while these locks are held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Marks an execution as running in this process, for as long as it lives.
struct Running {
    inner: Arc<Inner>,
    execution: ExecutionId,
}

impl Running {
    fn enter(inner: &Arc<Inner>, execution: ExecutionId) -> Self {
        *lock(&inner.running).entry(execution).or_default() += 1;
        Self { inner: Arc::clone(inner), execution }
    }
}

impl Drop for Running {
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
