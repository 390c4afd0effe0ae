//! The records of a decision, and the bound on those of refusals.

use super::{
    record::{
        CheckResult, Draft,
        body::{Body, Closing, RejectedReview, Ruling, Suppressed, readable},
    },
    request::StoredProposal,
    step::Case,
    view::{RefusalRecord, View},
};
use crate::{
    base::{actor::Actor, code::Code, digest::Digest, ids::ApprovalId},
    domain::Action,
};
use std::sync::Arc;

/// The name of the last check: whether a person must consent, and has.
pub(crate) const APPROVAL: Code = Code::fixed("approval");

/// The decision as its record carries it.
pub(crate) fn ruling(
    case: &Case<'_>,
    view: &View,
    action: Option<&Action>,
    proposal: &StoredProposal,
    reason: Code,
    checks: Vec<(Code, CheckResult)>,
) -> Ruling {
    Ruling {
        action: proposal.action.clone(),
        reason,
        domain_version: case.domain.version().clone(),
        policy_version: case.domain.policy_version().clone(),
        contract_digest: action.map_or(Digest::ZERO, |action| action.digest),
        state_version: view.state_version,
        request_digest: proposal.request_digest,
        receipt: case.call.ids.receipt,
        issue: case.issue(),
        checks,
        approval: None,
        hold: None,
        execution: None,
        target: None,
    }
}

/// The records of a refusal: its own, or the one that stands for the rest of a run of refusals, or none.
#[derive(Debug)]
pub(crate) struct RefusalDrafts {
    pub(crate) drafts: Vec<Draft>,
    /// False if this refusal has no record of its own.
    pub(crate) is_recorded: bool,
}

/// Makes the records of a refusal, within the bound on refusals of one actor in one stream. Without a bound, a caller who is
/// refused could fill the log.
pub(crate) fn refusal_drafts(
    case: &Case<'_>,
    view: &View,
    actor: &Arc<Actor>,
    single: impl FnOnce() -> Vec<Draft>,
) -> RefusalDrafts {
    match view.next_refusal(&actor.id, case.domain.bounds().refusals, case.time(view)) {
        RefusalRecord::Single => RefusalDrafts { drafts: single(), is_recorded: true },
        RefusalRecord::Suppression(recorded) => {
            let suppressed = Body::RefusalsSuppressed(Suppressed { recorded });
            RefusalDrafts { drafts: vec![Draft::new(actor, suppressed)], is_recorded: false }
        }
        RefusalRecord::Nothing => RefusalDrafts { drafts: Vec::new(), is_recorded: false },
    }
}

/// Closes an approval that is past its time.
pub(crate) fn expire(actor: &Arc<Actor>, approval: ApprovalId) -> Draft {
    Draft::new(actor, Body::ApprovalExpired(Closing { approval, reason: None }))
}

/// The record of a refused review, within the bound on refusals.
pub(crate) fn rejection(case: &Case<'_>, view: &View, actor: &Arc<Actor>, body: RejectedReview) -> Vec<Draft> {
    refusal_drafts(case, view, actor, || vec![Draft::new(actor, Body::ReviewRejected(body))]).drafts
}

/// A person's note, cut to [`MAX_NOTE`] characters.
pub(crate) fn note(text: &str) -> String {
    readable(text, MAX_NOTE)
}

/// The most characters of a person's note that are recorded: a note must never make a record too large.
const MAX_NOTE: usize = 2_000;
