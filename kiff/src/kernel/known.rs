//! The knowledge on which a command decides, and its needs.

use super::{
    record::{Claim, Found, Record, body::Body},
    request::StoredProposal,
    view::View,
};
use crate::base::{
    few::Few,
    ids::{ActionName, ApprovalId, EntityRef, ExecutionId},
};
use std::sync::Arc;

/// Something that the driver must fetch before it asks again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Need {
    /// The view of a stream. A kept one will do, although others may have appended since.
    View(EntityRef),
    /// The view of a stream with its tail folded in.
    FreshView(EntityRef),
    /// The place where a claim was made, as the index has it now.
    Claim(Claim),
    /// One record of a stream.
    Record(EntityRef, u64),
    /// Whether the execution runs in this process now.
    Running(ExecutionId),
}

/// Why a command cannot be decided yet, or not at all.
#[derive(Debug)]
pub(crate) enum Pause {
    Need(Need),
    Fault(Fault),
}

/// Why a command cannot be carried out at all.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The log has no such approval.
    ApprovalUnknown(ApprovalId),
    /// The log has no such execution.
    ExecutionUnknown(ExecutionId),
    /// The domain declares the action without an executor.
    NoExecutor(ActionName),
    /// The log or its index contradicts itself.
    Inconsistent { entity: EntityRef, what: &'static str },
}

impl Fault {
    pub(crate) fn inconsistent(entity: &EntityRef, what: &'static str) -> Pause {
        Pause::Fault(Self::inconsistent_log(entity, what))
    }

    /// The same for functions that need nothing fetched.
    pub(crate) fn inconsistent_log(entity: &EntityRef, what: &'static str) -> Self {
        Self::Inconsistent { entity: entity.clone(), what }
    }
}

/// The answers to needs so far, each with the moment at which it was fetched.
///
/// The accessors return what is known, or the [`Need`] for it, so that a command reads as if all were known. No answer is
/// ever replaced, so a command that is asked again passes the place where it stopped.
#[derive(Debug, Default)]
pub(crate) struct Known {
    fetched: Moment,
    views: Few<KnownView>,
    claims: Few<(Claim, Fetched<Option<Found>>)>,
    records: Vec<Record>,
    running: Few<(ExecutionId, Fetched<bool>)>,
}

/// A place in the order of fetches. A look-up that must come after another takes the moment of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u32);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Fetched<T> {
    pub(crate) value: T,
    pub(crate) at: Moment,
}

#[derive(Debug)]
struct KnownView {
    view: Arc<View>,
    is_fresh: bool,
    at: Moment,
}

/// Before every fetch: an answer from any moment will do.
pub(crate) const ANY_MOMENT: Moment = Moment(0);

impl Known {
    /// Fresh views alone, for a replay.
    pub(crate) fn of_views(views: impl IntoIterator<Item = Arc<View>>) -> Self {
        let mut known = Self::default();
        for view in views {
            known.add_view(view, true);
        }
        known
    }

    /// The view of a stream, which may be stale.
    pub(crate) fn view(&self, stream: &EntityRef) -> Result<&View, Pause> {
        match self.views_of(stream).last() {
            Some(known) => Ok(&known.view),
            None => Err(Pause::Need(Need::View(stream.clone()))),
        }
    }

    /// The view of a stream with its tail folded in, fetched after the given moment.
    pub(crate) fn fresh_view(&self, stream: &EntityRef, after: Moment) -> Result<Fetched<&View>, Pause> {
        match self.views_of(stream).find(|known| known.is_fresh && known.at >= after) {
            Some(known) => Ok(Fetched { value: &*known.view, at: known.at }),
            None => Err(Pause::Need(Need::FreshView(stream.clone()))),
        }
    }

    /// Where a claim was made, looked up after the given moment.
    pub(crate) fn claim(&self, claim: Claim, after: Moment) -> Result<Fetched<Option<&Found>>, Pause> {
        match self.claims.as_slice().iter().find(|(known, found)| *known == claim && found.at >= after) {
            Some((_, found)) => Ok(Fetched { value: found.value.as_ref(), at: found.at }),
            None => Err(Pause::Need(Need::Claim(claim))),
        }
    }

