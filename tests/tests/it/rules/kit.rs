//! A small domain whose executors do what the test says, and a world to run it in.

use kiff::{
    Answer, ApprovalId, Authority, Blocked, Blocking, Domain, Effect, Event, Executed, Executor, Facts, Failed,
    Failure, Held, InDoubt, Ingested, NewEvent, Outcome, Param, Proposal, Review, Runtime, RuntimeBuilder,
    RuntimeError, Value,
    clock::Timer,
    domain::{BoxFuture, Call, Contract, Definition, DomainBuilder, Machine},
    record::{Kind, Record},
    replay,
    review::ReviewRefusal,
    store::MemoryStore,
    testing::{FixedIds, ManualClock},
    value::Limits,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    future::{pending, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

pub(crate) const ORDER: &str = "order:o_1";

/// What an executor does next.
#[derive(Debug)]
pub(crate) enum Plan {
    Succeed(Outcome),
    /// Waits so many polls, then succeeds.
    Wait(usize, Outcome),
    NotApplied,
    Error,
    Panic,
    /// Never answers.
    Hang,
}

/// The executors of the domain: what they do, and how often one was started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lab {
    plans: Arc<Mutex<VecDeque<Plan>>>,
    runs: Arc<AtomicUsize>,
    /// The execution and the attempt of every start.
    started: Arc<Mutex<Vec<(String, u32)>>>,
}

impl Lab {
    pub(crate) fn then(&self, plan: Plan) {
        self.plans.lock().unwrap().push_back(plan);
    }

    /// Takes back what was planned and not asked for.
    pub(crate) fn forget(&self) {
        self.plans.lock().unwrap().clear();
    }

    pub(crate) fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    pub(crate) fn started(&self) -> Vec<(String, u32)> {
        self.started.lock().unwrap().clone()
    }
}

impl Executor for Lab {
    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Outcome, Failure>> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        self.started.lock().unwrap().push((call.execution_id().to_string(), call.attempt()));
        let plan = self.plans.lock().unwrap().pop_front().unwrap_or_else(|| Plan::Succeed(noted()));
        Box::pin(async move {
            match plan {
                Plan::Succeed(outcome) => Ok(outcome),
                Plan::Wait(polls, outcome) => {
                    yields(polls).await;
                    Ok(outcome)
                }
                Plan::NotApplied => Err(Failure::not_applied("refused by the provider")),
                Plan::Error => Err(std::io::Error::other("connection reset").into()),
                Plan::Panic => panic!("the executor broke"),
                Plan::Hang => pending().await,
            }
        })
    }
}

/// An outcome that leaves the order in its state, so that more can follow.
pub(crate) fn noted() -> Outcome {
    Outcome::new("done").emit("NOTE_ADDED")
}

pub(crate) fn refunded() -> Outcome {
    Outcome::new("refunded").emit("ORDER_REFUNDED")
}

/// Waits for so many polls.
pub(crate) async fn yields(mut polls: usize) {
    poll_fn(|cx| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A timer whose deadlines pass when the test says so.
#[derive(Clone, Debug, Default)]
pub(crate) struct ManualTimer {
    due: Arc<AtomicBool>,
}

impl ManualTimer {
    pub(crate) fn pass(&self) {
        self.due.store(true, Ordering::SeqCst);
    }
}

impl Timer for ManualTimer {
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        let due = Arc::clone(&self.due);
        Box::pin(poll_fn(move |_| if due.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }))
    }
}

/// A call that owns what it needs, so that a test may poll it by hand, and drop it.
pub(crate) fn call(rt: &Runtime, proposal: Proposal) -> BoxFuture<'static, Result<Answer, RuntimeError>> {
    let rt = rt.clone();
    Box::pin(async move { rt.execute(&agent(), proposal).await })
}

