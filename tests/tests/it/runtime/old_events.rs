//! Payloads of an older form are shown in the present one wherever the domain's code sees an event, and the log
//! keeps what the source sent.

use kiff::{
    Answer, Authority, Blocking, Domain, Event, Facts, Ingested, NewEvent, Outcome, Proposal, Runtime, Value,
    domain::{Call, Contract, Definition, DomainBuilder, Machine},
    record::Verdict,
    replay,
    store::MemoryStore,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Account {
    cents: i64,
}

impl Facts for Account {
    fn apply(&mut self, event: &Event<'_>) {
        let cents = event.get("cents").and_then(|cents| cents.as_number()?.as_i64());
        let cents = cents.expect("the present form has cents");
        self.cents += if event.kind() == "PAID" { cents } else { -cents };
    }
}

fn in_cents(payload: &Value) -> Option<Value> {
    let euros = payload.as_object()?.get("euros")?.as_number()?.as_i64()?;
    assert!(euros >= 0, "nobody pays less than nothing");
    Some(Value::object([("cents", euros * 100)]))
}

fn machine() -> Machine {
    let machine = Machine::new("account").starts("PAID", "OPEN").moves("OPEN", "PAID", "OPEN");
    machine.moves("OPEN", "PAID_BACK", "OPEN").facts::<Account>()
}

fn builder(machine: Machine) -> DomainBuilder {
    let contract = Contract::new("PAY_BACK", "account").allowed_states(["OPEN"]).emits(["PAID_BACK"]);
    let pay_back = Definition::new(contract)
        .check("enough_paid", |at| at.facts::<Account>().is_some_and(|account| account.cents >= 100))
        .executor(|_: Call<'_>| Ok(Outcome::new("paid back").event("PAID_BACK", payload("euros", 1))));
    Domain::builder("accounts", "v2").table(machine).define(pay_back)
}

fn domain() -> Domain {
    builder(machine().upcast("PAID", in_cents).upcast("PAID_BACK", in_cents)).build().unwrap()
}

fn runtime(store: &MemoryStore) -> Blocking {
    Runtime::builder(domain()).store(store.clone()).build().unwrap().blocking()
}

fn payload(unit: &str, amount: i64) -> Value {
    Value::object([(unit, amount)])
}

fn pay(rt: &Blocking, id: &str, unit: &str, amount: i64) -> Ingested {
    let paid = NewEvent::new(id, "PAID").payload(payload(unit, amount));
    rt.ingest(&Authority::service("bank").unwrap(), "account:1", paid).unwrap()
}

fn cents(rt: &Blocking) -> i64 {
    rt.state("account:1").unwrap().unwrap().facts::<Account>().unwrap().cents
}

#[test]
fn every_fold_sees_the_present_form_and_the_log_keeps_the_old_one() {
    let store = MemoryStore::new();
    let rt = runtime(&store);
    pay(&rt, "evt_1", "euros", 3).accepted().unwrap();
    pay(&rt, "evt_2", "cents", 50).accepted().unwrap();
    // An event that an executor emits is folded before it is accepted, like any other.
    let answer =
        rt.execute(&Authority::agent("bot", [""; 0]).unwrap(), Proposal::new("PAY_BACK", "account:1")).unwrap();
    assert!(matches!(&answer, Answer::Executed(_)), "{answer:?}");
    assert_eq!(cents(&rt), 250);

    // From the first record, by another runtime and by this one.
    assert_eq!(cents(&runtime(&store)), 250);
    assert!(rt.rebuild("account:1").unwrap().matches());
    let log = rt.export().unwrap();
    let report = replay::verify_with(&domain(), &log);
    assert!(report.holds(), "{report}");
    let changes = replay::compare(&domain(), &log);
    assert!(changes.is_empty() && changes.compared == 1, "{changes}");

    let text = String::from_utf8(log.clone()).unwrap();
    assert!(text.contains(r#""payload":{"euros":3}"#) && text.contains(r#""payload":{"euros":1}"#));
    assert!(!text.contains(r#"{"cents":300}"#));
    assert!(replay::verify(&log).holds());
}

#[test]
fn without_it_the_old_form_is_seen() {
    let rt = runtime(&MemoryStore::new());
    pay(&rt, "evt_1", "euros", 3).accepted().unwrap();
    let agent = Authority::agent("bot", [""; 0]).unwrap();
    let _ = rt.execute(&agent, Proposal::new("PAY_BACK", "account:1")).unwrap().executed().unwrap();
    let bare = builder(machine()).build().unwrap();
    let log = rt.export().unwrap();
    let report = replay::verify_with(&bare, &log);
    assert_eq!(report.faults.first().unwrap().reason, "facts_failed");
    let changes = replay::compare(&bare, &log);
    assert_eq!(changes.differences.first().map(|change| change.now.decision), Some(Verdict::Blocked));
}

#[test]
fn an_event_at_which_it_panics_is_refused_and_leaves_no_trace() {
    let store = MemoryStore::new();
    let rt = runtime(&store);
    let Ingested::Refused(refusal) = pay(&rt, "evt_1", "euros", -3) else { panic!("refused") };
    assert_eq!(refusal.code(), "facts_failed");
    assert!(rt.export().unwrap().is_empty());
}

#[test]
fn that_there_is_one_is_in_the_digest_of_the_domain_and_of_no_contract() {
    let (with, without) = (domain(), builder(machine()).build().unwrap());
    let turned = builder(machine().upcast("PAID_BACK", |_| None).upcast("PAID", |_| None)).build().unwrap();
    let one = builder(machine().upcast("PAID", in_cents)).build().unwrap();
    assert_eq!(with.digest(), turned.digest());
    assert!(with.digest() != without.digest() && with.digest() != one.digest());
    let contract = |domain: &Domain| domain.action("PAY_BACK").unwrap().contract_digest();
    assert_eq!(contract(&with), contract(&without));
}

#[test]
fn a_snapshot_made_without_it_is_not_used_with_it_and_one_made_with_it_keeps_it() {
    let store = MemoryStore::new();
    let on = |domain: Domain| Runtime::builder(domain).store(store.clone()).snapshots(1).build().unwrap().blocking();
    // As long as the present form is all that comes, nobody misses it.
    let _ = pay(&on(builder(machine()).build().unwrap()), "evt_1", "cents", 50);
    let _ = pay(&on(domain()), "evt_2", "euros", 1);
    assert_eq!(cents(&on(domain())), 150);
    // Cold from the snapshot of the run before, and the upcast is there.
    let _ = pay(&on(domain()), "evt_3", "euros", 2);
    assert_eq!(cents(&on(domain())), 350);
    assert!(on(domain()).rebuild("account:1").unwrap().matches());
}

#[test]
fn one_that_would_never_be_asked_is_a_fault() {
    let nothing = |_: &Value| None;
    for (machine, problem) in [
        (
            machine().upcast("PAYED", nothing),
            "entity `account`: the upcast of `PAYED` is not for an event of the machine",
        ),
        (
            machine().upcast("PAID", nothing).upcast("PAID", nothing),
            "entity `account`: the upcast of `PAID` is given twice",
        ),
        (machine().upcast("paid", nothing), "entity `account`: "),
    ] {
        let error = builder(machine).build().unwrap_err();
        assert_eq!(error.faults().len(), 1, "{error}");
        let told = error.faults()[0].to_string();
        let (place, told) = told.split_once(": ").unwrap();
        assert!(place.contains("old_events.rs:") && told.starts_with(problem), "{error}");
    }
}
