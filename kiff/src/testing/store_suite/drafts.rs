//! Records for the checks, sealed as the runtime seals them.

use super::broken::Broken;
use crate::{
    base::{
        actor::{Actor, Authority, Granted},
        code::Code,
        digest::Digest,
        event::EventBody,
        ids::{
            ActionName, ApprovalId, EntityRef, EventId, EventType, ExecutionId, IdempotencyKey, Permission, ReceiptId,
            Salt, TenantId, TraceId, Ulid, Version,
        },
        timestamp::Timestamp,
    },
    domain::{contract::Effect, param::Params},
    kernel::{
        record::{
            Draft, Head, Record,
            body::{
                Body, Closing, Conflict, Executed, ExecutionTerms, HoldTerms, Issue, Reported, Resolved as Settled,
                Ruling, Unsuccessful,
            },
            seal,
        },
        request::{Notes, Request, StoredProposal},
    },
    store::Batch,
    value::Value,
};
use std::sync::Arc;

/// Who reports events and proposes, unless a check says otherwise.
pub(super) const ACTOR: &str = "suite";

/// The tenant of most checks.
pub(super) fn acme() -> Result<TenantId, Broken> {
    Ok(TenantId::new("acme")?)
}

/// A stream as one writer knows it. A clone is another writer who knows the same.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    head: Head,
}

impl Stream {
    /// A stream without records.
    pub(super) fn new(tenant: &TenantId, name: &str) -> Result<Self, Broken> {
        Ok(Self { head: Head::empty(tenant.clone(), name.parse()?) })
    }

    /// Goes on behind a record that another writer appended.
    pub(super) fn follow(&mut self, record: &Record) {
        self.head.seq = record.entity_seq();
        self.head.leaf = record.leaf();
        self.head.recorded_at = record.recorded_at();
    }

    pub(super) fn name(&self) -> &EntityRef {
        &self.head.entity
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.head.tenant
    }

    pub(super) fn seq(&self) -> u64 {
        self.head.seq
    }

    /// Seals the next records and moves behind them.
    pub(super) fn seal(&mut self, drafts: Vec<Draft>) -> Result<Vec<Record>, Broken> {
        let records = seal(&self.head, drafts, TraceId::new(ulid(1)), Timestamp::EPOCH)?;
        if let Some(last) = records.last() {
            self.follow(last);
        }
        Ok(records)
    }

    /// Adds the next records to a batch.
    pub(super) fn add(&mut self, batch: Batch, drafts: Vec<Draft>) -> Result<Batch, Broken> {
        let expected = self.seq();
        let records = self.seal(drafts)?;
        Ok(batch.with(self.name().clone(), expected, records)?)
    }

    /// A batch of the next records alone.
    pub(super) fn batch(&mut self, drafts: Vec<Draft>) -> Result<Batch, Broken> {
        self.add(Batch::new(self.tenant().clone()), drafts)
    }

    /// A proposal with an idempotency key.
    pub(super) fn proposal(&self, actor: &str, key: &str) -> Result<Draft, Broken> {
        let (actor, action, params, salt) =
            (service(actor)?, action()?, Params::from_sorted(Vec::new()), Salt::new([7; 16]));
        let request =
            Request { tenant: self.tenant(), entity: self.name(), action: &action, actor: &actor, params: &params };
        let (commitments, request_digest) = request.digest(salt);
        let notes = Notes { idempotency_key: Some(IdempotencyKey::new(key)?), ..Notes::default() };
        let proposed = StoredProposal {
            action,
            entity: self.name().clone(),
            actor: Arc::clone(&actor),
            claimed: None,
            params,
            offered: None,
            salt,
            commitments,
            request_digest,
            risk: None,
            authority: Granted::new([], []),
            notes,
        };
        Ok(Draft::new(&actor, Body::DecisionRecorded(Arc::new(proposed))))
    }
}

pub(super) fn event(id: &str) -> Result<Draft, Broken> {
    event_with(ACTOR, id, Value::object([("n", 1)]))
}

pub(super) fn event_with(source: &str, id: &str, payload: Value) -> Result<Draft, Broken> {
    let body = EventBody {
        id: EventId::new(id)?,
        kind: EventType::new("SUITE_EVENT")?,
        payload,
        correlation: None,
        causation: None,
        execution: None,
    };
    Ok(Draft::new(&service(source)?, Body::EventIngested(body)))
}

/// A refusal. It claims its receipt.
pub(super) fn blocked(receipt: u64) -> Result<Draft, Broken> {
    drafted(Body::ActionBlocked(Arc::new(ruling(receipt)?)))
}

