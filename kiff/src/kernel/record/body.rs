//! What each kind of record holds.

use crate::{
    base::{
        code::Code,
        digest::Digest,
        event::EventBody,
        ids::{
            ActionName, ApprovalId, EntityRef, EventId, ExecutionId, KeyId, Permission, ReceiptId, StateName, Version,
        },
        public_key::PublicKey,
        timestamp::Timestamp,
    },
    domain::{action::Outcome, contract::Effect},
    kernel::request::Proposed,
    value::Value,
};
use std::{fmt, sync::Arc};

macro_rules! kinds {
    ($($(#[$doc:meta])* $Variant:ident = $word:literal,)*) => {
        /// What a record is about. The words never change their meaning; the set may grow.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $Variant,)*
        }

        impl Kind {
            /// All kinds, in the order of `docs/formats.md`.
            pub const ALL: &[Self] = &[$(Self::$Variant),*];

            /// The word in the record.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// A source's event was accepted.
    EventIngested = "event_ingested",
    /// An accepted event moved the entity.
    StateChanged = "state_changed",
    /// A proposal, with its parameters and its commitments.
    DecisionRecorded = "decision_recorded",
    /// A proposal was cleared. Written before the executor starts.
    ActionValidated = "action_validated",
    /// A proposal is held for its reviewers.
    ApprovalRequired = "approval_required",
    /// A proposal was refused.
    ActionBlocked = "action_blocked",
    /// One person's grant.
    ApprovalGranted = "approval_granted",
    /// One person's denial, which is final.
    ApprovalDenied = "approval_denied",
    /// An approval was withdrawn before it was used.
    ApprovalRevoked = "approval_revoked",
    /// An approval was found past its time.
    ApprovalExpired = "approval_expired",
    /// An event moved the entity on, or its rules changed, so that the approval can no longer be used.
    ApprovalSuperseded = "approval_superseded",
    /// An approval was handed to other reviewers.
    ApprovalEscalated = "approval_escalated",
    /// A review or a resolution was refused.
    ReviewRejected = "review_rejected",
    /// The effect happened.
    ActionExecuted = "action_executed",
    /// Certainly no effect.
    ActionFailed = "action_failed",
    /// Nobody knows whether the effect happened.
    ActionUnknown = "action_unknown",
    /// Another attempt of the same execution. Written before it starts.
    ExecutionRetried = "execution_retried",
    /// Someone with the permission settled an execution in doubt.
    ExecutionResolved = "execution_resolved",
    /// A result that contradicts what was recorded for its execution.
    OutcomeConflict = "outcome_conflict",
    /// An executor's event that could not be accepted.
    EventRejected = "event_rejected",
    /// From here on, this actor's refusals are not recorded one by one.
    RefusalsSuppressed = "refusals_suppressed",
    /// A key of the tenant's is in use.
    KeyPublished = "key_published",
    /// A key of the tenant's no longer counts.
    KeyRevoked = "key_revoked",
}

impl Kind {
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A record's body, by kind. What is large and rare is boxed, so that the rest stays small.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    EventIngested(EventBody),
    StateChanged(StateChange),
    DecisionRecorded(Arc<Proposed>),
    ActionValidated(Arc<Ruling>),
    ApprovalRequired(Arc<Ruling>),
    ActionBlocked(Arc<Ruling>),
    ApprovalGranted(Box<Grant>),
    ApprovalDenied(Closing),
    ApprovalRevoked(Closing),
    ApprovalExpired(Closing),
    ApprovalSuperseded(Closing),
    ApprovalEscalated(Escalation),
    ReviewRejected(RejectedReview),
    ActionExecuted(Executed),
    ActionFailed(Unsuccessful),
    ActionUnknown(Unsuccessful),
    ExecutionRetried(Retry),
    ExecutionResolved(Resolved),
    OutcomeConflict(Conflict),
    EventRejected(RejectedEvent),
    RefusalsSuppressed(Suppressed),
    KeyPublished(Box<KeyPublished>),
    KeyRevoked(KeyRevoked),
}

impl Body {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::EventIngested(_) => Kind::EventIngested,
            Self::StateChanged(_) => Kind::StateChanged,
            Self::DecisionRecorded(_) => Kind::DecisionRecorded,
            Self::ActionValidated(_) => Kind::ActionValidated,
            Self::ApprovalRequired(_) => Kind::ApprovalRequired,
            Self::ActionBlocked(_) => Kind::ActionBlocked,
            Self::ApprovalGranted(_) => Kind::ApprovalGranted,
            Self::ApprovalDenied(_) => Kind::ApprovalDenied,
            Self::ApprovalRevoked(_) => Kind::ApprovalRevoked,
            Self::ApprovalExpired(_) => Kind::ApprovalExpired,
            Self::ApprovalSuperseded(_) => Kind::ApprovalSuperseded,
            Self::ApprovalEscalated(_) => Kind::ApprovalEscalated,
            Self::ReviewRejected(_) => Kind::ReviewRejected,
            Self::ActionExecuted(_) => Kind::ActionExecuted,
            Self::ActionFailed(_) => Kind::ActionFailed,
            Self::ActionUnknown(_) => Kind::ActionUnknown,
            Self::ExecutionRetried(_) => Kind::ExecutionRetried,
            Self::ExecutionResolved(_) => Kind::ExecutionResolved,
            Self::OutcomeConflict(_) => Kind::OutcomeConflict,
            Self::EventRejected(_) => Kind::EventRejected,
            Self::RefusalsSuppressed(_) => Kind::RefusalsSuppressed,
            Self::KeyPublished(_) => Kind::KeyPublished,
            Self::KeyRevoked(_) => Kind::KeyRevoked,
        }
    }

    /// The decision in the record, if it carries one.
    pub(crate) fn ruling(&self) -> Option<&Arc<Ruling>> {
        match self {
            Self::ActionValidated(ruling) | Self::ApprovalRequired(ruling) | Self::ActionBlocked(ruling) => {
                Some(ruling)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StateChange {
    pub(crate) event: EventId,
    pub(crate) from: Option<StateName>,
    pub(crate) to: StateName,
    pub(crate) state_version: u64,
}

/// The word of a decision.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning: the receipt format names these three")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Cleared to run.
    Allowed,
    /// Held for its reviewers.
    ApprovalRequired,
    /// Refused.
    Blocked,
}

impl Verdict {
    /// The word in records and receipts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ApprovalRequired => "approval_required",
            Self::Blocked => "blocked",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Allowed, Self::ApprovalRequired, Self::Blocked].into_iter().find(|verdict| verdict.as_str() == word)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How one check came out.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning: the record format names these three")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckResult {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It was not asked, because an earlier one failed.
    Skipped,
}

impl CheckResult {
    /// The word in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Passed, Self::Failed, Self::Skipped].into_iter().find(|result| result.as_str() == word)
    }
}

/// The record that carries a decision. Its word is told by the record's kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ruling {
    pub(crate) action: ActionName,
    pub(crate) reason: Code,
    pub(crate) domain_version: Version,
    pub(crate) policy_version: Version,
    /// Zeros if the action is unknown.
    pub(crate) contract_digest: Digest,
    pub(crate) state_version: u64,
    pub(crate) request_digest: Digest,
    pub(crate) receipt: ReceiptId,
    pub(crate) issue: Issue,
    pub(crate) checks: Vec<(Code, CheckResult)>,
    pub(crate) approval: Option<ApprovalId>,
    /// For a held proposal: who must consent, how many, until when.
    pub(crate) hold: Option<HoldTerms>,
    /// For a cleared proposal.
    pub(crate) execution: Option<ExecutionTerms>,
    /// For a refusal without an entity of its own: what was asked for.
    pub(crate) target: Option<EntityRef>,
}

/// Who issues receipts: the same for every decision of a runtime.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Issue {
    pub(crate) issued_by: Arc<str>,
    pub(crate) anchor: Arc<str>,
    /// `none` without a signer.
    pub(crate) key_id: Arc<str>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HoldTerms {
    pub(crate) reviewers: Permission,
    pub(crate) quorum: u32,
    pub(crate) expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ExecutionTerms {
    pub(crate) execution: ExecutionId,
    pub(crate) attempt: u32,
    pub(crate) effect: Effect,
    pub(crate) deadline: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grant {
    pub(crate) approval: ApprovalId,
    pub(crate) grants: u32,
    pub(crate) quorum: u32,
    pub(crate) complete: bool,
    pub(crate) request_digest: Digest,
    pub(crate) contract_digest: Digest,
    pub(crate) state_version: u64,
    pub(crate) shown_digest: Digest,
    pub(crate) reason: String,
}

/// An approval comes to its end without being used.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Closing {
    pub(crate) approval: ApprovalId,
    /// What the person said; absent for an end that nobody chose.
    pub(crate) reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Escalation {
    pub(crate) approval: ApprovalId,
    pub(crate) reviewers: Permission,
    pub(crate) reason: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RejectedReview {
    pub(crate) approval: Option<ApprovalId>,
    pub(crate) execution: Option<ExecutionId>,
    /// What was tried: `grant`, `deny`, `revoke`, `escalate`, `retry`, `resolve` or `probe`.
    pub(crate) verdict: Code,
    pub(crate) reason: Code,
}

/// An effect that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Executed {
    pub(crate) action: ActionName,
    pub(crate) execution: ExecutionId,
    pub(crate) attempt: u32,
    pub(crate) message: Told,
    pub(crate) output: Option<Told>,
    /// The types of the events that it emitted, accepted or not.
    pub(crate) emitted: Vec<String>,
}

/// What an executor said, or its length and digest where it does not fit a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Whole(Value),
    Digest { length: u64, digest: Box<Digest> },
}

impl Told {
    pub(crate) const MOST: usize = 16 * 1024;

    /// Keeps what fits.
    pub(crate) fn of(value: Value) -> Self {
        if value.is_recordable() && value.fits(Self::MOST) {
            return Self::Whole(value);
        }
        let bytes = value.to_canonical();
        Self::Digest { length: u64::try_from(bytes.len()).unwrap_or(u64::MAX), digest: Box::new(Digest::of(&bytes)) }
    }

    /// The same for what stands outside an event's payload, where numbers are plain integers.
    pub(crate) fn output(value: Value) -> Self {
        Self::of(if value.is_recordable() { value.into_safe_numbers() } else { value })
    }

    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Whole(Value::String(text)) => text,
            Self::Whole(value) => value.to_string(),
            Self::Digest { length, digest } => format!("{length} bytes, {digest}"),
        }
    }

    pub(crate) fn into_whole(self) -> Option<Value> {
        match self {
            Self::Whole(value) => Some(value),
            Self::Digest { .. } => None,
        }
    }
}

