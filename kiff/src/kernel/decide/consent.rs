//! The last check: whether a person must consent, and has.

use super::{
    Case, Found,
    checks::{answer, situation},
};
use crate::{
    base::{code::Code, defect::is_sown, ids::ApprovalId},
    domain::{Action, CheckedApproval},
    kernel::{
        decision::{APPROVAL_REQUIRED, Refusal},
        proposal::Asked,
        record::{
            Kind,
            body::{Body, Closing},
        },
        request::Proposed,
        view::{OpenApproval, View},
    },
};
use std::sync::Arc;

/// What the last check says.
pub(super) enum Consent {
    /// It was not asked.
    Skipped,
    /// No consent is needed, or the approval that is consumed gives it.
    Given(Option<ApprovalId>),
    /// The same request waits for its reviewers already, or was granted and not yet used.
    Waiting(OpenApproval),
    /// A new approval must be opened, after those that are of no use any more are closed.
    Needed {
        reason: Code,
        closing: Vec<Body>,
    },
    Refused(Refusal),
}

/// Whether a person must consent, and has.
pub(super) fn consent(case: &Case<'_>, asked: &Asked, found: &Found, action: &Action) -> Consent {
    let (view, proposed) = (case.view, &asked.proposed);
    if let Some(id) = proposed.notes.approval {
        return match view.approval(id) {
            Some(approval) => match difference(&approval.proposed, proposed, view) {
                Some(field) => Consent::Refused(Refusal::ApprovalMismatch { approval: id, field }),
                None => usable(case, approval, action),
            },
            None => Consent::Refused(closed_approval(id, asked, found, view)),
        };
    }
    let same = |earlier: &Arc<Proposed>| earlier.is_same_request(proposed, &view.head.tenant);
    if let Some(denial) = view.denials.iter().find(|denial| same(&denial.proposed) && !is_sown("denial_forgotten")) {
        let (by, note) = (Some(denial.by.clone()), denial.reason.clone());
        return Consent::Refused(Refusal::ApprovalDenied { approval: denial.approval, by, note });
    }
    let Some(reason) = needs_consent(case, asked, action) else {
        return Consent::Given(None);
    };
    let is_usable =
        |approval: &OpenApproval| !approval.has_expired(case.now()) && changed_since(case, approval, action).is_none();
    if let Some(waiting) = view.approvals.iter().find(|approval| is_usable(approval) && same(&approval.proposed)) {
        return Consent::Waiting(waiting.clone());
    }
    let is_open = |approval: &&OpenApproval| !approval.has_expired(case.now());
    let open = view.approvals.iter().filter(is_open).filter(|approval| approval.proposed.actor.id == proposed.actor.id);
    let (open, most) = (open.count(), case.domain.bounds().open_approvals);
    if open >= most {
        return Consent::Refused(Refusal::TooManyOpenApprovals { open, most });
    }
    Consent::Needed { reason, closing: of_no_use(case, |approval| same(&approval.proposed)) }
}

/// The ends of the approvals that nobody can use any more: all that are past their time, and those of the
/// same request whose rules have changed.
fn of_no_use(case: &Case<'_>, is_same: impl Fn(&OpenApproval) -> bool) -> Vec<Body> {
    let end = |approval: &OpenApproval| {
        let closing = Closing { approval: approval.id, reason: None };
        if approval.has_expired(case.now()) {
            Some(Body::ApprovalExpired(closing))
        } else {
            is_same(approval).then_some(Body::ApprovalSuperseded(closing))
        }
    };
    case.view.approvals.iter().filter_map(end).collect()
}

/// The reason code if a person must consent. A policy that panics or cannot be asked counts as a yes.
fn needs_consent(case: &Case<'_>, asked: &Asked, action: &Action) -> Option<Code> {
    match &action.approval {
        CheckedApproval::Never => None,
        CheckedApproval::Required => Some(APPROVAL_REQUIRED),
        CheckedApproval::When(code, ask) => {
            let situation = situation(case, case.view.state.as_ref()?, &asked.proposed);
            answer(|| ask(&situation)).unwrap_or(true).then(|| code.clone())
        }
    }
}

/// Whether an open approval may be used now: nothing that it was given for has changed, it stands, and it
/// is complete.
pub(super) fn usable(case: &Case<'_>, approval: &OpenApproval, action: &Action) -> Consent {
    let id = approval.id;
    if approval.has_expired(case.now()) {
        return Consent::Refused(Refusal::ApprovalExpired { approval: id });
    }
    match changed_since(case, approval, action) {
        Some(what) => Consent::Refused(Refusal::ApprovalStale { approval: id, what }),
        None if approval.complete => Consent::Given(Some(id)),
        None => Consent::Waiting(approval.clone()),
    }
}

/// What has changed since the approval was opened, among the things that it is bound to.
pub(crate) fn changed_since(case: &Case<'_>, approval: &OpenApproval, action: &Action) -> Option<&'static str> {
    let (domain, view) = (case.domain, case.view);
    let ruling = &approval.ruling;
    let changes = [
        (ruling.contract_digest != action.digest, "the contract"),
        (ruling.domain_version != *domain.version(), "the domain version"),
        (ruling.policy_version != *domain.policy_version(), "the policy version"),
        (ruling.state_version != view.state_version && !is_sown("state_version_ignored"), "the entity"),
        (ruling.request_digest != approval.proposed.request_digest, "the request"),
    ];
    changes.into_iter().find(|(changed, _)| *changed).map(|(_, what)| what)
}

/// The first thing in which a request differs from the one that an approval is for.
fn difference(stored: &Proposed, proposed: &Proposed, view: &View) -> Option<&'static str> {
    if stored.entity != proposed.entity {
        Some("entity")
    } else if stored.action != proposed.action {
        Some("action")
    } else if stored.actor != proposed.actor {
        Some("requester")
    } else if !stored.is_same_request(proposed, &view.head.tenant) && !is_sown("digest_unchecked") {
        Some("parameters")
    } else {
        None
    }
}

/// Why an approval that is not open in this stream cannot be used.
fn closed_approval(id: ApprovalId, asked: &Asked, found: &Found, view: &View) -> Refusal {
    let Some(known) = &found.approval else {
        return Refusal::ApprovalUnknown { approval: id };
    };
    if let Some(field) = difference(&known.proposed, &asked.proposed, view) {
        return Refusal::ApprovalMismatch { approval: id, field };
    }
    match known.closed {
        Some(kind) => closed_by(id, kind, view),
        // It is open, in a stream that is not this one: an id of another entity.
        None if known.stream != asked.proposed.entity => Refusal::ApprovalMismatch { approval: id, field: "entity" },
        None => Refusal::ApprovalUnknown { approval: id },
    }
}

/// The refusal that goes with how an approval came to its end.
pub(crate) fn closed_by(id: ApprovalId, kind: Kind, view: &View) -> Refusal {
    match kind {
        Kind::ApprovalDenied => {
            let denial = view.denials.iter().find(|denial| denial.approval == id);
            let (by, note) = denial.map(|denial| (denial.by.clone(), denial.reason.clone())).unzip();
            Refusal::ApprovalDenied { approval: id, by, note: note.flatten() }
        }
        Kind::ApprovalRevoked => Refusal::ApprovalRevoked { approval: id },
        Kind::ApprovalExpired => Refusal::ApprovalExpired { approval: id },
        Kind::ApprovalSuperseded => Refusal::ApprovalStale { approval: id, what: "the entity or its rules" },
        _ => Refusal::ApprovalConsumed { approval: id },
    }
}