/// A held proposal. It claims a receipt and an approval, and opens the approval.
pub(super) fn held(receipt: u64, approval: u64) -> Result<Draft, Broken> {
    let hold = HoldTerms { reviewers: Permission::new("suite.review")?, quorum: 1, expires_at: Timestamp::EPOCH };
    drafted(Body::ApprovalRequired(Arc::new(Ruling {
        approval: Some(approval_id(approval)),
        hold: Some(hold),
        ..ruling(receipt)?
    })))
}

/// A cleared proposal. It claims a receipt and an execution, opens the execution, and closes the approval
/// that it uses.
pub(super) fn cleared(receipt: u64, execution: u64, approval: Option<u64>) -> Result<Draft, Broken> {
    let terms = ExecutionTerms { execution: execution_id(execution), attempt: 1, effect: Effect::Once, deadline: None };
    drafted(Body::ActionValidated(Arc::new(Ruling {
        approval: approval.map(approval_id),
        execution: Some(terms),
        ..ruling(receipt)?
    })))
}

/// A denial. It closes the approval.
pub(super) fn denied(approval: u64) -> Result<Draft, Broken> {
    drafted(Body::ApprovalDenied(Closing { approval: approval_id(approval), reason: Some("no".into()) }))
}

/// An effect that happened. It closes the execution.
pub(super) fn executed(execution: u64) -> Result<Draft, Broken> {
    let (action, message) = (action()?, Reported::of(Value::from("done")));
    drafted(Body::ActionExecuted(Executed {
        action,
        execution: execution_id(execution),
        attempt: 1,
        message,
        output: None,
        emitted: Vec::new(),
    }))
}

/// A result that nobody knows. It leaves the execution open.
pub(super) fn unknown(execution: u64) -> Result<Draft, Broken> {
    let (action, message) = (action()?, Reported::of(Value::from("lost")));
    drafted(Body::ActionUnknown(Unsuccessful {
        action,
        execution: execution_id(execution),
        attempt: 1,
        cause: Code::fixed("timed_out"),
        message,
    }))
}

/// A result that contradicts an earlier one. It opens the execution again.
pub(super) fn contradicted(execution: u64) -> Result<Draft, Broken> {
    let (action, message) = (action()?, Reported::of(Value::from("late")));
    drafted(Body::OutcomeConflict(Conflict {
        action,
        execution: execution_id(execution),
        attempt: 1,
        result: Code::fixed("failed"),
        message,
        output: None,
    }))
}

/// A settled execution. It closes the execution.
pub(super) fn settled(execution: u64) -> Result<Draft, Broken> {
    let (action, evidence) = (action()?, "seen".into());
    drafted(Body::ExecutionResolved(Settled {
        action,
        execution: execution_id(execution),
        result: Code::fixed("succeeded"),
        evidence,
        means: None,
        output: None,
    }))
}

pub(super) fn receipt_id(number: u64) -> ReceiptId {
    ReceiptId::new(ulid(number))
}

pub(super) fn approval_id(number: u64) -> ApprovalId {
    ApprovalId::new(ulid(number))
}

pub(super) fn execution_id(number: u64) -> ExecutionId {
    ExecutionId::new(ulid(number))
}

fn ulid(number: u64) -> Ulid {
    Ulid::new(number, [0; 10])
}

fn service(name: &str) -> Result<Arc<Actor>, Broken> {
    Ok(Arc::clone(Authority::service(name)?.actor()))
}

fn drafted(body: Body) -> Result<Draft, Broken> {
    Ok(Draft::new(&service(ACTOR)?, body))
}

fn action() -> Result<ActionName, Broken> {
    Ok(ActionName::new("SUITE_ACTION")?)
}

fn ruling(receipt: u64) -> Result<Ruling, Broken> {
    Ok(Ruling {
        action: action()?,
        reason: Code::fixed("none"),
        domain_version: Version::new("1")?,
        policy_version: Version::new("1")?,
        contract_digest: Digest::of(b"contract"),
        state_version: 1,
        request_digest: Digest::of(b"request"),
        receipt: receipt_id(receipt),
        issue: Issue { issued_by: "suite".into(), anchor: "none".into(), key_id: "none".into() },
        checks: Vec::new(),
        approval: None,
        hold: None,
        execution: None,
        target: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store outside may parse what it is given, so it must be what the format says.
    #[test]
    fn the_records_are_read_again() {
        let mut stream = Stream::new(&acme().unwrap(), "order:one").unwrap();
        let proposal = stream.proposal(ACTOR, "key");
        let drafts = [
            event("evt"),
            proposal,
            blocked(1),
            held(2, 1),
            cleared(3, 1, Some(1)),
            denied(1),
            executed(1),
            unknown(1),
            contradicted(1),
            settled(1),
        ];
        for record in stream.seal(drafts.into_iter().map(Result::unwrap).collect()).unwrap() {
            let read = Record::parse(record.bytes().clone()).unwrap();
            assert_eq!((read.envelope, read.body), (record.envelope, record.body));
        }
    }
}
