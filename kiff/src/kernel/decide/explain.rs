//! Says what would be decided, without writing.

use super::{
    checks::examine,
    consent::{Consent, consent},
};
use crate::{
    base::{actor::Granted, code::Code, ids::ActionName},
    domain::{Action, Domain},
    kernel::{
        caller::holds_all,
        decision::Checklist,
        known::{ANY_MOMENT, Known, Pause},
        proposal::AdmittedProposal,
        recall,
        record::Verdict,
        refusal::Refusal,
        ruling::APPROVAL,
        step::{Case, Command, Done},
        view::View,
    },
};

/// Says what would be decided about a proposal now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Explain<'a> {
    pub(crate) admitted: &'a AdmittedProposal,
}

/// The decision that would be made.
#[derive(Debug)]
pub(crate) struct Explained {
    pub(crate) decision: Verdict,
    pub(crate) reason: Code,
    pub(crate) checklist: Checklist,
}

impl Command for Explain<'_> {
    type Reply = Explained;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Explained>, Pause> {
        let proposal = &self.admitted.proposal;
        let Some(action) = self.admitted.permitted_action() else {
            // A caller without the permission learns nothing of the entity, and the entity is not read: as in a decision.
            let unread = View::bare(case.tenant.clone(), proposal.entity.clone());
            let mut checklist = examine(case, &unread, self.admitted);
            checklist.skip(&APPROVAL);
            return Ok(Done::answer(refused(checklist)));
        };
        let view = known.fresh_view(&proposal.entity, ANY_MOMENT)?.value;
        let earlier = recall::proposal_under_key(known, proposal)?;
        let mut checklist = examine(case, view, self.admitted);
        if earlier.is_some_and(|earlier| !earlier.is_same_request(proposal, case.tenant)) {
            checklist.refusals.insert(0, Refusal::IdempotencyKeyReused);
        }
        if !checklist.is_clean() {
            checklist.skip(&APPROVAL);
            return Ok(Done::answer(refused(checklist)));
        }
        Ok(Done::answer(match consent(case, view, known, self.admitted, action)? {
            Consent::Refused(refusal) => {
                checklist.fail(&APPROVAL, refusal);
                refused(checklist)
            }
            Consent::Waiting(approval) => held(approval.ruling.reason.clone(), checklist),
            Consent::Needed { reason, .. } => held(reason, checklist),
            Consent::Given(_) | Consent::Skipped => {
                checklist.pass(&APPROVAL);
                Explained { decision: Verdict::Allowed, reason: checklist.reason(), checklist }
            }
        }))
    }
}

fn refused(checklist: Checklist) -> Explained {
    Explained { decision: Verdict::Blocked, reason: checklist.reason(), checklist }
}

fn held(reason: Code, checklist: Checklist) -> Explained {
    Explained { decision: Verdict::ApprovalRequired, reason, checklist }
}

/// The actions that a caller with these permissions could propose now, as far as that is known without parameters.
pub(crate) fn allowed_actions(domain: &Domain, view: &View, authority: &Granted) -> Vec<ActionName> {
    let Some(state) = view.state.as_ref().filter(|_| view.executions.is_empty() && !view.facts_failed) else {
        return Vec::new();
    };
    let may = |action: &&Action| {
        action.entity.as_str() == view.head.entity.kind()
            && action.allowed.contains(state)
            && holds_all(action, authority)
    };
    domain.actions().filter(may).map(|action| action.name.clone()).collect()
}
