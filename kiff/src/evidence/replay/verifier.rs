//! A log checked line by line, in memory that grows with its entities and not with its records.

use super::{Fault, Key, Mismatch, Report, consent};
use crate::{
    base::{
        code::Code,
        digest::Digest,
        ids::{ApprovalId, EntityRef, EventId, EventType, ExecutionId, StateName, TenantId},
    },
    domain::Domain,
    kernel::{
        record::{
            Record, RecordBytes, RecordError,
            body::{Body, StateChange},
        },
        request::Proposed,
        view::{View, check_place, fold},
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Checks a log as [`verify`](super::verify) does, one line at a time: for a log that is larger than memory.
///
/// It keeps what is open of each entity, and the hash of each erased record.
///
/// ```
/// use kiff::replay::LogVerifier;
///
/// let mut verifier = LogVerifier::new();
/// let line = verifier.take(b"not a record");
/// assert_eq!(line.fault.map(|fault| (fault.index, fault.reason)), Some((0, "not_a_record")));
/// assert_eq!(verifier.finish().records, 1);
/// ```
#[derive(Debug, Default)]
pub struct LogVerifier<'a> {
    domain: Option<&'a Domain>,
    streams: BTreeMap<Key, Stream>,
    /// The leaf hashes of erased records, and where they are.
    pruned: HashMap<Digest, u64>,
    /// The stream whose proposal is the line before.
    undecided: Option<Key>,
    records: u64,
    pruned_lines: u64,
}

/// One line of a log that was checked.
#[non_exhaustive]
#[derive(Debug)]
pub struct Line {
    /// Its index in the log; 0 is the first.
    pub index: u64,
    /// Its leaf hash in the tree of the log. An erased record has kept it.
    pub leaf: Digest,
    /// The record; nothing if it was erased or cannot be read.
    pub record: Option<Record>,
    /// What does not hold. A stream is not followed beyond its first fault.
    pub fault: Option<Fault>,
}

/// What the records of one entity amount to.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityEnd {
    /// In whose log it is.
    pub tenant: TenantId,
    /// The entity.
    pub entity: EntityRef,
    /// The sequence of its last record that was followed.
    pub seq: u64,
    /// Its state; nothing if it has none, or if it cannot be told.
    pub state: Option<StateName>,
    /// The number of events that were accepted.
    pub state_version: u64,
    /// Approvals that can still be used.
    pub open_approvals: Vec<ApprovalId>,
    /// Executions without a settled outcome, each with the cause of its doubt if there is one.
    pub open_executions: Vec<(ExecutionId, Option<Code>)>,
    /// How far the stream could be followed.
    pub followed: Followed,
}

/// How far a stream could be followed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// To its end.
    Whole,
    /// To its end, from an erased record on by sequence and chain alone: state and what is open are those before it.
    ChainAlone,
    /// Up to its first fault.
    ToFault,
}

impl Followed {
    /// A stable word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::ChainAlone => "chain_alone",
            Self::ToFault => "to_fault",
        }
    }
}

#[derive(Debug)]
struct Stream {
    view: View,
    /// The last event that was ingested, until the step that it causes.
    event: Option<(EventId, EventType)>,
    /// The proposal whose decision comes next.
    proposal: Option<Arc<Proposed>>,
    is_broken: bool,
    /// A record of the stream was erased: sequence and chain are checked from there on, and nothing else.
    is_pruned: bool,
}

impl<'a> LogVerifier<'a> {
    /// Checks without a domain.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Recomputes every step and every fact with the domain's machines.
    #[must_use]
    pub fn with(domain: &'a Domain) -> Self {
        Self { domain: Some(domain), ..Self::default() }
    }

