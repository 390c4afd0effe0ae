//! Approvals as people see them.

use super::shown::shown;
use crate::{
    base::{
        actor::Actor,
        code::{Code, words},
        ids::{ActionName, ApprovalId, EntityRef, Permission},
        timestamp::Timestamp,
    },
    domain::{Domain, contract::Risk, param::Params},
    kernel::{
        known::Fault,
        view::{OpenApproval, View},
    },
};
use std::sync::Arc;

/// An approval that waits for its reviewers, or is granted and not used yet.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct PendingApproval {
    /// Its id.
    pub id: ApprovalId,
    /// The entity.
    pub entity: EntityRef,
    /// The action that is held.
    pub action: ActionName,
    /// Who asked for it.
    pub requester: Arc<Actor>,
    /// The parameters that were asked for.
    pub params: Params,
    /// How much harm it could do.
    pub risk: Risk,
    /// Why it is held: the reason code.
    pub reason: Code,
    /// The text to show to a reviewer: the contract's summary, with everything that an agent wrote escaped. The digest of
    /// this text is in the grant's record.
    pub shown: String,
    /// The agent's reasons, as it gave them. Not escaped: show them as text, never as markup.
    pub reasoning: Option<String>,
    /// The references that the agent relies on.
    pub evidence: Vec<String>,
    /// Who must consent.
    pub reviewers: Option<Permission>,
    /// How many have consented.
    pub grants: u32,
    /// How many must consent.
    pub quorum: u32,
    /// Whether enough have consented, so that it waits only to be used.
    pub is_granted: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Approvals of the same action on this entity that were denied since its last event, with their
    /// parameters.
    pub earlier_denials: Vec<(ApprovalId, Params)>,
}

impl PendingApproval {
    pub(crate) fn of(domain: &Domain, view: &View, approval: &OpenApproval) -> Result<Self, Fault> {
        let proposal = &approval.proposed;
        let missing = || Fault::inconsistent_log(&proposal.entity, "an approval is open for an action of unknown risk");
        Ok(Self {
            id: approval.id,
            entity: proposal.entity.clone(),
            action: proposal.action.clone(),
            requester: Arc::clone(&proposal.actor),
            params: proposal.params.clone(),
            risk: proposal.risk.ok_or_else(missing)?,
            reason: approval.ruling.reason.clone(),
            shown: shown(domain.action(proposal.action.as_str()), proposal),
            reasoning: proposal.notes.reasoning.clone(),
            evidence: proposal.notes.evidence.clone(),
            reviewers: approval.escalated.clone().or_else(|| approval.reviewers.clone()),
            grants: approval.grant_count(),
            quorum: approval.quorum(),
            is_granted: approval.complete,
            opened_at: approval.opened_at,
            expires_at: approval.expires_at(),
            earlier_denials: view.earlier_denials(&proposal.action),
        })
    }
}

words! {
    /// Where an approval stands.
    #[non_exhaustive]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum ApprovalState {
        /// It waits for its reviewers.
        Pending = "pending",
        /// Enough of them have consented; it waits to be used.
        Granted = "granted",
        /// A reviewer denied it.
        Denied = "denied",
        /// It was withdrawn.
        Revoked = "revoked",
        /// It waits for other reviewers as well.
        Escalated = "escalated",
    }
}
