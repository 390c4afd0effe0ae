//! The one function that answers every question of authority: [`decide`].
//!
//! Nothing here opens, awaits, reads a clock or draws a random number. `decide` is total: a refusal is a
//! value. Deciding twice with the same arguments gives the same records.

use crate::{
    actor::{Actor, Granted},
    ctx::{RuleError, Situation},
    decision::{APPROVAL_REQUIRED, Block, Clearance, Cleared, Decided, Hold, Refusal, Sheet},
    digest::Digest,
    domain::{Action, CheckedApproval, Domain},
    ids::{ApprovalId, Code, EntityRef, Ids},
    param::{ParamFault, Params},
    proposal::Asked,
    record::{
        Draft, Kind,
        body::{Body, Closing, ExecutionTerms, HoldTerms, Issue, Ruling, Suppressed},
    },
    request::{NO_REASON, Proposed},
    timestamp::Timestamp,
    view::{OpenApproval, RefusalRecord, View},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// What the store's index knows of the names in a proposal. It is protected by the append that follows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// What was proposed under the same idempotency key.
    pub(crate) key: Option<Arc<Proposed>>,
    /// The approval that the proposal names.
    pub(crate) approval: Option<FoundApproval>,
}

/// An approval that is not, or no longer, open in the proposal's own stream.
#[derive(Clone, Debug)]
pub(crate) struct FoundApproval {
    pub(crate) stream: EntityRef,
    pub(crate) proposed: Arc<Proposed>,
    /// The kind of the record that closed it.
    pub(crate) closed: Option<Kind>,
}

/// What comes from outside for one call: the time, the ids, who issues.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a Ids,
    pub(crate) issue: &'a Issue,
    /// Refusals of this actor here that were not recorded.
    pub(crate) suppressed: u64,
}

const ACTION: Code = Code::fixed("action");
const PERMISSION: Code = Code::fixed("permission");
const ENTITY: Code = Code::fixed("entity");
const STATE: Code = Code::fixed("state");
const PARAMETERS: Code = Code::fixed("parameters");
const OPEN_EXECUTION: Code = Code::fixed("open_execution");
const APPROVAL: Code = Code::fixed("approval");

/// Decides a proposal.
pub(crate) fn decide(domain: &Domain, view: &View, asked: &Asked, found: &Found, at: &Moment<'_>) -> Decided {
    let question = Question::of(asked);
    let mut sheet = examine(view, &question, at.now);
    let permitted = asked.action.as_ref().filter(|action| holds_all(action, question.authority));
    // Without the permission a key is not even looked at: it could tell what it was used for.
    let earlier = found.key.as_ref().filter(|_| permitted.is_some());
    if let Some(earlier) = earlier {
        if !earlier.is_same_request(&asked.proposed, &view.head.tenant) {
            sheet.refusals.insert(0, Refusal::IdempotencyKeyReused);
        } else if asked.proposed.notes.approval.is_none_or(|id| view.approval(id).is_none()) {
            return Decided::Repeat;
        }
    }
    let Some(action) = permitted.filter(|_| view.state.is_some()) else {
        sheet.skip(&APPROVAL);
        return match asked.action.is_some() && view.state.is_some() {
            true => refuse(domain, view, asked, found, sheet, at),
            false => Decided::Unplaced(sheet),
        };
    };
    let answer = if sheet.is_clean() { consent(domain, view, asked, found, action, at.now) } else { Consent::Skipped };
    match answer {
        Consent::Skipped => {
            sheet.skip(&APPROVAL);
            refuse(domain, view, asked, found, sheet, at)
        }
        Consent::Refused(refusal) => {
            sheet.fail(&APPROVAL, refusal);
            refuse(domain, view, asked, found, sheet, at)
        }
        Consent::Given(approval) => {
            sheet.pass(&APPROVAL);
            execute(domain, view, action, asked, approval, sheet, at)
        }
        Consent::Waiting(approval) => {
            Decided::Hold(Hold { approval, opened: false, denials: earlier_denials(view, asked) }, Vec::new())
        }
        Consent::Needed { reason, closing } => {
            sheet.checks.push((APPROVAL, crate::record::CheckResult::Failed));
            open_hold(domain, view, action, asked, reason, closing, sheet, at)
        }
    }
}

