//! The view: what one entity's stream amounts to, and [`fold`], the only way in which it comes to be.
//!
//! A view is bounded however long its stream is: it holds what is open, not what has been. The one exception is the
//! denials at the present state version, of which there is no most: each took a person, and the next event clears them.

use crate::{
    actor::Actor,
    contract::Effect,
    digest::Digest,
    domain::Domain,
    event::Event,
    ids::{ActionName, ActorId, ApprovalId, Code, EntityRef, ExecutionId, Permission, StateName, TenantId},
    machine::FactsBox,
    record::{
        Envelope, Head, Record,
        body::{Body, Closing, Conflict, ExecutionTerms, Ruling, StateChange},
    },
    request::Proposed,
    timestamp::Timestamp,
};
use std::{sync::Arc, time::Duration};

/// What one entity's stream amounts to.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) head: Head,
    pub(crate) state: Option<StateName>,
    /// The number of events accepted, so that no later code can change it.
    pub(crate) state_version: u64,
    pub(crate) facts: Option<FactsBox>,
    /// The domain's own code failed to fold an event; the facts cannot be relied on.
    pub(crate) facts_failed: bool,
    /// An executor's event was rejected, and no event has been accepted since.
    pub(crate) flagged: bool,
    /// Open approvals, in the order in which they were opened.
    pub(crate) approvals: Vec<OpenApproval>,
    /// Denials at this state version.
    pub(crate) denials: Vec<Denial>,
    /// Executions without a settled outcome. More than one only after a late result.
    pub(crate) executions: Vec<OpenExecution>,
    refusals: Vec<RefusalRun>,
    /// A proposal whose decision is the next record.
    proposal: Option<Arc<Proposed>>,
}

/// An approval that can still be granted, denied or used.
#[derive(Clone, Debug)]
pub(crate) struct OpenApproval {
    pub(crate) id: ApprovalId,
    pub(crate) proposed: Arc<Proposed>,
    pub(crate) ruling: Arc<Ruling>,
    pub(crate) opened_at: Timestamp,
    /// Who must consent, by the contract.
    pub(crate) reviewers: Option<Permission>,
    /// Who must consent besides, after an escalation.
    pub(crate) escalated: Option<Permission>,
    pub(crate) grants: Vec<Arc<Actor>>,
    pub(crate) complete: bool,
}

impl OpenApproval {
    pub(crate) fn quorum(&self) -> u32 {
        self.ruling.hold.as_ref().map_or(1, |hold| hold.quorum)
    }

    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.ruling.hold.as_ref().map(|hold| hold.expires_at)
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at().is_some_and(|at| at <= now)
    }
}

/// A denial that bars the same proposal while the state version stands.
#[derive(Clone, Debug)]
pub(crate) struct Denial {
    pub(crate) approval: ApprovalId,
    pub(crate) proposed: Arc<Proposed>,
    pub(crate) by: ActorId,
    pub(crate) reason: Option<String>,
}

/// An execution that was cleared and whose outcome is not settled.
#[derive(Clone, Debug)]
pub(crate) struct OpenExecution {
    pub(crate) execution: ExecutionId,
    pub(crate) action: ActionName,
    pub(crate) requester: Arc<Actor>,
    pub(crate) attempt: u32,
    pub(crate) effect: Effect,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) since: Timestamp,
    /// Why nobody knows its outcome; absent while it may still be running.
    pub(crate) doubt: Option<Code>,
    /// What was cleared; absent after a late result, which says only what came of it.
    pub(crate) proposed: Option<Arc<Proposed>>,
}

/// How often one actor was refused since the last event.
#[derive(Clone, Debug)]
struct RefusalRun {
    actor: ActorId,
    count: u64,
    since: Timestamp,
    suppressed: bool,
}

/// How the next refusal of an actor is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalRecord {
    /// On its own.
    Single,
    /// As the one record that stands for the rest; so many came before.
    Suppression(u64),
    /// Not at all.
    Nothing,
}

/// Streams of the tenant's own have no events to end a run of refusals; a day ends it there.
const RUN_WITHOUT_EVENTS: Duration = Duration::from_secs(24 * 60 * 60);

/// How many actors' runs one view keeps. Actors are authenticated by the host, so there are few.
const MOST_RUNS: usize = 256;

impl View {
    /// The view of a stream without records.
    pub(crate) fn empty(domain: &Domain, tenant: TenantId, entity: EntityRef) -> Self {
        let facts = domain.machine(entity.kind()).and_then(|machine| machine.blank.clone());
        Self { facts, ..Self::bare(tenant, entity) }
    }