impl Executed {
    pub(crate) fn of(action: ActionName, terms: ExecutionTerms, outcome: &Outcome, most_events: usize) -> Self {
        Self {
            action,
            execution: terms.execution,
            attempt: terms.attempt,
            message: Told::of(Value::from(outcome.message.as_str())),
            output: outcome.output.clone().map(Told::output),
            emitted: outcome.events.iter().take(most_events.min(MOST_LISTED)).map(|(kind, _)| cut(kind)).collect(),
        }
    }
}

/// How many emitted events one record lists; more would not fit, whatever a domain's bounds say.
const MOST_LISTED: usize = 64;

/// What an executor gave as an event type, cut and made fit for a record.
pub(crate) fn cut(kind: &str) -> String {
    readable(kind, 64)
}

/// The first characters of a text that anyone may have written, without those that no record can hold.
pub(crate) fn readable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// An effect that did not happen, or of which nobody knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unsuccessful {
    pub(crate) action: ActionName,
    pub(crate) execution: ExecutionId,
    pub(crate) attempt: u32,
    /// `not_applied`, `error`, `panicked`, `timed_out`, `no_effect`, or `earlier_attempt`: this attempt was not
    /// applied, and nobody knows of the one before.
    pub(crate) cause: Code,
    pub(crate) message: Told,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retry {
    pub(crate) execution: ExecutionId,
    pub(crate) attempt: u32,
    pub(crate) deadline: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resolved {
    pub(crate) action: ActionName,
    pub(crate) execution: ExecutionId,
    /// `succeeded` or `not_applied`.
    pub(crate) result: Code,
    pub(crate) evidence: String,
    /// `probe` if the action's probe found it out; absent if it is the word of whoever resolved it.
    pub(crate) means: Option<Code>,
    /// What the effect returned, if that is known.
    pub(crate) output: Option<Told>,
}

impl Resolved {
    /// How it was settled, in one word for people.
    pub(crate) fn word(&self) -> &'static str {
        if self.means.is_some() { "probed" } else { "resolved" }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conflict {
    pub(crate) action: ActionName,
    pub(crate) execution: ExecutionId,
    pub(crate) attempt: u32,
    /// `succeeded` or `not_applied`.
    pub(crate) result: Code,
    pub(crate) message: Told,
    pub(crate) output: Option<Told>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RejectedEvent {
    pub(crate) execution: ExecutionId,
    pub(crate) event_type: String,
    pub(crate) reason: Code,
    /// The state in which it came, if there was one.
    pub(crate) state: Option<StateName>,
    pub(crate) payload: Told,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Suppressed {
    /// How many refusals were recorded one by one before.
    pub(crate) recorded: u64,
}

/// A key and what it signs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyPublished {
    pub(crate) key: PublicKey,
    pub(crate) purpose: KeyPurpose,
}

/// What a key signs.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Receipts.
    Receipt,
    /// Checkpoints of the log. Never the key of receipts: who holds one of them must not be able to do both.
    Log,
}

impl KeyPurpose {
    /// The word in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Log => "log",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Receipt, Self::Log].into_iter().find(|purpose| purpose.as_str() == word)
    }
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A key whose receipts do not count from this index of the log on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyRevoked {
    pub(crate) key_id: KeyId,
    pub(crate) from_index: u64,
    pub(crate) reason: String,
}
