//! Settling executions in doubt.

use super::{
    Runtime, RuntimeError, effect,
    execute::{ClearedEffect, conclude, permit},
    transact::Transacted,
};
use crate::{
    base::{actor::Authority, ids::ExecutionId},
    kernel::{
        doubt::{Inquire, Inquiry, Resolution, Resolve, RetryExecution},
        recall::Recall,
        review::ReviewRefusal,
        step::Call,
    },
    runtime::{
        answer::{Allowed, Answer},
        probe::{DynProbe, Probed, Probing},
    },
};
use std::sync::Arc;

/// The answer to a resolution, a probe or a retry.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Clone, Debug)]
#[must_use = "it may be a refusal"]
pub enum Resolved {
    /// It was carried out, and this is the answer now. It is still [`InDoubt`](Answer::InDoubt) if the retry or the probe
    /// gave no outcome.
    Settled(Box<Answer>),
    /// It was refused, and that is recorded.
    Refused(ReviewRefusal),
}

impl Resolved {
    /// The answer, or the refusal as an error.
    ///
    /// # Errors
    /// [`ReviewRefusal`] if it was refused.
    pub fn settled(self) -> Result<Answer, ReviewRefusal> {
        match self {
            Self::Settled(answer) => Ok(*answer),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

impl Runtime {
    /// Settles an execution in doubt, on evidence.
    ///
    /// The caller must hold [`RESOLVE_PERMISSION`](crate::doubt::RESOLVE_PERMISSION), and be neither the requester nor its
    /// principal nor an agent. The resolution is recorded with its evidence, and so is a refusal.
    ///
    /// ```
    /// use kiff::{Answer, Authority, Failure, Outcome, Proposal, doubt::Resolution};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The bank does not answer: nobody knows whether the money has moved.
    /// let rt = shop(|_| Err(Failure::unknown("no answer from the bank")))?.blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// let refund = || Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00);
    /// assert_eq!(rt.execute(&agent, refund())?.word(), "in_doubt");
    /// // Until that is settled, nothing else runs on this order.
    /// assert!(matches!(rt.execute(&agent, refund())?, Answer::Blocked(blocked) if blocked.reason == "execution_in_doubt"));
    ///
    /// // A person looks it up at the bank, for each execution in doubt.
    /// let lead = Authority::human("lee", ["lead"])?;
    /// for doubt in rt.in_doubt()? {
    ///     let happened = Resolution::Succeeded(Outcome::new("paid back").emit("ORDER_REFUNDED"));
    ///     let answer = rt.resolve(&lead, doubt.execution_id, happened, "bank statement 4711")?.settled()?;
    ///     assert_eq!(answer.word(), "executed");
    /// }
    /// assert!(rt.in_doubt()?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Resolved`].
    pub async fn resolve(
        &self,
        authority: &Authority,
        execution: ExecutionId,
        resolution: Resolution,
        evidence: &str,
    ) -> Result<Resolved, RuntimeError> {
        let by = self.caller(authority);
        let command = Resolve { execution, resolution: &resolution, by: &by, evidence, inquiry: None };
        self.settle_doubt(&command, self.draw()?).await
    }

    async fn settle_doubt(&self, command: &Resolve<'_>, mut call: Call) -> Result<Resolved, RuntimeError> {
        let Transacted { reply, records, .. } = self.transact(command, &mut call).await?;
        match reply {
            Ok(settled) => {
                let trace = call.ids.trace;
                let concluded = conclude(&settled.action, &settled.entity, command.execution, records, trace)?;
                Ok(Resolved::Settled(Box::new(Answer::concluded(concluded, None))))
            }
            Err(refusal) => Ok(Resolved::Refused(refusal)),
        }
    }

    /// Attempts an execution in doubt again, under the same id, if its effect was declared idempotent.
    ///
    /// The caller must be one who may [`resolve`](Self::resolve) it. The attempt is recorded before it starts, and so is a
    /// refusal.
    ///
    /// ```
    /// use kiff::{Authority, Failure, Outcome, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The contract says `Idempotent`: the bank knows the execution's id and pays once.
    /// let rt = shop(|call| match call.attempt() {
    ///     1 => Err(Failure::unknown("no answer from the bank")),
    ///     _ => Ok(Outcome::new("paid back").emit("ORDER_REFUNDED")),
    /// })?
    /// .blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
    ///
    /// let lead = Authority::human("lee", ["lead"])?;
    /// for doubt in rt.in_doubt()? {
    ///     let done = rt.retry(&lead, doubt.execution_id)?.settled()?.executed()?;
    ///     assert_eq!(done.execution_id, doubt.execution_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Resolved`].
    pub async fn retry(&self, authority: &Authority, execution: ExecutionId) -> Result<Resolved, RuntimeError> {
        let by = self.caller(authority);
        let mut call = self.draw()?;
        let command = RetryExecution { execution, by: &by };
        let Transacted { reply, receipt, acknowledged, running, .. } = self.transact(&command, &mut call).await?;
        match reply {
            Ok(clearance) => {
                let permit = permit(clearance, acknowledged)?;
                let allowed = Allowed { permit, receipt, trace_id: call.ids.trace };
                let answer = self.run(ClearedEffect { allowed, running }).await?;
                Ok(Resolved::Settled(Box::new(answer)))
            }
            Err(refusal) => Ok(Resolved::Refused(refusal)),
        }
    }

    /// Asks the action's probe what became of an execution in doubt, and settles the execution if the probe knows.
    ///
    /// The caller must be one who may [`resolve`](Self::resolve) it. The settlement is recorded, and so is a refusal. A probe
    /// that cannot say, fails, panics or does not answer in time leaves the execution in doubt, and nothing is recorded.
    ///
    /// Nothing locks the entity while the probe runs, so its answer is checked against the log as it is afterwards. 'Applied'
    /// is accepted at once. 'Not applied' is accepted only if the deadline had passed when the probe was called, and is refused
    /// as `execution_still_running` otherwise.
    ///
    /// ```
    /// use kiff::{Authority, Failure, Outcome, Proposal, Runtime, doubt::{Probed, Probing}};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let domain = shop(|_| Err(Failure::unknown("no answer from the bank")))?.domain().clone();
    /// // The bank keeps payments under the execution's id.
    /// let ask_the_bank = |asked: &Probing| {
    ///     let paid = Outcome::new(format!("payment {}", asked.execution_id)).emit("ORDER_REFUNDED");
    ///     Ok(Probed::Applied(paid))
    /// };
    /// let rt = Runtime::builder(domain).probe("REFUND_ORDER", ask_the_bank).build()?.blocking();
    /// # let source = Authority::service("stripe")?;
    /// # for (id, event) in [("evt_1", "ORDER_PLACED"), ("evt_2", "ORDER_PAID")] {
    /// #     rt.ingest(&source, "order:1", kiff::NewEvent::new(id, event))?.accepted()?;
    /// # }
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
    ///
    /// let lead = Authority::human("lee", ["lead"])?;
    /// for doubt in rt.in_doubt()? {
    ///     let done = rt.probe(&lead, doubt.execution_id)?.settled()?.executed()?;
    ///     assert_eq!(done.message, format!("probed as succeeded: payment {}", doubt.execution_id));
    /// }
    /// assert!(rt.in_doubt()?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError::NoProbe`] if the action has none here; otherwise [`RuntimeError`] if the call could not be carried
    /// out. A refusal is a [`Resolved`].
    pub async fn probe(&self, authority: &Authority, execution: ExecutionId) -> Result<Resolved, RuntimeError> {
        let by = self.caller(authority);
        let mut call = self.draw()?;
        let inquiry = match self.transact(&Inquire { execution, by: &by }, &mut call).await?.reply {
            Ok(inquiry) => inquiry,
            Err(refusal) => return Ok(Resolved::Refused(refusal)),
        };
        let action = &inquiry.open.action;
        let probe = self.inner.probes.of(action).ok_or_else(|| RuntimeError::NoProbe { action: action.clone() })?;
        let (resolution, evidence) = match self.ask(&**probe, &inquiry).await {
            Ok(Probed::Applied(outcome)) => {
                let evidence = outcome.message().to_owned();
                (Resolution::Succeeded(outcome), evidence)
            }
            Ok(Probed::NotApplied) => (Resolution::NotApplied, "the probe found no effect".to_owned()),
            Ok(Probed::Unknown) => return self.still_in_doubt(execution, "the probe could not say".to_owned()).await,
            Err(why) => return self.still_in_doubt(execution, why).await,
        };
        let command =
            Resolve { execution, resolution: &resolution, by: &by, evidence: &evidence, inquiry: Some(&inquiry) };
        // The settlement has the time at which the probe has answered, because the probe may have taken a while.
        self.settle_doubt(&command, self.call_of(call.ids)).await
    }

    /// Asks a probe, for at most as long as an attempt of the action may take.
    async fn ask(&self, probe: &dyn DynProbe, inquiry: &Inquiry) -> Result<Probed, String> {
        let open = &inquiry.open;
        let probing = Probing {
            tenant: self.tenant.clone(),
            execution_id: open.execution,
            attempt: open.attempt,
            entity: inquiry.entity.clone(),
            action: open.action.clone(),
            params: inquiry.proposal.params.clone(),
            requester: Arc::clone(&open.requester),
            since: open.since,
        };
        let domain = self.domain();
        let limit = domain.action(open.action.as_str()).and_then(|action| action.timeout());
        effect::ask(probe, &probing, limit.unwrap_or(domain.bounds().lease), &*self.inner.timer).await
    }

    /// The conclusion of an execution that the probe knows nothing of. It is in doubt, or was settled while the probe ran.
    async fn still_in_doubt(&self, execution: ExecutionId, why: String) -> Result<Resolved, RuntimeError> {
        let recalled = self.transact(&Recall { execution }, &mut self.draw()?).await?;
        let mut answer = Answer::concluded(recalled.reply, recalled.receipt);
        if let Answer::InDoubt(doubt) = &mut answer {
            doubt.message = why;
        }
        Ok(Resolved::Settled(Box::new(answer)))
    }
}