    /// The same without facts, for a log that is read without a domain.
    pub(crate) fn bare(tenant: TenantId, entity: EntityRef) -> Self {
        Self {
            head: Head::empty(tenant, entity),
            state: None,
            state_version: 0,
            facts: None,
            facts_failed: false,
            flagged: false,
            approvals: Vec::new(),
            denials: Vec::new(),
            executions: Vec::new(),
            refusals: Vec::new(),
            proposal: None,
        }
    }

    pub(crate) fn approval(&self, id: ApprovalId) -> Option<&OpenApproval> {
        self.approvals.iter().find(|approval| approval.id == id)
    }

    pub(crate) fn execution(&self, id: ExecutionId) -> Option<&OpenExecution> {
        self.executions.iter().find(|open| open.execution == id)
    }

    /// Where another view of the same stream differs, in words.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let facts = |view: &Self| view.facts.as_ref().map(FactsBox::to_json);
        let approvals = |view: &Self| {
            format!("{:?}", view.approvals.iter().map(|it| (it.id, it.grants.len(), it.complete)).collect::<Vec<_>>())
        };
        let executions = |view: &Self| {
            format!("{:?}", view.executions.iter().map(|it| (it.execution, it.attempt, &it.doubt)).collect::<Vec<_>>())
        };
        let denials = |view: &Self| format!("{:?}", view.denials.iter().map(|it| it.approval).collect::<Vec<_>>());
        let mut found = Vec::new();
        let mut compare = |what: &str, held: String, replayed: String| {
            if held != replayed {
                found.push(format!("{what} is {held}, and the log says {replayed}"));
            }
        };
        compare("the last record", self.head.leaf.to_string(), other.head.leaf.to_string());
        compare("the state", format!("{:?}", self.state), format!("{:?}", other.state));
        compare("the state version", self.state_version.to_string(), other.state_version.to_string());
        compare("the facts", format!("{:?}", facts(self)), format!("{:?}", facts(other)));
        compare("the flag", self.flagged.to_string(), other.flagged.to_string());
        compare("the set of open approvals", approvals(self), approvals(other));
        compare("the set of open executions", executions(self), executions(other));
        compare("the set of denials", denials(self), denials(other));
        compare("the count of refusals", format!("{:?}", self.refusals), format!("{:?}", other.refusals));
        found
    }

    /// How the next refusal of `actor` is recorded, with `most` recorded one by one.
    pub(crate) fn next_refusal(&self, actor: &ActorId, most: u64, now: Timestamp) -> RefusalRecord {
        match self.refusals.iter().find(|run| run.actor == *actor && !self.is_over(run, now)) {
            None if most == 0 => RefusalRecord::Suppression(0),
            None => RefusalRecord::Single,
            Some(run) if run.count < most => RefusalRecord::Single,
            Some(run) if !run.suppressed => RefusalRecord::Suppression(run.count),
            Some(_) => RefusalRecord::Nothing,
        }
    }

    fn is_over(&self, run: &RefusalRun, now: Timestamp) -> bool {
        self.state_version == 0 && run.since.plus(RUN_WITHOUT_EVENTS) <= now
    }

    /// Counts a refusal; `None` notes that from here on they are not recorded.
    fn count_refusal(&mut self, actor: &ActorId, at: Timestamp, suppressed: bool) {
        let over: Vec<bool> = self.refusals.iter().map(|run| self.is_over(run, at)).collect();
        let mut over = over.into_iter();
        self.refusals.retain(|_| !over.next().unwrap_or(false));
        match self.refusals.iter_mut().find(|run| run.actor == *actor) {
            Some(run) => {
                run.count += u64::from(!suppressed);
                run.suppressed |= suppressed;
            }
            None => {
                if self.refusals.len() >= MOST_RUNS {
                    self.refusals.remove(0);
                }
                self.refusals.push(RefusalRun {
                    actor: actor.clone(),
                    count: u64::from(!suppressed),
                    since: at,
                    suppressed,
                });
            }
        }
    }
}

/// Why a record cannot be the next one of its stream.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// It is of another tenant or entity.
    #[error("the record is of another stream, `{entity}`")]
    OtherStream {
        /// The entity in the record.
        entity: EntityRef,
    },
    /// A record is missing or out of place.
    #[error("sequence {found} where {expected} comes next")]
    Sequence {
        /// The sequence that comes next.
        expected: u64,
        /// The sequence in the record.
        found: u64,
    },
    /// The record before it is not the one that it names.
    #[error("the record before it has leaf hash {expected}, and it names {found}")]
    Chain {
        /// The leaf hash of the record before it.
        expected: Digest,
        /// The leaf hash that it names.
        found: Digest,
    },
    /// It is earlier than the record before it.
    #[error("recorded at {found}, before {last}")]
    TimeWentBack {
        /// When the record before it was recorded.
        last: Timestamp,
        /// When it was recorded.
        found: Timestamp,
    },
    /// Its step does not go on from the entity's state.
    #[error("the step goes on from {found}, and the entity is in {expected}")]
    State {
        /// The entity's state and version.
        expected: String,
        /// The state and version that the record goes on from.
        found: String,
    },
    /// A decision without a proposal before it, or a proposal without a decision.
    #[error("a proposal and its decision stand apart")]
    Unpaired,
    /// It speaks of an approval that is not open.
    #[error("approval `{approval}` is not open")]
    ApprovalNotOpen {
        /// The approval.
        approval: ApprovalId,
    },
    /// It speaks of an execution that is not open.
    #[error("execution `{execution}` is not open")]
    ExecutionNotOpen {
        /// The execution.
        execution: ExecutionId,
    },
}