    /// Where an approval was opened.
    pub(crate) fn approval(&self, id: ApprovalId, after: Moment) -> Result<Fetched<Option<&Found>>, Pause> {
        self.claim(Claim::Approval(id), after)
    }

    /// Where an execution was cleared.
    pub(crate) fn execution(&self, id: ExecutionId, after: Moment) -> Result<Fetched<&Found>, Pause> {
        let found = self.claim(Claim::Execution(id), after)?;
        let value = found.value.ok_or(Pause::Fault(Fault::ExecutionUnknown(id)))?;
        Ok(Fetched { value, at: found.at })
    }

    /// One record of a stream.
    pub(crate) fn record(&self, stream: &EntityRef, seq: u64) -> Result<&Record, Pause> {
        self.records
            .iter()
            .find(|record| record.entity_seq() == seq && record.entity() == stream)
            .ok_or_else(|| Pause::Need(Need::Record(stream.clone(), seq)))
    }

    /// The proposal that stands at this place.
    pub(crate) fn proposal(&self, stream: &EntityRef, seq: u64) -> Result<&Arc<StoredProposal>, Pause> {
        match &self.record(stream, seq)?.body {
            Body::DecisionRecorded(proposal) => Ok(proposal),
            _ => Err(Fault::inconsistent(stream, "a decision stands without its proposal")),
        }
    }

    /// The proposal of the decision at this place: it stands right before the decision.
    pub(crate) fn proposal_of_decision(&self, decision: &Found) -> Result<&Arc<StoredProposal>, Pause> {
        // A stream begins at 1. Its first record cannot be a decision, whatever the index says.
        match decision.seq.checked_sub(1) {
            Some(seq) if seq > 0 => self.proposal(&decision.stream, seq),
            _ => Err(Fault::inconsistent(&decision.stream, "a decision stands without its proposal")),
        }
    }

    /// Whether the execution runs in this process.
    pub(crate) fn running(&self, id: ExecutionId) -> Result<Fetched<bool>, Pause> {
        match self.running.as_slice().iter().find(|(known, _)| *known == id) {
            Some((_, running)) => Ok(*running),
            None => Err(Pause::Need(Need::Running(id))),
        }
    }

    /// A stream of which only a kept view is known, so that its view may be stale.
    pub(crate) fn stream_to_refresh(&self) -> Option<&EntityRef> {
        let streams = self.views.as_slice().iter().map(|known| &known.view.head.entity);
        streams.into_iter().find(|stream| self.views_of(stream).last().is_some_and(|known| !known.is_fresh))
    }

    /// Gives up the view on which records of a stream were decided, so that the driver can fold them into it in place.
    pub(crate) fn take_view(&mut self, stream: &EntityRef, seq: u64) -> Option<Arc<View>> {
        let views = std::mem::take(&mut self.views);
        let mut taken = None;
        for known in views {
            if taken.is_none() && known.view.head.seq == seq && known.view.head.entity == *stream {
                taken = Some(known.view);
            } else {
                self.views.push(known);
            }
        }
        taken
    }

    fn views_of<'k>(&'k self, stream: &EntityRef) -> impl DoubleEndedIterator<Item = &'k KnownView> {
        self.views.as_slice().iter().filter(move |known| known.view.head.entity == *stream)
    }

    /// Answers a need for a view.
    pub(crate) fn add_view(&mut self, view: Arc<View>, is_fresh: bool) {
        let at = self.next_moment();
        self.views.push(KnownView { view, is_fresh, at });
    }

    /// Answers a need for a claim.
    pub(crate) fn add_claim(&mut self, claim: Claim, value: Option<Found>) {
        let at = self.next_moment();
        self.claims.push((claim, Fetched { value, at }));
    }

    /// Answers a need for a record.
    pub(crate) fn add_record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Answers whether an execution runs in this process.
    pub(crate) fn add_running(&mut self, id: ExecutionId, value: bool) {
        let at = self.next_moment();
        self.running.push((id, Fetched { value, at }));
    }

    fn next_moment(&mut self) -> Moment {
        self.fetched.0 += 1;
        self.fetched
    }
}