/// Decides a held proposal again, for the requester that the log names, whoever resumes it.
pub(crate) fn resume(domain: &Domain, view: &View, approval: &OpenApproval, at: &Moment<'_>) -> Decided {
    let asked = asked_again(domain, &approval.proposed);
    let mut sheet = examine(view, &Question::of(&asked), at.now);
    let Some(action) = asked.action.as_ref().filter(|_| sheet.is_clean()) else {
        sheet.skip(&APPROVAL);
        return refuse_stored(domain, view, approval, sheet, at);
    };
    match usable(domain, view, approval, action, at.now) {
        Consent::Given(id) => {
            sheet.pass(&APPROVAL);
            execute(domain, view, action, &asked, id, sheet, at)
        }
        Consent::Refused(refusal) => {
            sheet.fail(&APPROVAL, refusal);
            refuse_stored(domain, view, approval, sheet, at)
        }
        _ => Decided::Hold(Hold { approval: approval.clone(), opened: false, denials: Vec::new() }, Vec::new()),
    }
}

/// Decides without writing, for `explain`: the checks, and whether consent would be asked for.
pub(crate) fn explain(
    domain: &Domain,
    view: &View,
    asked: &Asked,
    found: &Found,
    now: Timestamp,
) -> (Sheet, Option<Code>) {
    let question = Question::of(asked);
    let mut sheet = examine(view, &question, now);
    if asked.action.as_ref().is_some_and(|action| holds_all(action, question.authority))
        && found.key.as_ref().is_some_and(|earlier| !earlier.is_same_request(&asked.proposed, &view.head.tenant))
    {
        sheet.refusals.insert(0, Refusal::IdempotencyKeyReused);
    }
    let Some(action) = asked.action.as_ref().filter(|_| sheet.is_clean()) else {
        sheet.skip(&APPROVAL);
        return (sheet, None);
    };
    match consent(domain, view, asked, found, action, now) {
        Consent::Given(_) => sheet.pass(&APPROVAL),
        Consent::Refused(refusal) => sheet.fail(&APPROVAL, refusal),
        Consent::Waiting(approval) => return (sheet, Some(approval.ruling.reason.clone())),
        Consent::Needed { reason, .. } => return (sheet, Some(reason)),
        Consent::Skipped => sheet.skip(&APPROVAL),
    }
    (sheet, None)
}

/// The actions that someone with these permissions could propose now, as far as that can be told without
/// parameters.
pub(crate) fn allowed_actions(domain: &Domain, view: &View, authority: &Granted) -> Vec<crate::ActionName> {
    let Some(state) = view.state.as_ref().filter(|_| view.executions.is_empty() && !view.facts_failed) else {
        return Vec::new();
    };
    let may = |action: &&Action| {
        action.entity.as_str() == view.head.entity.kind()
            && action.allowed.contains(state)
            && holds_all(action, authority)
    };
    domain.actions().filter(may).map(|action| action.name.clone()).collect()
}

/// The records of a refusal that has no entity of its own, for the tenant's stream of refusals.
pub(crate) fn refuse_unplaced(
    domain: &Domain,
    refused: &View,
    asked: &Asked,
    found: &Found,
    sheet: Sheet,
    at: &Moment<'_>,
) -> Decided {
    refuse(domain, refused, asked, found, sheet, at)
}

/// The records of a proposal that would be cleared if its receipt could be signed.
pub(crate) fn refuse_unsigned(domain: &Domain, view: &View, asked: &Asked, found: &Found, at: &Moment<'_>) -> Decided {
    let mut sheet = examine(view, &Question::of(asked), at.now);
    sheet.skip(&APPROVAL);
    sheet.refusals.insert(0, Refusal::SignerUnavailable);
    refuse(domain, view, asked, found, sheet, at)
}

