//! The one function that answers every question of authority: [`decide`].
//!
//! Nothing here opens, awaits, reads a clock or draws a random number. `decide` is total: a refusal is a
//! value. Deciding twice with the same arguments gives the same records.

mod checks;
mod consent;
mod records;

pub(crate) use consent::{changed_since, closed_by};
pub(crate) use records::{refusal_drafts, ruling};

use crate::{
    base::{
        actor::Granted,
        code::Code,
        defect::is_sown,
        ids::{EntityRef, Ids},
        timestamp::Timestamp,
    },
    domain::{Action, Domain},
    kernel::{
        decision::{Decided, Hold, Refusal, Sheet},
        proposal::Asked,
        record::{Kind, body::Issue},
        request::Proposed,
        review::earlier_denials,
        view::{OpenApproval, View},
    },
};
use checks::{examine, holds_all};
use consent::{Consent, consent, usable};
use records::{execute, open_hold, refuse, refuse_stored};
use std::sync::Arc;

/// One question: the rules, what the log says of the entity, and what comes from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) domain: &'a Domain,
    pub(crate) view: &'a View,
    pub(crate) at: Moment<'a>,
}

impl Case<'_> {
    /// The time of the decision: within a stream it does not go back.
    pub(crate) fn now(&self) -> Timestamp {
        self.view.head.effective(self.at.now)
    }
}

/// What comes from outside for one call: the time, the ids, who issues.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a Ids,
    pub(crate) issue: &'a Issue,
    /// Refusals of this actor here that were not recorded.
    pub(crate) suppressed: u64,
}

/// What the store's index knows of the names in a proposal. It is protected by the append that follows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// What was proposed under the same idempotency key.
    pub(crate) key: Option<Arc<Proposed>>,
    /// The approval that the proposal names.
    pub(crate) approval: Option<FoundApproval>,
}

/// An approval that is not, or no longer, open in the proposal's own stream.
#[derive(Clone, Debug)]
pub(crate) struct FoundApproval {
    pub(crate) stream: EntityRef,
    pub(crate) proposed: Arc<Proposed>,
    /// The kind of the record that closed it.
    pub(crate) closed: Option<Kind>,
}

/// The last check, which every decision has beside those of [`examine`].
pub(crate) const APPROVAL: Code = Code::fixed("approval");

/// Decides a proposal.
pub(crate) fn decide(case: &Case<'_>, asked: &Asked, found: &Found) -> Decided {
    let mut sheet = examine(case, asked);
    let Some(action) = permitted(asked) else {
        // Whoever lacks the permission learns nothing of the entity, not even from where the refusal stands.
        sheet.skip(&APPROVAL);
        return Decided::Unplaced(sheet);
    };
    if let Some(earlier) = &found.key {
        let (view, approval) = (case.view, asked.proposed.notes.approval);
        if !earlier.is_same_request(&asked.proposed, &view.head.tenant) && !is_sown("key_content_unchecked") {
            sheet.refusals.insert(0, Refusal::IdempotencyKeyReused);
        } else if approval.is_none_or(|id| view.approval(id).is_none()) {
            return Decided::Repeat;
        }
    }
    if case.view.state.is_none() {
        sheet.skip(&APPROVAL);
        return Decided::Unplaced(sheet);
    }
    let answer = if sheet.is_clean() { consent(case, asked, found, action) } else { Consent::Skipped };
    match answer {
        Consent::Skipped => sheet.skip(&APPROVAL),
        Consent::Refused(refusal) => sheet.fail(&APPROVAL, refusal),
        Consent::Given(approval) => {
            sheet.pass(&APPROVAL);
            return execute(case, action, asked, approval, sheet);
        }
        Consent::Waiting(approval) => {
            let denials = earlier_denials(case.view, &asked.proposed.action);
            return Decided::Hold(Hold { approval, opened: false, denials }, Vec::new());
        }
        Consent::Needed { reason, closing } => {
            sheet.wait(&APPROVAL);
            return open_hold(case, action, asked, reason, closing, sheet);
        }
    }
    refuse(case, asked, found, sheet)
}