    /// Checks the next line, without its newline.
    pub fn take(&mut self, line: &[u8]) -> Line {
        let index = self.records;
        self.records += 1;
        if let Some(leaf) = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()) {
            self.pruned_lines += 1;
            self.pruned.insert(leaf, index);
            self.decision_was_erased();
            return Line { index, leaf, record: None, fault: None };
        }
        let bytes = RecordBytes::from(line);
        self.undecided = None;
        match Record::parse(bytes.clone()) {
            Ok(record) => {
                if matches!(record.body, Body::DecisionRecorded(_)) {
                    self.undecided = Some((record.tenant().clone(), record.entity().clone()));
                }
                let fault = self.follow(&record).err().map(|(reason, detail)| {
                    self.stream(&record).is_broken = true;
                    Fault { index, entity: record.entity().to_string(), reason, detail }
                });
                Line { index, leaf: record.leaf(), record: Some(record), fault }
            }
            Err(error) => {
                let fault = self.unreadable(index, &bytes, &error);
                Line { index, leaf: Digest::leaf(line), record: None, fault }
            }
        }
    }

    /// The index of the erased record with this leaf hash.
    #[must_use]
    pub fn pruned(&self, leaf: &Digest) -> Option<u64> {
        self.pruned.get(leaf).copied()
    }

    /// What the log has led to so far, in the order of tenants and entities.
    pub fn entities(&self) -> impl Iterator<Item = EntityEnd> {
        self.streams.iter().map(|((tenant, entity), stream)| EntityEnd {
            tenant: tenant.clone(),
            entity: entity.clone(),
            seq: stream.view.head.seq,
            state: stream.view.state.clone(),
            state_version: stream.view.state_version,
            open_approvals: stream.view.approvals.iter().map(|open| open.id).collect(),
            open_executions: stream.view.executions.iter().map(|it| (it.execution, it.doubt.clone())).collect(),
            followed: match stream {
                Stream { is_broken: true, .. } => Followed::ToFault,
                Stream { is_pruned: true, .. } => Followed::ChainAlone,
                _ => Followed::Whole,
            },
        })
    }

    /// Ends the log. The report has the faults that show at the end alone; the others were told line by line.
    #[must_use]
    pub fn finish(&self) -> Report {
        let index = self.records;
        let torn = self.streams.iter().filter(|(_, stream)| !stream.is_broken && stream.proposal.is_some());
        let fault = |((_, entity), _): (&Key, _)| Fault {
            index,
            entity: entity.to_string(),
            reason: Code::fixed("proposal_unpaired"),
            detail: "the log ends between a proposal and its decision".to_owned(),
        };
        Report {
            records: self.records,
            pruned: self.pruned_lines,
            entities: u64::try_from(self.streams.len()).unwrap_or(u64::MAX),
            faults: torn.map(fault).collect(),
        }
    }

    /// A decision is appended together with its proposal. If the line behind a proposal is erased, that was it.
    fn decision_was_erased(&mut self) {
        if let Some(stream) = self.undecided.take().and_then(|key| self.streams.get_mut(&key)) {
            stream.is_pruned = true;
            stream.proposal = None;
        }
    }

    /// A record that cannot be read, or of a kind that is not known: its stream is not followed further.
    fn unreadable(&mut self, index: u64, bytes: &RecordBytes, error: &RecordError) -> Option<Fault> {
        let key = Record::entity_of(bytes);
        let detail = match error {
            RecordError::Json(faults) => faults.to_string(),
            error => error.to_string(),
        };
        if let Some(stream) = key.as_ref().and_then(|key| self.streams.get_mut(key)) {
            if stream.is_broken {
                return None;
            }
            stream.is_broken = true;
        }
        let entity = key.map(|(_, entity)| entity.to_string()).unwrap_or_default();
        Some(Fault { index, entity, reason: error.code(), detail })
    }

    fn stream(&mut self, record: &Record) -> &mut Stream {
        let (tenant, entity) = (record.tenant(), record.entity());
        let domain = self.domain;
        self.streams.entry((tenant.clone(), entity.clone())).or_insert_with(|| Stream {
            view: domain.map_or_else(
                || View::bare(tenant.clone(), entity.clone()),
                |domain| View::empty(domain, tenant.clone(), entity.clone()),
            ),
            event: None,
            proposal: None,
            is_broken: false,
            is_pruned: false,
        })
    }

    fn follow(&mut self, record: &Record) -> Result<(), Mismatch> {
        let is_gap = self.pruned.contains_key(&record.prev());
        let domain = self.domain;
        let stream = self.stream(record);
        if stream.is_broken {
            return Ok(());
        }
        let after = stream.view.head.seq;
        if is_gap && record.entity_seq() > after + 1 {
            // What the erased records changed is not known, so only the chain can be followed.
            (stream.is_pruned, stream.proposal) = (true, None);
            stream.view.head.seq = record.entity_seq() - 1;
            stream.view.head.leaf = record.prev();
        }
        // First of all, so that a record out of its place is called that.
        check_place(&stream.view.head, record).map_err(|error| (error.code(), error.to_string()))?;
        if stream.is_pruned {
            stream.view.head.pass(record);
            return Ok(());
        }
        stream.check(domain, record)?;
        fold(&mut stream.view, record).map_err(|error| (error.code(), error.to_string()))?;
        match stream.view.facts_failed {
            true => Err((Code::fixed("facts_failed"), "the domain's own code failed to fold this event".to_owned())),
            false => Ok(()),
        }
    }
}

impl Stream {
    /// What the fold does not check: commitments, request digests, and the domain's own steps.
    fn check(&mut self, domain: Option<&Domain>, record: &Record) -> Result<(), Mismatch> {
        if let Body::StateChanged(change) = &record.body {
            self.check_step(domain, record, change)?;
        }
        consent::check(&self.view, record)?;
        match &record.body {
            Body::EventIngested(event) => self.event = Some((event.id.clone(), event.kind.clone())),
            Body::DecisionRecorded(proposed) => {
                if proposed.request(record.tenant()).digest(proposed.salt).0 != proposed.commitments {
                    return Err((
                        Code::fixed("commitment_mismatch"),
                        "a commitment is not over the value beside it".to_owned(),
                    ));
                }
                self.proposal = Some(Arc::clone(proposed));
            }
            body => {
                let proposal = self.proposal.take();
                let Some(ruling) = body.ruling() else { return Ok(()) };
                let held = ruling.approval.and_then(|id| self.view.approval(id)).map(|approval| &approval.proposed);
                if let Some(proposed) = proposal.as_ref().or(held)
                    && proposed.request_digest != ruling.request_digest
                {
                    return Err((
                        Code::fixed("request_digest_mismatch"),
                        "the decision is about another request".to_owned(),
                    ));
                }
            }
        }
        Ok(())
    }
    /// A step is that of the event before it, and one of the domain's if there is one.
    fn check_step(&mut self, domain: Option<&Domain>, record: &Record, change: &StateChange) -> Result<(), Mismatch> {
        let Some((_, kind)) = self.event.take().filter(|(id, _)| *id == change.event) else {
            return Err((
                Code::fixed("step_without_event"),
                format!("no event `{}` comes before the step", change.event),
            ));
        };
        let Some(domain) = domain else { return Ok(()) };
        let step =
            domain.machine(record.entity().kind()).and_then(|machine| machine.step(self.view.state.as_ref(), &kind));
        if step.is_some_and(|step| step.to == change.to) {
            return Ok(());
        }
        let step = step.map_or_else(|| "no step".to_owned(), |step| format!("a step to {}", step.to));
        Err((Code::fixed("transition_not_in_domain"), format!("the log moves to {}, the domain has {step}", change.to)))
    }
}