/// The same for a held proposal that was resumed.
pub(crate) fn refuse_unsigned_resume(
    domain: &Domain,
    view: &View,
    approval: &OpenApproval,
    at: &Moment<'_>,
) -> Decided {
    let asked = asked_again(domain, &approval.proposed);
    let mut sheet = examine(view, &Question::of(&asked), at.now);
    sheet.skip(&APPROVAL);
    sheet.refusals.insert(0, Refusal::SignerUnavailable);
    refuse_stored(domain, view, approval, sheet, at)
}

/// A stored proposal, asked of the domain as it is now: the roles are those that were recorded.
pub(crate) fn asked_again(domain: &Domain, stored: &Arc<Proposed>) -> Asked {
    let action = domain.find(stored.action.as_str()).filter(|action| action.entity.as_str() == stored.entity.kind());
    let authority = domain.policy().resolve(&stored.actor, &stored.authority.roles);
    let faults = action.map_or_else(Vec::new, |action| {
        let offered = stored.params.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        crate::param::faults_of(&action.params, &offered)
    });
    let proposed = if authority == stored.authority {
        Arc::clone(stored)
    } else {
        Arc::new(Proposed { authority, ..(**stored).clone() })
    };
    Asked { proposed, action: action.cloned(), faults }
}

/// What the checks ask about.
struct Question<'a> {
    action: Option<&'a Action>,
    entity: &'a EntityRef,
    actor: &'a Actor,
    authority: &'a Granted,
    params: &'a Params,
    faults: &'a [ParamFault],
    proposed: &'a Proposed,
}

impl<'a> Question<'a> {
    fn of(asked: &'a Asked) -> Self {
        let proposed = &*asked.proposed;
        Self {
            action: asked.action.as_deref(),
            entity: &proposed.entity,
            actor: &proposed.actor,
            authority: &proposed.authority,
            params: &proposed.params,
            faults: &asked.faults,
            proposed,
        }
    }
}

fn holds_all(action: &Action, authority: &Granted) -> bool {
    action.permissions.iter().all(|permission| authority.holds(permission))
}

/// Runs every check but the last, in their fixed order. Whoever lacks the permission is told nothing of
/// the entity: the rest is skipped then.
fn examine(view: &View, question: &Question<'_>, now: Timestamp) -> Sheet {
    let mut sheet = Sheet::default();
    let Some(action) = question.action else {
        let refusal =
            Refusal::ActionUnknown { action: question.proposed.action.clone(), entity: question.entity.clone() };
        sheet.fail(&ACTION, refusal);
        [PERMISSION, ENTITY, STATE, PARAMETERS, OPEN_EXECUTION].iter().for_each(|name| sheet.skip(name));
        return sheet;
    };
    sheet.checks.reserve(7 + action.checks.len());
    sheet.pass(&ACTION);
    if holds_all(action, question.authority) {
        sheet.pass(&PERMISSION);
    } else {
        let missing =
            action.permissions.iter().filter(|permission| !question.authority.holds(permission)).cloned().collect();
        sheet.fail(&PERMISSION, Refusal::PermissionDenied { action: action.name.clone(), missing });
    }
    examine_entity(view, question, action, &mut sheet);
    examine_params(question, &mut sheet);
    examine_custom(view, question, action, now, &mut sheet);
    match view.executions.first() {
        _ if !told_of_entity(&sheet) => sheet.skip(&OPEN_EXECUTION),
        None => sheet.pass(&OPEN_EXECUTION),
        Some(open) => sheet.fail(
            &OPEN_EXECUTION,
            Refusal::ExecutionOpen { execution: open.execution, in_doubt: open.doubt.is_some() },
        ),
    }
    sheet
}

/// True unless the permission failed.
fn told_of_entity(sheet: &Sheet) -> bool {
    !matches!(sheet.refusals.first(), Some(Refusal::PermissionDenied { .. }))
}

fn examine_entity(view: &View, question: &Question<'_>, action: &Action, sheet: &mut Sheet) {
    if !sheet.is_clean() {
        sheet.skip(&ENTITY);
        sheet.skip(&STATE);
        return;
    }
    let Some(state) = &view.state else {
        sheet.fail(&ENTITY, Refusal::EntityUnknown { entity: question.entity.clone() });
        sheet.skip(&STATE);
        return;
    };
    if view.facts_failed {
        sheet.fail(&ENTITY, Refusal::FactsUnreliable { entity: question.entity.clone() });
    } else {
        sheet.pass(&ENTITY);
    }
    if action.allowed.contains(state) {
        sheet.pass(&STATE);
    } else {
        sheet.fail(
            &STATE,
            Refusal::StateNotAllowed {
                action: action.name.clone(),
                current: state.clone(),
                allowed: action.allowed.clone(),
            },
        );
    }
}

