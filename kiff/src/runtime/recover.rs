//! Recovery: what is declared for an execution in doubt is done about it.

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

/// An execution in doubt that [`Runtime::recover`] took up.
#[non_exhaustive]
#[derive(Debug)]
pub struct Recovered {
    /// The entity.
    pub entity: EntityRef,
    /// The execution.
    pub execution_id: ExecutionId,
    /// The step that was taken.
    pub recovery: Recovery,
}

impl Recovered {
    /// True if its outcome is known now. Otherwise it is left for a person, or for a later call.
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
        /// The execution.
        doubt: Box<InDoubt>,
        /// Why: it may still land, or may not be retried.
        why: ReviewRefusal,
    },
    /// The probe or the retry could not be carried out. The other executions were taken up all the same.
    Failed(RuntimeError),
}

impl Runtime {
    /// Does for each execution in doubt of this tenant what is declared for its action, those of other processes too.
    ///
    /// It asks the [probe](Self::probe) if the action has one. Otherwise it [retries](Self::retry) the execution, if its effect
    /// is idempotent and its window is open. Otherwise it leaves the execution for a person. Another process may be running an
    /// attempt whose deadline has not passed, so such an attempt is left alone too. An execution that runs in this process
    /// is not in doubt.
    ///
    /// Recovery never starts by itself, not even when a store is opened: call it at the start of a process, or every few
    /// minutes. It takes up one execution after another, so it takes as long as all probes and executors together. The caller
    /// needs the same permission as for `probe` and `retry`. What they refuse is recorded, and is in the list; so is what
    /// failed, which does not stop the others.
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
    /// for one in recovered {
    ///     match &one.recovery {
    ///         Recovery::Left { why, .. } => println!("{} {} waits for a person: {why}", one.entity, one.execution_id),
    ///         Recovery::Failed(error) => println!("{} {}: {error}", one.entity, one.execution_id),
    ///         _ => assert!(one.is_settled()),
    ///     }
    /// }
    /// assert!(rt.in_doubt()?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the open executions cannot be read. A failure with one execution is in the list.
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

    /// `None` if the execution is not, or no longer, in doubt.
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
