//! The conclusion of an execution, read from the records of its end.

use super::{
    record::{
        Record,
        body::{Body, ExecutionTerms, Reported, Resolved},
    },
    view::OpenExecution,
};
use crate::{
    base::{
        code::Code,
        ids::{ActionName, EntityRef, ExecutionId, TraceId},
        timestamp::Timestamp,
    },
    value::Value,
};

/// An execution with its conclusion.
#[derive(Clone, Debug)]
pub(crate) struct Concluded {
    pub(crate) action: ActionName,
    pub(crate) entity: EntityRef,
    pub(crate) execution: ExecutionId,
    pub(crate) conclusion: Conclusion,
    /// The call that cleared or settled it.
    pub(crate) trace_id: TraceId,
    /// True if it is the answer to an earlier call.
    pub(crate) is_repeat: bool,
}

/// What became of an execution, as the log has it.
#[derive(Clone, Debug)]
pub(crate) enum Conclusion {
    /// The effect happened.
    Executed {
        message: String,
        output: Option<Value>,
        /// Events of the executor that were not accepted, with the reasons.
        rejected_events: Vec<(String, Code)>,
    },
    /// Certainly nothing happened.
    Failed { message: String },
    /// Nobody knows.
    InDoubt(Doubt),
}

/// Why nobody knows what became of an execution.
#[derive(Clone, Debug)]
pub(crate) struct Doubt {
    pub(crate) attempt: u32,
    pub(crate) cause: Code,
    pub(crate) message: String,
    /// When it was cleared, or came into doubt again.
    pub(crate) since: Timestamp,
    pub(crate) deadline: Option<Timestamp>,
}

impl Conclusion {
    /// Reads the records of an execution's end, or of its settlement: the first says how it ended, the others are those of
    /// its events. `None` if the first is not an end.
    pub(crate) fn of(records: impl IntoIterator<Item = Record>) -> Option<Self> {
        let mut records = records.into_iter();
        let end = records.next()?;
        let at = end.recorded_at();
        Some(match end.body {
            Body::ActionExecuted(done) => Self::executed(done.message.into_text(), done.output, records),
            Body::ExecutionResolved(resolved) if resolved.result == *"succeeded" => {
                Self::executed(resolved_message(&resolved), resolved.output, records)
            }
            Body::ExecutionResolved(resolved) => Self::Failed { message: resolved_message(&resolved) },
            Body::ActionFailed(end) => Self::Failed { message: end.message.into_text() },
            Body::ActionUnknown(end) => Self::in_doubt(end.attempt, end.cause, end.message.into_text(), at),
            Body::OutcomeConflict(end) => {
                Self::in_doubt(end.attempt, Code::fixed("outcome_conflict"), end.message.into_text(), at)
            }
            _ => return None,
        })
    }

    fn executed(message: String, output: Option<Reported>, rest: impl Iterator<Item = Record>) -> Self {
        let rejected = |record: Record| match record.body {
            Body::EventRejected(event) => Some((event.event_type, event.reason)),
            _ => None,
        };
        let rejected_events = rest.filter_map(rejected).collect();
        Self::Executed { message, output: output.and_then(Reported::into_whole), rejected_events }
    }

    fn in_doubt(attempt: u32, cause: Code, message: String, since: Timestamp) -> Self {
        Self::InDoubt(Doubt { attempt, cause, message, since, deadline: None })
    }
}

impl Doubt {
    /// The doubt about an execution that is open in its view.
    pub(crate) fn of_open(open: &OpenExecution, is_running: bool) -> Self {
        Self {
            attempt: open.attempt,
            cause: open.doubt.clone().unwrap_or_else(|| unfinished(is_running)),
            message: String::new(),
            since: open.since,
            deadline: open.deadline,
        }
    }

    /// The doubt about an execution that has no record but its clearance.
    pub(crate) fn of_clearance(clearance: &Record, terms: ExecutionTerms, is_running: bool) -> Self {
        Self {
            attempt: terms.attempt,
            cause: unfinished(is_running),
            message: String::new(),
            since: clearance.recorded_at(),
            deadline: terms.deadline,
        }
    }
}

fn resolved_message(resolved: &Resolved) -> String {
    format!("{} as {}: {}", resolved.word(), resolved.result, resolved.evidence)
}

/// Why nobody knows the outcome of an execution that has not ended.
fn unfinished(is_running: bool) -> Code {
    Code::fixed(if is_running { "running" } else { "unfinished" })
}