fn examine_params(question: &Question<'_>, sheet: &mut Sheet) {
    match question.faults {
        _ if !told_of_entity(sheet) => sheet.skip(&PARAMETERS),
        [] => sheet.pass(&PARAMETERS),
        faults => sheet.fail(&PARAMETERS, Refusal::ParametersInvalid { faults: faults.to_vec() }),
    }
}

/// The contract's own checks, in their order. They are asked only where all before them passed, so that
/// they need not doubt the state or the parameters.
fn examine_custom(view: &View, question: &Question<'_>, action: &Action, now: Timestamp, sheet: &mut Sheet) {
    let Some(state) = view.state.as_ref().filter(|_| sheet.is_clean()) else {
        action.checks.iter().for_each(|(name, _)| sheet.skip(name));
        return;
    };
    let situation = situation(view, state.as_str(), question, now);
    for (name, ask) in &action.checks {
        // A check that panics or cannot be asked does not hold.
        if answer(|| ask(&situation)).unwrap_or(false) {
            sheet.pass(name);
        } else {
            sheet.fail(
                name,
                Refusal::CheckFailed { check: name.clone(), state: state.clone(), params: question.params.clone() },
            );
        }
    }
}

fn situation<'a>(view: &'a View, state: &'a str, question: &Question<'a>, now: Timestamp) -> Situation<'a> {
    Situation {
        tenant: &view.head.tenant,
        entity: question.entity,
        state,
        state_version: view.state_version,
        facts: view.facts.as_ref(),
        actor: question.actor,
        now: view.head.effective(now),
        params: question.params,
        execution: None,
    }
}

/// Asks users' code, which may panic; `None` if it gave no answer.
fn answer(ask: impl FnOnce() -> Result<bool, RuleError>) -> Option<bool> {
    catch_unwind(AssertUnwindSafe(ask)).ok().and_then(Result::ok)
}

/// What the last check says.
enum Consent {
    /// It was not asked.
    Skipped,
    /// No consent is needed, or the approval that is consumed gives it.
    Given(Option<ApprovalId>),
    /// The same request waits for its reviewers already, or was granted and not yet used.
    Waiting(OpenApproval),
    /// A new approval must be opened, after the one of the same request that is of no use is closed.
    Needed {
        reason: Code,
        closing: Option<Body>,
    },
    Refused(Refusal),
}

fn consent(domain: &Domain, view: &View, asked: &Asked, found: &Found, action: &Action, now: Timestamp) -> Consent {
    let proposed = &asked.proposed;
    if let Some(id) = proposed.notes.approval {
        return match view.approval(id) {
            Some(approval) => match difference(&approval.proposed, proposed, view) {
                Some(field) => Consent::Refused(Refusal::ApprovalMismatch { approval: id, field }),
                None => usable(domain, view, approval, action, now),
            },
            None => Consent::Refused(closed_approval(id, asked, found, view)),
        };
    }
    let same = |earlier: &Arc<Proposed>| earlier.is_same_request(proposed, &view.head.tenant);
    if let Some(denial) = view.denials.iter().find(|denial| same(&denial.proposed)) {
        let (by, note) = (Some(denial.by.clone()), denial.reason.clone());
        return Consent::Refused(Refusal::ApprovalDenied { approval: denial.approval, by, note });
    }
    let Some(reason) = needs_consent(view, asked, action, now) else {
        return Consent::Given(None);
    };
    let waiting = view.approvals.iter().find(|approval| same(&approval.proposed));
    match waiting {
        // One that can no longer be used is closed, and the request opens another.
        Some(approval) if approval.has_expired(view.head.effective(now)) => {
            let closing = Closing { approval: approval.id, reason: None };
            Consent::Needed { reason, closing: Some(Body::ApprovalExpired(closing)) }
        }
        Some(approval) if changed_since(domain, view, approval, action).is_some() => {
            let closing = Closing { approval: approval.id, reason: None };
            Consent::Needed { reason, closing: Some(Body::ApprovalSuperseded(closing)) }
        }
        Some(approval) => Consent::Waiting(approval.clone()),
        None => {
            let open = view.approvals.iter().filter(|approval| approval.proposed.actor.id == proposed.actor.id).count();
            let most = domain.bounds().open_approvals;
            if open < most {
                Consent::Needed { reason, closing: None }
            } else {
                Consent::Refused(Refusal::TooManyOpenApprovals { open, most })
            }
        }
    }
}

