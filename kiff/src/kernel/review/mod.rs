//! Approvals: what reviewers are shown, and [`review`], which decides what they may do.

mod request;
mod shown;

pub use request::{ReviewRequest, ReviewVerdict};

use crate::{
    base::{
        actor::{Actor, ActorType, Granted},
        code::{Code, coded},
        defect::is_sown,
        digest::Digest,
        ids::{ActionName, ApprovalId, EntityRef, Permission},
        timestamp::Timestamp,
    },
    domain::{Action, Domain, contract::Risk, param::Params},
    kernel::{
        decide::{APPROVAL, Case, FoundApproval, changed_since, closed_by, refusal_drafts, ruling},
        decision::{Refusal, Sheet},
        record::{
            Draft,
            body::{Body, Closing, Escalation, Grant, RejectedReview},
        },
        view::{OpenApproval, View},
    },
};
use shown::shown;
use std::{fmt, sync::Arc};

/// An approval that waits for its reviewers, or is granted and not yet used.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct PendingApproval {
    /// Its id.
    pub id: ApprovalId,
    /// The entity.
    pub entity: EntityRef,
    /// The action that is held.
    pub action: ActionName,
    /// Who asked for it.
    pub requester: Arc<Actor>,
    /// With which parameters.
    pub params: Params,
    /// How much harm it could do.
    pub risk: Risk,
    /// Why it is held: the reason code.
    pub reason: Code,
    /// What a reviewer is to be shown: the contract's summary, with everything that an agent wrote
    /// escaped. The digest of this text is in the grant's record.
    pub shown: String,
    /// The agent's reasons, as it gave them. Not escaped: show them as text, never as markup.
    pub reasoning: Option<String>,
    /// What the agent relies on.
    pub evidence: Vec<String>,
    /// Who must consent.
    pub reviewers: Option<Permission>,
    /// How many have.
    pub grants: u32,
    /// How many must.
    pub quorum: u32,
    /// Whether enough have consented, so that it waits only to be used.
    pub is_granted: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Approvals of the same action on this entity that were denied since its last event, with their
    /// parameters.
    pub earlier_denials: Vec<(ApprovalId, Params)>,
}

/// Denied approvals of this action since the entity's last event, with their parameters.
pub(crate) fn earlier_denials(view: &View, action: &ActionName) -> Vec<(ApprovalId, Params)> {
    let same_action = view.denials.iter().filter(|denial| denial.proposed.action == *action);
    same_action.map(|denial| (denial.approval, denial.proposed.params.clone())).collect()
}

impl PendingApproval {
    pub(crate) fn of(domain: &Domain, view: &View, approval: &OpenApproval) -> Self {
        let proposed = &approval.proposed;
        Self {
            id: approval.id,
            entity: proposed.entity.clone(),
            action: proposed.action.clone(),
            requester: Arc::clone(&proposed.actor),
            params: proposed.params.clone(),
            risk: proposed.risk.unwrap_or_default(),
            reason: approval.ruling.reason.clone(),
            shown: shown(domain.action(proposed.action.as_str()), proposed),
            reasoning: proposed.notes.reasoning.clone(),
            evidence: proposed.notes.evidence.clone(),
            reviewers: approval.escalated.clone().or_else(|| approval.reviewers.clone()),
            grants: u32::try_from(approval.grants.len()).unwrap_or(u32::MAX),
            quorum: approval.quorum(),
            is_granted: approval.complete,
            opened_at: approval.opened_at,
            expires_at: approval.expires_at(),
            earlier_denials: earlier_denials(view, &proposed.action),
        }
    }
}

/// Where an approval stands.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApprovalState {
    /// It waits for its reviewers.
    Pending,
    /// Enough of them have consented; it waits to be used.
    Granted,
    /// A reviewer denied it.
    Denied,
    /// It was withdrawn.
    Revoked,
    /// It waits for other reviewers as well.
    Escalated,
}

