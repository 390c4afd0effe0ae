//! Decides until the decision is stored.

use super::{
    Runtime, RuntimeError,
    commit::{Commit, Stored},
    lock, once_more,
};
use crate::{
    base::{
        actor::{Actor, Authority, Granted},
        ids::{ActorId, ApprovalId, EntityRef, EntityType, Ids, TraceId},
        timestamp::Timestamp,
    },
    kernel::{
        decide::{self, Case, Found, FoundApproval, Moment},
        decision::{Block, Clearance, Decided, Hold},
        proposal::Asked,
        record::{
            Draft,
            body::{Body, Issue},
        },
        request::Proposed,
        review::{ReviewRefusal, Reviewed},
        view::View,
    },
    runtime::answer::{Allowed, Answer, Blocked, Held},
};
use std::sync::Arc;

/// How often a call is decided anew when others change the same entity.
const MOST_TRIES: u32 = 128;

/// How often a review is tried again when others change the same entity: it took a person.
const MOST_REVIEW_TRIES: u32 = 1_000;

/// The most actors whose unrecorded refusals are counted; beyond it the counts start again.
const MOST_SUPPRESSED: usize = 10_000;

/// A decision that is stored, or needs no storing.
pub(super) enum Ruled {
    Allowed(Allowed),
    Answered(Box<Answer>),
}

impl Ruled {
    fn answered(answer: Answer) -> Self {
        Self::Answered(Box::new(answer))
    }
}

/// What one call keeps between its tries: the same ids and the same time, so that it gives the same bytes.
pub(super) struct Attempt<'a> {
    ids: &'a Ids,
    now: Timestamp,
    tries: u32,
    /// The signer failed: nothing may be cleared any more.
    is_unsigned: bool,
    /// The view was brought up to date, so an answer without a record may be given from it.
    is_fresh: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(ids: &'a Ids, now: Timestamp) -> Self {
        Self { ids, now, tries: 0, is_unsigned: false, is_fresh: false }
    }
}

/// Somebody who reviews or settles, with what one call keeps between its tries.
pub(super) struct Sitting<'a> {
    pub(super) actor: &'a Arc<Actor>,
    pub(super) authority: Granted,
    pub(super) ids: Ids,
    pub(super) now: Timestamp,
}

