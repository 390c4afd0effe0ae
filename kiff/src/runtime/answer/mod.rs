//! Answers: what a caller is told of a proposal.

mod json;

use crate::{
    base::{
        actor::Actor,
        code::Code,
        ids::{ActionName, ApprovalId, EntityRef, ExecutionId, TraceId},
        timestamp::Timestamp,
    },
    domain::param::Params,
    evidence::{receipt::Receipt, warrant::Warrant},
    kernel::{
        conclusion::{Concluded, Conclusion, Doubt},
        decision::{Block, Hold, Permit},
        record::CheckResult,
        refusal::Refusal,
        review::ApprovalState,
    },
    value::Value,
};
use std::{error::Error, fmt};

/// What came of a proposal. A refusal is an answer, not an error.
///
/// ```
/// use kiff::Answer;
///
/// /// What an agent is told.
/// fn tell(answer: &Answer) -> String {
///     match answer {
///         Answer::Executed(done) => done.message.clone(),
///         Answer::Held(held) => format!("waits for {} of {} reviewers: {}", held.quorum - held.grants, held.quorum, held.reason),
///         // Every failed check, with the values that were compared.
///         Answer::Blocked(blocked) => blocked.refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
///         Answer::Failed(failed) => format!("nothing was done: {}", failed.message),
///         // Not to be proposed again: somebody must look what became of it.
///         Answer::InDoubt(doubt) => format!("execution {} is in doubt: {}", doubt.execution_id, doubt.cause),
///     }
/// }
/// # use kiff::{Authority, Domain, Machine, Proposal, Runtime};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
/// # let rt = Runtime::builder(domain).build()?.blocking();
/// # let agent = Authority::agent("bot", [""; 0]);
///
/// let answer = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1"))?;
/// assert_eq!(tell(&answer), "there is no action `REFUND_ORDER` on `order:1`");
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

/// What was decided for an effect that the host runs itself.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Debug)]
#[must_use = "it may be a refusal, or a permit to be settled"]
pub enum Decision {
    /// Cleared, this once. Run the effect and [`settle`](crate::Runtime::settle) it.
    Allowed(Allowed),
    /// The same idempotency key was cleared before: do not run the effect again.
    AlreadyCleared(Box<Answer>),
    /// It waits for its reviewers.
    Held(Held),
    /// It was refused.
    Blocked(Blocked),
}

/// A clearance for an effect that the host runs itself.
#[non_exhaustive]
#[derive(Debug)]
pub struct Allowed {
    /// The right to run the effect, once.
    pub permit: Permit,
    /// The receipt, if the runtime has a signer.
    pub receipt: Option<Receipt>,
    /// The call that it belongs to.
    pub trace_id: TraceId,
}

impl Allowed {
    /// What to show to a service that acts only on what was cleared; nothing without a signer.
    #[must_use]
    pub fn warrant(&self) -> Option<Warrant> {
        self.receipt.as_ref().map(|receipt| self.permit.warrant(receipt))
    }
}

impl Permit {
    /// The clearance as it is shown to others.
    pub(crate) fn warrant(&self, receipt: &Receipt) -> Warrant {
        let proposal = &self.cleared.proposal;
        Warrant::new(receipt.clone(), proposal.salt, Actor::clone(&proposal.actor))
    }
}

/// An effect that happened.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Executed {
    /// The action.
    pub action: ActionName,
    /// The entity.
    pub entity: EntityRef,
    /// The execution.
    pub execution_id: ExecutionId,
    /// What the executor said.
    pub message: String,
    /// What the effect returned, unless it was too large for the log.
    pub output: Option<Value>,
    /// Events of the executor that were not accepted, with the reason. The entity is flagged then.
    pub rejected_events: Vec<(String, Code)>,
    /// The receipt of the clearance, if the runtime has a signer.
    pub receipt: Option<Receipt>,
    /// The call that cleared it.
    pub trace_id: TraceId,
    /// True if this is the recorded answer to an earlier call.
    pub is_repeat: bool,
}

/// A proposal that waits for its reviewers.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Held {
    /// The action.
    pub action: ActionName,
    /// The entity.
    pub entity: EntityRef,
    /// The approval to grant, and then to resume or to repeat the call with.
    pub approval_id: ApprovalId,
    /// Why it is held: the policy's name, or `approval_required`.
    pub reason: Code,
    /// Pending, or granted if enough reviewers have consented and it waits only to be used.
    pub state: ApprovalState,
    /// How many have consented.
    pub grants: u32,
    /// How many must.
    pub quorum: u32,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Denied approvals of the same action on this entity, with their parameters.
    pub earlier_denials: Vec<(ApprovalId, Params)>,
    /// The receipt, if the runtime has a signer and this call opened the approval.
    pub receipt: Option<Receipt>,
    /// The call that it belongs to.
    pub trace_id: TraceId,
    /// True if this call opened nothing: the same request was held before.
    pub is_repeat: bool,
}

