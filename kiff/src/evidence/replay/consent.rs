//! What a log shows of consent without a domain: that each grant is about what was asked, that a quorum is of
//! different people, and that nothing was cleared on less.

use super::Mismatch;
use crate::{
    base::code::Code,
    kernel::{
        record::{
            Record,
            body::{Body, Grant, Ruling},
        },
        view::{OpenApproval, View},
    },
};

/// Checks a grant, or a clearance that uses one, against the approval as it stands. The fold has refused what speaks of
/// no open approval.
pub(super) fn check(view: &View, record: &Record) -> Result<(), Mismatch> {
    match &record.body {
        Body::ApprovalGranted(grant) => match view.approval(grant.approval) {
            Some(approval) => check_grant(approval, grant, record),
            None => Ok(()),
        },
        Body::ActionValidated(ruling) => match ruling.approval.and_then(|id| view.approval(id)) {
            Some(approval) => check_use(approval, ruling, record),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn check_grant(approval: &OpenApproval, grant: &Grant, record: &Record) -> Result<(), Mismatch> {
    let asked = &approval.ruling;
    let grants = u32::try_from(approval.grants.len()).unwrap_or(u32::MAX).saturating_add(1);
    let differs = [
        (grant.request_digest != asked.request_digest, "another request"),
        (grant.contract_digest != asked.contract_digest, "another contract"),
        (grant.state_version != asked.state_version, "another state"),
        (grant.quorum != approval.quorum(), "another quorum"),
        (grant.grants != grants || grant.complete != (grants >= grant.quorum), "another number of grants"),
        (approval.grants.iter().any(|earlier| record.actor().is_party_with(earlier)), "a reviewer who has granted"),
        (approval.has_expired(record.recorded_at()), "an approval that had expired"),
    ];
    match differs.into_iter().find(|(differs, _)| *differs) {
        Some((_, what)) => Err((Code::fixed("grant_mismatch"), format!("the grant is about {what}"))),
        None => Ok(()),
    }
}

fn check_use(approval: &OpenApproval, cleared: &Ruling, record: &Record) -> Result<(), Mismatch> {
    let asked = &approval.ruling;
    let lacks = [
        (!approval.complete, "its grants are not complete"),
        (approval.has_expired(record.recorded_at()), "it had expired"),
        (cleared.contract_digest != asked.contract_digest, "the contract changed since"),
        (cleared.state_version != asked.state_version, "the entity changed since"),
    ];
    match lacks.into_iter().find(|(lacks, _)| *lacks) {
        Some((_, why)) => Err((
            Code::fixed("approval_not_granted"),
            format!("it was cleared on approval `{}`, and {why}", approval.id),
        )),
        None => Ok(()),
    }
}
