//! Decides reviews of held proposals.

use super::{pending::ApprovalState, refusal::ReviewRefusal, shown::shown};
use crate::{
    base::{
        actor::ActorType,
        code::coded,
        digest::Digest,
        ids::{ActionName, ActorId, ApprovalId, EntityRef, Permission, TraceId},
        timestamp::Timestamp,
    },
    domain::Action,
    kernel::{
        caller::Caller,
        decide::changed_since,
        decision::Checklist,
        known::{ANY_MOMENT, Fetched, Known, Pause},
        recall::closed_by,
        record::{
            Draft,
            body::{Body, Closing, Escalation, Grant, RejectedReview},
        },
        refusal::Refusal,
        ruling::{APPROVAL, expire, note, rejection, ruling},
        step::{Case, Command, Done, ReceiptOf},
        view::{OpenApproval, View},
    },
};
use std::sync::Arc;

/// Asks to grant, deny, revoke or escalate an approval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Review<'a> {
    pub(crate) approval: ApprovalId,
    pub(crate) action: &'a ReviewAction,
    pub(crate) reviewer: &'a Caller,
    pub(crate) note: &'a str,
}

coded! {
    /// A reviewer's action. The record of a refused review has its code.
    #[derive(Clone, Debug)]
    pub(crate) enum ReviewAction {
        Grant => "grant",
        Deny => "deny",
        Revoke => "revoke",
        Escalate(Permission) => "escalate",
    }
}

/// An approval after a review.
#[derive(Debug)]
pub(crate) struct Reviewed {
    pub(crate) approval: ApprovalId,
    pub(crate) state: ApprovalState,
    pub(crate) action: ActionName,
    pub(crate) entity: EntityRef,
    pub(crate) reviewed_by: ActorId,
    pub(crate) reviewed_at: Timestamp,
    pub(crate) grants: u32,
    pub(crate) quorum: u32,
    pub(crate) trace_id: TraceId,
}

impl Command for Review<'_> {
    type Reply = Result<Reviewed, ReviewRefusal>;

    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Self::Reply>, Pause> {
        // An id that was never issued has no stream. Its refusal is recorded in the tenant's own.
        let stream = match known.approval(self.approval, ANY_MOMENT)?.value {
            Some(opened) => opened.stream.clone(),
            None => EntityRef::reserved("refused"),
        };
        let view = known.fresh_view(&stream, ANY_MOMENT)?;
        let Some(approval) = view.value.approval(self.approval) else {
            let refusal = self.refuse_closed(case, known, view)?;
            return Ok(self.reject(case, view.value, refusal));
        };
        let view = view.value;
        let action = case.domain.action(approval.proposed.action.as_str());
        if let Err(refusal) = self.check(case, view, approval, action) {
            return Ok(self.reject(case, view, refusal));
        }
        Ok(match self.action {
            ReviewAction::Grant => self.grant(case, view, approval, action),
            ReviewAction::Deny => self.deny(case, view, approval, action),
            ReviewAction::Revoke => {
                let draft = Draft::new(&self.reviewer.actor, Body::ApprovalRevoked(self.closing()));
                self.record(case, view, approval, vec![draft], ApprovalState::Revoked)
            }
            ReviewAction::Escalate(to) => {
                let step = Escalation { approval: approval.id, reviewers: to.clone(), reason: note(self.note) };
                let draft = Draft::new(&self.reviewer.actor, Body::ApprovalEscalated(step));
                self.record(case, view, approval, vec![draft], ApprovalState::Escalated)
            }
        })
    }
}

