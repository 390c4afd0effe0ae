//! The records of a clearance, and of a hold.

use crate::{
    base::{code::Code, ids::ApprovalId},
    domain::Action,
    kernel::{
        decision::{Checklist, Clearance, Cleared, Decided, Hold},
        known::{Fault, Pause},
        proposal::AdmittedProposal,
        record::{
            Draft,
            body::{Body, ExecutionTerms, HoldTerms},
        },
        request::NO_REASON,
        ruling::ruling,
        step::{Case, Done, ReceiptOf},
        view::{OpenApproval, View},
    },
};
use std::sync::Arc;

/// Clears a proposal: the new one, or the stored one of the approval that is consumed.
pub(super) fn execute(
    case: &Case<'_>,
    view: &View,
    action: &Arc<Action>,
    admitted: &AdmittedProposal,
    approval: Option<ApprovalId>,
    checklist: Checklist,
) -> Result<Done<Decided>, Pause> {
    let Some(state) = view.state.clone() else {
        return Err(Fault::inconsistent(&view.head.entity, "an entity without a state passed every check"));
    };
    let decided_at = case.time(view);
    let terms = ExecutionTerms {
        execution: case.call.ids.execution,
        attempt: 1,
        effect: action.effect(),
        deadline: Some(decided_at + action.timeout().unwrap_or(case.domain.bounds().lease)),
    };
    // The stored proposal runs, because it is the one that the reviewers saw, and not the call that names its approval.
    let stored = approval.and_then(|id| view.approval(id)).map(|approval| &approval.proposed);
    let proposal = Arc::clone(stored.unwrap_or(&admitted.proposal));
    let mut ruling = ruling(case, view, Some(action), &proposal, NO_REASON, checklist.checks);
    ruling.approval = approval;
    ruling.execution = Some(terms);
    let mut drafts = Vec::with_capacity(2);
    if approval.is_none() {
        drafts.push(Draft::new(&proposal.actor, Body::DecisionRecorded(Arc::clone(&proposal))));
    }
    drafts.push(Draft::new(&proposal.actor, Body::ActionValidated(Arc::new(ruling))));
    let cleared = Cleared {
        tenant: case.tenant.clone(),
        action: Arc::clone(action),
        proposal,
        terms,
        state,
        state_version: view.state_version,
        facts: view.facts.clone(),
        decided_at,
        ids: case.call.ids,
    };
    let done = Done::write(view, drafts, Decided::Cleared(Clearance::new(cleared)));
    Ok(done.with_receipt(ReceiptOf::Clearance).starting(terms.execution))
}

/// Opens an approval. The same append closes the approvals that nobody can use any more, so that they do not pile up.
pub(super) fn hold(
    case: &Case<'_>,
    view: &View,
    action: &Action,
    admitted: &AdmittedProposal,
    reason: Code,
    closing: Vec<Body>,
    checklist: Checklist,
) -> Done<Decided> {
    let proposal = &admitted.proposal;
    let opened_at = case.time(view);
    let id = case.call.ids.approval;
    let reviewers = action.reviewers.clone();
    let mut ruling = ruling(case, view, Some(action), proposal, reason, checklist.checks);
    ruling.approval = Some(id);
    ruling.hold = reviewers.clone().map(|reviewers| HoldTerms {
        reviewers,
        quorum: action.contract.quorum,
        expires_at: opened_at + action.contract.expires,
    });
    let ruling = Arc::new(ruling);
    let mut drafts = Vec::with_capacity(2 + closing.len());
    drafts.extend(closing.into_iter().map(|body| Draft::new(&proposal.actor, body)));
    drafts.push(Draft::new(&proposal.actor, Body::DecisionRecorded(Arc::clone(proposal))));
    drafts.push(Draft::new(&proposal.actor, Body::ApprovalRequired(Arc::clone(&ruling))));
    let approval = OpenApproval {
        id,
        proposed: Arc::clone(proposal),
        ruling,
        opened_at,
        reviewers,
        escalated: None,
        grants: Vec::new(),
        complete: false,
    };
    let denials = view.earlier_denials(&proposal.action);
    let hold = Hold { approval, denials, trace_id: case.call.ids.trace, is_repeat: false };
    Done::write(view, drafts, Decided::Held(hold)).with_receipt(ReceiptOf::Drafts)
}
