//! [`fold`]: the only function that makes a view.

use super::{
    entity_view::View,
    open::{Denial, KnownKey, OpenApproval, OpenExecution},
    refusals::{RefusalRuns, Refused},
};
use crate::{
    base::{
        actor::Actor,
        code::{Code, coded},
        debug::debug_as_display,
        digest::Digest,
        event::Event,
        ids::{ActorId, ApprovalId, EntityRef, ExecutionId, KeyId, StateName},
        timestamp::Timestamp,
    },
    domain::contract::Effect,
    kernel::record::{
        Envelope, Head, Record,
        body::{Body, Closing, Conflict, ExecutionTerms, Ruling, StateChange},
    },
};
use std::sync::Arc;

coded! {
    /// Why a record cannot be the next one of its stream.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum FoldError {
        /// It is of another tenant or entity.
        #[error("the record is of another stream, `{entity}`")]
        OtherStream {
            /// The entity in the record.
            entity: EntityRef,
        } => "other_stream",
        /// A record is missing or out of place.
        #[error("sequence {found} where {expected} comes next")]
        Sequence {
            /// The sequence that comes next.
            expected: u64,
            /// The sequence in the record.
            found: u64,
        } => "sequence_broken",
        /// The record before it is not the one that it names.
        #[error("the record before it has leaf hash {expected}, and it names {found}")]
        Chain {
            /// The leaf hash of the record before it.
            expected: Digest,
            /// The leaf hash that it names.
            found: Digest,
        } => "chain_broken",
        /// It is earlier than the record before it.
        #[error("recorded at {found}, before {last}")]
        TimeWentBack {
            /// When the record before it was recorded.
            last: Timestamp,
            /// When it was recorded.
            found: Timestamp,
        } => "time_went_back",
        /// Its step does not go on from the entity's state.
        #[error("the step goes on from {found}, and the entity is in {expected}")]
        State {
            /// The entity's state and version.
            expected: String,
            /// The state and version that the record goes on from.
            found: String,
        } => "state_not_continued",
        /// A decision without a proposal before it, or a proposal without a decision.
        #[error("a proposal and its decision stand apart")]
        Unpaired => "proposal_unpaired",
        /// It speaks of an approval that is not open.
        #[error("approval `{approval}` is not open")]
        ApprovalNotOpen {
            /// The approval.
            approval: ApprovalId,
        } => "approval_not_open",
        /// It speaks of an execution that is not open.
        #[error("execution `{execution}` is not open")]
        ExecutionNotOpen {
            /// The execution.
            execution: ExecutionId,
        } => "execution_not_open",
    }
}

debug_as_display!(FoldError);

/// Folds the stream's next record into a view. After an error the view may be half changed, and must be dropped.
pub(crate) fn fold(view: &mut View, record: &Record) -> Result<(), FoldError> {
    check_place(&view.head, record)?;
    fold_body(view, record)?;
    view.head.pass(record);
    Ok(())
}

/// Checks the record's stream, sequence, chain and time against the head.
pub(crate) fn check_place(head: &Head, record: &Record) -> Result<(), FoldError> {
    let envelope = &record.envelope;
    if envelope.tenant != head.tenant || envelope.entity != head.entity {
        return Err(FoldError::OtherStream { entity: envelope.entity.clone() });
    }
    if envelope.seq != head.seq + 1 {
        return Err(FoldError::Sequence { expected: head.seq + 1, found: envelope.seq });
    }
    if envelope.prev != head.leaf {
        return Err(FoldError::Chain { expected: head.leaf, found: envelope.prev });
    }
    if envelope.recorded_at < head.recorded_at {
        return Err(FoldError::TimeWentBack { last: head.recorded_at, found: envelope.recorded_at });
    }
    Ok(())
}