impl ApprovalState {
    /// The state in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Revoked => "revoked",
            Self::Escalated => "escalated",
        }
    }
}

impl fmt::Display for ApprovalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

coded! {
    /// What a reviewer wants.
    #[derive(Clone, Debug)]
    pub(crate) enum Wish {
        Grant => "grant",
        Deny => "deny",
        Revoke => "revoke",
        Escalate(Permission) => "escalate",
    }
}

/// Who reviews, with what the policy gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reviewer<'a> {
    pub(crate) actor: &'a Arc<Actor>,
    pub(crate) authority: &'a Granted,
    pub(crate) note: &'a str,
}

coded! {
    /// Why a review, a resolution, a probe or a retry was refused.
    ///
    /// | variant | [`code`](Self::code), the reason |
    /// |---|---|
    /// | `ApprovalUnknown` | `approval_unknown` |
    /// | `AlreadyDecided` | how it ended: `approval_consumed`, `approval_denied`, `approval_revoked`, `approval_expired`, `approval_stale` |
    /// | `Expired` | `approval_expired` |
    /// | `Stale` | `approval_stale` |
    /// | `PermissionDenied` | `permission_denied` |
    /// | `ReviewerKind` | `reviewer_kind` |
    /// | `SelfReview` | `self_review` |
    /// | `AlreadyGranted` | `already_granted` |
    /// | `NotEscalatable` | `not_escalatable` |
    /// | `ExecutionNotOpen` | `execution_not_open` |
    /// | `StillRunning` | `execution_still_running` |
    /// | `NotRetryable` | `execution_not_retryable` |
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum ReviewRefusal {
        /// There is no such approval.
        #[error("there is no approval `{approval}`")]
        ApprovalUnknown {
            /// What was named.
            approval: ApprovalId,
        } => "approval_unknown",
        /// The approval has come to its end.
        #[error("the approval is decided already: {0}")]
        AlreadyDecided(Box<Refusal>) => refusal,
        /// The approval is past its time.
        #[error("approval `{approval}` expired")]
        Expired {
            /// The approval.
            approval: ApprovalId,
        } => "approval_expired",
        /// What the approval is bound to has changed since it was opened.
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
        #[error("a reviewer of this kind ({kind}) is not admitted")]
        ReviewerKind {
            /// The kind of the reviewer.
            kind: ActorType,
        } => "reviewer_kind",
        /// The reviewer is the requester, or its principal, or acts for one of them.
        #[error("nobody reviews a request of their own")]
        SelfReview => "self_review",
        /// The reviewer, or the same person in another role, has granted already; a quorum wants different people.
        #[error("`{reviewer}` has granted already")]
        AlreadyGranted {
            /// The reviewer.
            reviewer: crate::ActorId,
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
            /// What was named.
            execution: crate::ExecutionId,
        } => "execution_not_open",
        /// The execution may still be running, so its outcome is not in doubt yet.
        #[error("execution `{execution}` may still land")]
        StillRunning {
            /// The execution.
            execution: crate::ExecutionId,
        } => "execution_still_running",
        /// The contract does not say that the effect may be repeated, or not so late.
        #[error("execution `{execution}` may not be retried: {why}")]
        NotRetryable {
            /// The execution.
            execution: crate::ExecutionId,
            /// Why not.
            why: &'static str,
        } => "execution_not_retryable",
    }
}

/// What came of a review or of the settling of an execution, and the records to write for it.
#[derive(Debug)]
pub(crate) enum Reviewed<T> {
    /// The wish is carried out.
    Done(T, Vec<Draft>),
    /// It is refused, and that is recorded.
    Refused(ReviewRefusal, Vec<Draft>),
}

impl<T> Reviewed<T> {
    pub(crate) fn map<U>(self, done: impl FnOnce(T) -> U) -> Reviewed<U> {
        match self {
            Self::Done(it, drafts) => Reviewed::Done(done(it), drafts),
            Self::Refused(refusal, drafts) => Reviewed::Refused(refusal, drafts),
        }
    }
}

