//! Decisions: cleared, held or refused, and the right to run a cleared effect.

use super::{
    conclusion::Concluded,
    record::{CheckResult, body::ExecutionTerms},
    refusal::Refusal,
    request::{NO_REASON, StoredProposal},
    view::OpenApproval,
};
use crate::{
    base::{
        code::Code,
        ids::{ActionName, ApprovalId, EntityRef, ExecutionId, Ids, StateName, TenantId, TraceId},
        timestamp::Timestamp,
    },
    domain::{Action, machine::FactsBox, param::Params},
};
use std::sync::Arc;

/// The decision on a proposal.
#[derive(Debug)]
pub(crate) enum Decided {
    /// Cleared: the effect may run once the records are stored.
    Cleared(Clearance),
    /// Held for its reviewers.
    Held(Hold),
    /// Refused.
    Blocked(Block),
    /// An earlier call cleared it, and this is the conclusion of its execution.
    Concluded(Concluded),
}

/// How the checks of one proposal came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checklist {
    /// Every check by name, in the order in which they were asked.
    pub(crate) checks: Vec<(Code, CheckResult)>,
    /// The failed ones; the first is the reason.
    pub(crate) refusals: Vec<Refusal>,
}

impl Checklist {
    pub(crate) fn pass(&mut self, name: &Code) {
        self.checks.push((name.clone(), CheckResult::Passed));
    }

    pub(crate) fn fail(&mut self, name: &Code, refusal: Refusal) {
        self.checks.push((name.clone(), CheckResult::Failed));
        self.refusals.push(refusal);
    }

    pub(crate) fn skip(&mut self, name: &Code) {
        self.checks.push((name.clone(), CheckResult::Skipped));
    }

    /// The check does not hold, and the proposal is not refused but waits for a person.
    pub(crate) fn wait(&mut self, name: &Code) {
        self.checks.push((name.clone(), CheckResult::Failed));
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.refusals.is_empty()
    }

    pub(crate) fn reason(&self) -> Code {
        self.refusals.first().map_or(NO_REASON, Refusal::code)
    }
}

/// A held proposal.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) approval: OpenApproval,
    /// Denied approvals of the same action since the entity's last event, with their parameters.
    pub(crate) denials: Vec<(ApprovalId, Params)>,
    pub(crate) trace_id: TraceId,
    /// True if an earlier call opened the approval.
    pub(crate) is_repeat: bool,
}

/// A refused proposal.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) action: ActionName,
    pub(crate) entity: EntityRef,
    pub(crate) reason: Code,
    /// Every failed check; empty for a recorded answer, because the log keeps no values.
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) checks: Vec<(Code, CheckResult)>,
    /// The approval that was named.
    pub(crate) approval: Option<ApprovalId>,
    /// False if it has no record of its own.
    pub(crate) is_recorded: bool,
    pub(crate) trace_id: TraceId,
    /// True if it is the answer to an earlier call.
    pub(crate) is_repeat: bool,
}

impl Block {
    pub(crate) fn new(
        checklist: Checklist,
        proposal: &StoredProposal,
        approval: Option<ApprovalId>,
        trace_id: TraceId,
    ) -> Self {
        Self {
            action: proposal.action.clone(),
            entity: proposal.entity.clone(),
            reason: checklist.reason(),
            refusals: checklist.refusals,
            checks: checklist.checks,
            approval,
            is_recorded: false,
            trace_id,
            is_repeat: false,
        }
    }
}

/// A cleared execution. It gives no right to run anything until its record is stored.
///
/// Not `Clone`: it is traded once for a [`Permit`].
#[derive(Debug)]
#[must_use]
pub(crate) struct Clearance {
    cleared: Cleared,
}

/// The content of a clearance and of a permit.
#[derive(Debug)]
pub(crate) struct Cleared {
    /// The tenant whose log has the clearance.
    pub(crate) tenant: TenantId,
    pub(crate) action: Arc<Action>,
    pub(crate) proposal: Arc<StoredProposal>,
    pub(crate) terms: ExecutionTerms,
    pub(crate) state: StateName,
    pub(crate) state_version: u64,
    pub(crate) facts: Option<FactsBox>,
    pub(crate) decided_at: Timestamp,
    /// The ids of the call that cleared it.
    pub(crate) ids: Ids,
}

/// Proof that the store has acknowledged an append. Made by the driver's one append function.
#[derive(Debug)]
pub(crate) struct Acknowledged(pub(crate) ());

impl Clearance {
    pub(super) fn new(cleared: Cleared) -> Self {
        Self { cleared }
    }

    pub(crate) fn entity(&self) -> &EntityRef {
        &self.cleared.proposal.entity
    }

    /// Trades the clearance and the store's acknowledgement for the right to run, once.
    pub(crate) fn acknowledged(self, _: Acknowledged) -> Permit {
        Permit { cleared: self.cleared }
    }
}

/// The right to run one effect, once: exactly these parameters were cleared, and the log says so.
///
/// Only the runtime makes one, after its store has acknowledged the clearance. It is not `Clone`, and recording its
/// outcome consumes it. A permit that is dropped leaves its execution in doubt, never lost.
#[derive(Debug)]
#[must_use = "a permit that is dropped leaves its execution in doubt: record its outcome"]
pub struct Permit {
    pub(crate) cleared: Cleared,
}

impl Permit {
    /// The execution's id: the key under which the provider should deduplicate the effect.
    #[must_use]
    pub fn execution_id(&self) -> ExecutionId {
        self.cleared.terms.execution
    }

    /// The action that was cleared.
    #[must_use]
    pub fn action(&self) -> &ActionName {
        &self.cleared.proposal.action
    }

    /// The entity that it was cleared for.
    #[must_use]
    pub fn entity(&self) -> &EntityRef {
        &self.cleared.proposal.entity
    }

    /// The parameters that were cleared.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.cleared.proposal.params
    }

    /// 1 for the first attempt.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.cleared.terms.attempt
    }

    /// When the attempt counts as abandoned: at the contract's timeout, or else the domain's lease.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.cleared.terms.deadline
    }
}
