//! Replay: what a log proves of itself, and what other rules would have decided.
//!
//! A log is `log.jsonl`: one record per line, in the order of the tenant's log, as
//! [`Runtime::export`](crate::Runtime::export) writes it.
//!
//! ```no_run
//! # fn domain() -> Result<kiff::Domain, kiff::DomainError> { kiff::Domain::builder("d", "v3").build() }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let log = std::fs::read("tests/golden/yesterday.jsonl")?;
//! let changes = kiff::replay::compare(&domain()?, &log);
//! assert!(changes.is_empty(), "{changes}");
//! # Ok(())
//! # }
//! ```

mod compare;
mod consent;

pub use compare::{Comparison, Difference, Outlook, compare};

use crate::{
    digest::Digest,
    domain::Domain,
    ids::{EntityRef, EventId, EventType, TenantId},
    record::{
        Record, RecordBytes, RecordError,
        body::{Body, StateChange},
    },
    request::Proposed,
    view::{View, check_place, fold},
};
use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    sync::Arc,
};

/// Checks a log without a domain: every record's form, the sequence, chain and time of each stream, that
/// each step goes on from the last and has its event, that approvals and executions are opened before they are
/// used and used once, that nothing was cleared on an approval without its grants, and that each decision is about
/// the proposal before it.
///
/// ```
/// use kiff::replay;
/// # fn domain(version: &str, threshold: u64) -> Result<kiff::Domain, kiff::DomainError> {
/// #     use kiff::{Call, Contract, Definition, Domain, Machine, Outcome, Param};
/// #     let refund = Contract::new("REFUND_ORDER", "order")
/// #         .allowed_states(["PAID"])
/// #         .approval_when("amount_above_threshold", "orders.approve")
/// #         .param("cents", u64::KIND)
/// #         .emits(["ORDER_REFUNDED"]);
/// #     let refund = Definition::new(refund)
/// #         .try_approval_when("amount_above_threshold", move |at| Ok(at.param::<u64>("cents")? > threshold))
/// #         .executor(|_: Call<'_>| Ok(Outcome::new("paid back").emit("ORDER_REFUNDED")));
/// #     Domain::builder("shop", version)
/// #         .table(Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED"))
/// #         .define(refund)
/// #         .role("approver", ["orders.approve"])
/// #         .build()
/// # }
/// # fn log(domain: kiff::Domain) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
/// #     use kiff::{Authority, NewEvent, Proposal, Runtime};
/// #     let rt = Runtime::builder(domain).build()?.blocking();
/// #     rt.ingest(&Authority::service("stripe"), "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
/// #     let agent = Authority::agent("bot", [""; 0]);
/// #     rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 80_00))?.executed()?;
/// #     Ok(rt.export()?)
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // One refund, as `Runtime::export` writes its records.
/// let log = log(domain("v1", 100_00)?)?;
/// let report = replay::verify(&log);
/// assert!(report.holds(), "{report}");
/// assert_eq!(report.records, 7);
///
/// // Whoever changes a record breaks the chain behind it.
/// let changed = String::from_utf8(log)?.replacen("stripe", "striPe", 1);
/// let report = replay::verify(changed.as_bytes());
/// assert!(!report.holds());
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn verify(log: &[u8]) -> Report {
    verify_lines(None, log)
}

/// The same, and recomputes every step and every fact with the domain's machines.
///
/// ```
/// use kiff::{Domain, Machine, replay};
/// # fn domain(version: &str, threshold: u64) -> Result<kiff::Domain, kiff::DomainError> {
/// #     use kiff::{Call, Contract, Definition, Domain, Machine, Outcome, Param};
/// #     let refund = Contract::new("REFUND_ORDER", "order")
/// #         .allowed_states(["PAID"])
/// #         .approval_when("amount_above_threshold", "orders.approve")
/// #         .param("cents", u64::KIND)
/// #         .emits(["ORDER_REFUNDED"]);
/// #     let refund = Definition::new(refund)
/// #         .try_approval_when("amount_above_threshold", move |at| Ok(at.param::<u64>("cents")? > threshold))
/// #         .executor(|_: Call<'_>| Ok(Outcome::new("paid back").emit("ORDER_REFUNDED")));
/// #     Domain::builder("shop", version)
/// #         .table(Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED"))
/// #         .define(refund)
/// #         .role("approver", ["orders.approve"])
/// #         .build()
/// # }
/// # fn log(domain: kiff::Domain) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
/// #     use kiff::{Authority, NewEvent, Proposal, Runtime};
/// #     let rt = Runtime::builder(domain).build()?.blocking();
/// #     rt.ingest(&Authority::service("stripe"), "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
/// #     let agent = Authority::agent("bot", [""; 0]);
/// #     rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 80_00))?.executed()?;
/// #     Ok(rt.export()?)
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let log = log(domain("v1", 100_00)?)?;
/// assert!(replay::verify_with(&domain("v1", 100_00)?, &log).holds());
///
/// // A domain whose machine cannot have taken these steps.
/// let other = Domain::builder("shop", "v2").table(Machine::new("order").starts("ORDER_PLACED", "PLACED")).build()?;
/// let report = replay::verify_with(&other, &log);
/// assert!(report.faults.iter().any(|fault| fault.reason == "transition_not_in_domain"));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn verify_with(domain: &Domain, log: &[u8]) -> Report {
    verify_lines(Some(domain), log)
}

fn verify_lines(domain: Option<&Domain>, log: &[u8]) -> Report {
    let mut verifier = Verifier { domain, streams: BTreeMap::new(), pruned: HashSet::new(), report: Report::default() };
    for line in lines(log) {
        verifier.take(line);
    }
    verifier.finish()
}

