//! The settling of executions in doubt.

use super::{Running, Runtime, RuntimeError, transact::Sitting};
use crate::{
    base::{
        actor::Authority,
        ids::{ActionName, EntityRef, ExecutionId, TraceId},
    },
    kernel::{
        doubt::{Questioned, Resolution, Resolver, question, resolve, retry},
        record::Record,
        review::ReviewRefusal,
    },
    runtime::{
        answer::{Allowed, Answer, Teller},
        effect,
        probe::{DynProbe, Probed, Probing},
    },
};
use std::sync::Arc;

/// What came of a resolution, a probe or a retry.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Clone, Debug)]
#[must_use = "it may be a refusal"]
pub enum Resolved {
    /// It was carried out, and this is the answer now: [`InDoubt`](Answer::InDoubt) still, if a retry or a probe leaves
    /// it so.
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
    /// Settles an execution in doubt, on evidence. Whoever does it holds
    /// [`RESOLVE_PERMISSION`](crate::RESOLVE_PERMISSION) and is neither the requester nor its principal.
    ///
    /// ```
    /// use kiff::{Answer, Authority, Failure, Outcome, Proposal, Resolution};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The bank does not answer: nobody knows whether the money has moved.
    /// let rt = shop(|_| Err(Failure::unknown("no answer from the bank")))?.blocking();
    /// let agent = Authority::agent("bot", ["operator"]);
    /// let refund = || Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00);
    /// assert_eq!(rt.execute(&agent, refund())?.word(), "in_doubt");
    /// // Until that is settled, nothing else runs on this order.
    /// assert!(matches!(rt.execute(&agent, refund())?, Answer::Blocked(it) if it.reason == "execution_in_doubt"));
    ///
    /// // A person looks it up at the bank, for each execution in doubt.
    /// let lead = Authority::human("lee", ["lead"]);
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
        let sitting = self.sitting(authority)?;
        let entity = self.execution_place(execution).await?.stream;
        self.resolved(&sitting, &entity, execution, &resolution, evidence, None).await
    }

    async fn resolved(
        &self,
        sitting: &Sitting<'_>,
        entity: &EntityRef,
        execution: ExecutionId,
        resolution: &Resolution,
        evidence: &str,
        probe: Option<&Questioned>,
    ) -> Result<Resolved, RuntimeError> {
        let resolved = self.until_stored(sitting, entity, None, |case, _| {
            let by = Resolver { evidence, probe, ..self.resolver(sitting, execution) };
            resolve(case, execution, resolution, &by)
        });
        match resolved.await? {
            Ok((action, stored)) => settled(entity, &action, stored.records, sitting.ids.trace),
            Err(refusal) => Ok(Resolved::Refused(refusal)),
        }
    }

    /// Attempts an execution in doubt again, under the same id, if its effect was declared idempotent. The
    /// attempt is recorded before it starts.
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
    /// let agent = Authority::agent("bot", ["operator"]);
    /// rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
    ///
    /// let lead = Authority::human("lee", ["lead"]);
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
        let sitting = self.sitting(authority)?;
        let entity = self.execution_place(execution).await?.stream;
        // Before the attempt is stored: an executor that shows the receipt must not start, and then lack it.
        let receipt = self.receipt_of(execution).await?;
        let retried = self.until_stored(&sitting, &entity, None, |case, _| {
            let retried = retry(case, execution, &self.resolver(&sitting, execution));
            // From before the attempt is stored, or another call could take it for abandoned.
            retried.map(|clearance| (clearance, Running::enter(&self.inner, execution)))
        });
        match retried.await? {
            Ok(((clearance, _running), stored)) => {
                let permit = stored.permit(clearance)?;
                let answer = self.run(Allowed { permit, receipt, trace_id: sitting.ids.trace }).await?;
                Ok(Resolved::Settled(Box::new(answer)))
            }
            Err(refusal) => Ok(Resolved::Refused(refusal)),
        }
    }

    /// Asks the action's probe what became of an execution in doubt, and settles it if the probe knows. Whoever does it
    /// holds [`RESOLVE_PERMISSION`](crate::RESOLVE_PERMISSION) and is neither the requester nor its principal.
    ///
    /// Nothing holds the entity while the probe is asked; what it says counts only if it still does by then. That the
    /// effect happened counts at once, that it did not only if the attempt could no longer land when the probe was asked
    /// (`execution_still_running` before). A probe that cannot say, fails, panics or gives no answer in time leaves the
    /// execution in doubt, and nothing is recorded.
    ///
    /// ```
    /// use kiff::{Authority, Failure, Outcome, Probed, Probing, Proposal, Runtime};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let domain = shop(|_| Err(Failure::unknown("no answer from the bank")))?.domain().clone();
    /// // The bank keeps payments under the execution's id.
    /// let ask_the_bank = |asked: &Probing| {
    ///     let paid = Outcome::new(format!("payment {}", asked.execution_id)).emit("ORDER_REFUNDED");
    ///     Ok(Probed::Applied(paid))
    /// };
    /// let rt = Runtime::builder(domain).probe("REFUND_ORDER", ask_the_bank).build()?.blocking();
    /// # let source = Authority::service("stripe");
    /// # for (id, event) in [("evt_1", "ORDER_PLACED"), ("evt_2", "ORDER_PAID")] {
    /// #     rt.ingest(&source, "order:1", kiff::NewEvent::new(id, event))?.accepted()?;
    /// # }
    /// let agent = Authority::agent("bot", ["operator"]);
    /// rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
    ///
    /// let lead = Authority::human("lee", ["lead"]);
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
        let sitting = self.sitting(authority)?;
        let entity = self.execution_place(execution).await?.stream;
        let questioned = self.until_stored(&sitting, &entity, None, |case, _| {
            question(case, execution, &self.resolver(&sitting, execution))
        });
        let asked = match questioned.await? {
            Ok((asked, _)) => asked,
            Err(refusal) => return Ok(Resolved::Refused(refusal)),
        };
        let action = &asked.open.action;
        let probe = self.inner.probes.of(action).ok_or_else(|| RuntimeError::NoProbe { action: action.clone() })?;
        let (resolution, evidence) = match self.ask(&**probe, &entity, &asked).await? {
            Ok(Probed::Applied(outcome)) => {
                let evidence = outcome.message().to_owned();
                (Resolution::Succeeded(outcome), evidence)
            }
            Ok(Probed::NotApplied) => (Resolution::NotApplied, "the probe found no effect".to_owned()),
            Ok(Probed::Unknown) => return self.doubtful(execution, "the probe could not say".to_owned()).await,
            Err(why) => return self.doubtful(execution, why).await,
        };
        // The log may have gone on while the probe was asked, and so has the time.
        let sitting = Sitting { now: self.inner.clock.now(), ..sitting };
        self.resolved(&sitting, &entity, execution, &resolution, &evidence, Some(&asked)).await
    }

    /// Asks a probe, for no longer than an attempt of the action may take.
    async fn ask(
        &self,
        probe: &dyn DynProbe,
        entity: &EntityRef,
        asked: &Questioned,
    ) -> Result<Result<Probed, String>, RuntimeError> {
        let open = &asked.open;
        let cleared = self.clearance_of(open.execution).await?;
        let probing = Probing {
            tenant: self.tenant.clone(),
            execution_id: open.execution,
            attempt: open.attempt,
            entity: entity.clone(),
            action: open.action.clone(),
            params: cleared.proposed.params.clone(),
            requester: Arc::clone(&open.requester),
            since: open.since,
        };
        let domain = self.domain();
        let limit = domain.action(open.action.as_str()).and_then(|action| action.timeout());
        let limit = limit.unwrap_or(domain.bounds().lease);
        Ok(effect::ask(probe, &probing, limit, &*self.inner.timer).await)
    }

    /// What the log says of an execution that a probe knows nothing of: it is in doubt, or was settled meanwhile.
    async fn doubtful(&self, execution: ExecutionId, why: String) -> Result<Resolved, RuntimeError> {
        let mut answer = self.recorded_ending(execution).await?;
        if let Answer::InDoubt(it) = &mut answer {
            it.message = why;
        }
        Ok(Resolved::Settled(Box::new(answer)))
    }

    /// Whoever settles an execution, on no evidence of their own.
    fn resolver<'a>(&self, sitting: &'a Sitting<'_>, execution: ExecutionId) -> Resolver<'a> {
        let is_running = self.is_running(execution);
        Resolver { actor: sitting.actor, authority: &sitting.authority, evidence: "", is_running, probe: None }
    }
}

fn settled(
    entity: &EntityRef,
    action: &ActionName,
    records: Vec<Record>,
    trace_id: TraceId,
) -> Result<Resolved, RuntimeError> {
    let told = Teller { entity, action, receipt: None, trace_id, is_repeat: false }.ended(records);
    let what = "a resolved execution has no record";
    told.map(|answer| Resolved::Settled(Box::new(answer)))
        .ok_or_else(|| RuntimeError::Inconsistent { entity: entity.clone(), what })
}