/// The reason code if a person must consent. A policy that panics or cannot be asked counts as a yes.
fn needs_consent(view: &View, asked: &Asked, action: &Action, now: Timestamp) -> Option<Code> {
    match &action.approval {
        CheckedApproval::Never => None,
        CheckedApproval::Required => Some(APPROVAL_REQUIRED),
        CheckedApproval::When(code, ask) => {
            let state = view.state.as_ref()?;
            let situation = situation(view, state.as_str(), &Question::of(asked), now);
            answer(|| ask(&situation)).unwrap_or(true).then(|| code.clone())
        }
    }
}

/// Whether an open approval may be used now: nothing that it was given for has changed, it stands, and it
/// is complete.
fn usable(domain: &Domain, view: &View, approval: &OpenApproval, action: &Action, now: Timestamp) -> Consent {
    let id = approval.id;
    if approval.has_expired(view.head.effective(now)) {
        return Consent::Refused(Refusal::ApprovalExpired { approval: id });
    }
    match changed_since(domain, view, approval, action) {
        Some(what) => Consent::Refused(Refusal::ApprovalStale { approval: id, what }),
        None if approval.complete => Consent::Given(Some(id)),
        None => Consent::Waiting(approval.clone()),
    }
}

/// What has changed since the approval was opened, among the things that it is bound to.
pub(crate) fn changed_since(
    domain: &Domain,
    view: &View,
    approval: &OpenApproval,
    action: &Action,
) -> Option<&'static str> {
    let ruling = &approval.ruling;
    let changes = [
        (ruling.contract_digest != action.digest, "the contract"),
        (ruling.domain_version != *domain.version(), "the domain version"),
        (ruling.policy_version != *domain.policy_version(), "the policy version"),
        (ruling.state_version != view.state_version, "the entity"),
        (ruling.request_digest != approval.proposed.request_digest, "the request"),
    ];
    changes.into_iter().find(|(changed, _)| *changed).map(|(_, what)| what)
}

/// The first thing in which a request differs from the one that an approval is for.
fn difference(stored: &Proposed, proposed: &Proposed, view: &View) -> Option<&'static str> {
    if stored.entity != proposed.entity {
        Some("entity")
    } else if stored.action != proposed.action {
        Some("action")
    } else if stored.actor != proposed.actor {
        Some("requester")
    } else if !stored.is_same_request(proposed, &view.head.tenant) {
        Some("parameters")
    } else {
        None
    }
}

/// Why an approval that is not open in this stream cannot be used.
fn closed_approval(id: ApprovalId, asked: &Asked, found: &Found, view: &View) -> Refusal {
    let Some(known) = &found.approval else {
        return Refusal::ApprovalUnknown { approval: id };
    };
    if let Some(field) = difference(&known.proposed, &asked.proposed, view) {
        return Refusal::ApprovalMismatch { approval: id, field };
    }
    match known.closed {
        Some(kind) => closed_by(id, kind, view),
        // It is open, in a stream that is not this one: an id of another entity.
        None if known.stream != asked.proposed.entity => Refusal::ApprovalMismatch { approval: id, field: "entity" },
        None => Refusal::ApprovalUnknown { approval: id },
    }
}

