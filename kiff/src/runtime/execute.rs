//! A proposal's way: admit, decide, run the effect, record its end.

use super::{
    Runtime, RuntimeError, Unrecorded,
    answer::{Allowed, Answer, Decision},
    effect::{self, Spent},
    running::Running,
    transact::Transacted,
};
use crate::{
    base::{
        actor::Authority,
        ids::{ActionName, ApprovalId, EntityRef, ExecutionId, Ids, TraceId},
    },
    domain::action::{Failure, Outcome},
    evidence::receipt::Receipt,
    kernel::{
        conclusion::{Concluded, Conclusion},
        decide::{EffectBy, Propose, Resume},
        decision::{Acknowledged, Clearance, Decided, Permit},
        finish::{Ending, Finish, Finished},
        proposal::Proposal,
        record::Record,
        step::{Call, Command},
    },
};
use std::{sync::Arc, time::Duration};

impl Runtime {
    /// Decides a proposal, and runs its effect if it is cleared.
    ///
    /// The decision is recorded, and a refusal is one. The clearance is recorded before the executor starts, and the outcome
    /// after it ends. A future that is dropped in between leaves the execution in doubt, never lost.
    ///
    /// ```
    /// use kiff::{Answer, Authority, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
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
        match self.clear(&Propose { admitted: &admitted, effect_by: EffectBy::Executor }, call).await? {
            Next::Run(cleared) => self.run(cleared).await,
            Next::Answer(answer) => Ok(*answer),
        }
    }

    /// Decides a proposal whose effect the host runs itself.
    ///
    /// The decision is recorded, and a refusal is one. Only the first call under an idempotency key is
    /// [`Decision::Allowed`]: run the effect, and give its outcome to [`record_outcome`](Self::record_outcome).
    ///
    /// ```
    /// use kiff::{Authority, Decision, Outcome, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00).idempotency_key("refund-1");
    ///
    /// match rt.decide(&agent, refund.clone())? {
    ///     Decision::Allowed(allowed) => {
    ///         // Run the effect here, with `allowed.permit.execution_id()` as the provider's idempotency key.
    ///         let outcome = Outcome::new("paid back by the host").emit("ORDER_REFUNDED");
    ///         let done = rt.record_outcome(allowed.permit, Ok(outcome))?.executed()?;
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
        Ok(match self.clear(&Propose { admitted: &admitted, effect_by: EffectBy::Host }, call).await? {
            Next::Run(cleared) => Decision::Allowed(cleared.allowed),
            Next::Answer(answer) => match *answer {
                Answer::Held(held) => Decision::Held(held),
                Answer::Blocked(blocked) => Decision::Blocked(blocked),
                cleared => Decision::AlreadyCleared(Box::new(cleared)),
            },
        })
    }

    /// Records the outcome of an effect that the host ran itself.
    ///
    /// The example of [`decide`](Self::decide) shows both calls. The host reports an outcome as an executor does:
    ///
    /// ```
    /// use kiff::{Authority, Decision, Failure, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00);
    ///
    /// if let Decision::Allowed(allowed) = rt.decide(&agent, refund)? {
    ///     let answer = rt.record_outcome(allowed.permit, Err(Failure::not_applied("the card is closed")))?;
    ///     assert_eq!(answer.word(), "failed");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError::OutcomeNotRecorded`] if the outcome could not be recorded. The error has it.
    pub async fn record_outcome(
        &self,
        permit: Permit,
        result: Result<Outcome, Failure>,
    ) -> Result<Answer, RuntimeError> {
        // The outcome belongs in the log that has the clearance, whichever tenant this handle is for.
        let own = Self { inner: Arc::clone(&self.inner), tenant: permit.cleared.tenant.clone() };
        let call = own.call_of(permit.cleared.ids);
        own.finish(Spent(permit), Ending::from(result), None, call).await
    }

    /// Runs the stored proposal of an approval that has been granted.
    ///
    /// It runs for the requester that the log names, and anybody may resume it. Every check is made again, and a refusal is
    /// recorded. An approval that still waits for its reviewers is answered as [`Answer::Held`], and nothing is recorded.
    ///
    /// ```
    /// use kiff::{Answer, Authority, Proposal, review::ApprovalState};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// let answer = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 999_00))?;
    /// let Answer::Held(held) = answer else { return Err("not held".into()) };
    /// assert_eq!(held.quorum, 2);
    ///
    /// // Two different people must consent. A grant only records: nothing runs yet.
    /// let ann = Authority::human("ann", ["approver"])?;
    /// let status = rt.grant(&ann, held.approval_id, "the parcel is lost")?.recorded()?;
    /// assert_eq!(status.state, ApprovalState::Pending);
    /// assert!(matches!(rt.resume(held.approval_id)?, Answer::Held(held) if held.grants == 1));
    ///
    /// let bob = Authority::human("bob", ["approver"])?;
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
        match self.clear(&Resume { approval }, call).await? {
            Next::Run(cleared) => self.run(cleared).await,
            Next::Answer(answer) => Ok(*answer),
        }
    }

    /// Carries out a command that may clear an effect.
    async fn clear(&self, command: &impl Command<Reply = Decided>, mut call: Call) -> Result<Next, RuntimeError> {
        let Transacted { reply, receipt, acknowledged, running, .. } = self.transact(command, &mut call).await?;
        let answer = match reply {
            Decided::Cleared(clearance) => {
                let permit = permit(clearance, acknowledged)?;
                let allowed = Allowed { permit, receipt, trace_id: call.ids.trace };
                return Ok(Next::Run(ClearedEffect { allowed, running }));
            }
            Decided::Held(hold) => Answer::held(hold, receipt),
            Decided::Blocked(block) => Answer::blocked(block, receipt),
            Decided::Concluded(concluded) => Answer::concluded(concluded, receipt),
        };
        Ok(Next::Answer(Box::new(answer)))
    }

    /// Runs a cleared effect and records how it ended.
    pub(super) async fn run(&self, cleared: ClearedEffect) -> Result<Answer, RuntimeError> {
        let ClearedEffect { allowed: Allowed { permit, receipt, trace_id }, running } = cleared;
        let warrant = receipt.as_ref().map(|receipt| permit.warrant(receipt));
        let ids = Ids { trace: trace_id, ..permit.cleared.ids };
        let providers = &self.inner.providers;
        let timer = &*self.inner.timer;
        let now = self.inner.clock.now();
        let (spent, ending) = effect::run(permit, &self.tenant, providers, warrant.as_ref(), timer, now).await;
        let answer = self.finish(spent, ending, receipt, self.call_of(ids)).await;
        // Only now, when the outcome is recorded: a call that finds the execution not running takes it for ended.
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
            Ok(Ended::AlreadySettled(concluded, receipt)) => Ok(Answer::concluded(concluded, receipt)),
            Err(source) => Err(RuntimeError::OutcomeNotRecorded(Box::new(Unrecorded {
                execution_id: cleared.terms.execution,
                entity: entity.clone(),
                result: ending.into(),
                source: Box::new(source),
            }))),
        }
    }

    /// Records how an execution ended, with more tries than a decision gets: a decision that fails can be made again, the
    /// outcome of an effect cannot.
    async fn record_ending(&self, command: &Finish<'_>, mut call: Call) -> Result<Ended, RuntimeError> {
        let entity = &command.cleared.proposal.entity;
        let mut desk = self.own_desk();
        let mut failures = 0;
        loop {
            let tried = async {
                // The records of an append whose answer was lost may be in the log. Deciding again would take the end that they
                // record for another's.
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
                    Finished::AlreadySettled(concluded) => Ended::AlreadySettled(concluded, finished.receipt),
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

    /// The records after a sequence that one call wrote. Those of other calls may stand between them.
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
}

/// What follows a command that may clear an effect.
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart at once; a box would cost each execution an allocation"
)]
enum Next {
    Run(ClearedEffect),
    Answer(Box<Answer>),
}

/// A cleared effect. It has been marked as running since before its clearance was stored.
pub(super) struct ClearedEffect {
    pub(super) allowed: Allowed,
    pub(super) running: Option<Running>,
}

/// The result of recording an ending.
enum Ended {
    Recorded(Vec<Record>),
    /// The execution was settled before.
    AlreadySettled(Concluded, Option<Receipt>),
}

/// The conclusion in the records of an execution's end, or of its settlement.
pub(super) fn conclude(
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
pub(super) fn permit(clearance: Clearance, acknowledged: Option<Acknowledged>) -> Result<Permit, RuntimeError> {
    match acknowledged {
        Some(acknowledged) => Ok(clearance.acknowledged(acknowledged)),
        None => {
            let entity = clearance.entity().clone();
            Err(RuntimeError::Inconsistent { entity, what: "a clearance has no record" })
        }
    }
}

/// How often an ending is decided again when others change the same entity. If an entity changes more often within one
/// call, something is wrong with it, and the outcome is handed back.
const MAX_ENDING_TRIES: u32 = 10_000;
/// How often an outcome is tried again when the store fails, with a pause that grows.
const MAX_STORE_FAILURES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);
