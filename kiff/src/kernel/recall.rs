//! The recorded answer to an earlier call, read from the log.

use super::{
    conclusion::{Concluded, Conclusion, Doubt},
    decision::{Block, Checklist, Decided, Hold},
    known::{ANY_MOMENT, Fault, Fetched, Known, Moment, Pause},
    record::{
        Claim, Found, Kind, Record,
        body::{Body, Ruling},
    },
    refusal::Refusal,
    request::StoredProposal,
    ruling::APPROVAL,
    step::{Case, Command, Done},
    view::View,
};
use crate::base::ids::{ActionName, ApprovalId, ExecutionId};
use std::sync::Arc;

/// The proposal that claimed the idempotency key of this one.
pub(crate) fn proposal_under_key<'a>(
    known: &'a Known,
    proposal: &StoredProposal,
) -> Result<Option<&'a Arc<StoredProposal>>, Pause> {
    match place_of_key(known, proposal)? {
        Some(place) => known.proposal(&place.stream, place.seq).map(Some),
        None => Ok(None),
    }
}

fn place_of_key<'a>(known: &'a Known, proposal: &StoredProposal) -> Result<Option<&'a Found>, Pause> {
    let Some(key) = &proposal.notes.idempotency_key else { return Ok(None) };
    let claim = Claim::Key(proposal.actor.id.clone(), key.clone());
    Ok(known.claim(claim, ANY_MOMENT)?.value)
}

/// The recorded answer to a proposal whose idempotency key was used before.
pub(crate) fn answer_under_key(
    case: &Case<'_>,
    known: &Known,
    proposal: &StoredProposal,
) -> Result<Done<Decided>, Pause> {
    let missing = || Fault::inconsistent(&proposal.entity, "the idempotency key has no record");
    let place = place_of_key(known, proposal)?.ok_or_else(missing)?;
    // A decision stands right after its proposal.
    let decision = known.record(&place.stream, place.seq + 1)?;
    match &decision.body {
        Body::ActionValidated(ruling) => execution(known, &proposal.action, decision, ruling).map(concluded),
        Body::ApprovalRequired(ruling) => held(case, known, decision, ruling),
        Body::ActionBlocked(ruling) => Ok(blocked(proposal, decision, ruling)),
        _ => Err(missing()),
    }
}

fn blocked(proposal: &StoredProposal, decision: &Record, ruling: &Ruling) -> Done<Decided> {
    let block = Block {
        action: proposal.action.clone(),
        entity: proposal.entity.clone(),
        reason: ruling.reason.clone(),
        refusals: Vec::new(),
        checks: ruling.checks.clone(),
        approval: ruling.approval,
        is_recorded: true,
        trace_id: decision.trace_id(),
        is_repeat: true,
    };
    Done::answer(Decided::Blocked(block)).with_receipt_of(decision)
}

fn held(case: &Case<'_>, known: &Known, decision: &Record, ruling: &Ruling) -> Result<Done<Decided>, Pause> {
    let entity = decision.entity();
    let id = ruling.approval.ok_or_else(|| Fault::inconsistent(entity, "the held proposal has no approval"))?;
    let view = known.fresh_view(entity, ANY_MOMENT)?;
    let Some(approval) = view.value.approval(id) else {
        return closed_approval(case, known, id, view);
    };
    let denials = view.value.earlier_denials(&approval.proposed.action);
    let hold = Hold { approval: approval.clone(), denials, trace_id: decision.trace_id(), is_repeat: true };
    Ok(Done::answer(Decided::Held(hold)).with_receipt_of(decision))
}

/// The answer for an approval that is not open in its view: the conclusion of its execution, or how it ended.
pub(crate) fn closed_approval(
    case: &Case<'_>,
    known: &Known,
    id: ApprovalId,
    view: Fetched<&View>,
) -> Result<Done<Decided>, Pause> {
    // Looked up after the view: an approval that is not open in the view has its end in the index by then.
    let Some(opened) = known.approval(id, view.at)?.value else {
        return Err(Pause::Fault(Fault::ApprovalUnknown(id)));
    };
    let Some(closed) = opened.closed else {
        return Err(Fault::inconsistent(&opened.stream, "an open approval is not in its view"));
    };
    let closing = known.record(&opened.stream, closed)?;
    let proposal = known.proposal_of_decision(opened)?;
    if let Body::ActionValidated(ruling) = &closing.body {
        return execution(known, &proposal.action, closing, ruling).map(concluded);
    }
    let mut checklist = Checklist::default();
    checklist.fail(&APPROVAL, closed_by(id, closing.kind(), view.value));
    let block = Block::new(checklist, proposal, Some(id), case.call.ids.trace);
    Ok(Done::answer(Decided::Blocked(Block { is_repeat: true, ..block })))
}

