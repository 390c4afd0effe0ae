//! What a store must find again without reading the log: unique claims and open marks.

use super::{Record, body::Body};
use crate::ids::{ActorId, ApprovalId, EventId, ExecutionId, IdempotencyKey, ReceiptId};

/// A name that one record of a tenant's log may have and no other.
///
/// A store refuses a batch that claims what is claimed already.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// A source's event id.
    Event(ActorId, EventId),
    /// A requester's idempotency key.
    Key(ActorId, IdempotencyKey),
    /// An approval, claimed by the record that opens it.
    Approval(ApprovalId),
    /// A receipt, claimed by the record that carries the decision.
    Receipt(ReceiptId),
    /// An execution, claimed by the record that clears it.
    Execution(ExecutionId),
}

/// Something that is open from one record of a stream to a later one.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// An approval that waits for its reviewers, or is granted and not yet used.
    Approval(ApprovalId),
    /// An execution whose outcome is not settled.
    Execution(ExecutionId),
}

/// What one record changes in the index.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexEntry {
    /// The record has this name from now on.
    Claim(Claim),
    /// Open from this record on.
    Open(Mark),
    /// Closed by this record.
    Close(Mark),
}

/// What a record changes in the index: the one rule, for appends and for imports.
#[must_use]
pub fn index_of(record: &Record) -> Vec<IndexEntry> {
    use IndexEntry::{Claim as Claims, Close, Open};
    let actor = || record.envelope.actor.id.clone();
    match &record.body {
        // An event that an execution emitted is named by the execution's id, which is claimed already.
        Body::EventIngested(event) if event.execution.is_none() => vec![Claims(Claim::Event(actor(), event.id.clone()))],
        Body::DecisionRecorded(proposed) => match &proposed.notes.idempotency_key {
            Some(key) => vec![Claims(Claim::Key(actor(), key.clone()))],
            None => Vec::new(),
        },
        Body::ActionBlocked(ruling) => vec![Claims(Claim::Receipt(ruling.receipt))],
        Body::ApprovalRequired(ruling) => {
            let mut entries = vec![Claims(Claim::Receipt(ruling.receipt))];
            if let Some(id) = ruling.approval {
                entries.extend([Claims(Claim::Approval(id)), Open(Mark::Approval(id))]);
            }
            entries
        }
        Body::ActionValidated(ruling) => {
            let mut entries = Vec::with_capacity(4);
            entries.push(Claims(Claim::Receipt(ruling.receipt)));
            if let Some(terms) = &ruling.execution {
                entries.extend([Claims(Claim::Execution(terms.execution)), Open(Mark::Execution(terms.execution))]);
            }
            entries.extend(ruling.approval.map(|id| Close(Mark::Approval(id))));
            entries
        }
        Body::ApprovalDenied(end) | Body::ApprovalRevoked(end) | Body::ApprovalExpired(end) | Body::ApprovalSuperseded(end) => {
            vec![Close(Mark::Approval(end.approval))]
        }
        Body::ActionExecuted(done) => vec![Close(Mark::Execution(done.execution))],
        Body::ActionFailed(result) => vec![Close(Mark::Execution(result.execution))],
        Body::ExecutionResolved(resolved) => vec![Close(Mark::Execution(resolved.execution))],
        Body::OutcomeConflict(conflict) => vec![Open(Mark::Execution(conflict.execution))],
        _ => Vec::new(),
    }
}
