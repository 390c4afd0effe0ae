//! What a store must find again without reading the log: unique claims and open marks.

use super::{Record, body::Body};
use crate::base::ids::{ActorId, ApprovalId, EntityRef, EventId, ExecutionId, IdempotencyKey, ReceiptId};

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

/// Where a claim was made.
#[expect(clippy::exhaustive_structs, reason = "stores outside this crate make it")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The stream of the record that claims.
    pub stream: EntityRef,
    /// The record's sequence in it.
    pub seq: u64,
    /// For an approval or an execution: the sequence of the record that closed it last, if it is closed.
    pub closed: Option<u64>,
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
pub fn index_of(record: &Record) -> impl Iterator<Item = IndexEntry> {
    (0..MAX_ENTRIES).filter_map(|place| entry(record, place))
}

/// The record that claims and changes most is a clearance that uses an approval.
const MAX_ENTRIES: usize = 4;

/// The entry at this place, made when it is asked for, because every append asks.
fn entry(record: &Record, place: usize) -> Option<IndexEntry> {
    use IndexEntry::{Claim as Claims, Close, Open};
    let actor = || record.envelope.actor.id.clone();
    Some(match (&record.body, place) {
        // An event that an execution emitted is named by the execution's id, which is claimed already.
        (Body::EventIngested(event), 0) if event.execution.is_none() => Claims(Claim::Event(actor(), event.id.clone())),
        (Body::DecisionRecorded(proposed), 0) => Claims(Claim::Key(actor(), proposed.notes.idempotency_key.clone()?)),
        (Body::ActionBlocked(ruling) | Body::ApprovalRequired(ruling) | Body::ActionValidated(ruling), 0) => {
            Claims(Claim::Receipt(ruling.receipt))
        }
        (Body::ApprovalRequired(ruling), 1) => Claims(Claim::Approval(ruling.approval?)),
        (Body::ApprovalRequired(ruling), 2) => Open(Mark::Approval(ruling.approval?)),
        (Body::ActionValidated(ruling), 1) => Claims(Claim::Execution(ruling.execution?.execution)),
        (Body::ActionValidated(ruling), 2) => Open(Mark::Execution(ruling.execution?.execution)),
        (Body::ActionValidated(ruling), 3) => Close(Mark::Approval(ruling.approval?)),
        (
            Body::ApprovalDenied(end)
            | Body::ApprovalRevoked(end)
            | Body::ApprovalExpired(end)
            | Body::ApprovalSuperseded(end),
            0,
        ) => Close(Mark::Approval(end.approval)),
        (Body::ActionExecuted(done), 0) => Close(Mark::Execution(done.execution)),
        (Body::ActionFailed(result), 0) => Close(Mark::Execution(result.execution)),
        (Body::ExecutionResolved(resolved), 0) => Close(Mark::Execution(resolved.execution)),
        (Body::OutcomeConflict(conflict), 0) => Open(Mark::Execution(conflict.execution)),
        _ => return None,
    })
}
