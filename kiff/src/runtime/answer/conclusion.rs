//! The conclusions of cleared proposals.

use crate::{
    base::{
        code::Code,
        ids::{ActionName, EntityRef, ExecutionId, TraceId},
        timestamp::Timestamp,
    },
    evidence::receipt::Receipt,
    kernel::conclusion::Doubt,
    value::Value,
};

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
    /// The executor's message.
    pub message: String,
    /// The effect's output, unless it was too large for the log.
    pub output: Option<Value>,
    /// Events of the executor that were not accepted, with the reasons. If there are any, the entity is flagged.
    pub rejected_events: Vec<(String, Code)>,
    /// The receipt of the clearance, if the runtime has a signer.
    pub receipt: Option<Receipt>,
    /// The call that cleared it.
    pub trace_id: TraceId,
    /// True if this is the recorded answer to an earlier call.
    pub is_repeat: bool,
}

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
    /// The executor's message.
    pub message: String,
    /// The receipt of the clearance, if the runtime has a signer.
    pub receipt: Option<Receipt>,
    /// The call that cleared it.
    pub trace_id: TraceId,
    /// True if this is the recorded answer to an earlier call.
    pub is_repeat: bool,
}

/// An execution that may or may not have had an effect: nobody knows. It blocks further effects on its entity until it is
/// settled.
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
    /// The executor's message.
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
