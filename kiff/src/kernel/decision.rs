//! What a decision is: cleared, held or refused, with the reasons and what may follow.

use crate::{
    base::{
        code::{Code, coded},
        ids::{ActionName, ActorId, ApprovalId, EntityRef, ExecutionId, Permission, StateName, TenantId, TraceId},
        timestamp::Timestamp,
    },
    domain::{
        Action,
        machine::FactsBox,
        param::{ParamFault, Params},
    },
    kernel::{
        record::{CheckResult, Draft, body::ExecutionTerms},
        request::{NO_REASON, Proposed},
        view::OpenApproval,
    },
};
use std::{fmt, sync::Arc};

coded! {
    /// Why a proposal was refused, with the values that were compared.
    ///
    /// | variant | [`code`](Self::code), the reason |
    /// |---|---|
    /// | `ActionUnknown` | `action_unknown` |
    /// | `PermissionDenied` | `permission_denied` |
    /// | `EntityUnknown` | `entity_unknown` |
    /// | `FactsUnreliable` | `facts_unreliable` |
    /// | `StateNotAllowed` | `state_not_allowed` |
    /// | `ParametersInvalid` | `parameters_invalid` |
    /// | `CheckFailed` | the check's own name |
    /// | `ExecutionOpen` | `execution_open` |
    /// | `ExecutionInDoubt` | `execution_in_doubt` |
    /// | `ApprovalUnknown` | `approval_unknown` |
    /// | `ApprovalMismatch` | `approval_mismatch` |
    /// | `ApprovalStale` | `approval_stale` |
    /// | `ApprovalConsumed` | `approval_consumed` |
    /// | `ApprovalDenied` | `approval_denied` |
    /// | `ApprovalRevoked` | `approval_revoked` |
    /// | `ApprovalExpired` | `approval_expired` |
    /// | `TooManyOpenApprovals` | `too_many_open_approvals` |
    /// | `IdempotencyKeyReused` | `idempotency_key_reused` |
    /// | `SignerUnavailable` | `signer_unavailable` |
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum Refusal {
        /// The domain has no such action for this entity type.
        #[error("there is no action `{action}` on `{entity}`")]
        ActionUnknown {
            /// What was asked for.
            action: ActionName,
            /// Of what.
            entity: EntityRef,
        } => "action_unknown",
        /// The requester lacks a permission that the contract names.
        #[error("action `{action}` needs permission {}", listed(missing))]
        PermissionDenied {
            /// The action.
            action: ActionName,
            /// The permissions that are missing.
            missing: Vec<Permission>,
        } => "permission_denied",
        /// The log has no event of this entity.
        #[error("there is no `{entity}`")]
        EntityUnknown {
            /// The entity.
            entity: EntityRef,
        } => "entity_unknown",
        /// The domain's own code failed to fold an event of this entity, so its facts cannot be relied on.
        #[error("the facts of `{entity}` cannot be relied on: its fold failed")]
        FactsUnreliable {
            /// The entity.
            entity: EntityRef,
        } => "facts_unreliable",
        /// The entity is in a state in which the action may not run.
        #[error("action `{action}` may not run in `{current}`, only in {}", listed(allowed))]
        StateNotAllowed {
            /// The action.
            action: ActionName,
            /// The state that the log gives.
            current: StateName,
            /// The states of the contract.
            allowed: Vec<StateName>,
        } => "state_not_allowed",
        /// The parameters are not the contract's.
        #[error("the parameters are not those of the contract: {}", joined(faults))]
        ParametersInvalid {
            /// Every fault.
            faults: Vec<ParamFault>,
        } => "parameters_invalid",
        /// A check of the contract does not hold.
        #[error("check `{check}` does not hold in `{state}` for {}", shown(params))]
        CheckFailed {
            /// The check.
            check: Code,
            /// The state in which it was asked.
            state: StateName,
            /// The parameters that it was asked about.
            params: Params,
        } => {check},
        /// An execution of this entity has no settled outcome; it may still be running.
        #[error("execution `{execution}` has no settled outcome yet")]
        ExecutionOpen {
            /// The execution.
            execution: ExecutionId,
        } => "execution_open",
        /// An execution of this entity has ended, and nobody knows how.
        #[error("execution `{execution}` has no settled outcome: nobody knows whether it had an effect")]
        ExecutionInDoubt {
            /// The execution.
            execution: ExecutionId,
        } => "execution_in_doubt",
        /// There is no such approval.
        #[error("there is no approval `{approval}`")]
        ApprovalUnknown {
            /// What was named.
            approval: ApprovalId,
        } => "approval_unknown",
        /// The approval is for another request.
        #[error("approval `{approval}` is for another {field}")]
        ApprovalMismatch {
            /// The approval.
            approval: ApprovalId,
            /// What differs: `entity`, `action`, `requester` or `parameters`.
            field: &'static str,
        } => "approval_mismatch",
        /// What the approval was given for has changed since.
        #[error("approval `{approval}` is stale: {what} changed since")]
        ApprovalStale {
            /// The approval.
            approval: ApprovalId,
            /// What changed.
            what: &'static str,
        } => "approval_stale",
        /// The approval was used already.
        #[error("approval `{approval}` was used already")]
        ApprovalConsumed {
            /// The approval.
            approval: ApprovalId,
        } => "approval_consumed",
        /// A reviewer denied the request, which is final while the entity does not move.
        #[error("approval `{approval}` was denied{}", by.as_ref().map(|by| format!(" by `{by}`")).unwrap_or_default())]
        ApprovalDenied {
            /// The approval.
            approval: ApprovalId,
            /// Who denied it, where the entity's view still knows.
            by: Option<ActorId>,
            /// What the reviewer said.
            note: Option<String>,
        } => "approval_denied",
        /// The approval was withdrawn.
        #[error("approval `{approval}` was revoked")]
        ApprovalRevoked {
            /// The approval.
            approval: ApprovalId,
        } => "approval_revoked",
        /// The approval is past its time.
        #[error("approval `{approval}` expired")]
        ApprovalExpired {
            /// The approval.
            approval: ApprovalId,
        } => "approval_expired",
        /// The requester has too many approvals open on this entity.
        #[error("{open} approvals are open already; at most {most} may be")]
        TooManyOpenApprovals {
            /// How many are open.
            open: usize,
            /// The most that may be.
            most: usize,
        } => "too_many_open_approvals",
        /// The idempotency key was used for other content.
        #[error("the idempotency key was used for another request")]
        IdempotencyKeyReused => "idempotency_key_reused",
        /// The receipt could not be signed, so nothing is cleared.
        #[error("the signer is unavailable, so nothing is cleared")]
        SignerUnavailable => "signer_unavailable",
    }
}