/// The refusal that goes with how an approval came to its end.
pub(crate) fn closed_by(id: ApprovalId, kind: Kind, view: &View) -> Refusal {
    match kind {
        Kind::ApprovalDenied => {
            let denial = view.denials.iter().find(|denial| denial.approval == id);
            let (by, note) = denial.map(|denial| (denial.by.clone(), denial.reason.clone())).unzip();
            Refusal::ApprovalDenied { approval: id, by, note: note.flatten() }
        }
        Kind::ApprovalRevoked => Refusal::ApprovalRevoked { approval: id },
        Kind::ApprovalExpired => Refusal::ApprovalExpired { approval: id },
        Kind::ApprovalSuperseded => Refusal::ApprovalStale { approval: id, what: "the entity or its rules" },
        _ => Refusal::ApprovalConsumed { approval: id },
    }
}

fn earlier_denials(view: &View, asked: &Asked) -> Vec<(ApprovalId, Params)> {
    let same_action = view.denials.iter().filter(|denial| denial.proposed.action == asked.proposed.action);
    same_action.map(|denial| (denial.approval, denial.proposed.params.clone())).collect()
}

fn execute(
    domain: &Domain,
    view: &View,
    action: &Arc<Action>,
    asked: &Asked,
    approval: Option<ApprovalId>,
    sheet: Sheet,
    at: &Moment<'_>,
) -> Decided {
    let Some(state) = view.state.clone() else {
        return Decided::Unplaced(sheet);
    };
    let decided_at = view.head.effective(at.now);
    let terms = ExecutionTerms {
        execution: at.ids.execution,
        attempt: 1,
        effect: action.effect(),
        deadline: action.timeout().map(|span| decided_at.plus(span)),
    };
    // What runs is the stored proposal.
    let stored = approval
        .and_then(|id| view.approval(id))
        .map_or_else(|| Arc::clone(&asked.proposed), |approval| Arc::clone(&approval.proposed));
    let mut ruling = ruling(domain, view, asked.action.as_deref(), &stored, NO_REASON, sheet, at);
    ruling.approval = approval;
    ruling.execution = Some(terms);
    let mut drafts = Vec::with_capacity(2);
    if approval.is_none() {
        drafts.push(Draft::new(&stored.actor, Body::DecisionRecorded(Arc::clone(&stored))));
    }
    drafts.push(Draft::new(&stored.actor, Body::ActionValidated(Arc::new(ruling))));
    let cleared = Cleared {
        tenant: view.head.tenant.clone(),
        action: Arc::clone(action),
        proposed: stored,
        terms,
        state,
        state_version: view.state_version,
        facts: view.facts.clone(),
        decided_at,
        trace: at.ids.trace,
    };
    Decided::Execute(Clearance { cleared }, drafts)
}

#[expect(clippy::too_many_arguments, reason = "one argument for each thing that a hold is made of")]
fn open_hold(
    domain: &Domain,
    view: &View,
    action: &Action,
    asked: &Asked,
    reason: Code,
    closing: Option<Body>,
    sheet: Sheet,
    at: &Moment<'_>,
) -> Decided {
    let proposed = &asked.proposed;
    let opened_at = view.head.effective(at.now);
    let reviewers = action.reviewers.clone();
    let mut ruling = ruling(domain, view, Some(action), proposed, reason, sheet, at);
    ruling.approval = Some(at.ids.approval);
    ruling.hold = reviewers.clone().map(|reviewers| HoldTerms {
        reviewers,
        quorum: action.contract.quorum,
        expires_at: opened_at.plus(action.contract.expires),
    });
    let ruling = Arc::new(ruling);
    let mut drafts = Vec::with_capacity(3);
    drafts.extend(closing.map(|body| Draft::new(&proposed.actor, body)));
    drafts.push(Draft::new(&proposed.actor, Body::DecisionRecorded(Arc::clone(proposed))));
    drafts.push(Draft::new(&proposed.actor, Body::ApprovalRequired(Arc::clone(&ruling))));
    let approval = OpenApproval {
        id: at.ids.approval,
        proposed: Arc::clone(proposed),
        ruling,
        opened_at,
        reviewers,
        grants: Vec::new(),
        complete: false,
    };
    Decided::Hold(Hold { approval, opened: true, denials: earlier_denials(view, asked) }, drafts)
}