/// Decides a held proposal again, for the requester that the log names, whoever resumes it.
pub(crate) fn resume(case: &Case<'_>, approval: &OpenApproval) -> Decided {
    let asked = asked_again(case.domain, &approval.proposed);
    let mut sheet = examine(case, &asked);
    let Some(action) = asked.action.as_ref().filter(|_| sheet.is_clean()) else {
        sheet.skip(&APPROVAL);
        return refuse_stored(case, approval, sheet);
    };
    match usable(case, approval, action) {
        Consent::Given(id) => {
            sheet.pass(&APPROVAL);
            execute(case, action, &asked, id, sheet)
        }
        Consent::Refused(refusal) => {
            sheet.fail(&APPROVAL, refusal);
            refuse_stored(case, approval, sheet)
        }
        _ => Decided::Hold(Hold { approval: approval.clone(), opened: false, denials: Vec::new() }, Vec::new()),
    }
}

/// Decides without writing, for `explain`: the checks, and whether consent would be asked for.
pub(crate) fn explain(case: &Case<'_>, asked: &Asked, found: &Found) -> (Sheet, Option<Code>) {
    let mut sheet = examine(case, asked);
    let is_reused = |earlier: &Arc<Proposed>| !earlier.is_same_request(&asked.proposed, &case.view.head.tenant);
    if permitted(asked).is_some() && found.key.as_ref().is_some_and(is_reused) {
        sheet.refusals.insert(0, Refusal::IdempotencyKeyReused);
    }
    let Some(action) = asked.action.as_ref().filter(|_| sheet.is_clean()) else {
        sheet.skip(&APPROVAL);
        return (sheet, None);
    };
    match consent(case, asked, found, action) {
        Consent::Given(_) => sheet.pass(&APPROVAL),
        Consent::Refused(refusal) => sheet.fail(&APPROVAL, refusal),
        Consent::Waiting(approval) => return (sheet, Some(approval.ruling.reason.clone())),
        Consent::Needed { reason, .. } => return (sheet, Some(reason)),
        Consent::Skipped => sheet.skip(&APPROVAL),
    }
    (sheet, None)
}

/// The actions that someone with these permissions could propose now, as far as that can be told without
/// parameters.
pub(crate) fn allowed_actions(domain: &Domain, view: &View, authority: &Granted) -> Vec<crate::ActionName> {
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

/// A refusal that belongs to the tenant's own stream: `case.view` is the view of that stream.
pub(crate) fn refuse_unplaced(case: &Case<'_>, asked: &Asked, found: &Found, sheet: Sheet) -> Decided {
    refuse(case, asked, found, sheet)
}

/// The refusal of a proposal that would be cleared if its receipt could be signed.
pub(crate) fn refuse_unsigned(case: &Case<'_>, asked: &Asked, found: &Found) -> Decided {
    refuse(case, asked, found, unsigned(case, asked))
}

/// The same for a held proposal that was resumed.
pub(crate) fn refuse_unsigned_resume(case: &Case<'_>, approval: &OpenApproval) -> Decided {
    let sheet = unsigned(case, &asked_again(case.domain, &approval.proposed));
    refuse_stored(case, approval, sheet)
}

fn unsigned(case: &Case<'_>, asked: &Asked) -> Sheet {
    let mut sheet = examine(case, asked);
    sheet.skip(&APPROVAL);
    sheet.refusals.insert(0, Refusal::SignerUnavailable);
    sheet
}

/// True if the decision depends on the entity at all. Where it does not, the entity is not even looked at: whoever
/// may not ask costs no more than the record of the refusal.
pub(crate) fn concerns_entity(asked: &Asked) -> bool {
    permitted(asked).is_some()
}

/// The action, if the domain has it and the requester holds all its permissions.
fn permitted(asked: &Asked) -> Option<&Arc<Action>> {
    asked.action.as_ref().filter(|action| holds_all(action, &asked.proposed.authority))
}

/// A stored proposal, asked of the domain as it is now: the roles are those that were recorded.
pub(crate) fn asked_again(domain: &Domain, stored: &Arc<Proposed>) -> Asked {
    let action = domain.find(stored.action.as_str()).filter(|action| action.entity.as_str() == stored.entity.kind());
    let authority = domain.policy().resolve(&stored.actor, &stored.authority.roles);
    let faults = action.map_or_else(Vec::new, |action| {
        let offered = stored.params.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        crate::domain::param::faults_of(&action.params, &offered)
    });
    let proposed = if authority == stored.authority {
        Arc::clone(stored)
    } else {
        Arc::new(Proposed { authority, ..(**stored).clone() })
    };
    Asked { proposed, action: action.cloned(), faults }
}
