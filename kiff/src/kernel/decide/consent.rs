//! The last check: whether a person must consent, and has.

use super::checks::{answer, situation};
use crate::{
    base::{code::Code, ids::ApprovalId},
    domain::{Action, CheckedApproval},
    kernel::{
        decision::{Decided, Hold},
        known::{ANY_MOMENT, Known, Pause},
        proposal::AdmittedProposal,
        recall::closed_by,
        record::body::{Body, Closing},
        refusal::{APPROVAL_REQUIRED, Refusal},
        request::StoredProposal,
        step::Case,
        view::{OpenApproval, View},
    },
};

/// The result of the last check.
pub(super) enum Consent {
    /// The check did not run.
    Skipped,
    /// No consent is needed, or the approval that is consumed gives it.
    Given(Option<ApprovalId>),
    /// The same request already waits for its reviewers, or was granted and not used yet.
    Waiting(OpenApproval),
    /// A new approval must be opened, after those that nobody can use any more are closed.
    Needed {
        reason: Code,
        closing: Vec<Body>,
    },
    Refused(Refusal),
}

/// Decides whether a person must consent, and has.
pub(super) fn consent(
    case: &Case<'_>,
    view: &View,
    known: &Known,
    admitted: &AdmittedProposal,
    action: &Action,
) -> Result<Consent, Pause> {
    let proposal = &admitted.proposal;
    if let Some(id) = proposal.notes.approval {
        let Some(approval) = view.approval(id) else {
            return refuse_closed(case, view, known, id, proposal).map(Consent::Refused);
        };
        return Ok(match difference(case, &approval.proposed, proposal) {
            Some(field) => Consent::Refused(Refusal::ApprovalMismatch { approval: id, field }),
            None => check_use(case, view, approval, action),
        });
    }
    let is_same = |earlier: &StoredProposal| earlier.is_same_request(proposal, case.tenant);
    if let Some(denial) = view.denials.iter().find(|denial| is_same(&denial.proposed)) {
        let by = Some(denial.by.clone());
        let note = denial.reason.clone();
        return Ok(Consent::Refused(Refusal::ApprovalDenied { approval: denial.approval, by, note }));
    }
    let Some(reason) = needs_consent(case, view, proposal, action) else {
        return Ok(Consent::Given(None));
    };
    let now = case.time(view);
    let is_usable =
        |approval: &OpenApproval| !approval.has_expired(now) && changed_since(case, view, approval, action).is_none();
    if let Some(waiting) = view.approvals.iter().find(|approval| is_usable(approval) && is_same(&approval.proposed)) {
        return Ok(Consent::Waiting(waiting.clone()));
    }
    let is_open = |approval: &&OpenApproval| !approval.has_expired(now);
    let open = view.approvals.iter().filter(is_open).filter(|approval| approval.proposed.actor.id == proposal.actor.id);
    let open = open.count();
    let most = case.domain.bounds().open_approvals;
    if open >= most {
        return Ok(Consent::Refused(Refusal::TooManyOpenApprovals { open, most }));
    }
    Ok(Consent::Needed { reason, closing: close_unusable(case, view, |approval| is_same(&approval.proposed)) })
}

/// Closes the approvals that nobody can use any more: all that have expired, and those of the same request that are stale.
/// A stale approval would otherwise stay open beside the new one.
fn close_unusable(case: &Case<'_>, view: &View, is_same: impl Fn(&OpenApproval) -> bool) -> Vec<Body> {
    let end = |approval: &OpenApproval| {
        let closing = Closing { approval: approval.id, reason: None };
        if approval.has_expired(case.time(view)) {
            Some(Body::ApprovalExpired(closing))
        } else {
            is_same(approval).then_some(Body::ApprovalSuperseded(closing))
        }
    };
    view.approvals.iter().filter_map(end).collect()
}

/// The reason code if a person must consent. If the policy panics or fails, a person must.
fn needs_consent(case: &Case<'_>, view: &View, proposal: &StoredProposal, action: &Action) -> Option<Code> {
    match &action.approval {
        CheckedApproval::Never => None,
        CheckedApproval::Required => Some(APPROVAL_REQUIRED),
        CheckedApproval::When(code, ask) => {
            let situation = situation(case, view, view.state.as_ref()?, proposal);
            answer(|| ask(&situation)).unwrap_or(true).then(|| code.clone())
        }
    }
}

/// Decides whether an open approval may be used now: it has not expired, nothing that it was given for has changed, and
/// enough people have granted it.
pub(super) fn check_use(case: &Case<'_>, view: &View, approval: &OpenApproval, action: &Action) -> Consent {
    let id = approval.id;
    if approval.has_expired(case.time(view)) {
        return Consent::Refused(Refusal::ApprovalExpired { approval: id });
    }
    match changed_since(case, view, approval, action) {
        Some(what) => Consent::Refused(Refusal::ApprovalStale { approval: id, what }),
        None if approval.complete => Consent::Given(Some(id)),
        None => Consent::Waiting(approval.clone()),
    }
}

/// Names the first thing that has changed since the approval was opened, among those that it is bound to.
pub(crate) fn changed_since(
    case: &Case<'_>,
    view: &View,
    approval: &OpenApproval,
    action: &Action,
) -> Option<&'static str> {
    let domain = case.domain;
    let ruling = &approval.ruling;
    let changes = [
        (ruling.contract_digest != action.digest, "the contract"),
        (ruling.domain_version != *domain.version(), "the domain version"),
        (ruling.policy_version != *domain.policy_version(), "the policy version"),
        (ruling.state_version != view.state_version, "the entity"),
        (ruling.request_digest != approval.proposed.request_digest, "the request"),
    ];
    changes.into_iter().find(|(changed, _)| *changed).map(|(_, what)| what)
}

/// Names the first member in which a request differs from the one that an approval is for.
fn difference(case: &Case<'_>, stored: &StoredProposal, proposal: &StoredProposal) -> Option<&'static str> {
    if stored.entity != proposal.entity {
        Some("entity")
    } else if stored.action != proposal.action {
        Some("action")
    } else if stored.actor != proposal.actor {
        Some("requester")
    } else if !stored.is_same_request(proposal, case.tenant) {
        Some("parameters")
    } else {
        None
    }
}

/// Says why an approval that is not open in this stream cannot be used. The request is compared first: a caller with
/// another request learns nothing of how the approval ended.
fn refuse_closed(
    case: &Case<'_>,
    view: &View,
    known: &Known,
    id: ApprovalId,
    proposal: &StoredProposal,
) -> Result<Refusal, Pause> {
    let Some(opened) = known.approval(id, ANY_MOMENT)?.value else {
        return Ok(Refusal::ApprovalUnknown { approval: id });
    };
    if let Some(field) = difference(case, known.proposal_of_decision(opened)?, proposal) {
        return Ok(Refusal::ApprovalMismatch { approval: id, field });
    }
    Ok(match opened.closed {
        Some(seq) => closed_by(id, known.record(&opened.stream, seq)?.kind(), view),
        // It is open in the stream of another entity.
        None if opened.stream != proposal.entity => Refusal::ApprovalMismatch { approval: id, field: "entity" },
        None => Refusal::ApprovalUnknown { approval: id },
    })
}

/// The answer to a request that is already held.
pub(super) fn already_held(case: &Case<'_>, view: &View, approval: OpenApproval) -> Decided {
    let denials = view.earlier_denials(&approval.proposed.action);
    Decided::Held(Hold { approval, denials, trace_id: case.call.ids.trace, is_repeat: true })
}