/// A refusal of a new proposal.
fn refuse(domain: &Domain, view: &View, asked: &Asked, found: &Found, sheet: Sheet, at: &Moment<'_>) -> Decided {
    // A key stays with the proposal that claimed it.
    let mut proposed = Arc::clone(&asked.proposed);
    if found.key.is_some() {
        Arc::make_mut(&mut proposed).notes.idempotency_key = None;
    }
    let approval = proposed.notes.approval;
    let expired = expired_by(&sheet, view);
    let drafts = refusal_drafts(domain, view, &proposed.actor, &sheet, at, |sheet| {
        let mut ruling = ruling(domain, view, asked.action.as_deref(), &proposed, sheet.reason(), sheet.clone(), at);
        ruling.approval = approval;
        ruling.target = (proposed.entity != view.head.entity).then(|| proposed.entity.clone());
        let mut drafts: Vec<Draft> = expired.into_iter().map(|id| expire(&proposed.actor, id)).collect();
        drafts.push(Draft::new(&proposed.actor, Body::DecisionRecorded(Arc::clone(&proposed))));
        drafts.push(Draft::new(&proposed.actor, Body::ActionBlocked(Arc::new(ruling))));
        drafts
    });
    Decided::Block(Block { sheet, approval }, drafts)
}

/// A refusal of a stored proposal, which is not written again.
fn refuse_stored(domain: &Domain, view: &View, approval: &OpenApproval, sheet: Sheet, at: &Moment<'_>) -> Decided {
    let proposed = &approval.proposed;
    let expired = expired_by(&sheet, view);
    let drafts = refusal_drafts(domain, view, &proposed.actor, &sheet, at, |sheet| {
        let action = domain.action(proposed.action.as_str());
        let mut ruling = ruling(domain, view, action, proposed, sheet.reason(), sheet.clone(), at);
        ruling.approval = Some(approval.id);
        let mut drafts: Vec<Draft> = expired.into_iter().map(|id| expire(&proposed.actor, id)).collect();
        drafts.push(Draft::new(&proposed.actor, Body::ActionBlocked(Arc::new(ruling))));
        drafts
    });
    Decided::Block(Block { sheet, approval: Some(approval.id) }, drafts)
}

/// An open approval that this refusal found past its time: it is closed in the same append.
fn expired_by(sheet: &Sheet, view: &View) -> Option<ApprovalId> {
    sheet.refusals.iter().find_map(|refusal| match refusal {
        Refusal::ApprovalExpired { approval } => view.approval(*approval).map(|open| open.id),
        _ => None,
    })
}

fn expire(actor: &Arc<Actor>, approval: ApprovalId) -> Draft {
    Draft::new(actor, Body::ApprovalExpired(Closing { approval, reason: None }))
}

/// The records of a refusal, or the one that stands for the rest of a run of them, or none.
fn refusal_drafts(
    domain: &Domain,
    view: &View,
    actor: &Arc<Actor>,
    sheet: &Sheet,
    at: &Moment<'_>,
    full: impl FnOnce(&Sheet) -> Vec<Draft>,
) -> Vec<Draft> {
    match view.next_refusal(&actor.id, domain.bounds().refusals, view.head.effective(at.now)) {
        RefusalRecord::Single => full(sheet),
        RefusalRecord::Suppression(recorded) => {
            vec![Draft::new(actor, Body::RefusalsSuppressed(Suppressed { recorded }))]
        }
        RefusalRecord::Nothing => Vec::new(),
    }
}

/// The decision as its record carries it.
pub(crate) fn ruling(
    domain: &Domain,
    view: &View,
    action: Option<&Action>,
    proposed: &Proposed,
    reason: Code,
    sheet: Sheet,
    at: &Moment<'_>,
) -> Ruling {
    Ruling {
        action: proposed.action.clone(),
        reason,
        domain_version: domain.version().clone(),
        policy_version: domain.policy_version().clone(),
        contract_digest: action.map_or(Digest::ZERO, |action| action.digest),
        state_version: view.state_version,
        request_digest: proposed.request_digest,
        receipt: at.ids.receipt,
        issue: at.issue.clone(),
        checks: sheet.checks,
        approval: None,
        hold: None,
        execution: None,
        target: None,
        suppressed: at.suppressed,
    }
}
