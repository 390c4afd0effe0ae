//! Approvals: what reviewers are shown, and [`review`], which decides what they may do.

use crate::{
    actor::{Actor, Granted},
    contract::Risk,
    decide::{FoundApproval, Moment, changed_since, closed_by, ruling},
    decision::{Refusal, Sheet},
    digest::Digest,
    domain::{Action, Domain},
    ids::{ActionName, ApprovalId, Code, EntityRef, Permission},
    param::Params,
    record::{
        Draft, Kind,
        body::{Body, Closing, Escalation, Grant, RejectedReview},
    },
    request::Proposed,
    timestamp::Timestamp,
    value::Value,
    view::{OpenApproval, RefusalRecord, View},
};
use std::sync::Arc;

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

impl PendingApproval {
    pub(crate) fn of(domain: &Domain, view: &View, approval: &OpenApproval) -> Self {
        let proposed = &approval.proposed;
        let denials = view.denials.iter().filter(|denial| denial.proposed.action == proposed.action);
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
            reviewers: approval.reviewers.clone(),
            grants: u32::try_from(approval.grants.len()).unwrap_or(u32::MAX),
            quorum: approval.quorum(),
            is_granted: approval.complete,
            opened_at: approval.opened_at,
            expires_at: approval.expires_at(),
            earlier_denials: denials.map(|denial| (denial.approval, denial.proposed.params.clone())).collect(),
        }
    }
}

/// What a reviewer wants.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    Grant,
    Deny,
    Revoke,
    Escalate(Permission),
}

impl Wish {
    fn code(&self) -> Code {
        Code::fixed(match self {
            Self::Grant => "grant",
            Self::Deny => "deny",
            Self::Revoke => "revoke",
            Self::Escalate(_) => "escalate",
        })
    }
}

/// Who reviews, with what the policy gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reviewer<'a> {
    pub(crate) actor: &'a Arc<Actor>,
    pub(crate) authority: &'a Granted,
    pub(crate) note: &'a str,
}

/// Why a review, a resolution or a retry was refused.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewRefusal {
    /// There is no such approval.
    #[error("there is no approval `{approval}`")]
    ApprovalUnknown {
        /// What was named.
        approval: ApprovalId,
    },
    /// The approval has come to its end.
    #[error("the approval is decided already: {0}")]
    AlreadyDecided(Box<Refusal>),
    /// The approval is past its time.
    #[error("approval `{approval}` expired")]
    Expired {
        /// The approval.
        approval: ApprovalId,
    },
    /// What the approval is bound to has changed since it was opened.
    #[error("approval `{approval}` is stale: {what} changed since")]
    Stale {
        /// The approval.
        approval: ApprovalId,
        /// What changed.
        what: &'static str,
    },
    /// The reviewer lacks the permission.
    #[error("reviewing needs permission `{permission}`")]
    PermissionDenied {
        /// The permission.
        permission: Permission,
    },
    /// The contract does not let this kind of actor review.
    #[error("a reviewer of this kind ({kind}) is not admitted")]
    ReviewerKind {
        /// The kind of the reviewer.
        kind: crate::ActorType,
    },
    /// The reviewer is the requester, or its principal, or acts for one of them.
    #[error("nobody reviews a request of their own")]
    SelfReview,
    /// The reviewer, or the same person in another role, has granted already; a quorum wants different people.
    #[error("`{reviewer}` has granted already")]
    AlreadyGranted {
        /// The reviewer.
        reviewer: crate::ActorId,
    },
    /// There is no such open execution.
    #[error("execution `{execution}` is not open")]
    ExecutionNotOpen {
        /// What was named.
        execution: crate::ExecutionId,
    },
    /// The execution may still be running, so its outcome is not in doubt yet.
    #[error("execution `{execution}` may still land")]
    StillRunning {
        /// The execution.
        execution: crate::ExecutionId,
    },
    /// The contract does not say that the effect may be repeated.
    #[error("execution `{execution}` may not be retried: {why}")]
    NotRetryable {
        /// The execution.
        execution: crate::ExecutionId,
        /// Why not.
        why: &'static str,
    },
}

impl ReviewRefusal {
    /// The reason code: a stable word that goes to the log.
    #[must_use]
    pub fn code(&self) -> Code {
        Code::fixed(match self {
            Self::ApprovalUnknown { .. } => "approval_unknown",
            Self::AlreadyDecided(refusal) => return refusal.code(),
            Self::Expired { .. } => "approval_expired",
            Self::Stale { .. } => "approval_stale",
            Self::PermissionDenied { .. } => "permission_denied",
            Self::ReviewerKind { .. } => "reviewer_kind",
            Self::SelfReview => "self_review",
            Self::AlreadyGranted { .. } => "already_granted",
            Self::ExecutionNotOpen { .. } => "execution_not_open",
            Self::StillRunning { .. } => "execution_still_running",
            Self::NotRetryable { .. } => "execution_not_retryable",
        })
    }
}