impl Review<'_> {
    /// Says why an approval that is not open cannot be reviewed. Only those who could review it learn how it ended.
    fn refuse_closed(&self, case: &Case<'_>, known: &Known, view: Fetched<&View>) -> Result<ReviewRefusal, Pause> {
        let unknown = ReviewRefusal::ApprovalUnknown { approval: self.approval };
        // Looked up after the view: an approval that is not open in the view has its end in the index by then.
        let Some(opened) = known.approval(self.approval, view.at)?.value else { return Ok(unknown) };
        let Some(closed) = opened.closed else { return Ok(unknown) };
        let proposal = known.proposal_of_decision(opened)?;
        let reviewers = case.domain.action(proposal.action.as_str()).and_then(Action::reviewers);
        if let Some(permission) = reviewers.filter(|permission| !self.reviewer.granted.holds(permission)) {
            return Ok(ReviewRefusal::PermissionDenied { permission: permission.clone() });
        }
        let kind = known.record(&opened.stream, closed)?.kind();
        Ok(ReviewRefusal::AlreadyDecided(Box::new(closed_by(self.approval, kind, view.value))))
    }

    /// Checks whether the review may be made. The permission is checked first: a caller without it learns nothing else.
    fn check(
        &self,
        case: &Case<'_>,
        view: &View,
        approval: &OpenApproval,
        action: Option<&Action>,
    ) -> Result<(), ReviewRefusal> {
        let id = approval.id;
        let reviewer = &self.reviewer.actor;
        // An escalation asks for more, never for less: the contract's permission is needed as before.
        let escalated = approval.escalated.as_ref().filter(|_| matches!(self.action, ReviewAction::Grant));
        let lacks = |permission: &&Permission| !self.reviewer.granted.holds(permission);
        if let Some(permission) = approval.reviewers.iter().chain(escalated).find(lacks) {
            return Err(ReviewRefusal::PermissionDenied { permission: permission.clone() });
        }
        if !action.map_or(&[ActorType::Human][..], Action::reviewer_kinds).contains(&reviewer.kind) {
            return Err(ReviewRefusal::ReviewerKind { kind: reviewer.kind });
        }
        let is_separate = action.is_none_or(|action| action.contract.separate_reviewer);
        if is_separate && reviewer.is_party_with(&approval.proposed.actor) {
            return Err(ReviewRefusal::SelfReview);
        }
        if approval.has_expired(case.time(view)) {
            return Err(ReviewRefusal::Expired { approval: id });
        }
        match self.action {
            ReviewAction::Escalate(to) => return may_escalate(case, approval, to),
            // An approval that can no longer be used may still be denied or withdrawn.
            ReviewAction::Deny | ReviewAction::Revoke => return Ok(()),
            ReviewAction::Grant => {}
        }
        let changed = action.map_or(Some("the contract"), |action| changed_since(case, view, approval, action));
        if let Some(what) = changed {
            return Err(ReviewRefusal::Stale { approval: id, what });
        }
        if approval.grants.iter().any(|earlier| reviewer.is_party_with(earlier)) {
            return Err(ReviewRefusal::AlreadyGranted { reviewer: reviewer.id.clone() });
        }
        Ok(())
    }

    fn grant(
        &self,
        case: &Case<'_>,
        view: &View,
        approval: &OpenApproval,
        action: Option<&Action>,
    ) -> Done<<Self as Command>::Reply> {
        let grants = approval.grant_count() + 1;
        let complete = grants >= approval.quorum();
        let grant = Grant {
            approval: approval.id,
            grants,
            quorum: approval.quorum(),
            complete,
            request_digest: approval.ruling.request_digest,
            contract_digest: approval.ruling.contract_digest,
            state_version: approval.ruling.state_version,
            shown_digest: Digest::of(shown(action, &approval.proposed).as_bytes()),
            reason: note(self.note),
        };
        let draft = Draft::new(&self.reviewer.actor, Body::ApprovalGranted(Box::new(grant)));
        let state = if complete { ApprovalState::Granted } else { ApprovalState::Pending };
        let done = self.record(case, view, approval, vec![draft], state);
        done.map(|reviewed| reviewed.map(|reviewed| Reviewed { grants, ..reviewed }))
    }

    fn deny(
        &self,
        case: &Case<'_>,
        view: &View,
        approval: &OpenApproval,
        action: Option<&Action>,
    ) -> Done<<Self as Command>::Reply> {
        let proposal = &approval.proposed;
        let reviewer = &self.reviewer.actor;
        let by = Some(reviewer.id.clone());
        let mut checklist = Checklist::default();
        let refusal = Refusal::ApprovalDenied { approval: approval.id, by, note: Some(note(self.note)) };
        checklist.fail(&APPROVAL, refusal);
        let mut ruling = ruling(case, view, action, proposal, checklist.reason(), checklist.checks);
        ruling.approval = Some(approval.id);
        let drafts = vec![
            Draft::new(reviewer, Body::ApprovalDenied(self.closing())),
            Draft::new(&proposal.actor, Body::ActionBlocked(Arc::new(ruling))),
        ];
        self.record(case, view, approval, drafts, ApprovalState::Denied).with_receipt(ReceiptOf::Drafts)
    }

    fn closing(&self) -> Closing {
        Closing { approval: self.approval, reason: Some(note(self.note)) }
    }

    /// Appends the records of a review that may be made.
    fn record(
        &self,
        case: &Case<'_>,
        view: &View,
        approval: &OpenApproval,
        drafts: Vec<Draft>,
        state: ApprovalState,
    ) -> Done<<Self as Command>::Reply> {
        let reviewed = Reviewed {
            approval: approval.id,
            state,
            action: approval.proposed.action.clone(),
            entity: approval.proposed.entity.clone(),
            reviewed_by: self.reviewer.actor.id.clone(),
            reviewed_at: case.time(view),
            grants: approval.grant_count(),
            quorum: approval.quorum(),
            trace_id: case.call.ids.trace,
        };
        Done::write(view, drafts, Ok(reviewed))
    }

    /// Records that a review was refused.
    fn reject(&self, case: &Case<'_>, view: &View, refusal: ReviewRefusal) -> Done<<Self as Command>::Reply> {
        let reviewer = &self.reviewer.actor;
        let rejected = RejectedReview {
            approval: Some(self.approval),
            execution: None,
            verdict: self.action.code(),
            reason: refusal.code(),
        };
        let mut drafts = rejection(case, view, reviewer, rejected);
        // There is no timer: the first call that finds an approval expired closes it.
        if matches!(refusal, ReviewRefusal::Expired { .. }) {
            drafts.insert(0, expire(reviewer, self.approval));
        }
        Done::write(view, drafts, Err(refusal))
    }
}

/// An approval that is granted already has nobody to wait for, and one for a permission that no role has would wait for
/// ever.
fn may_escalate(case: &Case<'_>, approval: &OpenApproval, to: &Permission) -> Result<(), ReviewRefusal> {
    let known = case.domain.policy().known_permissions();
    if approval.complete || known.is_some_and(|known| !known.contains(to)) {
        return Err(ReviewRefusal::NotEscalatable { approval: approval.id, permission: to.clone() });
    }
    Ok(())
}
