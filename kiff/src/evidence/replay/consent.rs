//! Checks consent without a domain: each grant is about the request, the reviewers of a quorum are different people,
//! and nothing was cleared on fewer grants.

use super::report::Mismatch;
use crate::kernel::{
    record::{
        Record,
        body::{Body, Grant, Ruling},
    },
    view::{OpenApproval, View},
};

/// Checks a grant, or a clearance on an approval, against the state of the approval. The fold refuses records about
/// approvals that are not open.
pub(super) fn check(view: &View, record: &Record) -> Result<(), Mismatch> {
    match &record.body {
        Body::ApprovalGranted(grant) => {
            view.approval(grant.approval).map_or(Ok(()), |approval| check_grant(approval, grant, record))
        }
        Body::ActionValidated(cleared) => {
            let approval = cleared.approval.and_then(|id| view.approval(id));
            approval.map_or(Ok(()), |approval| check_use(approval, cleared, record))
        }
        _ => Ok(()),
    }
}

fn check_grant(approval: &OpenApproval, grant: &Grant, record: &Record) -> Result<(), Mismatch> {
    let asked = &approval.ruling;
    let grants = approval.grants.len() as u64 + 1;
    let is_complete = grants >= u64::from(grant.quorum);
    let differs = [
        (grant.request_digest != asked.request_digest, "another request"),
        (grant.contract_digest != asked.contract_digest, "another contract"),
        (grant.state_version != asked.state_version, "another state"),
        (grant.quorum != approval.quorum(), "another quorum"),
        (u64::from(grant.grants) != grants || grant.complete != is_complete, "another number of grants"),
        (approval.grants.iter().any(|earlier| record.actor().is_party_with(earlier)), "a reviewer who has granted"),
        (approval.has_expired(record.recorded_at()), "an approval that had expired"),
    ];
    match differs.into_iter().find(|(differs, _)| *differs) {
        Some((_, what)) => Err(Mismatch::new("grant_mismatch", format!("the grant is about {what}"))),
        None => Ok(()),
    }
}

fn check_use(approval: &OpenApproval, cleared: &Ruling, record: &Record) -> Result<(), Mismatch> {
    let asked = &approval.ruling;
    let lacks = [
        (!approval.complete, "its grants were not complete"),
        (approval.has_expired(record.recorded_at()), "it had expired"),
        (cleared.contract_digest != asked.contract_digest, "the contract had changed"),
        (cleared.state_version != asked.state_version, "the entity had changed"),
    ];
    match lacks.into_iter().find(|(lacks, _)| *lacks) {
        Some((_, why)) => {
            let detail = format!("the action was cleared on approval `{}`, but {why}", approval.id);
            Err(Mismatch::new("approval_not_granted", detail))
        }
        None => Ok(()),
    }
}
