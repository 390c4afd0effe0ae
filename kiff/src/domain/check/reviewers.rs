//! Whether enough people could review, where the policy knows them by name.

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

/// Notes an approval that nobody could give.
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
    let quorum = action.contract.quorum;
    let place = action.contract.location.clone();
    let name = action.name.to_string();
    let permission = permission.to_string();
    if people(&reviewers) < usize_of(quorum) {
        let reviewers = people(&reviewers);
        faults.push(DomainFault::QuorumTooLarge { place, action: name, permission, quorum, reviewers });
    } else if action.contract.separate_reviewer && only_of_their_own(action, policy, &reviewers) {
        faults.push(DomainFault::OnlySelfReview { place, action: name, permission, quorum });
    }
}

/// Whether too few reviewers are left for every possible requester, who may not review.
fn only_of_their_own(action: &Action, policy: &dyn PermissionPolicy, reviewers: &[&Actor]) -> bool {
    let Some(requesters) = requesters(&action.permissions, policy) else { return false };
    let stuck = |requester: &Actor| {
        let others: Vec<&Actor> = reviewers.iter().copied().filter(|other| !other.is_party_with(requester)).collect();
        people(&others) < usize_of(action.contract.quorum)
    };
    // An action that nobody could propose is not a fault of its reviewers.
    !requesters.is_empty() && requesters.iter().all(stuck)
}

/// The holders of all permissions that a requester needs; `None` where everybody may propose, or the policy does not know.
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

/// How many grants they could give together. Ids that differ in case alone stand for one person.
fn people(actors: &[&Actor]) -> usize {
    actors.iter().map(|actor| actor.id.as_str().to_ascii_lowercase()).collect::<BTreeSet<_>>().len()
}

/// On a platform with 16 bits no list of people reaches a quorum that does not fit.
fn usize_of(quorum: u32) -> usize {
    usize::try_from(quorum).unwrap_or(usize::MAX)
}
