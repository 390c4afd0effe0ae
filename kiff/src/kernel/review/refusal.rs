//! Why a review, or the settling of an execution, is refused.

use crate::{
    base::{
        actor::ActorType,
        code::coded,
        debug::debug_as_display,
        ids::{ActorId, ApprovalId, ExecutionId, Permission},
    },
    kernel::refusal::Refusal,
};

coded! {
    /// Why a review, a resolution, a probe or a retry was refused.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum ReviewRefusal {
        /// There is no such approval.
        #[error("there is no approval `{approval}`")]
        ApprovalUnknown {
            /// The approval that was named.
            approval: ApprovalId,
        } => "approval_unknown",
        /// The approval has ended.
        #[error("the approval is decided already: {0}")]
        AlreadyDecided(Box<Refusal>) => refusal,
        /// The approval has expired.
        #[error("approval `{approval}` expired")]
        Expired {
            /// The approval.
            approval: ApprovalId,
        } => "approval_expired",
        /// Something that the approval is bound to has changed since it was opened.
        #[error("approval `{approval}` is stale: {what} changed since")]
        Stale {
            /// The approval.
            approval: ApprovalId,
            /// What changed.
            what: &'static str,
        } => "approval_stale",
        /// The reviewer lacks the permission.
        #[error("reviewing needs permission `{permission}`")]
        PermissionDenied {
            /// The permission.
            permission: Permission,
        } => "permission_denied",
        /// The contract does not let this kind of actor review.
        #[error("an actor of kind `{kind}` is not admitted as a reviewer")]
        ReviewerKind {
            /// The kind of the reviewer.
            kind: ActorType,
        } => "reviewer_kind",
        /// The reviewer is the requester, or its principal, or acts for one of them.
        #[error("nobody may review their own request")]
        SelfReview => "self_review",
        /// The reviewer, or the same person in another role, has granted already; a quorum wants different people.
        #[error("`{reviewer}` has granted already")]
        AlreadyGranted {
            /// The reviewer.
            reviewer: ActorId,
        } => "already_granted",
        /// The approval is granted already, or nobody holds the permission.
        #[error("approval `{approval}` cannot be escalated to `{permission}`")]
        NotEscalatable {
            /// The approval.
            approval: ApprovalId,
            /// The permission that was named.
            permission: Permission,
        } => "not_escalatable",
        /// There is no such open execution.
        #[error("execution `{execution}` is not open")]
        ExecutionNotOpen {
            /// The execution that was named.
            execution: ExecutionId,
        } => "execution_not_open",
        /// The execution may still be running, so its outcome is not in doubt yet.
        #[error("execution `{execution}` may still land")]
        StillRunning {
            /// The execution.
            execution: ExecutionId,
        } => "execution_still_running",
        /// The contract does not say that the effect may be repeated, or not so late.
        #[error("execution `{execution}` may not be retried: {why}")]
        NotRetryable {
            /// The execution.
            execution: ExecutionId,
            /// Why not.
            why: &'static str,
        } => "execution_not_retryable",
    }
}

debug_as_display!(ReviewRefusal);
