//! The runtime's own promises: what it is, what it needs, what it keeps.

use kiff::{
    Answer, Authority, BuildError, Domain, EntityRef, Ingested, NewEvent, Outcome, Proposal, Runtime, RuntimeError,
    domain::{Call, Contract, Definition, Machine, Provided},
    store::MemoryStore,
    testing::{FixedIds, ManualClock},
};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Counters that may be bumped for ever.
fn domain() -> Domain {
    let machine = Machine::new("counter").starts("STARTED", "ON").moves("ON", "BUMPED", "ON");
    let contract = Contract::new("BUMP", "counter").allowed_states(["ON"]).permissions(["counters.bump"]);
    let bump = |_: Call<'_>| Ok(Outcome::new("bumped").emit("BUMPED"));
    Domain::builder("counters", "v1")
        .table(machine)
        .define(Definition::new(contract.emits(["BUMPED"])).executor(bump))
        .role("operator", ["counters.bump"])
        .build()
        .unwrap()
}

fn agent() -> Authority {
    Authority::agent("bot", ["operator"]).unwrap()
}

fn start(rt: &Runtime, id: &str) {
    let event = NewEvent::new(format!("evt_{id}"), "STARTED");
    rt.blocking()
        .ingest(&Authority::service("host").unwrap(), &format!("counter:{id}"), event)
        .unwrap()
        .accepted()
        .unwrap();
}

#[test]
fn a_runtime_and_its_futures_go_between_threads() {
    fn both<T: Send + Sync + Clone + 'static>(_: &T) {}
    fn sends<T: Send>(_: T) {}
    let rt = Runtime::builder(domain()).build().unwrap();
    both(&rt);
    both(&rt.blocking());
    sends(rt.execute(&agent(), Proposal::new("BUMP", "counter:1")));
    sends(rt.decide(&agent(), Proposal::new("BUMP", "counter:1")));
    sends(rt.ingest(&agent(), "counter:1", NewEvent::new("e", "STARTED")));
    sends(rt.pending_approvals());
}

#[test]
fn what_an_executor_needs_is_checked_before_the_runtime_is_built() {
    struct NeedsBank;
    struct Bank;
    impl kiff::Executor for NeedsBank {
        fn run<'a>(&'a self, call: Call<'a>) -> kiff::domain::BoxFuture<'a, Result<Outcome, kiff::Failure>> {
            Box::pin(async move {
                {
                    let (_, own) = (call.provided::<Bank>()?, call.provided::<kiff::ExecutionId>()?);
                    assert_eq!(*own, call.execution_id());
                    Ok(Outcome::new("paid"))
                }
            })
        }
        fn needs(&self) -> Vec<Provided> {
            // The execution's id is always there.
            vec![Provided::of::<Bank>(), Provided::of::<kiff::ExecutionId>()]
        }
    }
    let machine = Machine::new("bill").starts("SENT", "DUE");
    let pay = Definition::new(Contract::new("PAY", "bill").allowed_states(["DUE"])).executor(NeedsBank);
    let domain = Domain::builder("bills", "v1").table(machine).define(pay).build().unwrap();
    let error = Runtime::builder(domain.clone()).build().unwrap_err();
    assert!(matches!(error, BuildError::NotProvided { wanted, .. } if wanted.ends_with("Bank")));
    let rt = Runtime::builder(domain).provide(Bank).build().unwrap().blocking();
    rt.ingest(&Authority::service("host").unwrap(), "bill:1", NewEvent::new("e", "SENT")).unwrap().accepted().unwrap();
    let answer = rt.execute(&agent(), Proposal::new("PAY", "bill:1")).unwrap();
    assert_eq!(answer.executed().unwrap().message, "paid");
}

#[test]
fn names_of_the_host_are_checked() {
    assert!(matches!(Runtime::builder(domain()).tenant("Acme").build(), Err(BuildError::Tenant(_))));
    assert!(matches!(Runtime::builder(domain()).issued_by("a\nb").build(), Err(BuildError::Issue { .. })));
    assert!(matches!(Runtime::builder(domain()).anchor("").build(), Err(BuildError::Issue { .. })));
    let rt = Runtime::builder(domain()).build().unwrap();
    assert!(rt.tenant("a b").is_err());
    assert!(Authority::agent("no spaces", ["operator"]).is_err());
}