/// The lines of a log. A newline ends a line; the last may lack it.
fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    let log = log.strip_suffix(b"\n").unwrap_or(log);
    let nothing = log.is_empty();
    log.split(|byte| *byte == b'\n').filter(move |_| !nothing)
}

/// What a log proves of itself.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many lines the log has.
    pub records: u64,
    /// How many of them stand for an erased record: their hash is checked, their content is gone.
    pub pruned: u64,
    /// How many streams it has.
    pub entities: u64,
    /// What does not hold, in the order of the log. A stream is not followed beyond its first fault.
    pub faults: Vec<Fault>,
}

/// One record that does not hold.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its index in the log; 0 is the first.
    pub index: u64,
    /// Its entity; empty if it cannot be told.
    pub entity: String,
    /// Why it does not hold, as a stable word.
    pub reason: &'static str,
    /// The same for people.
    pub detail: String,
}

impl Report {
    /// True if everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records of {} entities", self.records, self.entities)?;
        if self.pruned > 0 {
            write!(f, ", {} of them pruned", self.pruned)?;
        }
        match self.faults.as_slice() {
            [] => f.write_str(": the log holds"),
            faults => faults.iter().try_for_each(|fault| write!(f, "\n{fault}")),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault: {} {} {}: {}", self.index, self.entity, self.reason, self.detail)
    }
}

/// The entities of a log, in the order of their names.
#[cfg(feature = "testing")]
pub(crate) fn entities(log: &[u8]) -> Vec<EntityRef> {
    let mut all: Vec<_> =
        lines(log).filter_map(|line| Record::entity_of(&line.into())).map(|(_, entity)| entity).collect();
    all.sort();
    all.dedup();
    all
}

type Key = (TenantId, EntityRef);

/// What does not hold, as a stable word and for people.
type Mismatch = (&'static str, String);

struct Verifier<'a> {
    domain: Option<&'a Domain>,
    streams: BTreeMap<Key, Stream>,
    pruned: HashSet<Digest>,
    report: Report,
}

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

impl Verifier<'_> {
    fn take(&mut self, line: &[u8]) {
        let index = self.report.records;
        self.report.records += 1;
        if let Some(digest) = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()) {
            self.report.pruned += 1;
            self.pruned.insert(digest);
            return;
        }
        let bytes = RecordBytes::from(line);
        match Record::parse(bytes.clone()) {
            Ok(record) => {
                if let Err((reason, detail)) = self.follow(&record) {
                    self.fault(index, record.entity().to_string(), reason, detail);
                    self.stream(&record).is_broken = true;
                }
            }
            Err(error) => self.unreadable(index, &bytes, &error),
        }
    }

    /// A record that cannot be read, or of a kind that is not known: its stream is not followed further.
    fn unreadable(&mut self, index: u64, bytes: &RecordBytes, error: &RecordError) {
        let entity = Record::entity_of(bytes);
        let detail = match error {
            RecordError::Json(faults) => faults.to_string(),
            error => error.to_string(),
        };
        if let Some((tenant, entity)) = entity.clone()
            && let Some(stream) = self.streams.get_mut(&(tenant, entity))
        {
            if stream.is_broken {
                return;
            }
            stream.is_broken = true;
        }
        let entity = entity.map(|(_, entity)| entity.to_string()).unwrap_or_default();
        self.fault(index, entity, error.code(), detail);
    }

    fn fault(&mut self, index: u64, entity: String, reason: &'static str, detail: String) {
        self.report.faults.push(Fault { index, entity, reason, detail });
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
        let is_gap = self.pruned.contains(&record.prev());
        let domain = self.domain;
        let stream = self.stream(record);
        if stream.is_broken {
            return Ok(());
        }
        let after = stream.view.head.seq;
        if is_gap && record.entity_seq() > after + 1 {
            // What the erased records changed is not known, so only the chain can be followed.
            stream.is_pruned = true;
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
            true => Err(("facts_failed", "the domain's own code failed to fold this event".to_owned())),
            false => Ok(()),
        }
    }

    fn finish(mut self) -> Report {
        self.report.entities = u64::try_from(self.streams.len()).unwrap_or(u64::MAX);
        let index = self.report.records;
        let torn: Vec<_> =
            self.streams.iter().filter(|(_, stream)| !stream.is_broken && stream.proposal.is_some()).collect();
        let torn: Vec<_> = torn.into_iter().map(|((_, entity), _)| entity.to_string()).collect();
        for entity in torn {
            self.fault(
                index,
                entity,
                "proposal_unpaired",
                "the log ends between a proposal and its decision".to_owned(),
            );
        }
        self.report
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
                    return Err(("commitment_mismatch", "a commitment is not over the value beside it".to_owned()));
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
                    return Err(("request_digest_mismatch", "the decision is about another request".to_owned()));
                }
            }
        }
        Ok(())
    }

    /// A step is that of the event before it, and one of the domain's if there is one.
    fn check_step(&mut self, domain: Option<&Domain>, record: &Record, change: &StateChange) -> Result<(), Mismatch> {
        let Some((_, kind)) = self.event.take().filter(|(id, _)| *id == change.event) else {
            return Err(("step_without_event", format!("no event `{}` comes before the step", change.event)));
        };
        let Some(domain) = domain else { return Ok(()) };
        let step =
            domain.machine(record.entity().kind()).and_then(|machine| machine.step(self.view.state.as_ref(), &kind));
        if step.is_some_and(|step| step.to == change.to) {
            return Ok(());
        }
        let step = step.map_or_else(|| "no step".to_owned(), |step| format!("a step to {}", step.to));
        Err(("transition_not_in_domain", format!("the log moves to {}, the domain has {step}", change.to)))
    }
}