impl FoldError {
    /// A stable word for the fault.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherStream { .. } => "other_stream",
            Self::Sequence { .. } => "sequence_broken",
            Self::Chain { .. } => "chain_broken",
            Self::TimeWentBack { .. } => "time_went_back",
            Self::State { .. } => "state_not_continued",
            Self::Unpaired => "proposal_unpaired",
            Self::ApprovalNotOpen { .. } => "approval_not_open",
            Self::ExecutionNotOpen { .. } => "execution_not_open",
        }
    }
}

/// Takes the stream's next record into account. On an error the view is as it was, or to be thrown away.
pub(crate) fn fold(view: &mut View, record: &Record) -> Result<(), FoldError> {
    check_place(&view.head, record)?;
    fold_body(view, record)?;
    view.head.pass(record);
    Ok(())
}

/// Sequence, chain and time.
pub(crate) fn check_place(head: &Head, record: &Record) -> Result<(), FoldError> {
    let it = &record.envelope;
    if it.tenant != head.tenant || it.entity != head.entity {
        return Err(FoldError::OtherStream { entity: it.entity.clone() });
    }
    if it.seq != head.seq + 1 {
        return Err(FoldError::Sequence { expected: head.seq + 1, found: it.seq });
    }
    if it.prev != head.leaf {
        return Err(FoldError::Chain { expected: head.leaf, found: it.prev });
    }
    if it.recorded_at < head.recorded_at {
        return Err(FoldError::TimeWentBack { last: head.recorded_at, found: it.recorded_at });
    }
    Ok(())
}

fn fold_body(view: &mut View, record: &Record) -> Result<(), FoldError> {
    let it = &record.envelope;
    if view.proposal.is_some() && record.body.ruling().is_none() {
        return Err(FoldError::Unpaired);
    }
    match &record.body {
        Body::EventIngested(body) => fold_facts(view, &Event { body, source: &it.actor, recorded_at: it.recorded_at }),
        Body::StateChanged(change) => fold_state(view, change)?,
        Body::DecisionRecorded(proposed) => view.proposal = Some(Arc::clone(proposed)),
        Body::ActionValidated(ruling) => clear(view, ruling, it.recorded_at)?,
        Body::ApprovalRequired(ruling) => hold(view, ruling, it.recorded_at)?,
        Body::ActionBlocked(_) => {
            view.proposal = None;
            view.count_refusal(&it.actor.id, it.recorded_at, false);
        }
        Body::ApprovalGranted(grant) => {
            let approval = open_approval(view, grant.approval)?;
            approval.grants.push(Arc::clone(&it.actor));
            approval.complete = grant.complete;
        }
        Body::ApprovalDenied(end) => deny(view, end, &it.actor.id)?,
        Body::ApprovalRevoked(end) | Body::ApprovalExpired(end) | Body::ApprovalSuperseded(end) => {
            close_approval(view, end.approval)?;
        }
        Body::ApprovalEscalated(step) => open_approval(view, step.approval)?.escalated = Some(step.reviewers.clone()),
        Body::ActionExecuted(done) => close_execution(view, done.execution)?,
        Body::ActionFailed(result) => close_execution(view, result.execution)?,
        Body::ActionUnknown(result) => {
            // The attempt is over: from here on only a late result of it could land.
            let open = open_execution(view, result.execution)?;
            (open.doubt, open.deadline) = (Some(result.cause.clone()), None);
        }
        Body::ExecutionRetried(retry) => {
            let open = open_execution(view, retry.execution)?;
            (open.attempt, open.deadline, open.doubt) = (retry.attempt, retry.deadline, None);
        }
        Body::ExecutionResolved(resolved) => close_execution(view, resolved.execution)?,
        Body::OutcomeConflict(conflict) => doubt_again(view, conflict, it),
        Body::EventRejected(_) => view.flagged = true,
        Body::RefusalsSuppressed(_) => view.count_refusal(&it.actor.id, it.recorded_at, true),
        Body::ReviewRejected(_) => view.count_refusal(&it.actor.id, it.recorded_at, false),
    }
    Ok(())
}