impl Runtime {
    /// Resolves what somebody may do, and draws what the call needs from outside.
    pub(super) fn sitting<'a>(&self, authority: &'a Authority) -> Result<Sitting<'a>, RuntimeError> {
        let actor = authority.actor().map_err(RuntimeError::Authority)?;
        let roles = authority.roles().map_err(RuntimeError::Authority)?;
        let authority = self.domain().policy().resolve(actor, roles);
        let (ids, now) = self.draw()?;
        Ok(Sitting { actor, authority, ids, now })
    }

    /// Decides a proposal. On a conflict it folds again and decides again.
    pub(super) async fn ruled(&self, asked: &Asked, ids: &Ids, now: Timestamp) -> Result<Ruled, RuntimeError> {
        let mut attempt = Attempt::new(ids, now);
        let proposed = &asked.proposed;
        loop {
            let (view, found) = match decide::concerns_entity(asked) {
                true => {
                    let view = self.view(&proposed.entity).await?;
                    let found = self.found(&view, asked).await?;
                    (view, found)
                }
                false => {
                    attempt.is_fresh = true;
                    (self.unseen(&proposed.entity), Found::default())
                }
            };
            let issue = self.issue(attempt.is_unsigned);
            let case = self.case(&view, &proposed.actor.id, &attempt, &issue);
            let decided = match attempt.is_unsigned {
                false => decide::decide(&case, asked, &found),
                true => decide::refuse_unsigned(&case, asked, &found),
            };
            let (view, decided) = match decided {
                // An approval that was opened elsewhere is not in a view that is behind.
                Decided::Repeat if !attempt.is_fresh && proposed.notes.approval.is_some() => {
                    self.refresh(&proposed.entity).await?;
                    attempt.is_fresh = true;
                    continue;
                }
                Decided::Repeat => return Ok(Ruled::answered(self.recorded(asked).await?)),
                Decided::Unplaced(_) if !attempt.is_fresh => {
                    self.refresh(&proposed.entity).await?;
                    attempt.is_fresh = true;
                    continue;
                }
                Decided::Unplaced(sheet) => {
                    let refused = self.view(&refused_stream()?).await?;
                    let case = self.case(&refused, &proposed.actor.id, &attempt, &issue);
                    let decided = decide::refuse_unplaced(&case, asked, &found, sheet);
                    (refused, decided)
                }
                decided => (view, decided),
            };
            if let Some(ruled) = self.carry_out(view, decided, proposed, &mut attempt).await? {
                return Ok(ruled);
            }
        }
    }

    /// The same for the stored proposal of an approval.
    pub(super) async fn resumed(&self, id: ApprovalId, ids: &Ids, now: Timestamp) -> Result<Ruled, RuntimeError> {
        let entity = self.approval_stream(id).await?;
        let mut attempt = Attempt::new(ids, now);
        loop {
            let view = self.view(&entity).await?;
            let Some(approval) = view.approval(id) else {
                let view = self.refresh(&entity).await?;
                if view.approval(id).is_some() {
                    continue;
                }
                return self.closed_approval(&view, id, ids.trace).await.map(Ruled::answered);
            };
            let known = self.domain().find(approval.proposed.action.as_str());
            if let Some(action) = known.filter(|action| action.executor.is_none()) {
                return Err(RuntimeError::NoExecutor { action: action.name.clone() });
            }
            let (approval, issue) = (approval.clone(), self.issue(attempt.is_unsigned));
            let case = self.case(&view, &approval.proposed.actor.id, &attempt, &issue);
            let decided = match attempt.is_unsigned {
                false => decide::resume(&case, &approval),
                true => decide::refuse_unsigned_resume(&case, &approval),
            };
            if let Some(ruled) = self.carry_out(view, decided, &approval.proposed, &mut attempt).await? {
                return Ok(ruled);
            }
        }
    }

    /// Stores the records of a decision and makes the answer; nothing if it must be decided again.
    async fn carry_out(
        &self,
        view: Arc<View>,
        decided: Decided,
        proposed: &Proposed,
        attempt: &mut Attempt<'_>,
    ) -> Result<Option<Ruled>, RuntimeError> {
        let entity = view.head.entity.clone();
        let (drafts, verdict) = match decided {
            Decided::Execute(clearance, drafts) => (drafts, Verdict::Clear(clearance)),
            Decided::Hold(hold, drafts) => (drafts, Verdict::Hold(Box::new(hold))),
            Decided::Block(block, drafts) => (drafts, Verdict::Block(block)),
            Decided::Unplaced(_) | Decided::Repeat => {
                once_more(&mut attempt.tries, MOST_TRIES, &entity)?;
                return Ok(None);
            }
        };
        if drafts.is_empty() {
            return self.carry_out_silently(&entity, verdict, proposed, attempt).await;
        }
        // The record that ends a run of refusals stands for this one too, and tells no count.
        let is_told = !drafts.iter().any(|draft| matches!(draft.body, Body::RefusalsSuppressed(_)));
        match self.commit(view, drafts, attempt.ids.trace, attempt.now).await? {
            Commit::Stored(stored) => {
                self.count(is_told, &entity, &proposed.actor.id);
                let trace_id = attempt.ids.trace;
                Ok(Some(match verdict {
                    Verdict::Clear(clearance) => {
                        let permit = stored.permit(clearance)?;
                        Ruled::Allowed(Allowed { permit, receipt: stored.receipt, trace_id })
                    }
                    Verdict::Hold(hold) => Ruled::answered(Answer::Held(Held::of(*hold, stored.receipt, trace_id))),
                    Verdict::Block(block) => Ruled::answered(Answer::Blocked(Blocked::of(
                        block,
                        proposed,
                        is_told,
                        stored.receipt,
                        trace_id,
                    ))),
                }))
            }
            Commit::Conflict => {
                once_more(&mut attempt.tries, MOST_TRIES, &entity)?;
                Ok(None)
            }
            Commit::Unsigned => {
                attempt.is_unsigned = true;
                Ok(None)
            }
        }
    }

    /// An answer that writes nothing. It reads the stream's tail first: a view that is behind could say
    /// what is no longer so.
    async fn carry_out_silently(
        &self,
        entity: &EntityRef,
        verdict: Verdict,
        proposed: &Proposed,
        attempt: &mut Attempt<'_>,
    ) -> Result<Option<Ruled>, RuntimeError> {
        if !attempt.is_fresh {
            self.refresh(entity).await?;
            attempt.is_fresh = true;
            return Ok(None);
        }
        let trace_id = attempt.ids.trace;
        Ok(match verdict {
            Verdict::Clear(_) => None,
            Verdict::Hold(hold) => Some(Ruled::answered(Answer::Held(Held::of(*hold, None, trace_id)))),
            Verdict::Block(block) => {
                self.count_suppressed(entity, &proposed.actor.id);
                Some(Ruled::answered(Answer::Blocked(Blocked::of(block, proposed, false, None, trace_id))))
            }
        })
    }

    /// Who issues: without a working signer there is no key to name.
    pub(super) fn issue(&self, is_unsigned: bool) -> Issue {
        let mut issue = self.inner.issue.clone();
        if is_unsigned {
            issue.key_id = "none".into();
        }
        issue
    }

    /// What the heart is asked about.
    pub(super) fn case<'a>(
        &'a self,
        view: &'a View,
        actor: &ActorId,
        attempt: &Attempt<'a>,
        issue: &'a Issue,
    ) -> Case<'a> {
        let counts = lock(&self.inner.suppressed);
        let suppressed = match counts.is_empty() {
            true => 0,
            false => {
                let key = (self.tenant.clone(), view.head.entity.clone(), actor.clone());
                counts.get(&key).copied().unwrap_or(0)
            }
        };
        let at = Moment { now: attempt.now, ids: attempt.ids, issue, suppressed };
        Case { domain: self.domain(), view, at }
    }

    /// Keeps the number of an actor's refusals that have no record, until a record tells it.
    pub(super) fn count(&self, is_told: bool, entity: &EntityRef, actor: &ActorId) {
        match is_told {
            true => self.tell_suppressed(entity, actor),
            false => self.count_suppressed(entity, actor),
        }
    }

    fn count_suppressed(&self, entity: &EntityRef, actor: &ActorId) {
        let mut suppressed = lock(&self.inner.suppressed);
        if suppressed.len() >= MOST_SUPPRESSED {
            suppressed.clear();
        }
        *suppressed.entry((self.tenant.clone(), entity.clone(), actor.clone())).or_default() += 1;
    }

    /// A decision has told how many refusals were not recorded; the count starts again.
    fn tell_suppressed(&self, entity: &EntityRef, actor: &ActorId) {
        let mut suppressed = lock(&self.inner.suppressed);
        if !suppressed.is_empty() {
            suppressed.remove(&(self.tenant.clone(), entity.clone(), actor.clone()));
        }
    }

    /// Decides on the newest view of a stream until what was decided is stored. What is given with it is that of
    /// the decision that was; a refusal is stored too.
    pub(super) async fn until_stored<T>(
        &self,
        sitting: &Sitting<'_>,
        entity: &EntityRef,
        approval: Option<ApprovalId>,
        decide: impl Fn(&Case<'_>, Option<&FoundApproval>) -> Reviewed<T>,
    ) -> Result<Result<(T, Stored), ReviewRefusal>, RuntimeError> {
        let (issue, mut tries) = (self.issue(false), 0);
        loop {
            let view = self.refresh(entity).await?;
            // INVARIANT: looked up behind the view. What is not open in the view has its end in the index by then.
            let found = match approval {
                Some(id) => self.found_approval(id).await?,
                None => None,
            };
            let case = self.case(&view, &sitting.actor.id, &Attempt::new(&sitting.ids, sitting.now), &issue);
            let (drafts, answer) = match decide(&case, found.as_ref()) {
                Reviewed::Done(it, drafts) => (drafts, Ok(it)),
                Reviewed::Refused(refusal, drafts) => (drafts, Err(refusal)),
            };
            let is_told = drafts.iter().any(|draft| matches!(draft.body, Body::ReviewRejected(_)));
            match self.commit(view, drafts, sitting.ids.trace, sitting.now).await? {
                Commit::Stored(stored) => {
                    if answer.is_err() {
                        self.count(is_told, entity, &sitting.actor.id);
                    }
                    return Ok(answer.map(|it| (it, stored)));
                }
                Commit::Conflict | Commit::Unsigned => once_more(&mut tries, MOST_REVIEW_TRIES, entity)?,
            }
        }
    }

    /// Records that are the whole of a call: nothing is run after them.
    pub(super) async fn store_drafts(
        &self,
        view: Arc<View>,
        drafts: Vec<Draft>,
        trace: TraceId,
        now: Timestamp,
    ) -> Result<Option<Stored>, RuntimeError> {
        match self.commit(view, drafts, trace, now).await? {
            Commit::Stored(stored) => Ok(Some(stored)),
            Commit::Conflict | Commit::Unsigned => Ok(None),
        }
    }
}

/// What the heart said, apart from the records that go with it.
enum Verdict {
    Clear(Clearance),
    Hold(Box<Hold>),
    Block(Block),
}

/// The tenant's own stream, for refusals without an entity or an action.
pub(super) fn refused_stream() -> Result<EntityRef, RuntimeError> {
    let (kind, id) = (EntityType::new("kiff")?, crate::base::ids::EntityId::new("refused")?);
    Ok(EntityRef::of(&kind, &id))
}
