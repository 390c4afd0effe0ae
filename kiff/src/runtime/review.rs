//! Reviews of held proposals.

use super::{Runtime, RuntimeError, transact::Transacted};
use crate::{
    base::{
        actor::Authority,
        ids::{ActionName, ActorId, ApprovalId, EntityRef, Permission, TraceId},
        timestamp::Timestamp,
    },
    evidence::receipt::Receipt,
    kernel::review::{self, ApprovalState, ReviewAction, ReviewRefusal, ReviewRequest, ReviewVerdict, Reviewed},
};

/// The answer to a review.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Clone, Debug)]
#[must_use = "it may be a refusal"]
pub enum Review {
    /// The review is recorded.
    Recorded(ApprovalStatus),
    /// The review was refused, and the refusal is recorded.
    Refused(ReviewRefusal),
}

impl Review {
    /// The approval if the review is recorded; the refusal as an error, for `?`, otherwise.
    ///
    /// # Errors
    /// The [`ReviewRefusal`].
    pub fn recorded(self) -> Result<ApprovalStatus, ReviewRefusal> {
        match self {
            Self::Recorded(status) => Ok(status),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

/// An approval after a review.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct ApprovalStatus {
    /// Its id.
    pub id: ApprovalId,
    /// Its state now: still pending if fewer than the quorum have granted it.
    pub state: ApprovalState,
    /// The action that is held.
    pub action: ActionName,
    /// The entity.
    pub entity: EntityRef,
    /// Who reviewed.
    pub reviewed_by: ActorId,
    /// When.
    pub reviewed_at: Timestamp,
    /// How many have granted.
    pub grants: u32,
    /// How many must grant.
    pub quorum: u32,
    /// The receipt of the requester's refusal, if this was a denial and the runtime has a signer.
    pub receipt: Option<Receipt>,
    /// The call that it belongs to.
    pub trace_id: TraceId,
}

impl Runtime {
    /// Carries out a review that a reviewer has sent: [`grant`](Self::grant), [`deny`](Self::deny) or
    /// [`revoke`](Self::revoke). The review is recorded, and so is a refusal.
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn review(&self, reviewer: &Authority, request: &ReviewRequest) -> Result<Review, RuntimeError> {
        let action = match request.verdict {
            ReviewVerdict::Grant => ReviewAction::Grant,
            ReviewVerdict::Deny => ReviewAction::Deny,
            ReviewVerdict::Revoke => ReviewAction::Revoke,
        };
        self.carry_out_review(reviewer, request.approval_id, action, &request.reason).await
    }

    /// Grants an approval.
    ///
    /// The grant is recorded, and so is a refusal. Nothing runs yet: when enough different people have granted, call
    /// [`resume`](Self::resume), or repeat the held call with the approval's id.
    ///
    /// ```
    /// use kiff::{Answer, Authority, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// let answer = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 999_00))?;
    /// let Answer::Held(held) = answer else { return Err("not held".into()) };
    ///
    /// for person in ["ann", "bob"] {
    ///     let reviewer = Authority::human(person, ["approver"])?;
    ///     rt.grant(&reviewer, held.approval_id, "seen the carrier's letter")?.recorded()?;
    /// }
    /// // Nobody grants twice, and nobody without the permission at all. A refused review is recorded too.
    /// let refused = rt.grant(&Authority::human("eve", ["operator"])?, held.approval_id, "please")?.recorded();
    /// assert!(refused.is_err_and(|refusal| refusal.code() == "permission_denied"));
    ///
    /// rt.resume(held.approval_id)?.executed()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn grant(&self, reviewer: &Authority, approval: ApprovalId, note: &str) -> Result<Review, RuntimeError> {
        self.carry_out_review(reviewer, approval, ReviewAction::Grant, note).await
    }

    /// Denies an approval, for good: the same proposal is refused until the entity's next event. The denial is recorded, and
    /// so is a refusal of the review.
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn deny(&self, reviewer: &Authority, approval: ApprovalId, note: &str) -> Result<Review, RuntimeError> {
        self.carry_out_review(reviewer, approval, ReviewAction::Deny, note).await
    }

    /// Withdraws an approval that has not been used, granted or not. The withdrawal is recorded, and so is a refusal of the
    /// review.
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn revoke(&self, reviewer: &Authority, approval: ApprovalId, note: &str) -> Result<Review, RuntimeError> {
        self.carry_out_review(reviewer, approval, ReviewAction::Revoke, note).await
    }

    /// Escalates an approval: from here on, a reviewer who grants needs this permission besides the contract's. Earlier grants
    /// stand. The escalation is recorded, and so is a refusal of the review.
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn escalate(
        &self,
        reviewer: &Authority,
        approval: ApprovalId,
        to: Permission,
        note: &str,
    ) -> Result<Review, RuntimeError> {
        self.carry_out_review(reviewer, approval, ReviewAction::Escalate(to), note).await
    }

    async fn carry_out_review(
        &self,
        authority: &Authority,
        approval: ApprovalId,
        action: ReviewAction,
        note: &str,
    ) -> Result<Review, RuntimeError> {
        let reviewer = self.caller(authority);
        let command = review::Review { approval, action: &action, reviewer: &reviewer, note };
        let Transacted { reply, receipt, .. } = self.transact(&command, &mut self.draw()?).await?;
        Ok(match reply {
            Ok(reviewed) => Review::Recorded(ApprovalStatus::of(reviewed, receipt)),
            Err(refusal) => Review::Refused(refusal),
        })
    }
}

impl ApprovalStatus {
    fn of(reviewed: Reviewed, receipt: Option<Receipt>) -> Self {
        let Reviewed { approval, state, action, entity, reviewed_by, reviewed_at, grants, quorum, trace_id } = reviewed;
        Self { id: approval, state, action, entity, reviewed_by, reviewed_at, grants, quorum, receipt, trace_id }
    }
}
