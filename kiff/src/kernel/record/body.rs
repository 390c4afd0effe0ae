//! What each kind of record holds. With [`decision`](super::decision) it is the one table of which structs, writer, reader
//! and format page are made.

use super::{
    error::missing,
    member::{Nullable, ReadMember, WriteMember},
    table::members,
    verdict::KeyPurpose,
};
use crate::{
    base::{
        code::Code,
        digest::Digest,
        event::EventBody,
        ids::{ActionName, ApprovalId, EventId, EventType, ExecutionId, KeyId, Permission, StateName},
        public_key::PublicKey,
        timestamp::Timestamp,
    },
    domain::action::Outcome,
    value::Value,
};
use std::sync::Arc;

pub(crate) use super::{
    decision::{ExecutionTerms, HoldTerms, Issue, Ruling, Sender},
    kind::Body,
    reported::{Reported, cut, readable},
};

members! {
    impl EventBody {
        /// The source's id of what caused it, at most 255 bytes.
        causation: Option<Arc<str>>,
        /// The source's id of the conversation, at most 255 bytes.
        correlation: Option<Arc<str>>,
        /// Unique for its source in the tenant. For an emitted event the execution id, a dot and its place from 1:
        /// `exec_….1`.
        id: EventId as "event_id",
        kind: EventType as "event_type",
        /// Only if an execution emitted it.
        execution: Option<ExecutionId> as "execution_id",
        /// At most 32,768 bytes in canonical JSON, nested no deeper than 58; numbers of any form.
        payload: Value,
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    struct StateChange {
        /// Of the `event_ingested` right before it.
        event: EventId as "event_id",
        /// The state before; `null` for the entity's first event.
        from: Option<StateName> [Nullable],
        /// How many events the stream has accepted, this one included.
        state_version: u64,
        /// The state after, which may be the same.
        to: StateName,
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    struct Grant {
        approval: ApprovalId as "approval_id",
        /// True from the grant that reaches the quorum.
        complete: bool,
        /// Of the decision that opened the approval.
        contract_digest: Digest,
        /// How many have granted, this one included.
        grants: u32,
        /// How many must.
        quorum: u32,
        /// What the reviewer said, cut to 2,000 characters; may be empty.
        reason: String,
        /// Of the decision that opened the approval.
        request_digest: Digest,
        /// SHA-256 of the UTF-8 text that the runtime gave to be shown.
        shown_digest: Digest,
        /// Of the decision that opened the approval.
        state_version: u64,
    }
}

members! {
    /// An approval comes to its end without being used.
    #[derive(Clone, Debug, PartialEq)]
    struct Closing {
        approval: ApprovalId as "approval_id",
        /// What the reviewer said, cut to 2,000 characters; may be empty. Always there in `approval_denied` and
        /// `approval_revoked`, never in an end that nobody chose.
        reason: Option<String>,
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    struct Escalation {
        approval: ApprovalId as "approval_id",
        /// As in `approval_granted`.
        reason: String,
        /// What whoever grants must hold besides the contract's permission.
        reviewers: Permission,
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    struct RejectedReview {
        /// For a review.
        approval: Option<ApprovalId> as "approval_id",
        /// For a resolution, a probe or a retry.
        execution: Option<ExecutionId> as "execution_id",
        /// §10.
        reason: Code,
        /// What was tried: `grant`, `deny`, `revoke`, `escalate`, `resolve`, `probe`, `retry`, `publish_key` or
        /// `revoke_key`.
        verdict: Code,
    }
}

members! {
    /// An effect that happened.
    #[derive(Clone, Debug, PartialEq)]
    struct Executed {
        action: ActionName,
        /// Which attempt this is the outcome of.
        attempt: u32,
        /// The types of the events as emitted, accepted or not, each cut to 64 characters; at most 64, and no more than the
        /// domain's bound.
        emitted: Vec<String>,
        execution: ExecutionId as "execution_id",
        /// What the executor says in one sentence.
        message: Reported,
        /// What it returned for programs.
        output: Option<Reported>,
    }
}

impl Executed {
    pub(crate) fn of(action: ActionName, terms: ExecutionTerms, outcome: &Outcome, max_events: usize) -> Self {
        Self {
            action,
            execution: terms.execution,
            attempt: terms.attempt,
            message: Reported::of(Value::from(outcome.message.as_str())),
            output: outcome.output.clone().map(Reported::output),
            emitted: outcome.events.iter().take(max_events.min(MAX_LISTED)).map(|(kind, _)| cut(kind)).collect(),
        }
    }
}

/// How many emitted events one record lists; more would not fit, whatever a domain's bounds say.
const MAX_LISTED: usize = 64;

members! {
    /// An effect that did not happen, or of which nobody knows.
    #[derive(Clone, Debug, PartialEq)]
    struct Unsuccessful {
        action: ActionName,
        attempt: u32,
        /// In `action_failed`: `not_applied`, the executor says so; or `no_effect`, it failed, and the contract says that
        /// nothing outside can have happened. In `action_unknown`: `error`, the executor returned one; `panicked`;
        /// `timed_out`, no answer by the deadline; or `earlier_attempt`, a retry was not applied, and nobody knows of the
        /// attempts before it.
        cause: Code,
        execution: ExecutionId as "execution_id",
        /// What the executor says in one sentence.
        message: Reported,
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    struct Retry {
        /// 2 for the first retry.
        attempt: u32,
        /// As in `action_validated`, from this record's `recorded_at`.
        deadline: Option<Timestamp>,
        execution: ExecutionId as "execution_id",
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    struct Resolved {
        action: ActionName,
        /// What it rests on, cut to 2,000 characters: the actor's words, or the probe's.
        evidence: String,
        execution: ExecutionId as "execution_id",
        /// `probe` if the action's probe found it out; absent if it is the actor's word.
        means: Option<Code>,
        /// Only for `succeeded`: what the effect returned for programs, if that is known.
        output: Option<Reported>,
        /// `succeeded` or `not_applied`.
        result: Code,
    }
}

impl Resolved {
    /// How it was settled, in one word for people.
    pub(crate) fn word(&self) -> &'static str {
        if self.means.is_some() { "probed" } else { "resolved" }
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    struct Conflict {
        action: ActionName,
        attempt: u32,
        execution: ExecutionId as "execution_id",
        /// What the executor says in one sentence.
        message: Reported,
        /// Only for `succeeded`: an object with `events` (each with `event_type` and `payload`) and `output`, which may be
        /// `null`.
        output: Option<Reported>,
        /// `succeeded` or `not_applied`.
        result: Code,
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    struct RejectedEvent {
        /// As emitted, cut to 64 characters; for `too_many_events` their number and the word `more`.
        event_type: String,
        execution: ExecutionId as "execution_id",
        /// Numbers of any form; for `too_many_events` an array of objects with `event_type` and `payload`.
        payload: Reported,
        /// `event_undeclared`, `payload_malformed`, `event_too_large`, `no_transition`, `facts_failed` (the domain's code
        /// failed to fold it) or `too_many_events`.
        reason: Code,
        /// The state in which it came, if there was one.
        state: Option<StateName>,
    }
}

members! {
    #[derive(Clone, Debug, PartialEq)]
    struct Suppressed {
        /// How many of the run were recorded one by one.
        recorded: u64,
    }
}

members! {
    /// A key and what it signs.
    #[derive(Clone, Debug, PartialEq)]
    struct KeyPublished {
        /// The RFC 7638 thumbprint of the key; a reader refuses a record in which it is another.
        key_id: KeyId = |published| published.key.id(),
        /// `receipt` for receipts, `log` for checkpoints.
        purpose: KeyPurpose,
        /// The 32 bytes of the Ed25519 public key in base64url without padding.
        key: PublicKey as "x",
    }
    then {
        if key_id != *key.id() {
            return Err(missing("key_id"));
        }
    }
}

members! {
    /// A key whose receipts do not count from this index of the log on.
    #[derive(Clone, Debug, PartialEq)]
    struct KeyRevoked {
        from_index: u64,
        key_id: KeyId,
        /// As in `approval_granted`.
        reason: String,
    }
}