/// A refused proposal. Also an [`Error`], so that `?` works at the edge of a program.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Blocked {
    /// The action that was asked for.
    pub action: ActionName,
    /// The entity that was asked about.
    pub entity: EntityRef,
    /// The reason code: the first check that failed.
    pub reason: Code,
    /// Every failed check with the values that were compared, the reason first. Empty for a recorded
    /// answer: the log keeps no values.
    pub refusals: Vec<Refusal>,
    /// Every check by name, in the order in which they were asked.
    pub checks: Vec<(Code, CheckResult)>,
    /// The approval that was named, if one was.
    pub approval_id: Option<ApprovalId>,
    /// False if refusals of this actor are no longer recorded one by one.
    pub is_recorded: bool,
    /// The receipt, if the runtime has a signer and the refusal is recorded.
    pub receipt: Option<Receipt>,
    /// The call that it belongs to.
    pub trace_id: TraceId,
    /// True if this is the recorded answer to an earlier call.
    pub is_repeat: bool,
}

impl Blocked {
    /// The refusal that gave the reason, if the values are known.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusals.first()
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refusal() {
            Some(refusal) => write!(f, "action `{}` is blocked: {refusal}", self.action),
            None => write!(f, "action `{}` is blocked: {}", self.action, self.reason),
        }
    }
}

impl Error for Blocked {}

/// An effect that certainly did not happen.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Failed {
    /// The action.
    pub action: ActionName,
    /// The entity.
    pub entity: EntityRef,
    /// The execution.
    pub execution_id: ExecutionId,
    /// What the executor said.
    pub message: String,
    /// The receipt of the clearance, if the runtime has a signer.
    pub receipt: Option<Receipt>,
    /// The call that cleared it.
    pub trace_id: TraceId,
    /// True if this is the recorded answer to an earlier call.
    pub is_repeat: bool,
}

/// An execution of which nobody knows whether it had an effect. It blocks further effects on its entity
/// until it is settled.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct InDoubt {
    /// The action.
    pub action: ActionName,
    /// The entity.
    pub entity: EntityRef,
    /// The execution.
    pub execution_id: ExecutionId,
    /// Which attempt: 1 for the first.
    pub attempt: u32,
    /// Why nobody knows: `error`, `panicked`, `timed_out`, `outcome_conflict`; `running` if it runs in this
    /// process now; `unfinished` if it was cleared and no outcome was recorded.
    pub cause: Code,
    /// What the executor said.
    pub message: String,
    /// When it was cleared, or came into doubt again.
    pub since: Timestamp,
    /// When the attempt counts as abandoned, if the contract says so.
    pub deadline: Option<Timestamp>,
    /// The receipt of the clearance, if the runtime has a signer and this call cleared it.
    pub receipt: Option<Receipt>,
    /// The call that cleared it, where it is known.
    pub trace_id: Option<TraceId>,
    /// True if this is the recorded answer to an earlier call.
    pub is_repeat: bool,
}

impl InDoubt {
    /// An execution that is open in the log, for lists of what is in doubt.
    pub(crate) fn listed(action: ActionName, entity: EntityRef, execution_id: ExecutionId, doubt: Doubt) -> Self {
        let Doubt { attempt, cause, message, since, deadline } = doubt;
        Self {
            action,
            entity,
            execution_id,
            attempt,
            cause,
            message,
            since,
            deadline,
            receipt: None,
            trace_id: None,
            is_repeat: true,
        }
    }
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
            Self::Executed(it) => it.receipt.as_ref(),
            Self::Held(it) => it.receipt.as_ref(),
            Self::Blocked(it) => it.receipt.as_ref(),
            Self::Failed(it) => it.receipt.as_ref(),
            Self::InDoubt(it) => it.receipt.as_ref(),
        }
    }

    /// The entity that was asked about.
    #[must_use]
    pub fn entity(&self) -> &EntityRef {
        match self {
            Self::Executed(it) => &it.entity,
            Self::Held(it) => &it.entity,
            Self::Blocked(it) => &it.entity,
            Self::Failed(it) => &it.entity,
            Self::InDoubt(it) => &it.entity,
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

    /// The outcome, or the refusal as an error. Everything but [`Answer::Executed`] is one.
    ///
    /// # Errors
    /// [`NotExecuted`] with the answer.
    pub fn executed(self) -> Result<Executed, NotExecuted> {
        match self {
            Self::Executed(it) => Ok(it),
            other => Err(NotExecuted(Box::new(other))),
        }
    }
}

/// An answer other than an execution, as an error.
#[derive(Clone, Debug)]
pub struct NotExecuted(Box<Answer>);

impl NotExecuted {
    /// The answer.
    pub fn answer(&self) -> &Answer {
        &self.0
    }

    /// The answer, out of the error.
    pub fn into_answer(self) -> Answer {
        *self.0
    }
}

impl fmt::Display for NotExecuted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Answer::Executed(it) => write!(f, "action `{}` was executed", it.action),
            Answer::Held(it) => write!(f, "action `{}` requires approval `{}`", it.action, it.approval_id),
            Answer::Blocked(it) => fmt::Display::fmt(it, f),
            Answer::Failed(it) => write!(f, "action `{}` failed without effect: {}", it.action, it.message),
            Answer::InDoubt(it) => write!(f, "action `{}` is in doubt ({}): {}", it.action, it.cause, it.message),
        }
    }
}

impl Error for NotExecuted {}
