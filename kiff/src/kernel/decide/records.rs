//! The records of a decision.

use super::{Case, Found};
use crate::{
    base::{actor::Actor, code::Code, digest::Digest, ids::ApprovalId},
    domain::Action,
    kernel::{
        decision::{Block, Clearance, Cleared, Decided, Hold, Refusal, Sheet},
        proposal::Asked,
        record::{
            Draft,
            body::{Body, Closing, ExecutionTerms, HoldTerms, Ruling, Suppressed},
        },
        request::{NO_REASON, Proposed},
        review::earlier_denials,
        view::{OpenApproval, RefusalRecord, View},
    },
};
use std::sync::Arc;

/// Clears a proposal: the new one, or the stored one of the approval that is consumed.
pub(super) fn execute(
    case: &Case<'_>,
    action: &Arc<Action>,
    asked: &Asked,
    approval: Option<ApprovalId>,
    sheet: Sheet,
) -> Decided {
    let Case { view, at, .. } = *case;
    let Some(state) = view.state.clone() else {
        return Decided::Unplaced(sheet);
    };
    let decided_at = case.now();
    let terms = ExecutionTerms {
        execution: at.ids.execution,
        attempt: 1,
        effect: action.effect(),
        deadline: Some(decided_at.plus(action.timeout().unwrap_or(case.domain.bounds().lease))),
    };
    // What runs is the stored proposal.
    let stored = approval
        .and_then(|id| view.approval(id))
        .map_or_else(|| Arc::clone(&asked.proposed), |approval| Arc::clone(&approval.proposed));
    let mut ruling = ruling(case, asked.action.as_deref(), &stored, NO_REASON, sheet);
    ruling.approval = approval;
    ruling.execution = Some(terms);
    let mut drafts = Vec::with_capacity(2);
    if approval.is_none() {
        drafts.push(Draft::new(&stored.actor, Body::DecisionRecorded(Arc::clone(&stored))));
    }
    drafts.push(Draft::new(&stored.actor, Body::ActionValidated(Arc::new(ruling))));
    let cleared = Cleared {
        tenant: view.head.tenant.clone(),
        action: Arc::clone(action),
        proposed: stored,
        terms,
        state,
        state_version: view.state_version,
        facts: view.facts.clone(),
        decided_at,
        trace: at.ids.trace,
    };
    Decided::Execute(Clearance { cleared }, drafts)
}

/// Opens an approval, after closing those that are of no use any more.
pub(super) fn open_hold(
    case: &Case<'_>,
    action: &Action,
    asked: &Asked,
    reason: Code,
    closing: Vec<Body>,
    sheet: Sheet,
) -> Decided {
    let Case { view, at, .. } = *case;
    let proposed = &asked.proposed;
    let opened_at = case.now();
    let reviewers = action.reviewers.clone();
    let mut ruling = ruling(case, Some(action), proposed, reason, sheet);
    ruling.approval = Some(at.ids.approval);
    ruling.hold = reviewers.clone().map(|reviewers| HoldTerms {
        reviewers,
        quorum: action.contract.quorum,
        expires_at: opened_at.plus(action.contract.expires),
    });
    let ruling = Arc::new(ruling);
    let mut drafts = Vec::with_capacity(2 + closing.len());
    drafts.extend(closing.into_iter().map(|body| Draft::new(&proposed.actor, body)));
    drafts.push(Draft::new(&proposed.actor, Body::DecisionRecorded(Arc::clone(proposed))));
    drafts.push(Draft::new(&proposed.actor, Body::ApprovalRequired(Arc::clone(&ruling))));
    let approval = OpenApproval {
        id: at.ids.approval,
        proposed: Arc::clone(proposed),
        ruling,
        opened_at,
        reviewers,
        escalated: None,
        grants: Vec::new(),
        complete: false,
    };
    Decided::Hold(Hold { approval, opened: true, denials: view.earlier_denials(&asked.proposed.action) }, drafts)
}