fn fold_body(view: &mut View, record: &Record) -> Result<(), FoldError> {
    let Envelope { actor, recorded_at, .. } = &record.envelope;
    let at = *recorded_at;
    // Nothing comes between a proposal and its decision: both are appended at once.
    if view.proposal.is_some() && record.body.ruling().is_none() {
        return Err(FoldError::Unpaired);
    }
    match &record.body {
        Body::EventIngested(body) => fold_facts(view, &Event { body, source: actor, recorded_at: at }),
        Body::StateChanged(change) => fold_state(view, change)?,
        Body::DecisionRecorded(proposed) => view.proposal = Some(Arc::clone(proposed)),
        Body::ActionValidated(ruling) => clear(view, ruling, at)?,
        Body::ApprovalRequired(ruling) => hold(view, ruling, at)?,
        Body::ActionBlocked(_) => {
            view.proposal = None;
            view.count_refusal(&actor.id, at, Refused::Once);
        }
        Body::ApprovalGranted(grant) => {
            let approval = open_approval(view, grant.approval)?;
            approval.grants.push(Arc::clone(actor));
            approval.complete = grant.complete;
        }
        Body::ApprovalDenied(end) => deny(view, end, &actor.id)?,
        Body::ApprovalRevoked(end) | Body::ApprovalExpired(end) | Body::ApprovalSuperseded(end) => {
            close_approval(view, end.approval)?;
        }
        Body::ApprovalEscalated(step) => open_approval(view, step.approval)?.escalated = Some(step.reviewers.clone()),
        Body::ActionExecuted(done) => close_execution(view, done.execution)?,
        Body::ActionFailed(result) => close_execution(view, result.execution)?,
        Body::ActionUnknown(result) => {
            // The attempt is over: from here on only a late result of it could land.
            let open = open_execution(view, result.execution)?;
            open.doubt = Some(result.cause.clone());
            open.deadline = None;
        }
        Body::ExecutionRetried(retry) => {
            let open = open_execution(view, retry.execution)?;
            open.attempt = retry.attempt;
            open.deadline = retry.deadline;
            open.doubt = None;
        }
        Body::ExecutionResolved(resolved) => close_execution(view, resolved.execution)?,
        Body::OutcomeConflict(conflict) => doubt_again(view, conflict, actor, at),
        Body::EventRejected(_) => view.flagged = true,
        Body::RefusalsSuppressed(_) => view.count_refusal(&actor.id, at, Refused::FromHereOn),
        Body::ReviewRejected(_) => view.count_refusal(&actor.id, at, Refused::Once),
        Body::KeyPublished(published) => note_key(view, published.key.id(), false),
        Body::KeyRevoked(revoked) => note_key(view, &revoked.key_id, true),
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
        let described = |state: Option<&StateName>, version: u64| {
            format!("{} at version {version}", state.map_or("no state", StateName::as_str))
        };
        let expected = described(view.state.as_ref(), view.state_version);
        return Err(FoldError::State {
            expected,
            found: described(change.from.as_ref(), change.state_version.saturating_sub(1)),
        });
    }
    view.state = Some(change.to.clone());
    view.state_version = change.state_version;
    view.flagged = false;
    // A denial bars the same proposal, and a run of refusals counts, only while the entity stays where it was.
    view.denials.clear();
    view.refusals = RefusalRuns::default();
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

/// Puts an execution in doubt again whose late result contradicts the log. A later attempt may still be running, and keeps
/// its deadline.
fn doubt_again(view: &mut View, conflict: &Conflict, actor: &Arc<Actor>, at: Timestamp) {
    let place = view.executions.iter().position(|open| open.execution == conflict.execution);
    let running = place.map(|place| view.executions.remove(place)).filter(|open| open.attempt > conflict.attempt);
    let (attempt, deadline) = running.map_or((conflict.attempt, None), |open| (open.attempt, open.deadline));
    view.executions.push(OpenExecution {
        execution: conflict.execution,
        action: conflict.action.clone(),
        requester: Arc::clone(actor),
        attempt,
        effect: Effect::Once,
        deadline,
        since: at,
        doubt: Some(Code::fixed("outcome_conflict")),
        proposed: None,
    });
}

/// Notes that a key was published or revoked. A revoked key stays revoked.
fn note_key(view: &mut View, key_id: &KeyId, is_revoked: bool) {
    match view.keys.iter_mut().find(|known| known.key_id == *key_id) {
        Some(known) => known.is_revoked |= is_revoked,
        None => view.keys.push(KnownKey { key_id: key_id.clone(), is_revoked }),
    }
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
