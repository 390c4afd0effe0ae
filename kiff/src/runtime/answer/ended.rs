//! How an execution ended, told from its records.

use super::{Answer, Executed, Failed, InDoubt};
use crate::{
    base::{
        code::Code,
        ids::{ActionName, EntityRef, ExecutionId, TraceId},
        timestamp::Timestamp,
    },
    evidence::receipt::Receipt,
    kernel::record::{
        Record,
        body::{Body, Resolved, Told},
    },
    value::Value,
};

/// What an outcome is told with: the call that cleared it, and its receipt.
pub(crate) struct Teller<'a> {
    pub(crate) entity: &'a EntityRef,
    pub(crate) action: &'a ActionName,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) trace_id: TraceId,
    pub(crate) is_repeat: bool,
}

impl Teller<'_> {
    /// The answer that the records of an execution's end give: the first says how it ended.
    pub(crate) fn ended(self, records: Vec<Record>) -> Option<Answer> {
        let mut records = records.into_iter();
        let ending = records.next()?;
        let (since, after) = (ending.recorded_at(), records.as_slice());
        Some(match ending.body {
            Body::ActionExecuted(it) => {
                self.executed(it.execution, it.message.into_text(), it.output.and_then(Told::into_whole), after)
            }
            Body::ExecutionResolved(it) if it.result == *"succeeded" => {
                let message = resolved_message(&it);
                self.executed(it.execution, message, it.output.and_then(Told::into_whole), after)
            }
            Body::ExecutionResolved(it) => self.failed(it.execution, resolved_message(&it)),
            Body::ActionFailed(it) => self.failed(it.execution, it.message.into_text()),
            Body::ActionUnknown(it) => self.in_doubt(it.execution, it.attempt, it.cause, it.message.into_text(), since),
            Body::OutcomeConflict(it) => {
                let cause = Code::fixed("outcome_conflict");
                self.in_doubt(it.execution, it.attempt, cause, it.message.into_text(), since)
            }
            _ => return None,
        })
    }

    fn executed(self, execution_id: ExecutionId, message: String, output: Option<Value>, after: &[Record]) -> Answer {
        Answer::Executed(Executed {
            action: self.action.clone(),
            entity: self.entity.clone(),
            execution_id,
            message,
            output,
            rejected_events: rejected(after),
            receipt: self.receipt,
            trace_id: self.trace_id,
            is_repeat: self.is_repeat,
        })
    }

    fn failed(self, execution_id: ExecutionId, message: String) -> Answer {
        Answer::Failed(Failed {
            action: self.action.clone(),
            entity: self.entity.clone(),
            execution_id,
            message,
            receipt: self.receipt,
            trace_id: self.trace_id,
            is_repeat: self.is_repeat,
        })
    }

    fn in_doubt(
        self,
        execution_id: ExecutionId,
        attempt: u32,
        cause: Code,
        message: String,
        since: Timestamp,
    ) -> Answer {
        Answer::InDoubt(InDoubt {
            action: self.action.clone(),
            entity: self.entity.clone(),
            execution_id,
            attempt,
            cause,
            message,
            since,
            deadline: None,
            receipt: self.receipt,
            trace_id: Some(self.trace_id),
            is_repeat: self.is_repeat,
        })
    }
}

fn resolved_message(it: &Resolved) -> String {
    format!("{} as {}: {}", it.word(), it.result, it.evidence)
}

/// The events among these records that were not accepted.
fn rejected(after: &[Record]) -> Vec<(String, Code)> {
    let rejected = |record: &Record| match &record.body {
        Body::EventRejected(event) => Some((event.event_type.clone(), event.reason.clone())),
        _ => None,
    };
    after.iter().filter_map(rejected).collect()
}