/// A refusal of a new proposal.
pub(super) fn refuse(case: &Case<'_>, asked: &Asked, found: &Found, sheet: Sheet) -> Decided {
    let view = case.view;
    // A key stays with the proposal that claimed it, and is not spent on what may be otherwise in a moment.
    let mut proposed = Arc::clone(&asked.proposed);
    if found.key.is_some() || sheet.refusals.first().is_some_and(Refusal::leaves_the_key) {
        Arc::make_mut(&mut proposed).notes.idempotency_key = None;
    }
    let approval = proposed.notes.approval;
    let expired = expired_by(&sheet, view);
    let drafts = refusal_drafts(case, &proposed.actor, || {
        let mut ruling = ruling(case, asked.action.as_deref(), &proposed, sheet.reason(), sheet.clone());
        ruling.approval = approval;
        ruling.target = (proposed.entity != view.head.entity).then(|| proposed.entity.clone());
        let mut drafts: Vec<Draft> = expired.into_iter().map(|id| expire(&proposed.actor, id)).collect();
        drafts.push(Draft::new(&proposed.actor, Body::DecisionRecorded(Arc::clone(&proposed))));
        drafts.push(Draft::new(&proposed.actor, Body::ActionBlocked(Arc::new(ruling))));
        drafts
    });
    Decided::Block(Block { sheet, approval }, drafts)
}

/// A refusal of a stored proposal, which is not written again.
pub(super) fn refuse_stored(case: &Case<'_>, approval: &OpenApproval, sheet: Sheet) -> Decided {
    let proposed = &approval.proposed;
    let expired = expired_by(&sheet, case.view);
    let drafts = refusal_drafts(case, &proposed.actor, || {
        let action = case.domain.action(proposed.action.as_str());
        let mut ruling = ruling(case, action, proposed, sheet.reason(), sheet.clone());
        ruling.approval = Some(approval.id);
        let mut drafts: Vec<Draft> = expired.into_iter().map(|id| expire(&proposed.actor, id)).collect();
        drafts.push(Draft::new(&proposed.actor, Body::ActionBlocked(Arc::new(ruling))));
        drafts
    });
    Decided::Block(Block { sheet, approval: Some(approval.id) }, drafts)
}

/// An open approval that this refusal found past its time: it is closed in the same append.
fn expired_by(sheet: &Sheet, view: &View) -> Option<ApprovalId> {
    sheet.refusals.iter().find_map(|refusal| match refusal {
        Refusal::ApprovalExpired { approval } => view.approval(*approval).map(|open| open.id),
        _ => None,
    })
}

fn expire(actor: &Arc<Actor>, approval: ApprovalId) -> Draft {
    Draft::new(actor, Body::ApprovalExpired(Closing { approval, reason: None }))
}

/// The records of a refusal, or the one that stands for the rest of a run of them, or none.
pub(crate) fn refusal_drafts(case: &Case<'_>, actor: &Arc<Actor>, single: impl FnOnce() -> Vec<Draft>) -> Vec<Draft> {
    match case.view.next_refusal(&actor.id, case.domain.bounds().refusals, case.now()) {
        RefusalRecord::Single => single(),
        RefusalRecord::Suppression(recorded) => {
            vec![Draft::new(actor, Body::RefusalsSuppressed(Suppressed { recorded }))]
        }
        RefusalRecord::Nothing => Vec::new(),
    }
}

/// The decision as its record carries it.
pub(crate) fn ruling(
    case: &Case<'_>,
    action: Option<&Action>,
    proposed: &Proposed,
    reason: Code,
    sheet: Sheet,
) -> Ruling {
    let Case { domain, view, at } = *case;
    Ruling {
        action: proposed.action.clone(),
        reason,
        domain_version: domain.version().clone(),
        policy_version: domain.policy_version().clone(),
        contract_digest: action.map_or(Digest::ZERO, |action| action.digest),
        state_version: view.state_version,
        request_digest: proposed.request_digest,
        receipt: at.ids.receipt,
        issue: at.issue.clone(),
        checks: sheet.checks,
        approval: None,
        hold: None,
        execution: None,
        target: None,
        suppressed: at.suppressed,
    }
}
