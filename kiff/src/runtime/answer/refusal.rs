//! Proposals that wait for a person, or were refused.

use crate::{
    base::{
        code::Code,
        debug::debug_as_display,
        ids::{ActionName, ApprovalId, EntityRef, TraceId},
        timestamp::Timestamp,
    },
    domain::param::Params,
    evidence::receipt::Receipt,
    kernel::{record::CheckResult, refusal::Refusal, review::ApprovalState},
};
use std::{error::Error, fmt};

/// A proposal that waits for its reviewers.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Held {
    /// The action.
    pub action: ActionName,
    /// The entity.
    pub entity: EntityRef,
    /// The approval to grant, and then to resume or to name in a repeated call.
    pub approval_id: ApprovalId,
    /// Why it is held: the policy's name, or `approval_required`.
    pub reason: Code,
    /// Pending, or granted if enough reviewers have consented and it waits only to be used.
    pub state: ApprovalState,
    /// How many have consented.
    pub grants: u32,
    /// How many must consent.
    pub quorum: u32,
    /// When it expires.
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
#[derive(Clone)]
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

debug_as_display!(Blocked);