#[test]
fn tenants_share_a_runtime_and_nothing_else() {
    let acme = Runtime::builder(domain()).tenant("acme").build().unwrap();
    let other = acme.tenant("other").unwrap();
    start(&acme, "1");
    assert!(other.blocking().state("counter:1").unwrap().is_none());
    let Answer::Blocked(blocked) = other.blocking().execute(&agent(), Proposal::new("BUMP", "counter:1")).unwrap()
    else {
        panic!("another tenant's entity was found")
    };
    assert_eq!(blocked.reason, "entity_unknown");
    // The same event id of the same source is another event in another tenant.
    start(&other, "1");
    assert_eq!(acme.blocking().timeline("counter:1").unwrap().records().len(), 2);
}

#[test]
fn views_that_are_dropped_from_the_cache_come_back() {
    let rt = Runtime::builder(domain()).cached_views(2).build().unwrap();
    for id in 0..20 {
        start(&rt, &id.to_string());
    }
    for round in 1..4 {
        for id in 0..20 {
            let proposal = Proposal::new("BUMP", format!("counter:{id}"));
            rt.blocking().execute(&agent(), proposal).unwrap().executed().unwrap();
            let state = rt.blocking().state(&format!("counter:{id}")).unwrap().unwrap();
            assert_eq!(state.state_version, round + 1);
        }
    }
}

#[test]
fn two_runtimes_on_one_store_see_each_other() {
    let store = MemoryStore::new();
    let build = || Runtime::builder(domain()).store(store.clone()).build().unwrap();
    let (one, two) = (build(), build());
    start(&one, "1");
    for rt in [&two, &one, &two, &two, &one] {
        rt.blocking().execute(&agent(), Proposal::new("BUMP", "counter:1")).unwrap().executed().unwrap();
    }
    for rt in [&one, &two] {
        assert_eq!(rt.blocking().state("counter:1").unwrap().unwrap().state_version, 6);
        assert!(rt.blocking().rebuild("counter:1").unwrap().matches());
    }
}