/// Decides what a reviewer may do; given is the approval as it was before. A refused review is recorded too.
pub(crate) fn review(
    case: &Case<'_>,
    id: ApprovalId,
    wish: &Wish,
    reviewer: &Reviewer<'_>,
    found: Option<&FoundApproval>,
) -> Reviewed<OpenApproval> {
    let Some(approval) = case.view.approval(id) else {
        return rejected(case, id, wish, reviewer, closed(case, id, reviewer, found));
    };
    let action = case.domain.action(approval.proposed.action.as_str());
    match check(case, approval, action, wish, reviewer) {
        Ok(()) => Reviewed::Done(approval.clone(), drafts(case, approval, action, wish, reviewer)),
        Err(refusal) => rejected(case, id, wish, reviewer, refusal),
    }
}

/// Why an approval that is not open cannot be reviewed. How it ended is told to those who could review it.
fn closed(case: &Case<'_>, id: ApprovalId, reviewer: &Reviewer<'_>, found: Option<&FoundApproval>) -> ReviewRefusal {
    let Some((kind, proposed)) = found.and_then(|found| found.closed.zip(Some(&found.proposed))) else {
        return ReviewRefusal::ApprovalUnknown { approval: id };
    };
    let reviewers = case.domain.action(proposed.action.as_str()).and_then(Action::reviewers);
    match reviewers.filter(|permission| !reviewer.authority.holds(permission)) {
        Some(permission) => ReviewRefusal::PermissionDenied { permission: permission.clone() },
        None => ReviewRefusal::AlreadyDecided(Box::new(closed_by(id, kind, case.view))),
    }
}

/// Permission first: whoever lacks it is told nothing else.
fn check(
    case: &Case<'_>,
    approval: &OpenApproval,
    action: Option<&Action>,
    wish: &Wish,
    reviewer: &Reviewer<'_>,
) -> Result<(), ReviewRefusal> {
    let id = approval.id;
    // An escalation asks for more, never for less: the contract's permission is needed as before.
    let escalated = approval.escalated.as_ref().filter(|_| matches!(wish, Wish::Grant));
    let lacks = |permission: &&Permission| !reviewer.authority.holds(permission) && !is_sown("reviewer_unchecked");
    if let Some(permission) = approval.reviewers.iter().chain(escalated).find(lacks) {
        return Err(ReviewRefusal::PermissionDenied { permission: permission.clone() });
    }
    let kind = reviewer.actor.kind;
    if !action.map_or(&[ActorType::Human][..], Action::reviewer_kinds).contains(&kind) {
        return Err(ReviewRefusal::ReviewerKind { kind });
    }
    if action.is_none_or(|action| action.contract.separate_reviewer)
        && reviewer.actor.is_party_with(&approval.proposed.actor)
        && !is_sown("self_review")
    {
        return Err(ReviewRefusal::SelfReview);
    }
    if approval.has_expired(case.now()) {
        return Err(ReviewRefusal::Expired { approval: id });
    }
    if let Wish::Escalate(permission) = wish {
        return may_escalate(case, approval, permission);
    }
    // What can no longer be used may still be denied or withdrawn.
    if !matches!(wish, Wish::Grant) {
        return Ok(());
    }
    if let Some(what) = action.map_or(Some("the contract"), |action| changed_since(case, approval, action)) {
        return Err(ReviewRefusal::Stale { approval: id, what });
    }
    if approval.grants.iter().any(|earlier| reviewer.actor.is_party_with(earlier)) && !is_sown("quorum_of_one_person") {
        return Err(ReviewRefusal::AlreadyGranted { reviewer: reviewer.actor.id.clone() });
    }
    Ok(())
}

/// Nobody escalates what is granted already, or to those who do not exist.
fn may_escalate(case: &Case<'_>, approval: &OpenApproval, to: &Permission) -> Result<(), ReviewRefusal> {
    let known = case.domain.policy().known_permissions();
    if approval.complete || known.is_some_and(|known| !known.contains(to)) {
        return Err(ReviewRefusal::NotEscalatable { approval: approval.id, permission: to.clone() });
    }
    Ok(())
}

