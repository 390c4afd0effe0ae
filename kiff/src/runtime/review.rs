//! Reviews of held proposals, and the settling of executions in doubt.

use super::{
    Runtime, RuntimeError, once_more,
    rule::{Attempt, refused_stream},
};
use crate::{
    actor::Authority,
    answer::{Allowed, Answer},
    approval::{ApprovalState, ReviewRefusal, Reviewed, Reviewer, Wish, review},
    ids::{ActionName, ActorId, ApprovalId, EntityRef, ExecutionId, Permission, TraceId},
    receipt::Receipt,
    record::{Draft, Record, body::Body},
    runtime::commit::Commit,
    settle::{Resolution, Resolver, Retried, resolve, retry},
    timestamp::Timestamp,
};

/// How often a review is tried again when others change the same entity.
const MOST_TRIES: u32 = 1_000;

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

/// What came of a resolution or a retry.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Clone, Debug)]
#[must_use = "it may be a refusal"]
pub enum Resolved {
    /// It is recorded, and this is the answer now.
    Settled(Box<Answer>),
    /// It was refused, and that is recorded.
    Refused(ReviewRefusal),
}

impl Resolved {
    /// The answer, or the refusal as an error.
    ///
    /// # Errors
    /// [`ReviewRefusal`] if it was refused.
    pub fn settled(self) -> Result<Answer, ReviewRefusal> {
        match self {
            Self::Settled(answer) => Ok(*answer),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

impl Runtime {
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
        self.review(reviewer, approval, Wish::Grant, note).await
    }

    /// Denies an approval, for good: the same proposal is refused while the entity does not move.
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn deny(&self, reviewer: &Authority, approval: ApprovalId, note: &str) -> Result<Review, RuntimeError> {
        self.review(reviewer, approval, Wish::Deny, note).await
    }

    /// Withdraws an approval that has not been used, granted or not.
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Review`].
    pub async fn revoke(&self, reviewer: &Authority, approval: ApprovalId, note: &str) -> Result<Review, RuntimeError> {
        self.review(reviewer, approval, Wish::Revoke, note).await
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
        self.review(reviewer, approval, Wish::Escalate(to), note).await
    }

    async fn review(
        &self,
        authority: &Authority,
        id: ApprovalId,
        wish: Wish,
        note: &str,
    ) -> Result<Review, RuntimeError> {
        let (actor, domain) = (authority.actor()?, self.domain());
        let resolved = domain.policy().resolve(actor, authority.roles()?);
        let reviewer = Reviewer { actor, authority: &resolved, note };
        let (ids, now) = self.draw()?;
        let issue = self.issue(false);
        let mut tries = 0;
        loop {
            let found = self.found_approval(id).await?;
            // An id that was never given out has no stream; its refusal goes to the tenant's own.
            let entity = match &found {
                Some(found) => found.stream.clone(),
                None => refused_stream()?,
            };
            let view = self.refresh(&entity).await?;
            let case = self.case(&view, &actor.id, &Attempt::new(&ids, now), &issue);
            let reviewed = review(&case, id, &wish, &reviewer, found.as_ref());
            let (drafts, refusal) = match reviewed {
                Reviewed::Done(drafts) => (drafts, None),
                Reviewed::Refused(refusal, drafts) => (drafts, Some(refusal)),
            };
            let before = view.approval(id).cloned();
            let is_told = is_told(&drafts);
            match (self.store_drafts(view, drafts, ids.trace, now).await?, refusal) {
                (None, _) => once_more(&mut tries, MOST_TRIES, &entity)?,
                (Some(_), Some(refusal)) => {
                    self.count(is_told, &entity, &actor.id);
                    return Ok(Review::Refused(refusal));
                }
                (Some(stored), None) => {
                    let what = "a reviewed approval is not open";
                    let (record, approval) =
                        stored.records.first().zip(before).ok_or(RuntimeError::Inconsistent { entity, what })?;
                    return Ok(Review::Recorded(status_of(record, approval, stored.receipt.clone())));
                }
            }
        }
    }

    /// Settles an execution in doubt, on evidence. Whoever does it holds
    /// [`RESOLVE_PERMISSION`](crate::RESOLVE_PERMISSION) and is neither the requester nor its principal.
    ///
    /// ```
    /// use kiff::{Answer, Authority, Failure, Outcome, Proposal, Resolution};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The bank does not answer: nobody knows whether the money has moved.
    /// let rt = shop(|_| Err(Failure::unknown("no answer from the bank")))?.blocking();
    /// let agent = Authority::agent("bot", ["operator"]);
    /// let refund = || Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00);
    /// assert_eq!(rt.execute(&agent, refund())?.word(), "in_doubt");
    /// // Until that is settled, nothing else runs on this order.
    /// assert!(matches!(rt.execute(&agent, refund())?, Answer::Blocked(it) if it.reason == "execution_in_doubt"));
    ///
    /// // A person looks it up at the bank, for each execution in doubt.
    /// let lead = Authority::human("lee", ["lead"]);
    /// for doubt in rt.in_doubt()? {
    ///     let happened = Resolution::Succeeded(Outcome::new("paid back").emit("ORDER_REFUNDED"));
    ///     let answer = rt.resolve(&lead, doubt.execution_id, happened, "bank statement 4711")?.settled()?;
    ///     assert_eq!(answer.word(), "executed");
    /// }
    /// assert!(rt.in_doubt()?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Resolved`].
    pub async fn resolve(
        &self,
        authority: &Authority,
        execution: ExecutionId,
        resolution: Resolution,
        evidence: &str,
    ) -> Result<Resolved, RuntimeError> {
        let (actor, domain) = (authority.actor()?, self.domain());
        let granted = domain.policy().resolve(actor, authority.roles()?);
        let (ids, now) = self.draw()?;
        let issue = self.issue(false);
        let mut tries = 0;
        let entity = self.execution_place(execution).await?.stream;
        loop {
            let view = self.refresh(&entity).await?;
            let is_running = self.is_running(execution);
            let by = Resolver { actor, authority: &granted, evidence, is_running };
            let case = self.case(&view, &actor.id, &Attempt::new(&ids, now), &issue);
            let (drafts, refusal) = match resolve(&case, execution, &resolution, &by) {
                Reviewed::Done(drafts) => (drafts, None),
                Reviewed::Refused(refusal, drafts) => (drafts, Some(refusal)),
            };
            let action = view.execution(execution).map(|open| open.action.clone());
            let is_told = is_told(&drafts);
            match (self.store_drafts(view, drafts, ids.trace, now).await?, refusal) {
                (None, _) => once_more(&mut tries, MOST_TRIES, &entity)?,
                (Some(_), Some(refusal)) => {
                    self.count(is_told, &entity, &actor.id);
                    return Ok(Resolved::Refused(refusal));
                }
                (Some(stored), None) => return settled(entity, action, stored.records, ids.trace),
            }
        }
    }

    /// Attempts an execution in doubt again, under the same id, if its effect was declared idempotent. The
    /// attempt is recorded before it starts.
    ///
    /// ```
    /// use kiff::{Authority, Failure, Outcome, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The contract says `Idempotent`: the bank knows the execution's id and pays once.
    /// let rt = shop(|call| match call.attempt() {
    ///     1 => Err(Failure::unknown("no answer from the bank")),
    ///     _ => Ok(Outcome::new("paid back").emit("ORDER_REFUNDED")),
    /// })?
    /// .blocking();
    /// let agent = Authority::agent("bot", ["operator"]);
    /// rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
    ///
    /// let lead = Authority::human("lee", ["lead"]);
    /// for doubt in rt.in_doubt()? {
    ///     let done = rt.retry(&lead, doubt.execution_id)?.settled()?.executed()?;
    ///     assert_eq!(done.execution_id, doubt.execution_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the call could not be carried out. A refusal is a [`Resolved`].
    pub async fn retry(&self, authority: &Authority, execution: ExecutionId) -> Result<Resolved, RuntimeError> {
        let (actor, domain) = (authority.actor()?, self.domain());
        let granted = domain.policy().resolve(actor, authority.roles()?);
        let (ids, now) = self.draw()?;
        let issue = self.issue(false);
        let mut tries = 0;
        let entity = self.execution_place(execution).await?.stream;
        loop {
            let view = self.refresh(&entity).await?;
            let is_running = self.is_running(execution);
            let by = Resolver { actor, authority: &granted, evidence: "", is_running };
            let case = self.case(&view, &actor.id, &Attempt::new(&ids, now), &issue);
            let (drafts, answer) = match retry(&case, execution, &by) {
                Retried::Execute(clearance, drafts) => (drafts, Ok(clearance)),
                Retried::Refused(refusal, drafts) => (drafts, Err(refusal)),
            };
            let is_told = is_told(&drafts);
            match (self.commit(view, drafts, ids.trace, now).await?, answer) {
                (Commit::Stored(stored), Ok(clearance)) => {
                    let permit = stored.permit(clearance)?;
                    let receipt = self.receipt_of(execution).await?;
                    let answer = self.run(Allowed { permit, receipt, trace_id: ids.trace }).await?;
                    return Ok(Resolved::Settled(Box::new(answer)));
                }
                (Commit::Stored(_), Err(refusal)) => {
                    self.count(is_told, &entity, &actor.id);
                    return Ok(Resolved::Refused(refusal));
                }
                (Commit::Conflict | Commit::Unsigned, _) => once_more(&mut tries, MOST_TRIES, &entity)?,
            }
        }
    }
}

/// True if the refusal has a record of its own.
fn is_told(drafts: &[Draft]) -> bool {
    drafts.iter().any(|draft| matches!(draft.body, Body::ReviewRejected(_)))
}

fn settled(
    entity: EntityRef,
    action: Option<ActionName>,
    records: Vec<Record>,
    trace_id: TraceId,
) -> Result<Resolved, RuntimeError> {
    let what = "a resolved execution was not open";
    let told = action.and_then(|action| {
        let teller =
            crate::answer::Teller { entity: &entity, action: &action, receipt: None, trace_id, is_repeat: false };
        teller.ended(records)
    });
    told.map(|answer| Resolved::Settled(Box::new(answer))).ok_or(RuntimeError::Inconsistent { entity, what })
}

fn status_of(record: &Record, approval: crate::view::OpenApproval, receipt: Option<Receipt>) -> ApprovalStatus {
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
