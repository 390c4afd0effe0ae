//! What the store's index knows: keys, approvals, and the answers that were recorded for them.

use super::{Runtime, RuntimeError, cause};
use crate::{
    base::ids::{ApprovalId, EntityRef, ExecutionId, TraceId},
    evidence::receipt::Receipt,
    kernel::{
        decide::{APPROVAL, Found, FoundApproval, closed_by},
        decision::{Block, Sheet},
        proposal::Asked,
        record::{
            Claim, Record,
            body::{Body, Ruling},
        },
        request::Proposed,
        review::earlier_denials,
        view::View,
    },
    runtime::answer::{Answer, Blocked, Held, InDoubt, Teller},
    store,
};
use std::sync::Arc;

/// A clearance as the log has it.
pub(super) struct Recorded {
    record: Record,
    ruling: Arc<Ruling>,
    pub(super) proposed: Arc<Proposed>,
}

impl Runtime {
    /// What the index knows of the names in a proposal.
    pub(super) async fn found(&self, view: &View, asked: &Asked) -> Result<Found, RuntimeError> {
        let notes = &asked.proposed.notes;
        let mut found = Found::default();
        if let Some(key) = &notes.idempotency_key {
            let claim = Claim::Key(asked.proposed.actor.id.clone(), key.clone());
            if let Some(place) = self.inner.store.find(&self.tenant, &claim).await? {
                found.key = Some(self.proposed_at(&place.stream, place.seq).await?);
            }
        }
        if let Some(id) = notes.approval.filter(|id| view.approval(*id).is_none()) {
            found.approval = self.found_approval(id).await?;
        }
        Ok(found)
    }

    /// What the index knows of an approval.
    pub(super) async fn found_approval(&self, id: ApprovalId) -> Result<Option<FoundApproval>, RuntimeError> {
        let Some(place) = self.inner.store.find(&self.tenant, &Claim::Approval(id)).await? else {
            return Ok(None);
        };
        // A proposal stands right before its decision.
        let proposed = self.proposed_at(&place.stream, place.seq.saturating_sub(1)).await?;
        let closed = match place.closed {
            Some(seq) => Some(self.record_at(&place.stream, seq).await?.kind()),
            None => None,
        };
        Ok(Some(FoundApproval { stream: place.stream, proposed, closed }))
    }

    /// The stream in which an approval was opened.
    pub(super) async fn approval_stream(&self, id: ApprovalId) -> Result<EntityRef, RuntimeError> {
        let place = self.inner.store.find(&self.tenant, &Claim::Approval(id)).await?;
        Ok(place.ok_or(RuntimeError::ApprovalUnknown { approval: id })?.stream)
    }

    /// The stream in which an execution was cleared.
    pub(super) async fn execution_place(&self, id: ExecutionId) -> Result<store::Found, RuntimeError> {
        let place = self.inner.store.find(&self.tenant, &Claim::Execution(id)).await?;
        place.ok_or(RuntimeError::ExecutionUnknown { execution: id })
    }

    /// The receipt of an execution's clearance, issued again.
    pub(super) async fn receipt_of(&self, id: ExecutionId) -> Result<Option<Receipt>, RuntimeError> {
        if self.inner.signer.is_none() {
            return Ok(None);
        }
        let place = self.execution_place(id).await?;
        let clearance = self.record_at(&place.stream, place.seq).await?;
        Ok(self.reissue(&clearance).await)
    }

    /// The answer for an approval that has come to its end: what came of it, or how it ended.
    pub(super) async fn closed_approval(
        &self,
        view: &View,
        id: ApprovalId,
        trace: TraceId,
    ) -> Result<Answer, RuntimeError> {
        let place = self.inner.store.find(&self.tenant, &Claim::Approval(id)).await?;
        let place = place.ok_or(RuntimeError::ApprovalUnknown { approval: id })?;
        let missing =
            || RuntimeError::Inconsistent { entity: place.stream.clone(), what: "an open approval is not in its view" };
        let closing = self.record_at(&place.stream, place.closed.ok_or_else(missing)?).await?;
        // A proposal stands right before its decision.
        let proposed = self.proposed_at(&place.stream, place.seq.saturating_sub(1)).await?;
        if let Body::ActionValidated(ruling) = &closing.body {
            return self.recorded_execution(&proposed, &closing, ruling).await;
        }
        let mut sheet = Sheet::default();
        sheet.fail(&APPROVAL, closed_by(id, closing.kind(), view));
        let block = Block { sheet, approval: Some(id) };
        Ok(Answer::Blocked(Blocked { is_repeat: true, ..Blocked::of(block, &proposed, false, None, trace) }))
    }

    /// The recorded answer to a proposal whose idempotency key was used before.
    pub(super) async fn recorded(&self, asked: &Asked) -> Result<Answer, RuntimeError> {
        let entity = &asked.proposed.entity;
        let missing =
            || RuntimeError::Inconsistent { entity: entity.clone(), what: "the idempotency key has no record" };
        let key = asked.proposed.notes.idempotency_key.clone().ok_or_else(missing)?;
        let claim = Claim::Key(asked.proposed.actor.id.clone(), key);
        let place = self.inner.store.find(&self.tenant, &claim).await?.ok_or_else(missing)?;
        // A decision stands right behind its proposal.
        let decision = self.record_at(&place.stream, place.seq + 1).await?;
        match &decision.body {
            Body::ActionValidated(ruling) => self.recorded_execution(&asked.proposed, &decision, ruling).await,
            Body::ApprovalRequired(ruling) => self.recorded_hold(&decision, ruling).await,
            Body::ActionBlocked(ruling) => {
                Ok(Answer::Blocked(self.recorded_block(&asked.proposed, &decision, ruling).await))
            }
            _ => Err(missing()),
        }
    }