/// What a check was asked about; an agent's text is in JSON, so it can forge nothing.
fn shown(params: &Params) -> String {
    let all: Vec<_> = params.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if all.is_empty() { "no parameters".to_owned() } else { all.join(", ") }
}

fn listed<T: fmt::Display>(all: &[T]) -> String {
    let all: Vec<_> = all.iter().map(|one| format!("`{one}`")).collect();
    all.join(", ")
}

fn joined(faults: &[ParamFault]) -> String {
    let all: Vec<_> = faults.iter().map(ToString::to_string).collect();
    all.join("; ")
}

impl Refusal {
    /// True if the refusal is no answer to what was asked: the same proposal may be decided otherwise although the
    /// entity does not move, or the caller had no business to ask.
    pub(crate) fn leaves_the_key(&self) -> bool {
        matches!(
            self,
            Self::SignerUnavailable
                | Self::ExecutionOpen { .. }
                | Self::ExecutionInDoubt { .. }
                | Self::TooManyOpenApprovals { .. }
                | Self::PermissionDenied { .. }
                | Self::ActionUnknown { .. }
        )
    }
}

/// The reason codes that the heart gives beside the names of custom checks and policies.
pub(crate) const APPROVAL_REQUIRED: Code = Code::fixed("approval_required");

/// How the checks of one proposal came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    /// Every check by name, in the order in which they were asked.
    pub(crate) checks: Vec<(Code, CheckResult)>,
    /// The failed ones; the first is the reason.
    pub(crate) refusals: Vec<Refusal>,
}

impl Sheet {
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

    /// The check does not hold, and that is no refusal: it waits for somebody.
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

/// What was decided, and the records to write for it.
#[derive(Debug)]
pub(crate) enum Decided {
    /// Cleared: run it after the records are stored.
    Execute(Clearance, Vec<Draft>),
    /// Held for its reviewers. No records if it was held before.
    Hold(Hold, Vec<Draft>),
    /// Refused. No records if refusals are suppressed.
    Block(Block, Vec<Draft>),
    /// Refused without an entity of its own: it belongs to the tenant's stream of refusals.
    Unplaced(Sheet),
    /// The same idempotency key with the same content: the recorded answer stands.
    Repeat,
}

/// A held proposal, as it is told to the caller.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) approval: OpenApproval,
    /// True if this decision opened it.
    pub(crate) opened: bool,
    pub(crate) denials: Vec<(ApprovalId, Params)>,
}

/// A refusal, as it is told to the caller.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) sheet: Sheet,
    pub(crate) approval: Option<ApprovalId>,
}

/// A cleared execution: made by `decide`, and by `settle` for a retry. Worth nothing until its record is stored.
///
/// Not `Clone`: it is traded once for a [`Permit`].
#[derive(Debug)]
#[must_use]
pub(crate) struct Clearance {
    pub(crate) cleared: Cleared,
}

/// What a clearance and a permit are about.
#[derive(Debug)]
pub(crate) struct Cleared {
    /// In whose log the clearance stands.
    pub(crate) tenant: TenantId,
    pub(crate) action: Arc<Action>,
    pub(crate) proposed: Arc<Proposed>,
    pub(crate) terms: ExecutionTerms,
    pub(crate) state: StateName,
    pub(crate) state_version: u64,
    pub(crate) facts: Option<FactsBox>,
    pub(crate) decided_at: Timestamp,
    /// The call that cleared it.
    pub(crate) trace: TraceId,
}

/// Proof that the store has acknowledged an append. Made by the driver's one append function.
#[derive(Debug)]
pub(crate) struct Acknowledged(pub(crate) ());

impl Clearance {
    /// Trades the clearance and the store's acknowledgement for the right to run, once.
    pub(crate) fn acknowledged(self, _: &Acknowledged) -> Permit {
        Permit { cleared: self.cleared }
    }
}

/// The right to run one effect, once: exactly these parameters were cleared, and the log says so.
///
/// Only the runtime makes one, after its store has acknowledged the clearance. It is not `Clone`, and
/// running or settling consumes it. A permit that is dropped leaves its execution in doubt, never lost.
#[derive(Debug)]
#[must_use = "a permit that is dropped leaves its execution in doubt: settle it"]
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
        &self.cleared.proposed.action
    }

    /// The entity that it was cleared for.
    #[must_use]
    pub fn entity(&self) -> &EntityRef {
        &self.cleared.proposed.entity
    }

    /// The parameters that were cleared.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.cleared.proposed.params
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