/// The refusal for an approval that a record of this kind closed.
pub(crate) fn closed_by(id: ApprovalId, kind: Kind, view: &View) -> Refusal {
    match kind {
        Kind::ApprovalDenied => {
            let denial = view.denials.iter().find(|denial| denial.approval == id);
            let by = denial.map(|denial| denial.by.clone());
            let note = denial.and_then(|denial| denial.reason.clone());
            Refusal::ApprovalDenied { approval: id, by, note }
        }
        Kind::ApprovalRevoked => Refusal::ApprovalRevoked { approval: id },
        Kind::ApprovalExpired => Refusal::ApprovalExpired { approval: id },
        Kind::ApprovalSuperseded => Refusal::ApprovalStale { approval: id, what: "the entity or its rules" },
        _ => Refusal::ApprovalConsumed { approval: id },
    }
}

fn concluded(done: Done<Concluded>) -> Done<Decided> {
    done.map(Decided::Concluded)
}

/// Asks for the conclusion of an execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recall {
    pub(crate) execution: ExecutionId,
}

impl Command for Recall {
    type Reply = Concluded;

    fn decide(&self, _: &Case<'_>, known: &Known) -> Result<Done<Concluded>, Pause> {
        recall(known, self.execution, ANY_MOMENT)
    }
}

/// The conclusion of an execution, looked up after the given moment.
pub(crate) fn recall(known: &Known, id: ExecutionId, after: Moment) -> Result<Done<Concluded>, Pause> {
    let place = known.execution(id, after)?.value;
    let (clearance, ruling) = clearance_at(known, place)?;
    let proposal = proposal_of_clearance(known, place, ruling)?;
    execution(known, &proposal.action, clearance, ruling)
}

/// The proposal that an execution was cleared for.
pub(crate) fn proposal_of_execution(known: &Known, id: ExecutionId) -> Result<&Arc<StoredProposal>, Pause> {
    let place = known.execution(id, ANY_MOMENT)?.value;
    let (_, ruling) = clearance_at(known, place)?;
    proposal_of_clearance(known, place, ruling)
}

fn clearance_at<'a>(known: &'a Known, place: &Found) -> Result<(&'a Record, &'a Ruling), Pause> {
    let record = known.record(&place.stream, place.seq)?;
    match &record.body {
        Body::ActionValidated(ruling) => Ok((record, ruling)),
        _ => Err(Fault::inconsistent(&place.stream, "an execution's id names another record")),
    }
}

fn proposal_of_clearance<'a>(
    known: &'a Known,
    place: &Found,
    ruling: &Ruling,
) -> Result<&'a Arc<StoredProposal>, Pause> {
    let Some(id) = ruling.approval else {
        return known.proposal_of_decision(place);
    };
    // The clearance consumed an approval, so its proposal stands before the decision that opened the approval.
    let missing = || Fault::inconsistent(&place.stream, "a consumed approval was not opened");
    let opened = known.approval(id, ANY_MOMENT)?.value.ok_or_else(missing)?;
    known.proposal_of_decision(opened)
}

/// The conclusion of an execution, by its clearance.
fn execution(
    known: &Known,
    action: &ActionName,
    clearance: &Record,
    ruling: &Ruling,
) -> Result<Done<Concluded>, Pause> {
    let entity = clearance.entity();
    let terms = ruling.execution.ok_or_else(|| Fault::inconsistent(entity, "the clearance has no execution"))?;
    let id = terms.execution;
    // INVARIANT: looked up before the log. An execution that was cleared and does not run has ended, so the log has its
    // outcome by then, if there is one.
    let running = known.running(id)?;
    let place = known.execution(id, running.at)?;
    let mut closed = place.value.closed;
    let mut open = None;
    if closed.is_none() {
        let view = known.fresh_view(entity, place.at)?;
        open = view.value.execution(id);
        if open.is_none() {
            // It ended between the two look-ups.
            closed = known.execution(id, view.at)?.value.closed;
        }
    }
    let ended = match closed {
        Some(seq) => Conclusion::of([known.record(entity, seq)?.clone()]),
        None => None,
    };
    let conclusion = ended.unwrap_or_else(|| {
        Conclusion::InDoubt(match open {
            Some(open) => Doubt::of_open(open, running.value),
            None => Doubt::of_clearance(clearance, terms, running.value),
        })
    });
    let concluded = Concluded {
        action: action.clone(),
        entity: entity.clone(),
        execution: id,
        conclusion,
        trace_id: clearance.trace_id(),
        is_repeat: true,
    };
    Ok(Done::answer(concluded).with_receipt_of(clearance))
}