    async fn recorded_block(&self, proposed: &Proposed, decision: &Record, ruling: &Ruling) -> Blocked {
        Blocked {
            action: proposed.action.clone(),
            entity: proposed.entity.clone(),
            reason: ruling.reason.clone(),
            refusals: Vec::new(),
            checks: ruling.checks.clone(),
            approval_id: ruling.approval,
            is_recorded: true,
            receipt: self.reissue(decision).await,
            trace_id: decision.trace_id(),
            is_repeat: true,
        }
    }

    async fn recorded_hold(&self, decision: &Record, ruling: &Ruling) -> Result<Answer, RuntimeError> {
        let entity = decision.entity();
        let missing =
            || RuntimeError::Inconsistent { entity: entity.clone(), what: "the held proposal has no approval" };
        let id = ruling.approval.ok_or_else(missing)?;
        let view = self.refresh(entity).await?;
        if let Some(approval) = view.approval(id) {
            return Ok(Answer::Held(Held::open(
                approval,
                earlier_denials(&view, &approval.proposed.action),
                self.reissue(decision).await,
                decision.trace_id(),
            )));
        }
        self.closed_approval(&view, id, decision.trace_id()).await
    }

    /// What the log says came of an execution.
    pub(super) async fn recorded_ending(&self, id: ExecutionId) -> Result<Answer, RuntimeError> {
        let Recorded { record, ruling, proposed } = self.clearance_of(id).await?;
        self.recorded_execution(&proposed, &record, &ruling).await
    }

    /// The clearance of an execution, and what was cleared.
    pub(super) async fn clearance_of(&self, id: ExecutionId) -> Result<Recorded, RuntimeError> {
        let place = self.execution_place(id).await?;
        let record = self.record_at(&place.stream, place.seq).await?;
        let Body::ActionValidated(ruling) = &record.body else {
            let what = "an execution's id names another record";
            return Err(RuntimeError::Inconsistent { entity: place.stream, what });
        };
        let ruling = Arc::clone(ruling);
        // A proposal stands right before its first decision.
        let decided = match ruling.approval {
            Some(id) => self.inner.store.find(&self.tenant, &Claim::Approval(id)).await?.map(|place| place.seq),
            None => Some(place.seq),
        };
        let what = "a consumed approval was not opened";
        let decided = decided.ok_or_else(|| RuntimeError::Inconsistent { entity: place.stream.clone(), what })?;
        let proposed = self.proposed_at(&place.stream, decided.saturating_sub(1)).await?;
        Ok(Recorded { record, ruling, proposed })
    }

    async fn recorded_execution(
        &self,
        proposed: &Proposed,
        clearance: &Record,
        ruling: &Ruling,
    ) -> Result<Answer, RuntimeError> {
        let entity = clearance.entity();
        let what = "the clearance has no execution";
        let terms = ruling.execution.ok_or_else(|| RuntimeError::Inconsistent { entity: entity.clone(), what })?;
        let receipt = self.reissue(clearance).await;
        // INVARIANT: this is asked before the log is. What was cleared and does not run has ended, so that its outcome
        // is in the log by then, if it has one.
        let is_running = self.is_running(terms.execution);
        let place = self.execution_place(terms.execution).await?;
        let teller = Teller {
            entity,
            action: &proposed.action,
            receipt: receipt.clone(),
            trace_id: clearance.trace_id(),
            is_repeat: true,
        };
        let mut closed = place.closed;
        let view = if closed.is_none() { Some(self.refresh(entity).await?) } else { None };
        let open = view.as_ref().and_then(|view| view.execution(terms.execution));
        if closed.is_none() && open.is_none() {
            // It has ended since the first look.
            closed = self.execution_place(terms.execution).await?.closed;
        }
        if let Some(seq) = closed {
            let ending = self.record_at(entity, seq).await?;
            if let Some(answer) = teller.ended(vec![ending]) {
                return Ok(answer);
            }
        }
        Ok(Answer::InDoubt(InDoubt {
            action: proposed.action.clone(),
            entity: entity.clone(),
            execution_id: terms.execution,
            attempt: open.map_or(terms.attempt, |open| open.attempt),
            cause: cause(open.and_then(|open| open.doubt.as_ref()), is_running),
            message: String::new(),
            since: open.map_or(clearance.recorded_at(), |open| open.since),
            deadline: open.map_or(terms.deadline, |open| open.deadline),
            receipt,
            trace_id: Some(clearance.trace_id()),
            is_repeat: true,
        }))
    }

    /// The proposal that stands at this place.
    async fn proposed_at(&self, stream: &EntityRef, seq: u64) -> Result<Arc<Proposed>, RuntimeError> {
        match self.record_at(stream, seq).await?.body {
            Body::DecisionRecorded(proposed) => Ok(proposed),
            _ => Err(RuntimeError::Inconsistent {
                entity: stream.clone(),
                what: "a decision stands without its proposal",
            }),
        }
    }

    pub(super) async fn record_at(&self, stream: &EntityRef, seq: u64) -> Result<Record, RuntimeError> {
        let after = seq.saturating_sub(1);
        let bytes = self.inner.store.read(&self.tenant, stream, after, 1).await?.pop();
        let missing =
            RuntimeError::Inconsistent { entity: stream.clone(), what: "the index names a record that is not there" };
        self.parse(stream, after, bytes.ok_or(missing)?)
    }
}
