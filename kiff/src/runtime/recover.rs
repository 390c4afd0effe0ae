//! Recovery: each execution in doubt is given what is declared for it.

use super::{Resolved, Runtime, RuntimeError};
use crate::{
    base::{
        actor::Authority,
        ids::{EntityRef, ExecutionId},
    },
    kernel::{
        doubt::{FindRecourse, Recourse},
        review::ReviewRefusal,
    },
    runtime::answer::{Answer, InDoubt},
    store::{Mark, MarkKind},
};

/// What came of one execution in doubt when [`Runtime::recover`] took it up.
#[non_exhaustive]
#[derive(Debug)]
pub struct Recovered {
    /// The entity.
    pub entity: EntityRef,
    /// The execution.
    pub execution_id: ExecutionId,
    /// What was done about it.
    pub recovery: Recovery,
}

impl Recovered {
    /// True if its outcome is known now. All else is for a person, or for a later call.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match &self.recovery {
            Recovery::Probed(Resolved::Settled(answer)) | Recovery::Retried(Resolved::Settled(answer)) => {
                !matches!(**answer, Answer::InDoubt(_))
            }
            _ => false,
        }
    }
}

/// What [`Runtime::recover`] did about an execution in doubt.
#[non_exhaustive]
#[derive(Debug)]
pub enum Recovery {
    /// Its action's probe was asked.
    Probed(Resolved),
    /// It was attempted again.
    Retried(Resolved),
    /// Nothing: it has no probe and may not be retried, or not yet. A person [resolves](Runtime::resolve) it, or a later
    /// call takes it up.
    Left {
        /// What is known of it.
        doubt: Box<InDoubt>,
        /// Why: it may still land, or may not be retried.
        why: ReviewRefusal,
    },
    /// It could not be carried out. The others were taken up all the same.
    Failed(RuntimeError),
}

impl Runtime {
    /// Goes through the executions of this tenant that are in doubt, also those of another process, and does about each
    /// what is declared for its action: asks the [probe](Self::probe) if it has one; or else [retries](Self::retry) it, if
    /// its effect is idempotent and its window is open; or else leaves it for a person. An attempt that may still land,
    /// because another process may be running it, is left until its deadline.
    ///
    /// Nothing of this happens by itself, and nothing runs because a store is opened: call it when it is time, at the
    /// start of a process or every few minutes. It takes up one after another, so it takes as long as all probes and
    /// executors together. What runs in this process is not in doubt, and left alone. Whoever calls it needs what
    /// `probe` and `retry` need; what they refuse is in the list, and so is what failed, which stops none of the others.
    ///
    /// ```
    /// use kiff::{Authority, Failure, Outcome, Proposal, doubt::Recovery};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The first attempt got no answer, and the contract says `Idempotent`.
    /// let rt = shop(|call| match call.attempt() {
    ///     1 => Err(Failure::unknown("no answer from the bank")),
    ///     _ => Ok(Outcome::new("paid back").emit("ORDER_REFUNDED")),
    /// })?
    /// .blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
    ///
    /// let recovered = rt.recover(&Authority::service("night-watch")?.with_roles(["lead"])?)?;
    /// assert_eq!(recovered.len(), 1);
    /// for it in recovered {
    ///     match &it.recovery {
    ///         Recovery::Left { why, .. } => println!("{} {} waits for a person: {why}", it.entity, it.execution_id),
    ///         Recovery::Failed(error) => println!("{} {}: {error}", it.entity, it.execution_id),
    ///         _ => assert!(it.is_settled()),
    ///     }
    /// }
    /// assert!(rt.in_doubt()?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the store does not say what is open. What goes wrong with one execution is in the list.
    pub async fn recover(&self, authority: &Authority) -> Result<Vec<Recovered>, RuntimeError> {
        let mut all = Vec::new();
        for open in self.open_marks(MarkKind::Execution).await? {
            let Mark::Execution(execution_id) = open.mark else { continue };
            let recovery = match self.recover_one(authority, &open.stream, execution_id).await {
                Ok(Some(recovery)) => recovery,
                Ok(None) => continue,
                Err(error) => Recovery::Failed(error),
            };
            all.push(Recovered { entity: open.stream, execution_id, recovery });
        }
        Ok(all)
    }

    /// Nothing if it is not, or no longer, in doubt.
    async fn recover_one(
        &self,
        authority: &Authority,
        entity: &EntityRef,
        execution: ExecutionId,
    ) -> Result<Option<Recovery>, RuntimeError> {
        let command = FindRecourse { execution, probed: &self.inner.probes };
        let recourse = self.transact(&command, &mut self.draw()?).await?.reply;
        Ok(match recourse {
            None => None,
            Some(Recourse::Probe) => Some(Recovery::Probed(self.probe(authority, execution).await?)),
            Some(Recourse::Retry) => Some(Recovery::Retried(self.retry(authority, execution).await?)),
            Some(Recourse::Person { action, doubt, why }) => {
                let doubt = Box::new(InDoubt::listed(action, entity.clone(), execution, doubt));
                Some(Recovery::Left { doubt, why })
            }
        })
    }
}