/// What came of a review, and the records to write for it.
#[derive(Debug)]
pub(crate) enum Reviewed {
    /// The wish is carried out.
    Done(Vec<Draft>),
    /// It is refused, and that is recorded.
    Refused(ReviewRefusal, Vec<Draft>),
}

/// Decides what a reviewer may do. A refused review is recorded too.
pub(crate) fn review(
    domain: &Domain,
    view: &View,
    id: ApprovalId,
    wish: &Wish,
    reviewer: &Reviewer<'_>,
    found: Option<&FoundApproval>,
    at: &Moment<'_>,
) -> Reviewed {
    let Some(approval) = view.approval(id) else {
        let refusal = closed(domain, view, id, reviewer, found);
        return rejected(domain, view, id, wish, reviewer, refusal, at);
    };
    let action = domain.action(approval.proposed.action.as_str());
    match check(domain, view, approval, action, wish, reviewer, at.now) {
        Ok(()) => Reviewed::Done(drafts(domain, view, approval, action, wish, reviewer, at)),
        Err(refusal) => rejected(domain, view, id, wish, reviewer, refusal, at),
    }
}

/// Why an approval that is not open cannot be reviewed. How it ended is told to those who could review it.
fn closed(
    domain: &Domain,
    view: &View,
    id: ApprovalId,
    reviewer: &Reviewer<'_>,
    found: Option<&FoundApproval>,
) -> ReviewRefusal {
    let Some((kind, proposed)) = found.and_then(|found| found.closed.zip(Some(&found.proposed))) else {
        return ReviewRefusal::ApprovalUnknown { approval: id };
    };
    let reviewers = domain.action(proposed.action.as_str()).and_then(Action::reviewers);
    match reviewers.filter(|permission| !reviewer.authority.holds(permission)) {
        Some(permission) => ReviewRefusal::PermissionDenied { permission: permission.clone() },
        None => ReviewRefusal::AlreadyDecided(Box::new(closed_by(id, kind, view))),
    }
}

fn check(
    domain: &Domain,
    view: &View,
    approval: &OpenApproval,
    action: Option<&Action>,
    wish: &Wish,
    reviewer: &Reviewer<'_>,
    now: Timestamp,
) -> Result<(), ReviewRefusal> {
    let id = approval.id;
    if let Some(permission) = approval.reviewers.as_ref().filter(|permission| !reviewer.authority.holds(permission)) {
        return Err(ReviewRefusal::PermissionDenied { permission: permission.clone() });
    }
    let kind = reviewer.actor.kind;
    if !action.is_some_and(|action| action.reviewer_kinds().contains(&kind)) {
        return Err(ReviewRefusal::ReviewerKind { kind });
    }
    if action.is_none_or(|action| action.contract.separate_reviewer)
        && is_party(reviewer.actor, &approval.proposed.actor)
    {
        return Err(ReviewRefusal::SelfReview);
    }
    if approval.has_expired(view.head.effective(now)) {
        return Err(ReviewRefusal::Expired { approval: id });
    }
    // What can no longer be used may still be denied or withdrawn.
    if !matches!(wish, Wish::Grant) {
        return Ok(());
    }
    if let Some(what) = action.map_or(Some("the contract"), |action| changed_since(domain, view, approval, action)) {
        return Err(ReviewRefusal::Stale { approval: id, what });
    }
    if approval.grants.iter().any(|earlier| is_party(reviewer.actor, earlier)) {
        return Err(ReviewRefusal::AlreadyGranted { reviewer: reviewer.actor.id.clone() });
    }
    Ok(())
}

/// True if `reviewer` is the requester or its principal, or acts for one of them. Another spelling of an
/// id by case alone does not make another person.
pub(crate) fn is_party(reviewer: &Actor, requester: &Actor) -> bool {
    let names = |actor: &Actor| [Some(actor.id.clone()), actor.on_behalf_of.clone()];
    let theirs = names(requester);
    names(reviewer)
        .iter()
        .flatten()
        .any(|mine| theirs.iter().flatten().any(|their| is_same_person(mine.as_str(), their.as_str())))
}

