//! The answer to a proposal.

use super::{
    conclusion::{Executed, Failed, InDoubt},
    refusal::{Blocked, Held},
};
use crate::{
    base::{debug::debug_as_display, ids::EntityRef},
    evidence::receipt::Receipt,
    kernel::{
        conclusion::{Concluded, Conclusion},
        decision::{Block, Hold},
        review::ApprovalState,
    },
};
use std::{error::Error, fmt};

/// The answer to a proposal. A refusal is an answer, not an error.
///
/// ```
/// use kiff::Answer;
///
/// /// The answer in words for an agent.
/// fn reply(answer: &Answer) -> String {
///     match answer {
///         Answer::Executed(done) => done.message.clone(),
///         Answer::Held(held) => format!("waits for {} of {} reviewers: {}", held.quorum - held.grants, held.quorum, held.reason),
///         // Every failed check, with the values that were compared.
///         Answer::Blocked(blocked) => blocked.refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
///         Answer::Failed(failed) => format!("nothing was done: {}", failed.message),
///         // Do not propose it again: somebody must find out what became of it.
///         Answer::InDoubt(doubt) => format!("execution {} is in doubt: {}", doubt.execution_id, doubt.cause),
///     }
/// }
/// # use kiff::{Authority, Domain, Proposal, Runtime, domain::Machine};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
/// # let rt = Runtime::builder(domain).build()?.blocking();
/// # let agent = Authority::agent("bot", [""; 0])?;
///
/// let answer = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1"))?;
/// assert_eq!(reply(&answer), "there is no action `REFUND_ORDER` on `order:1`");
/// # Ok(())
/// # }
/// ```
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Clone, Debug)]
#[must_use = "it may be a refusal"]
pub enum Answer {
    /// It was cleared, and the effect happened.
    Executed(Executed),
    /// It waits for its reviewers.
    Held(Held),
    /// It was refused, and nothing ran.
    Blocked(Blocked),
    /// It was cleared, and certainly had no effect.
    Failed(Failed),
    /// It was cleared, and nobody knows yet whether it had an effect.
    InDoubt(InDoubt),
}

impl Answer {
    pub(crate) fn held(hold: Hold, receipt: Option<Receipt>) -> Self {
        let Hold { approval, denials, trace_id, is_repeat } = hold;
        Self::Held(Held {
            action: approval.proposed.action.clone(),
            entity: approval.proposed.entity.clone(),
            approval_id: approval.id,
            reason: approval.ruling.reason.clone(),
            state: if approval.complete { ApprovalState::Granted } else { ApprovalState::Pending },
            grants: approval.grant_count(),
            quorum: approval.quorum(),
            expires_at: approval.expires_at(),
            earlier_denials: denials,
            receipt,
            trace_id,
            is_repeat,
        })
    }

    pub(crate) fn blocked(block: Block, receipt: Option<Receipt>) -> Self {
        let Block { action, entity, reason, refusals, checks, approval, is_recorded, trace_id, is_repeat } = block;
        let approval_id = approval;
        Self::Blocked(Blocked {
            action,
            entity,
            reason,
            refusals,
            checks,
            approval_id,
            is_recorded,
            receipt,
            trace_id,
            is_repeat,
        })
    }

    pub(crate) fn concluded(concluded: Concluded, receipt: Option<Receipt>) -> Self {
        let Concluded { action, entity, execution: execution_id, conclusion, trace_id, is_repeat } = concluded;
        match conclusion {
            Conclusion::Executed { message, output, rejected_events } => Self::Executed(Executed {
                action,
                entity,
                execution_id,
                message,
                output,
                rejected_events,
                receipt,
                trace_id,
                is_repeat,
            }),
            Conclusion::Failed { message } => {
                Self::Failed(Failed { action, entity, execution_id, message, receipt, trace_id, is_repeat })
            }
            Conclusion::InDoubt(doubt) => Self::InDoubt(InDoubt {
                action,
                entity,
                execution_id,
                attempt: doubt.attempt,
                cause: doubt.cause,
                message: doubt.message,
                since: doubt.since,
                deadline: doubt.deadline,
                receipt,
                trace_id: Some(trace_id),
                is_repeat,
            }),
        }
    }

    /// The receipt, if there is one.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        match self {
            Self::Executed(executed) => executed.receipt.as_ref(),
            Self::Held(held) => held.receipt.as_ref(),
            Self::Blocked(blocked) => blocked.receipt.as_ref(),
            Self::Failed(failed) => failed.receipt.as_ref(),
            Self::InDoubt(doubt) => doubt.receipt.as_ref(),
        }
    }

    /// The entity that was asked about.
    #[must_use]
    pub fn entity(&self) -> &EntityRef {
        match self {
            Self::Executed(executed) => &executed.entity,
            Self::Held(held) => &held.entity,
            Self::Blocked(blocked) => &blocked.entity,
            Self::Failed(failed) => &failed.entity,
            Self::InDoubt(doubt) => &doubt.entity,
        }
    }

    /// The answer in one word: `executed`, `held`, `blocked`, `failed` or `in_doubt`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Executed(_) => "executed",
            Self::Held(_) => "held",
            Self::Blocked(_) => "blocked",
            Self::Failed(_) => "failed",
            Self::InDoubt(_) => "in_doubt",
        }
    }

    /// The execution; every other answer is returned as an error, for `?`.
    ///
    /// # Errors
    /// [`NotExecuted`] with the answer.
    pub fn executed(self) -> Result<Executed, NotExecuted> {
        match self {
            Self::Executed(executed) => Ok(executed),
            other => Err(NotExecuted(Box::new(other))),
        }
    }
}

/// An answer other than an execution, as an error.
#[derive(Clone)]
pub struct NotExecuted(Box<Answer>);

impl NotExecuted {
    /// The answer.
    pub fn answer(&self) -> &Answer {
        &self.0
    }

    /// The answer, by value.
    pub fn into_answer(self) -> Answer {
        *self.0
    }
}

impl fmt::Display for NotExecuted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Answer::Executed(done) => write!(f, "action `{}` was executed", done.action),
            Answer::Held(held) => write!(f, "action `{}` requires approval `{}`", held.action, held.approval_id),
            Answer::Blocked(blocked) => fmt::Display::fmt(blocked, f),
            Answer::Failed(failed) => write!(f, "action `{}` failed without effect: {}", failed.action, failed.message),
            Answer::InDoubt(doubt) => {
                write!(f, "action `{}` is in doubt ({}): {}", doubt.action, doubt.cause, doubt.message)
            }
        }
    }
}

impl Error for NotExecuted {}

debug_as_display!(NotExecuted);
