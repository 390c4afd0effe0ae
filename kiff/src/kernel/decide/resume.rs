//! Decides a held proposal again.

use super::{
    checks::examine,
    clear,
    consent::{Consent, already_held, check_use},
    refuse,
};
use crate::{
    base::ids::ApprovalId,
    kernel::{
        decision::Decided,
        known::{ANY_MOMENT, Fault, Known, Pause},
        proposal::admit_again,
        recall,
        refusal::Refusal,
        ruling::APPROVAL,
        step::{Case, Command, Done},
        view::{OpenApproval, View},
    },
};

/// Decides a held proposal again, for the requester that the log names. Anybody may resume it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resume {
    pub(crate) approval: ApprovalId,
}

impl Command for Resume {
    type Reply = Decided;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Decided>, Pause> {
        let id = self.approval;
        let Some(place) = known.approval(id, ANY_MOMENT)?.value else {
            return Err(Pause::Fault(Fault::ApprovalUnknown(id)));
        };
        let mut view = known.view(&place.stream)?;
        if view.approval(id).is_none() {
            // Another process may have opened the approval since the view was kept.
            let fresh = known.fresh_view(&place.stream, ANY_MOMENT)?;
            if fresh.value.approval(id).is_none() {
                return recall::closed_approval(case, known, id, fresh);
            }
            view = fresh.value;
        }
        let Some(approval) = view.approval(id) else {
            return Err(Fault::inconsistent(&place.stream, "an open approval is not in its view"));
        };
        let action = case.domain.find(approval.proposed.action.as_str());
        if let Some(action) = action.filter(|action| action.executor.is_none()) {
            return Err(Pause::Fault(Fault::NoExecutor(action.name.clone())));
        }
        resume(case, view, approval)
    }
}

fn resume(case: &Case<'_>, view: &View, approval: &OpenApproval) -> Result<Done<Decided>, Pause> {
    let admitted = admit_again(case.domain, &approval.proposed);
    let mut checklist = examine(case, view, &admitted);
    let Some(action) = admitted.action.as_ref().filter(|_| checklist.is_clean()) else {
        checklist.skip(&APPROVAL);
        return Ok(refuse::stored_proposal(case, view, approval, checklist));
    };
    match check_use(case, view, approval, action) {
        // Nothing is cleared without its receipt.
        Consent::Given(_) if case.call.is_unsigned => {
            checklist.skip(&APPROVAL);
            checklist.refusals.push(Refusal::SignerUnavailable);
        }
        Consent::Given(id) => {
            checklist.pass(&APPROVAL);
            return clear::execute(case, view, action, &admitted, id, checklist);
        }
        Consent::Refused(refusal) => checklist.fail(&APPROVAL, refusal),
        Consent::Waiting(_) | Consent::Needed { .. } | Consent::Skipped => {
            return Ok(Done::answer(already_held(case, view, approval.clone())));
        }
    }
    Ok(refuse::stored_proposal(case, view, approval, checklist))
}
