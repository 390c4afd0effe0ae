//! The open items of a stream: approvals, denials that bar a proposal, executions, keys.

use crate::{
    base::{
        actor::Actor,
        code::Code,
        ids::{ActionName, ActorId, ApprovalId, ExecutionId, KeyId, Permission},
        timestamp::Timestamp,
    },
    domain::contract::Effect,
    kernel::{record::body::Ruling, request::StoredProposal},
};
use std::sync::Arc;

/// An approval that can still be granted, denied or used.
#[derive(Clone, Debug)]
pub(crate) struct OpenApproval {
    pub(crate) id: ApprovalId,
    pub(crate) proposed: Arc<StoredProposal>,
    pub(crate) ruling: Arc<Ruling>,
    pub(crate) opened_at: Timestamp,
    /// Who must consent, by the contract.
    pub(crate) reviewers: Option<Permission>,
    /// Who must consent besides, after an escalation.
    pub(crate) escalated: Option<Permission>,
    pub(crate) grants: Vec<Arc<Actor>>,
    pub(crate) complete: bool,
}

impl OpenApproval {
    #[expect(clippy::expect_used, reason = "each grant is a record, and 2^32 of them do not fit into memory")]
    pub(crate) fn grant_count(&self) -> u32 {
        u32::try_from(self.grants.len()).expect("there are fewer than 2^32 grants")
    }

    pub(crate) fn quorum(&self) -> u32 {
        self.ruling.hold.as_ref().map_or(1, |hold| hold.quorum)
    }

    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.ruling.hold.as_ref().map(|hold| hold.expires_at)
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at().is_some_and(|at| at <= now)
    }
}

/// A denial that bars the same proposal while the state version stands.
#[derive(Clone, Debug)]
pub(crate) struct Denial {
    pub(crate) approval: ApprovalId,
    pub(crate) proposed: Arc<StoredProposal>,
    pub(crate) by: ActorId,
    pub(crate) reason: Option<String>,
}

/// An execution that was cleared and whose outcome is not settled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenExecution {
    pub(crate) execution: ExecutionId,
    pub(crate) action: ActionName,
    pub(crate) requester: Arc<Actor>,
    pub(crate) attempt: u32,
    pub(crate) effect: Effect,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) since: Timestamp,
    /// Why nobody knows its outcome; absent while it may still be running.
    pub(crate) doubt: Option<Code>,
    /// The proposal that was cleared. Absent after a late result, whose record does not name it.
    pub(crate) proposed: Option<Arc<StoredProposal>>,
}

/// A key that was published or revoked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KnownKey {
    pub(crate) key_id: KeyId,
    pub(crate) is_revoked: bool,
}