/// Polls once; true if the call still waits.
pub(crate) fn waits<T>(call: &mut BoxFuture<'static, T>) -> bool {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

fn order() -> Machine {
    Machine::new("order")
        .starts("ORDER_PLACED", "CREATED")
        .moves("CREATED", "ORDER_PAID", "PAID")
        .sources(["stripe"])
        .moves("PAID", "NOTE_ADDED", "PAID")
        .moves("PAID", "ORDER_REFUNDED", "REFUNDED")
        .facts::<Counts>()
}

/// How many events of each type there were.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts(BTreeMap<String, u64>);

impl Facts for Counts {
    fn apply(&mut self, event: &Event<'_>) {
        *self.0.entry(event.kind().to_string()).or_default() += 1;
    }
}

fn contract(name: &str) -> Contract {
    Contract::new(name, "order")
        .allowed_states(["PAID"])
        .permissions(["orders.refund"])
        .param("cents", u64::KIND)
        .optional_param("note", String::KIND)
        .emits(["ORDER_REFUNDED", "NOTE_ADDED"])
}

/// Every action takes `cents` and may take `note`; `REFUND` above 100 is held.
pub(crate) fn domain(lab: &Lab, version: &str) -> DomainBuilder {
    let define = |contract: Contract| Definition::new(contract).executor(lab.clone());
    let refund = contract("REFUND").approval_when("above_threshold", "orders.approve");
    Domain::builder("lab", version)
        .table(order())
        .define(
            define(refund.timeout(Duration::from_secs(30)))
                .approval_when("above_threshold", |at| at.param::<u64>("cents").unwrap() > 100),
        )
        .define(define(contract("ALWAYS_HELD").approval_required("orders.approve").expires(Duration::from_secs(3600))))
        .define(define(contract("HELD_FOR_TWO").approval_required("orders.approve").quorum(2)))
        .define(define(contract("HELD_FOR_THREE").approval_required("orders.approve").quorum(3)))
        .define(define(
            contract("HELD_FOR_ANY")
                .approval_required("orders.approve")
                .quorum(2)
                .reviewer_kinds([kiff::actor::ActorType::Human, kiff::actor::ActorType::Agent]),
        ))
        .define(define(contract("REPEATABLE").effect(Effect::Idempotent).timeout(Duration::from_secs(30))))
        .define(define(contract("HARMLESS").effect(Effect::None).timeout(Duration::from_secs(30))))
        .define(define(contract("CHECKED")).check("not_unlucky", |at| at.param::<u64>("cents").unwrap() != 13))
        .define(define(contract("BROKEN_CHECK")).check("always_panics", |_| panic!("a check that panics")))
        .define(define(contract("ADMIN").permissions(["orders.admin"])))
        .define(Definition::new(contract("BY_HOST").timeout(Duration::from_secs(30))))
        .define(Definition::new(contract("BY_HOST_REPEATABLE").effect(Effect::Idempotent)))
        .define(define(
            Contract::new("EXACT", "order")
                .allowed_states(["PAID"])
                .permissions(["orders.refund"])
                .optional_param("small", u8::KIND)
                .optional_param("wide", i64::KIND)
                .optional_param("amount", rust_decimal::Decimal::KIND)
                .optional_param("names", Vec::<String>::KIND)
                .optional_param("flag", bool::KIND),
        ))
        .role("operator", ["orders.refund"])
        .role("admin", ["orders.admin"])
        .role("reviewer", ["orders.approve"])
        .role("resolver", [kiff::doubt::RESOLVE_PERMISSION])
        .role("keeper", [kiff::keys::KEYS_PERMISSION])
}

pub(crate) fn agent() -> Authority {
    Authority::agent("bot", ["operator"]).unwrap().on_behalf_of("alice").unwrap()
}

pub(crate) fn stranger() -> Authority {
    Authority::agent("stranger", [""; 0]).unwrap()
}

pub(crate) fn reviewer(id: &str) -> Authority {
    Authority::human(id, ["reviewer"]).unwrap()
}

pub(crate) fn resolver() -> Authority {
    Authority::human("rita", ["resolver"]).unwrap()
}

pub(crate) fn refund(cents: u64) -> Proposal {
    proposal("REFUND", cents)
}

pub(crate) fn proposal(action: &str, cents: u64) -> Proposal {
    Proposal::new(action, ORDER).param("cents", cents)
}

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

pub(crate) fn json(text: &[u8]) -> Value {
    Value::parse(text, &Limits::default().with_depth(64)).unwrap()
}

pub(crate) fn whole(record: &Record) -> Value {
    json(record.bytes())
}

pub(crate) fn body(record: &Record) -> Value {
    whole(record).as_object().unwrap().get("body").unwrap().clone()
}

/// The member at a path of names, as its canonical text; `-` if there is none.
pub(crate) fn at(value: &Value, path: &str) -> String {
    let step = |value: &Value, name: &str| value.as_object().and_then(|object| object.get(name)).cloned();
    let found = path.split('.').try_fold(value.clone(), |value, name| step(&value, name));
    found.map_or_else(|| "-".to_owned(), |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[track_caller]
pub(crate) fn held(answer: Answer) -> Held {
    match answer {
        Answer::Held(it) => it,
        other => panic!("wanted held, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn blocked(answer: Answer) -> Blocked {
    match answer {
        Answer::Blocked(it) => it,
        other => panic!("wanted blocked, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn executed(answer: Answer) -> Executed {
    match answer {
        Answer::Executed(it) => it,
        other => panic!("wanted executed, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn failed(answer: Answer) -> Failed {
    match answer {
        Answer::Failed(it) => it,
        other => panic!("wanted failed, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn in_doubt(answer: Answer) -> InDoubt {
    match answer {
        Answer::InDoubt(it) => it,
        other => panic!("wanted in doubt, got {other:?}"),
    }
}
