//! The records of a refusal.

use crate::{
    base::ids::{ApprovalId, EntityRef},
    kernel::{
        decision::{Block, Checklist, Decided},
        known::{Known, Pause},
        proposal::AdmittedProposal,
        record::{Draft, body::Body},
        refusal::Refusal,
        ruling::{RefusalDrafts, expire, refusal_drafts, ruling},
        step::{Case, Done, ReceiptOf},
        view::{OpenApproval, View},
    },
};
use std::sync::Arc;

/// Refuses a proposal in the tenant's own stream: its entity or action is unknown, or the requester may not know of it.
pub(super) fn unplaced(
    case: &Case<'_>,
    known: &Known,
    admitted: &AdmittedProposal,
    checklist: Checklist,
    is_key_taken: bool,
) -> Result<Done<Decided>, Pause> {
    let refused = known.view(&EntityRef::reserved("refused"))?;
    Ok(new_proposal(case, refused, admitted, checklist, is_key_taken))
}

/// Refuses a new proposal, in the stream of the view.
pub(super) fn new_proposal(
    case: &Case<'_>,
    view: &View,
    admitted: &AdmittedProposal,
    checklist: Checklist,
    is_key_taken: bool,
) -> Done<Decided> {
    // A key stays with the proposal that claimed it. Nor does a refusal claim one if the same call may be decided otherwise
    // in a moment: repeated, it must get a new decision and not the recorded refusal.
    let mut proposal = Arc::clone(&admitted.proposal);
    if is_key_taken || checklist.refusals.first().is_some_and(Refusal::leaves_the_key) {
        Arc::make_mut(&mut proposal).notes.idempotency_key = None;
    }
    let named = proposal.notes.approval;
    let records = refusal_drafts(case, view, &proposal.actor, || {
        let checks = checklist.checks.clone();
        let mut ruling = ruling(case, view, admitted.action.as_deref(), &proposal, checklist.reason(), checks);
        ruling.approval = named;
        ruling.target = (proposal.entity != view.head.entity).then(|| proposal.entity.clone());
        let expired = expired_by(&checklist, view).map(|id| expire(&proposal.actor, id));
        let mut drafts: Vec<Draft> = expired.into_iter().collect();
        drafts.push(Draft::new(&proposal.actor, Body::DecisionRecorded(Arc::clone(&proposal))));
        drafts.push(Draft::new(&proposal.actor, Body::ActionBlocked(Arc::new(ruling))));
        drafts
    });
    let block = Block::new(checklist, &proposal, named, case.call.ids.trace);
    blocked(view, block, records)
}

/// Refuses a stored proposal. Its record is in the log already, and is not written again.
pub(super) fn stored_proposal(
    case: &Case<'_>,
    view: &View,
    approval: &OpenApproval,
    checklist: Checklist,
) -> Done<Decided> {
    let proposal = &approval.proposed;
    let records = refusal_drafts(case, view, &proposal.actor, || {
        let action = case.domain.action(proposal.action.as_str());
        let mut ruling = ruling(case, view, action, proposal, checklist.reason(), checklist.checks.clone());
        ruling.approval = Some(approval.id);
        let expired = expired_by(&checklist, view).map(|id| expire(&proposal.actor, id));
        let mut drafts: Vec<Draft> = expired.into_iter().collect();
        drafts.push(Draft::new(&proposal.actor, Body::ActionBlocked(Arc::new(ruling))));
        drafts
    });
    let block = Block::new(checklist, proposal, Some(approval.id), case.call.ids.trace);
    blocked(view, block, records)
}

fn blocked(view: &View, mut block: Block, records: RefusalDrafts) -> Done<Decided> {
    block.is_recorded = records.is_recorded;
    Done::write(view, records.drafts, Decided::Blocked(block)).with_receipt(ReceiptOf::Drafts)
}

/// The open approval that this refusal found expired. It is closed in the same append.
fn expired_by(checklist: &Checklist, view: &View) -> Option<ApprovalId> {
    checklist.refusals.iter().find_map(|refusal| match refusal {
        Refusal::ApprovalExpired { approval } => view.approval(*approval).map(|open| open.id),
        _ => None,
    })
}
