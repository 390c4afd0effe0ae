//! A runtime in the hands of a test.

use super::{
    blocked, body,
    domain::{ORDER, agent, domain, reviewer},
    held, json,
    lab::{Lab, ManualTimer},
};
use kiff::{
    Answer, ApprovalId, Authority, Blocked, Blocking, Domain, Held, Ingested, NewEvent, Proposal, Review, Runtime,
    RuntimeBuilder, RuntimeError, Value,
    domain::{BoxFuture, DomainBuilder},
    record::{Kind, Record},
    replay,
    review::ReviewRefusal,
    store::MemoryStore,
    testing::{FixedIds, ManualClock},
};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A runtime on a store that outlives it, with a clock, ids and executors in the test's hands.
pub(crate) struct World {
    pub(crate) lab: Lab,
    pub(crate) clock: ManualClock,
    pub(crate) ids: FixedIds,
    pub(crate) timer: ManualTimer,
    pub(crate) store: MemoryStore,
    pub(crate) domain: Domain,
    pub(crate) rt: Blocking,
    events: AtomicUsize,
    snapshots: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|domain| domain, |builder| builder)
    }

    /// A world whose runtimes make a snapshot after every so many records.
    pub(crate) fn with_snapshots(every: u64) -> Self {
        Self { snapshots: every, ..Self::with(|domain| domain, |builder| builder.snapshots(every)) }
    }

    /// A world whose order is paid.
    pub(crate) fn paid() -> Self {
        Self::new().pay()
    }

    pub(crate) fn with(
        rules: impl FnOnce(DomainBuilder) -> DomainBuilder,
        build: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder,
    ) -> Self {
        let lab = Lab::default();
        let domain = rules(domain(&lab, "v1")).build().unwrap();
        let (clock, ids, timer) = (ManualClock::default(), FixedIds::default(), ManualTimer::default());
        clock.set("2026-05-24T09:00:00Z");
        let store = MemoryStore::new();
        let builder = Runtime::builder(domain.clone())
            .clock(clock.clone())
            .ids(ids.clone())
            .timer(timer.clone())
            .store(store.clone());
        let rt = build(builder).build().unwrap().blocking();
        Self { lab, clock, ids, timer, store, domain, rt, events: AtomicUsize::new(0), snapshots: 0 }
    }

    /// Another runtime on the same store, as another process would have, with these rules.
    pub(crate) fn other(&self, rules: impl FnOnce(&Lab) -> DomainBuilder) -> Blocking {
        Runtime::builder(rules(&self.lab).build().unwrap())
            .clock(self.clock.clone())
            .ids(self.ids.clone())
            .timer(self.timer.clone())
            .store(self.store.clone())
            .snapshots(self.snapshots)
            .build()
            .unwrap()
            .blocking()
    }

    pub(crate) fn pay(self) -> Self {
        self.event("ORDER_PLACED");
        self.event("ORDER_PAID");
        self
    }

    /// An event from outside, with an id of its own.
    pub(crate) fn event(&self, kind: &str) {
        let number = self.events.fetch_add(1, Ordering::SeqCst);
        let event = NewEvent::new(format!("evt_{number}"), kind);
        let ingested = self.rt.ingest(&Authority::service("stripe").unwrap(), ORDER, event).unwrap();
        assert!(matches!(ingested, Ingested::Accepted { .. }), "{kind}: {ingested:?}");
    }

    pub(crate) fn send(&self, proposal: Proposal) -> Answer {
        self.rt.execute(&agent(), proposal).unwrap()
    }

    pub(crate) fn held(&self, proposal: Proposal) -> Held {
        held(self.send(proposal))
    }

    pub(crate) fn blocked(&self, proposal: Proposal) -> Blocked {
        blocked(self.send(proposal))
    }

    pub(crate) fn grant(&self, id: ApprovalId, by: &str) {
        let review = self.rt.grant(&reviewer(by), id, "").unwrap();
        assert!(matches!(review, Review::Recorded(_)), "{review:?}");
    }

    pub(crate) fn deny(&self, id: ApprovalId) {
        let review = self.rt.deny(&reviewer("nora"), id, "no").unwrap();
        assert!(matches!(review, Review::Recorded(_)), "{review:?}");
    }

    pub(crate) fn refused(&self, review: Result<Review, RuntimeError>) -> ReviewRefusal {
        match review.unwrap() {
            Review::Refused(refusal) => refusal,
            Review::Recorded(status) => panic!("wanted a refusal, got {status:?}"),
        }
    }

    pub(crate) fn records(&self, entity: &str) -> Vec<Record> {
        self.rt.timeline(entity).unwrap().records().to_vec()
    }

    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.records(ORDER).iter().map(Record::kind).collect()
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.kinds().iter().filter(|it| **it == kind).count()
    }

    /// The kinds of the records behind the first `from`.
    pub(crate) fn since(&self, from: usize) -> Vec<Kind> {
        self.kinds().split_off(from)
    }

    pub(crate) fn len(&self) -> usize {
        self.kinds().len()
    }

    /// The body of the last record of this kind, as JSON.
    pub(crate) fn last(&self, kind: Kind) -> Value {
        let record = self.records(ORDER).into_iter().rev().find(|record| record.kind() == kind);
        body(&record.unwrap_or_else(|| panic!("no {kind}")))
    }

    /// The log replays, with the domain and without, and what is held is what it says.
    pub(crate) fn verify(&self) {
        verify(&self.rt, &self.domain);
    }
}

/// A call that owns what it needs, so that a test may poll it by hand, and drop it.
pub(crate) fn call(rt: &Runtime, proposal: Proposal) -> BoxFuture<'static, Result<Answer, RuntimeError>> {
    let rt = rt.clone();
    Box::pin(async move { rt.execute(&agent(), proposal).await })
}

pub(crate) fn verify(rt: &Blocking, domain: &Domain) {
    let log = rt.export().unwrap();
    let report = replay::verify(&log);
    assert!(report.holds(), "{report}");
    let report = replay::verify_with(domain, &log);
    assert!(report.holds(), "{report}");
    let mut streams: Vec<String> = Vec::new();
    for line in log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let record = Record::parse(line.into()).unwrap();
        assert_eq!(json(line).to_canonical(), line, "a record is not in its canonical form");
        streams.push(record.entity().to_string());
    }
    streams.sort();
    streams.dedup();
    for stream in streams {
        let rebuild = rt.rebuild(&stream).unwrap();
        assert!(rebuild.matches(), "{stream}: {rebuild}");
    }
}
