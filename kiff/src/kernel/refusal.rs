//! Why a proposal is refused.

use crate::{
    base::{
        code::{Code, coded},
        debug::debug_as_display,
        ids::{ActionName, ActorId, ApprovalId, EntityRef, ExecutionId, Permission, StateName},
    },
    domain::param::{ParamFault, Params},
};
use std::fmt;

coded! {
    /// Why a proposal was refused, with the values that were compared.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum Refusal {
        /// The domain has no such action for this entity type.
        #[error("there is no action `{action}` on `{entity}`")]
        ActionUnknown {
            /// The action that was proposed.
            action: ActionName,
            /// The entity that it was proposed for.
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
        /// An execution of this entity runs, or has not reported its outcome.
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
            /// The approval that was named.
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
        /// Something that the approval was given for has changed since.
        #[error("approval `{approval}` is stale: {what} changed since")]
        ApprovalStale {
            /// The approval.
            approval: ApprovalId,
            /// What changed.
            what: &'static str,
        } => "approval_stale",
        /// The approval has been used.
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
            /// The reviewer's note.
            note: Option<String>,
        } => "approval_denied",
        /// The approval was withdrawn.
        #[error("approval `{approval}` was revoked")]
        ApprovalRevoked {
            /// The approval.
            approval: ApprovalId,
        } => "approval_revoked",
        /// The approval has expired.
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

debug_as_display!(Refusal);

/// The parameters of a check. An agent's texts are in JSON, so that they cannot forge lines.
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
    /// True if the refusal does not claim the proposal's idempotency key: the same proposal may be decided otherwise while
    /// the entity stays as it is, or the caller may not propose the action at all and must not take a key.
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

/// The reason of a hold where the contract always asks for consent. Other holds have the name of their policy.
pub(crate) const APPROVAL_REQUIRED: Code = Code::fixed("approval_required");