fn drafts(
    case: &Case<'_>,
    approval: &OpenApproval,
    action: Option<&Action>,
    wish: &Wish,
    reviewer: &Reviewer<'_>,
) -> Vec<Draft> {
    let closing = || Closing { approval: approval.id, reason: Some(note(reviewer)) };
    match wish {
        Wish::Grant => {
            let grants = u32::try_from(approval.grants.len()).unwrap_or(u32::MAX).saturating_add(1);
            let grant = Grant {
                approval: approval.id,
                grants,
                quorum: approval.quorum(),
                complete: grants >= approval.quorum(),
                request_digest: approval.ruling.request_digest,
                contract_digest: approval.ruling.contract_digest,
                state_version: approval.ruling.state_version,
                shown_digest: Digest::of(shown(action, &approval.proposed).as_bytes()),
                reason: note(reviewer),
            };
            vec![Draft::new(reviewer.actor, Body::ApprovalGranted(Box::new(grant)))]
        }
        Wish::Deny => {
            let mut sheet = Sheet::default();
            let (by, note) = (Some(reviewer.actor.id.clone()), Some(note(reviewer)));
            sheet.fail(&APPROVAL, Refusal::ApprovalDenied { approval: approval.id, by, note });
            let mut ruling = ruling(case, action, &approval.proposed, sheet.reason(), sheet);
            ruling.approval = Some(approval.id);
            // The count of the call is the reviewer's; this record is the requester's.
            ruling.suppressed = 0;
            vec![
                Draft::new(reviewer.actor, Body::ApprovalDenied(closing())),
                Draft::new(&approval.proposed.actor, Body::ActionBlocked(Arc::new(ruling))),
            ]
        }
        Wish::Revoke => vec![Draft::new(reviewer.actor, Body::ApprovalRevoked(closing()))],
        Wish::Escalate(permission) => {
            let step = Escalation { approval: approval.id, reviewers: permission.clone(), reason: note(reviewer) };
            vec![Draft::new(reviewer.actor, Body::ApprovalEscalated(step))]
        }
    }
}

/// What the reviewer said, cut to what a record holds with ease.
fn note(reviewer: &Reviewer<'_>) -> String {
    crate::kernel::record::body::readable(reviewer.note, MOST_NOTE)
}

/// The most characters of a reviewer's words that are recorded.
pub(crate) const MOST_NOTE: usize = 2_000;

fn rejected<T>(
    case: &Case<'_>,
    id: ApprovalId,
    wish: &Wish,
    reviewer: &Reviewer<'_>,
    refusal: ReviewRefusal,
) -> Reviewed<T> {
    let body = RejectedReview { approval: Some(id), execution: None, verdict: wish.code(), reason: refusal.code() };
    let mut drafts = rejection(case, reviewer.actor, body);
    // An approval that is found past its time is closed by whoever finds it.
    if matches!(refusal, ReviewRefusal::Expired { .. }) {
        drafts.insert(0, Draft::new(reviewer.actor, Body::ApprovalExpired(Closing { approval: id, reason: None })));
    }
    Reviewed::Refused(refusal, drafts)
}

/// The record of a refused review, within the bound on refusals.
pub(crate) fn rejection(case: &Case<'_>, actor: &Arc<Actor>, body: RejectedReview) -> Vec<Draft> {
    refusal_drafts(case, actor, || vec![Draft::new(actor, Body::ReviewRejected(body))])
}

/// The records that close what an accepted event has made unusable.
pub(crate) fn supersede(view: &View, actor: &Arc<Actor>, drafts: &mut Vec<Draft>) {
    for approval in view.approvals.iter().filter(|_| !is_sown("state_version_ignored")) {
        drafts.push(Draft::new(actor, Body::ApprovalSuperseded(Closing { approval: approval.id, reason: None })));
    }
}
