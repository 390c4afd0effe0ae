//! Reviews of held proposals.

use super::{Runtime, RuntimeError, transact::refused_stream};
use crate::{
    base::{
        actor::Authority,
        ids::{ActionName, ActorId, ApprovalId, EntityRef, Permission, TraceId},
        timestamp::Timestamp,
    },
    evidence::receipt::Receipt,
    kernel::{
        record::{Record, body::Body},
        review::{ApprovalState, ReviewRefusal, ReviewRequest, ReviewVerdict, Reviewer, Wish, review},
        view::OpenApproval,
    },
};

/// What came of a review.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Clone, Debug)]
#[must_use = "it may be a refusal"]
pub enum Review {
    /// It is recorded.
    Recorded(ApprovalStatus),
    /// It was refused, and that is recorded.
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
    /// Where it stands now: pending too if it was granted by fewer than the quorum.
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
    /// How many must.
    pub quorum: u32,
    /// The receipt of the refusal that a denial is for the requester, if the runtime has a signer.
    pub receipt: Option<Receipt>,
    /// The call that it belongs to.
    pub trace_id: TraceId,
}

impl Runtime {
    /// Does what a reviewer has sent: [`grant`](Self::grant), [`deny`](Self::deny) or [`revoke`](Self::revoke).
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn review(&self, reviewer: &Authority, request: &ReviewRequest) -> Result<Review, RuntimeError> {
        let wish = match request.verdict {
            ReviewVerdict::Grant => Wish::Grant,
            ReviewVerdict::Deny => Wish::Deny,
            ReviewVerdict::Revoke => Wish::Revoke,
        };
        self.reviewed(reviewer, request.approval_id, wish, &request.reason).await
    }

    /// Grants an approval. When enough different people have, [`resume`](Self::resume) runs it, or the held
    /// call repeated with the approval's id.
    ///
    /// ```
    /// use kiff::{Answer, Authority, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"]);
    /// let answer = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 999_00))?;
    /// let Answer::Held(held) = answer else { return Err("not held".into()) };
    ///
    /// for person in ["ann", "bob"] {
    ///     let reviewer = Authority::human(person, ["approver"]);
    ///     rt.grant(&reviewer, held.approval_id, "seen the carrier's letter")?.recorded()?;
    /// }
    /// // Nobody grants twice, and nobody without the permission at all. A refused review is recorded too.
    /// let refused = rt.grant(&Authority::human("eve", ["operator"]), held.approval_id, "please")?.recorded();
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
        self.reviewed(reviewer, approval, Wish::Grant, note).await
    }

    /// Denies an approval, for good: the same proposal is refused while the entity does not move.
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn deny(&self, reviewer: &Authority, approval: ApprovalId, note: &str) -> Result<Review, RuntimeError> {
        self.reviewed(reviewer, approval, Wish::Deny, note).await
    }

    /// Withdraws an approval that has not been used, granted or not.
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn revoke(&self, reviewer: &Authority, approval: ApprovalId, note: &str) -> Result<Review, RuntimeError> {
        self.reviewed(reviewer, approval, Wish::Revoke, note).await
    }

    /// Asks for more: from here on, whoever grants needs this permission besides the contract's. Grants that were
    /// given stand.
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
        self.reviewed(reviewer, approval, Wish::Escalate(to), note).await
    }

    async fn reviewed(
        &self,
        authority: &Authority,
        id: ApprovalId,
        wish: Wish,
        note: &str,
    ) -> Result<Review, RuntimeError> {
        let sitting = self.sitting(authority)?;
        let reviewer = Reviewer { actor: sitting.actor, authority: &sitting.authority, note };
        // An id that was never given out has no stream; its refusal goes to the tenant's own.
        let entity = match self.found_approval(id).await? {
            Some(found) => found.stream,
            None => refused_stream()?,
        };
        let reviewed =
            self.until_stored(&sitting, &entity, Some(id), |case, found| review(case, id, &wish, &reviewer, found));
        Ok(match reviewed.await? {
            Err(refusal) => Review::Refused(refusal),
            Ok((before, stored)) => {
                let what = "a review has no record";
                let record = stored.records.first().ok_or(RuntimeError::Inconsistent { entity, what })?;
                Review::Recorded(status_of(record, before, stored.receipt.clone()))
            }
        })
    }
}

fn status_of(record: &Record, approval: OpenApproval, receipt: Option<Receipt>) -> ApprovalStatus {
    let quorum = approval.quorum();
    let before = u32::try_from(approval.grants.len()).unwrap_or(u32::MAX);
    let (state, grants) = match &record.body {
        Body::ApprovalGranted(grant) if grant.complete => (ApprovalState::Granted, grant.grants),
        Body::ApprovalGranted(grant) => (ApprovalState::Pending, grant.grants),
        Body::ApprovalDenied(_) => (ApprovalState::Denied, before),
        Body::ApprovalRevoked(_) => (ApprovalState::Revoked, before),
        _ => (ApprovalState::Escalated, before),
    };
    ApprovalStatus {
        id: approval.id,
        state,
        action: approval.proposed.action.clone(),
        entity: approval.proposed.entity.clone(),
        reviewed_by: record.actor().id.clone(),
        reviewed_at: record.recorded_at(),
        grants,
        quorum,
        receipt,
        trace_id: record.trace_id(),
    }
}