fn is_same_person(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn drafts(
    domain: &Domain,
    view: &View,
    approval: &OpenApproval,
    action: Option<&Action>,
    wish: &Wish,
    reviewer: &Reviewer<'_>,
    at: &Moment<'_>,
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
            sheet.fail(&Code::fixed("approval"), Refusal::ApprovalDenied { approval: approval.id, by, note });
            let mut ruling = ruling(domain, view, action, &approval.proposed, sheet.reason(), sheet, at);
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
    crate::record::body::readable(reviewer.note, MOST_NOTE)
}

/// The most characters of a reviewer's words that are recorded.
pub(crate) const MOST_NOTE: usize = 2_000;

fn rejected(
    domain: &Domain,
    view: &View,
    id: ApprovalId,
    wish: &Wish,
    reviewer: &Reviewer<'_>,
    refusal: ReviewRefusal,
    at: &Moment<'_>,
) -> Reviewed {
    let body = RejectedReview { approval: Some(id), execution: None, verdict: wish.code(), reason: refusal.code() };
    let mut drafts = rejection(domain, view, reviewer.actor, body, at);
    // An approval that is found past its time is closed by whoever finds it.
    if matches!(refusal, ReviewRefusal::Expired { .. }) {
        drafts.insert(0, Draft::new(reviewer.actor, Body::ApprovalExpired(Closing { approval: id, reason: None })));
    }
    Reviewed::Refused(refusal, drafts)
}

/// The record of a refused review, within the bound on refusals.
pub(crate) fn rejection(
    domain: &Domain,
    view: &View,
    actor: &Arc<Actor>,
    body: RejectedReview,
    at: &Moment<'_>,
) -> Vec<Draft> {
    match view.next_refusal(&actor.id, domain.bounds().refusals, view.head.effective(at.now)) {
        RefusalRecord::Single => vec![Draft::new(actor, Body::ReviewRejected(body))],
        RefusalRecord::Suppression(recorded) => {
            vec![Draft::new(actor, Body::RefusalsSuppressed(crate::record::body::Suppressed { recorded }))]
        }
        RefusalRecord::Nothing => Vec::new(),
    }
}

/// The records that close what an accepted event has made unusable.
pub(crate) fn supersede(view: &View, actor: &Arc<Actor>, consumed: Option<ApprovalId>, drafts: &mut Vec<Draft>) {
    for approval in view.approvals.iter().filter(|approval| Some(approval.id) != consumed) {
        drafts.push(Draft::new(actor, Body::ApprovalSuperseded(Closing { approval: approval.id, reason: None })));
    }
}

/// What a reviewer is shown: the contract's summary, or a plain listing. What an agent wrote cannot forge
/// lines or hide characters in it.
pub(crate) fn shown(action: Option<&Action>, proposed: &Proposed) -> String {
    let template = action.map(|action| action.contract.summary.as_str()).filter(|summary| !summary.is_empty());
    let Some(template) = template else {
        let params = proposed.params.iter().map(|(name, value)| format!(", {name}: {}", quoted(value)));
        return format!("{} on {}{}", proposed.action, proposed.entity, params.collect::<String>());
    };
    let mut text = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        match (name, proposed.params.get(name)) {
            ("entity", _) => text.push_str(proposed.entity.as_str()),
            ("action", _) => text.push_str(proposed.action.as_str()),
            ("requester", _) => text.push_str(proposed.actor.id.as_str()),
            (_, Some(value)) => text.push_str(&quoted(value)),
            (_, None) => text.push_str("(not given)"),
        }
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// A value in one line: texts in quotes, everything that could forge or hide escaped.
fn quoted(value: &Value) -> String {
    let text = value.to_string();
    text.chars()
        .flat_map(|c| {
            if matches!(c, '"' | '\'' | '\\') {
                EscapedChar::Plain(Some(c))
            } else {
                EscapedChar::Debug(c.escape_debug())
            }
        })
        .collect()
}

enum EscapedChar {
    Plain(Option<char>),
    Debug(std::char::EscapeDebug),
}

impl Iterator for EscapedChar {
    type Item = char;
    fn next(&mut self) -> Option<char> {
        match self {
            Self::Plain(c) => c.take(),
            Self::Debug(escape) => escape.next(),
        }
    }
}

/// The status of an approval in words that last.
pub(crate) fn status(kind: Option<Kind>, complete: bool) -> &'static str {
    match kind {
        None if complete => "granted",
        None => "pending",
        Some(Kind::ApprovalDenied) => "denied",
        Some(Kind::ApprovalRevoked) => "revoked",
        Some(Kind::ApprovalExpired) => "expired",
        Some(Kind::ApprovalSuperseded) => "superseded",
        Some(_) => "consumed",
    }
}