#[test]
fn an_executor_may_call_back_for_another_entity() {
    let slot: Arc<std::sync::OnceLock<Runtime>> = Arc::default();
    let inner = Arc::clone(&slot);
    let machine = Machine::new("counter").starts("STARTED", "ON").moves("ON", "BUMPED", "ON");
    let contract = |name: &str| Contract::new(name, "counter").allowed_states(["ON"]).emits(["BUMPED"]);
    let chain = move |call: Call<'_>| {
        let rt = inner.get().unwrap().blocking();
        let own = call.situation().entity().as_str().to_owned();
        let other = rt.execute(&agent(), Proposal::new("BUMP", "counter:2"))?.executed()?;
        // The same entity is busy: this very execution is open.
        let Answer::Blocked(same) = rt.execute(&agent(), Proposal::new("BUMP", own))? else { panic!() };
        Ok(Outcome::new(format!("{} and {}", other.message, same.reason)).emit("BUMPED"))
    };
    let domain = Domain::builder("counters", "v1")
        .table(machine)
        .define(Definition::new(contract("BUMP")).executor(|_: Call<'_>| Ok(Outcome::new("bumped").emit("BUMPED"))))
        .define(Definition::new(contract("CHAIN")).executor(chain))
        .build()
        .unwrap();
    let rt = Runtime::builder(domain).build().unwrap();
    slot.set(rt.clone()).unwrap();
    start(&rt, "1");
    start(&rt, "2");
    let done = rt.blocking().execute(&agent(), Proposal::new("CHAIN", "counter:1")).unwrap().executed().unwrap();
    assert_eq!(done.message, "bumped and execution_open");
}

#[test]
fn adapters_turn_raw_inputs_into_events() {
    let adapter = |raw: &[u8]| {
        let text = std::str::from_utf8(raw)?;
        let event = |line: &str| {
            let (id, kind) = line.split_once(' ').ok_or("two words to a line")?;
            let entity: EntityRef = format!("counter:{id}").parse()?;
            Ok((entity, NewEvent::new(format!("{id}-{kind}"), kind)))
        };
        text.lines().map(event).collect::<Result<Vec<_>, Box<dyn std::error::Error + Send + Sync>>>()
    };
    let rt = Runtime::builder(domain()).build().unwrap().blocking();
    let host = Authority::service("host").unwrap();
    let raw = b"1 STARTED\n1 BUMPED\n1 STARTED\n2 BUMPED";
    let all = rt.ingest_raw(&host, &adapter, raw).unwrap();
    assert!(matches!(
        all.as_slice(),
        [Ingested::Accepted { .. }, Ingested::Accepted { .. }, Ingested::AlreadyKnown, Ingested::Refused(_)]
    ));
    assert!(rt.ingest_raw(&host, &adapter, b"nonsense").is_err());
}

#[test]
fn explain_writes_nothing_and_says_what_execute_would() {
    let rt = Runtime::builder(domain()).clock(ManualClock::default()).ids(FixedIds::default()).build().unwrap();
    start(&rt, "1");
    let before = rt.blocking().export().unwrap();
    let explained = rt.blocking().explain(&agent(), Proposal::new("BUMP", "counter:1")).unwrap();
    assert_eq!(explained.decision.as_str(), "allowed");
    let unknown = rt.blocking().explain(&agent(), Proposal::new("BUMP", "counter:2")).unwrap();
    assert_eq!((unknown.decision.as_str(), unknown.reason.as_str()), ("blocked", "entity_unknown"));
    let none =
        rt.blocking().explain(&Authority::agent("x", [""; 0]).unwrap(), Proposal::new("BUMP", "counter:1")).unwrap();
    assert_eq!(none.reason, "permission_denied");
    assert_eq!(rt.blocking().export().unwrap(), before);
    assert_eq!(rt.blocking().allowed_actions(&agent(), "counter:1").unwrap().len(), 1);
    assert!(rt.blocking().allowed_actions(&agent(), "counter:2").unwrap().is_empty());
}

#[test]
fn an_action_without_an_executor_is_decided_and_settled_by_the_host() {
    let machine = Machine::new("bill").starts("SENT", "DUE").moves("DUE", "PAID", "DONE");
    let pay = Definition::new(Contract::new("PAY", "bill").allowed_states(["DUE"]).emits(["PAID"]));
    let domain = Domain::builder("bills", "v1").table(machine).define(pay).build().unwrap();
    let rt = Runtime::builder(domain).build().unwrap().blocking();
    rt.ingest(&Authority::service("host").unwrap(), "bill:1", NewEvent::new("e", "SENT")).unwrap().accepted().unwrap();
    let proposal = || Proposal::new("PAY", "bill:1").idempotency_key("k1");
    assert!(matches!(rt.execute(&agent(), proposal()), Err(RuntimeError::NoExecutor { .. })));
    let kiff::Decision::Allowed(allowed) = rt.decide(&agent(), proposal()).unwrap() else { panic!() };
    let kiff::Decision::AlreadyCleared(answer) = rt.decide(&agent(), proposal()).unwrap() else { panic!() };
    assert_eq!(answer.word(), "in_doubt");
    let ran = AtomicU32::new(0);
    ran.fetch_add(1, Ordering::SeqCst);
    rt.record_outcome(allowed.permit, Ok(Outcome::new("paid").emit("PAID"))).unwrap().executed().unwrap();
    let kiff::Decision::AlreadyCleared(answer) = rt.decide(&agent(), proposal()).unwrap() else { panic!() };
    assert_eq!(answer.executed().unwrap().message, "paid");
    assert_eq!(rt.state("bill:1").unwrap().unwrap().state, *"DONE");
}

#[test]
fn whoever_may_not_ask_takes_no_key() {
    let rt = Runtime::builder(domain()).build().unwrap();
    start(&rt, "1");
    let proposal = || Proposal::new("BUMP", "counter:1").idempotency_key("k");
    for _ in 0..3 {
        let answer = rt.blocking().execute(&Authority::agent("bot", ["visitor"]).unwrap(), proposal()).unwrap();
        let Answer::Blocked(blocked) = answer else { panic!("it may not") };
        assert!(blocked.reason == "permission_denied" && blocked.is_recorded);
    }
    // The same actor, given the role meanwhile.
    rt.blocking().execute(&agent(), proposal()).unwrap().executed().unwrap();
    let Answer::Executed(again) = rt.blocking().execute(&agent(), proposal()).unwrap() else { panic!("it was") };
    assert!(again.is_repeat);
    // Without the role again, the key tells nothing of what it was used for.
    let answer = rt.blocking().execute(&Authority::agent("bot", ["visitor"]).unwrap(), proposal()).unwrap();
    assert!(matches!(answer, Answer::Blocked(blocked) if blocked.reason == "permission_denied"));
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Strict {
    total: u64,
}

impl kiff::Facts for Strict {
    fn apply(&mut self, event: &kiff::Event<'_>) {
        let add = event.get("add").and_then(|add| add.as_number()?.as_u64());
        self.total += add.expect("every event says how much");
    }
}

#[test]
fn an_event_at_which_the_domains_own_code_fails_is_not_let_in() {
    let machine = Machine::new("sum").starts("STARTED", "ON").moves("ON", "ADDED", "ON").facts::<Strict>();
    let contract = Contract::new("ADD", "sum").allowed_states(["ON"]).emits(["ADDED"]);
    // It emits one event that can be folded and one that cannot.
    let add = |_: Call<'_>| {
        let good = kiff::Value::object([("add", 2u64)]);
        Ok(Outcome::new("added").event("ADDED", good).emit("ADDED"))
    };
    let definition = Definition::new(contract).executor(add);
    let domain = Domain::builder("sums", "v1").table(machine).define(definition).build().unwrap();
    let rt = Runtime::builder(domain).build().unwrap().blocking();
    let host = Authority::service("host").unwrap();
    let event = |id: &str| NewEvent::new(id, "STARTED").payload(kiff::Value::object([("add", 1u64)]));
    let refused = rt.ingest(&host, "sum:1", NewEvent::new("e1", "STARTED")).unwrap();
    assert!(matches!(refused, Ingested::Refused(kiff::ingest::EventRefusal::FactsFailed)));
    assert!(rt.timeline("sum:1").unwrap().records().is_empty());
    rt.ingest(&host, "sum:1", event("e2")).unwrap().accepted().unwrap();
    let done = rt.execute(&agent(), Proposal::new("ADD", "sum:1")).unwrap().executed().unwrap();
    assert_eq!(done.rejected_events[0].1, *"facts_failed");
    let state = rt.state("sum:1").unwrap().unwrap();
    assert_eq!(state.facts::<Strict>().unwrap().total, 3);
    assert!(state.is_flagged && rt.rebuild("sum:1").unwrap().matches());
}

#[test]
fn a_provided_arc_is_told_from_nothing() {
    struct NeedsText;
    impl kiff::Executor for NeedsText {
        fn run<'a>(&'a self, call: Call<'a>) -> kiff::domain::BoxFuture<'a, Result<Outcome, kiff::Failure>> {
            Box::pin(async move { call.provided::<String>().map(Outcome::new) })
        }
        fn needs(&self) -> Vec<Provided> {
            vec![Provided::of::<String>()]
        }
    }
    let machine = Machine::new("bill").starts("SENT", "DUE");
    let say = Definition::new(Contract::new("SAY", "bill").allowed_states(["DUE"])).executor(NeedsText);
    let domain = Domain::builder("bills", "v1").table(machine).define(say).build().unwrap();
    let error = Runtime::builder(domain).provide(Arc::new("text".to_owned())).build().unwrap_err();
    assert!(matches!(error, BuildError::ProvidedInArc { .. }), "{error}");
}
