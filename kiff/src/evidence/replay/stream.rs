//! One stream of a log, followed record by record.

use super::{
    consent,
    entity_end::{EntityEnd, Followed},
    report::Mismatch,
};
use crate::{
    base::ids::{EntityRef, EventId, EventType, TenantId},
    domain::Domain,
    kernel::{
        record::{
            Record,
            body::{Body, Ruling, StateChange},
        },
        request::StoredProposal,
        view::{View, check_place, fold},
    },
};
use std::sync::Arc;

/// A stream by its tenant and its entity.
pub(super) type StreamKey = (TenantId, EntityRef);

#[derive(Debug)]
pub(super) struct Stream {
    view: View,
    /// The last event, until the step that it causes.
    event: Option<(EventId, EventType)>,
    /// The last proposal, until its decision.
    proposal: Option<Arc<StoredProposal>>,
    followed: Followed,
}

impl Stream {
    pub(super) fn new(domain: Option<&Domain>, (tenant, entity): StreamKey) -> Self {
        let view = match domain {
            Some(domain) => View::empty(domain, tenant, entity),
            None => View::bare(tenant, entity),
        };
        Self { view, event: None, proposal: None, followed: Followed::Whole }
    }

    pub(super) fn followed(&self) -> Followed {
        self.followed
    }

    /// Whether the stream ends between a proposal and its decision.
    pub(super) fn is_torn(&self) -> bool {
        self.followed != Followed::ToFault && self.proposal.is_some()
    }

    pub(super) fn end(&self, (tenant, entity): &StreamKey) -> EntityEnd {
        let executions = self.view.executions.iter();
        EntityEnd {
            tenant: tenant.clone(),
            entity: entity.clone(),
            seq: self.view.head.seq,
            state: self.view.state.clone(),
            state_version: self.view.state_version,
            open_approvals: self.view.approvals.iter().map(|approval| approval.id).collect(),
            open_executions: executions.map(|open| (open.execution, open.doubt.clone())).collect(),
            followed: self.followed,
        }
    }

    /// Stops following the stream.
    pub(super) fn stop(&mut self) {
        self.followed = Followed::ToFault;
    }

    /// Follows the stream from here on by sequence and chain alone, because a record of it was erased. What the record
    /// changed is not known.
    pub(super) fn lose_content(&mut self) {
        if self.followed == Followed::Whole {
            self.followed = Followed::ChainAlone;
        }
        self.proposal = None;
    }

    /// Moves the head to the erased record before `record`.
    pub(super) fn skip_erased(&mut self, record: &Record) {
        if record.entity_seq() > self.view.head.seq + 1 {
            self.lose_content();
            self.view.head.seq = record.entity_seq() - 1;
            self.view.head.leaf = record.prev();
        }
    }

    /// Checks the next record.
    pub(super) fn follow(&mut self, domain: Option<&Domain>, record: &Record) -> Result<(), Mismatch> {
        // The place comes first, so that a record out of place is reported as such.
        check_place(&self.view.head, record)?;
        if self.followed == Followed::ChainAlone {
            self.view.head.pass(record);
            return Ok(());
        }
        self.check(domain, record)?;
        fold(&mut self.view, record)?;
        if self.view.facts_failed {
            return Err(Mismatch::new("facts_failed", "the domain's own code failed on this event"));
        }
        Ok(())
    }

    /// Checks what the fold does not: commitments, request digests, consent and the domain's steps.
    fn check(&mut self, domain: Option<&Domain>, record: &Record) -> Result<(), Mismatch> {
        if let Body::StateChanged(change) = &record.body {
            self.check_step(domain, record, change)?;
        }
        consent::check(&self.view, record)?;
        match &record.body {
            Body::EventIngested(event) => self.event = Some((event.id.clone(), event.kind.clone())),
            Body::DecisionRecorded(proposed) => {
                if proposed.request(record.tenant()).digest(proposed.salt).0 != proposed.commitments {
                    return Err(Mismatch::new("commitment_mismatch", "a commitment does not match its value"));
                }
                self.proposal = Some(Arc::clone(proposed));
            }
            body => {
                let proposal = self.proposal.take();
                if let Some(ruling) = body.ruling() {
                    self.check_request(proposal, ruling)?;
                }
            }
        }
        Ok(())
    }

    /// Checks that a decision is about the proposal before it, or about the one that its approval holds.
    fn check_request(&self, proposal: Option<Arc<StoredProposal>>, ruling: &Ruling) -> Result<(), Mismatch> {
        let held = ruling.approval.and_then(|id| self.view.approval(id)).map(|approval| &approval.proposed);
        if let Some(proposed) = proposal.as_ref().or(held)
            && proposed.request_digest != ruling.request_digest
        {
            return Err(Mismatch::new("request_digest_mismatch", "the decision is about another request"));
        }
        Ok(())
    }

    /// Checks that a step has its event before it, and that the domain has the step.
    fn check_step(&mut self, domain: Option<&Domain>, record: &Record, change: &StateChange) -> Result<(), Mismatch> {
        let event = self.event.take().filter(|(id, _)| *id == change.event);
        let Some((_, kind)) = event else {
            let detail = format!("no event `{}` comes before the step", change.event);
            return Err(Mismatch::new("step_without_event", detail));
        };
        let Some(domain) = domain else { return Ok(()) };
        let machine = domain.machine(record.entity().kind());
        let step = machine.and_then(|machine| machine.step(self.view.state.as_ref(), &kind));
        if step.is_some_and(|step| step.to == change.to) {
            return Ok(());
        }
        let declared = step.map_or_else(|| "no step".to_owned(), |step| format!("a step to {}", step.to));
        let detail = format!("the log has a step to {}, and the domain has {declared}", change.to);
        Err(Mismatch::new("transition_not_in_domain", detail))
    }
}
