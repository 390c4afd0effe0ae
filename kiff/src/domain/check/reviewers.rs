//! Whether those who could review are enough, where the policy knows them by name.

use crate::{
    base::{
        actor::{Actor, PermissionPolicy},
        ids::Permission,
    },
    domain::{
        checked::{Action, CheckedApproval},
        fault::DomainFault,
    },
};
use std::collections::BTreeSet;

/// Tells an approval that nobody could give.
pub(in crate::domain) fn check_reviewers(
    action: &Action,
    policy: &dyn PermissionPolicy,
    faults: &mut Vec<DomainFault>,
) {
    let Some(permission) = action.reviewers.as_ref().filter(|_| !matches!(action.approval, CheckedApproval::Never))
    else {
        return;
    };
    let Some(holders) = policy.holders(permission) else { return };
    let may_review = |actor: &&Actor| action.reviewer_kinds().contains(&actor.kind);
    let reviewers: Vec<&Actor> = holders.iter().filter(may_review).collect();
    let (place, name) = (action.contract.location.clone(), action.name.to_string());
    let (quorum, reviewers_known) = (action.contract.quorum, people(&reviewers));
    if reviewers_known < most(quorum) {
        let (permission, reviewers) = (permission.to_string(), reviewers_known);
        faults.push(DomainFault::QuorumTooLarge { place, action: name, permission, quorum, reviewers });
    } else if action.contract.separate_reviewer && only_of_their_own(action, policy, &reviewers) {
        let permission = permission.to_string();
        faults.push(DomainFault::OnlySelfReview { place, action: name, permission, quorum });
    }
}

/// Whoever could propose it, without them too few are left to review.
fn only_of_their_own(action: &Action, policy: &dyn PermissionPolicy, reviewers: &[&Actor]) -> bool {
    let Some(requesters) = requesters(&action.permissions, policy) else { return false };
    let stuck = |requester: &Actor| {
        let others: Vec<&Actor> = reviewers.iter().copied().filter(|other| !other.is_party_with(requester)).collect();
        people(&others) < most(action.contract.quorum)
    };
    // That nobody could propose it is no matter of reviews.
    !requesters.is_empty() && requesters.iter().all(stuck)
}

/// Who holds all that a requester needs; nothing where everybody does, or the policy cannot tell.
fn requesters(permissions: &[Permission], policy: &dyn PermissionPolicy) -> Option<BTreeSet<Actor>> {
    let mut found: Option<BTreeSet<Actor>> = None;
    for permission in permissions {
        let holders: BTreeSet<Actor> = policy.holders(permission)?.into_iter().collect();
        found = Some(match found {
            None => holders,
            Some(before) => before.intersection(&holders).cloned().collect(),
        });
    }
    found
}

/// How many grants they could give together, at most.
fn people(actors: &[&Actor]) -> usize {
    actors.iter().map(|actor| actor.id.as_str().to_ascii_lowercase()).collect::<BTreeSet<_>>().len()
}

fn most(quorum: u32) -> usize {
    usize::try_from(quorum).unwrap_or(usize::MAX)
}