fn fold_facts(view: &mut View, event: &Event<'_>) {
    if let Some(facts) = &mut view.facts {
        view.facts_failed |= facts.apply(event).is_err();
    }
}

fn fold_state(view: &mut View, change: &StateChange) -> Result<(), FoldError> {
    if change.from != view.state || change.state_version != view.state_version + 1 {
        let said = |state: Option<&StateName>, version: u64| {
            format!("{} at version {version}", state.map_or("no state", StateName::as_str))
        };
        let expected = said(view.state.as_ref(), view.state_version);
        return Err(FoldError::State {
            expected,
            found: said(change.from.as_ref(), change.state_version.saturating_sub(1)),
        });
    }
    view.state = Some(change.to.clone());
    view.state_version = change.state_version;
    view.flagged = false;
    view.denials.clear();
    view.refusals.clear();
    Ok(())
}

fn clear(view: &mut View, ruling: &Arc<Ruling>, at: Timestamp) -> Result<(), FoldError> {
    let proposed = match ruling.approval {
        Some(id) => close_approval(view, id)?.proposed,
        None => view.proposal.take().ok_or(FoldError::Unpaired)?,
    };
    view.proposal = None;
    let Some(ExecutionTerms { execution, attempt, effect, deadline }) = ruling.execution else {
        return Err(FoldError::Unpaired);
    };
    view.executions.push(OpenExecution {
        execution,
        action: ruling.action.clone(),
        requester: Arc::clone(&proposed.actor),
        attempt,
        effect,
        deadline,
        since: at,
        doubt: None,
        proposed: Some(proposed),
    });
    Ok(())
}

fn hold(view: &mut View, ruling: &Arc<Ruling>, at: Timestamp) -> Result<(), FoldError> {
    let proposed = view.proposal.take().ok_or(FoldError::Unpaired)?;
    let id = ruling.approval.ok_or(FoldError::Unpaired)?;
    view.approvals.push(OpenApproval {
        id,
        proposed,
        ruling: Arc::clone(ruling),
        opened_at: at,
        reviewers: ruling.hold.as_ref().map(|hold| hold.reviewers.clone()),
        escalated: None,
        grants: Vec::new(),
        complete: false,
    });
    Ok(())
}

fn deny(view: &mut View, end: &Closing, by: &ActorId) -> Result<(), FoldError> {
    let approval = close_approval(view, end.approval)?;
    view.denials.push(Denial {
        approval: end.approval,
        proposed: approval.proposed,
        by: by.clone(),
        reason: end.reason.clone(),
    });
    Ok(())
}

/// A result that contradicts what was recorded puts its execution in doubt again. A later attempt of it may
/// be running still, and keeps its deadline.
fn doubt_again(view: &mut View, conflict: &Conflict, it: &Envelope) {
    let place = view.executions.iter().position(|open| open.execution == conflict.execution);
    let running = place.map(|place| view.executions.remove(place)).filter(|open| open.attempt > conflict.attempt);
    let (attempt, deadline) = running.map_or((conflict.attempt, None), |open| (open.attempt, open.deadline));
    view.executions.push(OpenExecution {
        execution: conflict.execution,
        action: conflict.action.clone(),
        requester: Arc::clone(&it.actor),
        attempt,
        effect: Effect::Once,
        deadline,
        since: it.recorded_at,
        doubt: Some(Code::fixed("outcome_conflict")),
        proposed: None,
    });
}

fn open_approval(view: &mut View, id: ApprovalId) -> Result<&mut OpenApproval, FoldError> {
    view.approvals.iter_mut().find(|approval| approval.id == id).ok_or(FoldError::ApprovalNotOpen { approval: id })
}

fn close_approval(view: &mut View, id: ApprovalId) -> Result<OpenApproval, FoldError> {
    let place = view
        .approvals
        .iter()
        .position(|approval| approval.id == id)
        .ok_or(FoldError::ApprovalNotOpen { approval: id })?;
    Ok(view.approvals.remove(place))
}

fn open_execution(view: &mut View, id: ExecutionId) -> Result<&mut OpenExecution, FoldError> {
    view.executions.iter_mut().find(|open| open.execution == id).ok_or(FoldError::ExecutionNotOpen { execution: id })
}

fn close_execution(view: &mut View, id: ExecutionId) -> Result<(), FoldError> {
    let place = view
        .executions
        .iter()
        .position(|open| open.execution == id)
        .ok_or(FoldError::ExecutionNotOpen { execution: id })?;
    view.executions.remove(place);
    Ok(())
}
