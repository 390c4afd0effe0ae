//! Decides a new proposal.

use super::{
    checks::examine,
    clear,
    consent::{Consent, already_held, consent},
    refuse,
};
use crate::{
    domain::Action,
    kernel::{
        decision::{Checklist, Decided},
        known::{ANY_MOMENT, Fault, Known, Pause},
        proposal::AdmittedProposal,
        recall,
        refusal::Refusal,
        ruling::APPROVAL,
        step::{Case, Command, Done},
        view::View,
    },
};
use std::sync::Arc;

/// Decides a proposal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Propose<'a> {
    pub(crate) admitted: &'a AdmittedProposal,
    pub(crate) effect_by: EffectBy,
}

/// Who runs an effect that is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EffectBy {
    /// The action's executor.
    Executor,
    /// The host, which reports the outcome later.
    Host,
}

impl Command for Propose<'_> {
    type Reply = Decided;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Decided>, Pause> {
        let admitted = self.admitted;
        let proposal = &admitted.proposal;
        let Some(action) = admitted.permitted_action() else {
            // A caller without the permission learns nothing of the entity, not even from the stream in which the refusal is
            // recorded. The entity is not read either, so that such a refusal costs no more than its record.
            let unread = View::bare(case.tenant.clone(), proposal.entity.clone());
            let mut checklist = examine(case, &unread, admitted);
            checklist.skip(&APPROVAL);
            return refuse::unplaced(case, known, admitted, checklist, false);
        };
        if self.effect_by == EffectBy::Executor && action.executor.is_none() {
            return Err(Pause::Fault(Fault::NoExecutor(action.name.clone())));
        }
        let mut view = known.view(&proposal.entity)?;
        let earlier = recall::proposal_under_key(known, proposal)?;
        let is_repeat = earlier.is_some_and(|earlier| earlier.is_same_request(proposal, case.tenant));
        if is_repeat {
            if proposal.notes.approval.is_some() {
                // Another process may have opened the approval since the view was kept.
                view = known.fresh_view(&proposal.entity, ANY_MOMENT)?.value;
            }
            // A repeated call that names an open approval asks for its use, not for the answer that opened it.
            if proposal.notes.approval.is_none_or(|id| view.approval(id).is_none()) {
                return recall::answer_under_key(case, known, proposal);
            }
        }
        let mut checklist = examine(case, view, admitted);
        if earlier.is_some() && !is_repeat {
            checklist.refusals.insert(0, Refusal::IdempotencyKeyReused);
        }
        if view.state.is_none() {
            // A stale view may lack the first event. An entity that exists is refused in its own stream.
            known.fresh_view(&proposal.entity, ANY_MOMENT)?;
            checklist.skip(&APPROVAL);
            return refuse::unplaced(case, known, admitted, checklist, earlier.is_some());
        }
        let consent =
            if checklist.is_clean() { consent(case, view, known, admitted, action)? } else { Consent::Skipped };
        follow_consent(case, view, admitted, action, checklist, consent, earlier.is_some())
    }
}

/// Clears, holds or refuses a new proposal, as the last check says.
fn follow_consent(
    case: &Case<'_>,
    view: &View,
    admitted: &AdmittedProposal,
    action: &Arc<Action>,
    mut checklist: Checklist,
    consent: Consent,
    is_key_taken: bool,
) -> Result<Done<Decided>, Pause> {
    match consent {
        Consent::Skipped => checklist.skip(&APPROVAL),
        Consent::Refused(refusal) => checklist.fail(&APPROVAL, refusal),
        // Nothing is cleared without its receipt.
        Consent::Given(_) if case.call.is_unsigned => {
            checklist.skip(&APPROVAL);
            checklist.refusals.push(Refusal::SignerUnavailable);
        }
        Consent::Given(approval) => {
            checklist.pass(&APPROVAL);
            return clear::execute(case, view, action, admitted, approval, checklist);
        }
        Consent::Waiting(approval) => return Ok(Done::answer(already_held(case, view, approval))),
        Consent::Needed { reason, closing } => {
            checklist.wait(&APPROVAL);
            return Ok(clear::hold(case, view, action, admitted, reason, closing, checklist));
        }
    }
    Ok(refuse::new_proposal(case, view, admitted, checklist, is_key_taken))
}
