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

impl From<Mark> for Claim {
    /// The claim of the record that opened the mark first, whose `closed` a store keeps.
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Approval(id) => Self::Approval(id),
            Mark::Execution(id) => Self::Execution(id),
        }
    }
}

/// What a record changes in the index: the one rule, for appends and for imports.
///
/// The entries take effect in their order. To open what is open already, or to close what is closed,
/// changes nothing but the place where it was closed last.
pub fn index_of(record: &Record) -> impl Iterator<Item = IndexEntry> + use<> {
    entries(record).into_iter().flatten()
}

/// Four places, for the record that claims and changes most; an array, because every append asks.
fn entries(record: &Record) -> [Option<IndexEntry>; 4] {
    use IndexEntry::{Claim as Claims, Close, Open};
    let actor = || record.envelope.actor.id.clone();
    let claims = |claim| Some(Claims(claim));
    let close = |mark| Some(Close(mark));
    match &record.body {
        // An event that an execution emitted is named by the execution's id, which is claimed already.
        Body::EventIngested(event) if event.execution.is_none() => {
            [claims(Claim::Event(actor(), event.id.clone())), None, None, None]
        }
        Body::DecisionRecorded(proposed) => {
            let key = proposed.notes.idempotency_key.as_ref();
            [key.map(|key| Claims(Claim::Key(actor(), key.clone()))), None, None, None]
        }
        Body::ActionBlocked(ruling) => [claims(Claim::Receipt(ruling.receipt)), None, None, None],
        Body::ApprovalRequired(ruling) => {
            let (id, receipt) = (ruling.approval, claims(Claim::Receipt(ruling.receipt)));
            [receipt, id.map(|id| Claims(Claim::Approval(id))), id.map(|id| Open(Mark::Approval(id))), None]
        }
        Body::ActionValidated(ruling) => {
            let (id, receipt) = (ruling.execution.map(|terms| terms.execution), claims(Claim::Receipt(ruling.receipt)));
            let used = ruling.approval.map(|id| Close(Mark::Approval(id)));
            [receipt, id.map(|id| Claims(Claim::Execution(id))), id.map(|id| Open(Mark::Execution(id))), used]
        }
        Body::ApprovalDenied(end)
        | Body::ApprovalRevoked(end)
        | Body::ApprovalExpired(end)
        | Body::ApprovalSuperseded(end) => [close(Mark::Approval(end.approval)), None, None, None],
        Body::ActionExecuted(done) => [close(Mark::Execution(done.execution)), None, None, None],
        Body::ActionFailed(result) => [close(Mark::Execution(result.execution)), None, None, None],
        Body::ExecutionResolved(resolved) => [close(Mark::Execution(resolved.execution)), None, None, None],
        Body::OutcomeConflict(conflict) => [Some(Open(Mark::Execution(conflict.execution))), None, None, None],
        _ => [None, None, None, None],
    }
}
