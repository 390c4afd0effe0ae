//! Recovery: each execution in doubt is given what is declared for it, and nothing more.

use super::{
    kit::{Lab, Plan, World, agent, domain, in_doubt, noted, refunded, resolver, stranger},
    oracle::{Oracle, Says},
};
use kiff::{
    Answer, Authority, Blocking, Decision, NewEvent, Permit, Proposal, Runtime, RuntimeBuilder,
    domain::DomainBuilder,
    doubt::{Recovered, Recovery, Resolved},
    record::Kind,
    review::ReviewRefusal,
    store::MemoryStore,
    testing::{Fault, FaultStore},
};
use std::{sync::Arc, time::Duration};

/// A lab with several orders.
struct Field {
    world: World,
    oracle: Oracle,
}

impl Field {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(build: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder) -> Self {
        let oracle = Oracle::default();
        let world = World::with(|domain| domain, |builder| build(builder.probe("REFUND", oracle.clone())));
        let field = Self { world, oracle };
        ["one", "two", "three", "four"].iter().for_each(|order| pay(&field.world.rt, order));
        field
    }

    fn send(&self, action: &str, order: &str) -> Answer {
        self.world.rt.execute(&agent(), asked(action, order)).unwrap()
    }

    /// An execution whose executor did not know what came of it.
    fn doubt(&self, action: &str, order: &str) {
        self.world.lab.then(Plan::Error);
        in_doubt(self.send(action, order));
    }

    fn recover(&self, by: &Authority) -> Vec<Recovered> {
        self.world.rt.recover(by).unwrap()
    }

    fn permit(&self, action: &str, order: &str) -> Permit {
        match self.world.rt.decide(&agent(), asked(action, order)).unwrap() {
            Decision::Allowed(allowed) => allowed.permit,
            other => panic!("{other:?}"),
        }
    }

    fn kinds(&self, order: &str) -> Vec<Kind> {
        self.world.records(&entity(order)).iter().map(kiff::record::Record::kind).collect()
    }
}

fn pay(rt: &Blocking, order: &str) {
    for event in ["ORDER_PLACED", "ORDER_PAID"] {
        let event = NewEvent::new(format!("{order}-{event}"), event);
        rt.ingest(&Authority::service("stripe").unwrap(), &entity(order), event).unwrap().accepted().unwrap();
    }
}

fn entity(order: &str) -> String {
    format!("order:{order}")
}

fn asked(action: &str, order: &str) -> Proposal {
    Proposal::new(action, entity(order)).param("cents", 5)
}

/// What was done about each, in one line.
fn told(recovered: &[Recovered]) -> Vec<String> {
    let of = |resolved: &Resolved| match resolved {
        Resolved::Settled(answer) => answer.word().to_owned(),
        Resolved::Refused(refusal) => refusal.code().to_string(),
    };
    let line = |it: &Recovered| {
        let done = match &it.recovery {
            Recovery::Probed(resolved) => format!("probed {}", of(resolved)),
            Recovery::Retried(resolved) => format!("retried {}", of(resolved)),
            Recovery::Left { doubt, why } => {
                assert_eq!((&doubt.entity, doubt.execution_id), (&it.entity, it.execution_id));
                format!("left {}", why.code())
            }
            Recovery::Failed(error) => format!("failed {}", error.code()),
            other => panic!("{other:?}"),
        };
        format!("{} {done}{}", it.entity, if it.is_settled() { ", settled" } else { "" })
    };
    let mut all: Vec<String> = recovered.iter().map(line).collect();
    all.sort();
    all
}

#[test]
fn each_execution_in_doubt_is_given_what_is_declared_for_it() {
    let field = Field::new();
    field.doubt("REFUND", "one");
    field.doubt("REPEATABLE", "two");
    field.doubt("CHECKED", "three");
    drop(field.permit("BY_HOST_REPEATABLE", "four"));
    field.world.clock.advance(Duration::from_secs(600));
    field.oracle.then(Says::Applied(refunded()));
    let recovered = field.recover(&resolver());
    assert_eq!(
        told(&recovered),
        [
            "order:four left execution_not_retryable",
            "order:one probed executed, settled",
            "order:three left execution_not_retryable",
            "order:two retried executed, settled",
        ]
    );
    assert_eq!(field.world.lab.runs(), 4, "one retry, and no other start");
    assert_eq!(field.oracle.asked().len(), 1);
    // What is left is taken up again by a later call, and what is settled is not.
    assert_eq!(field.recover(&resolver()).len(), 2);
    assert_eq!(field.world.rt.in_doubt().unwrap().len(), 2);
    field.world.verify();
}

#[test]
fn what_cannot_be_recovered_yet_is_taken_up_later() {
    let field = Field::new();
    // The process that ran these is gone.
    for (action, order) in [("REFUND", "one"), ("REPEATABLE", "two")] {
        field.world.lab.then(Plan::Hang);
        let mut running = {
            let (rt, proposal) = (field.world.rt.runtime().clone(), asked(action, order));
            Box::pin(async move { rt.execute(&agent(), proposal).await }) as kiff::domain::BoxFuture<'static, _>
        };
        assert!(super::kit::waits(&mut running));
    }
    // Another process may be running them still: nobody is asked before their deadline.
    assert_eq!(
        told(&field.recover(&resolver())),
        ["order:one left execution_still_running", "order:two left execution_still_running"]
    );
    field.world.clock.advance(Duration::from_secs(30));
    field.oracle.then(Says::Error);
    assert_eq!(told(&field.recover(&resolver())), ["order:one probed in_doubt", "order:two retried executed, settled"]);
    field.oracle.then(Says::NotApplied);
    assert_eq!(told(&field.recover(&resolver())), ["order:one probed failed, settled"]);
    assert!(field.recover(&resolver()).is_empty());
    field.world.verify();
}

#[test]
fn behind_its_window_an_execution_is_left_for_a_person() {
    let field = Field::new();
    field.doubt("REPEATABLE", "one");
    field.world.clock.advance(Duration::from_secs(24 * 60 * 60));
    let recovered = field.recover(&resolver());
    assert!(matches!(&recovered[0].recovery, Recovery::Left { why: ReviewRefusal::NotRetryable { .. }, .. }));
    assert_eq!(field.kinds("one").last(), Some(&Kind::ActionUnknown), "what nobody asked for has no record");
    assert_eq!(field.world.lab.runs(), 1);
}

#[test]
fn what_runs_here_is_left_alone() {
    let field = Field::new();
    field.world.lab.then(Plan::Hang);
    let rt = field.world.rt.runtime().clone();
    let mut running: kiff::domain::BoxFuture<'static, _> =
        Box::pin(async move { rt.execute(&agent(), asked("REPEATABLE", "one")).await });
    assert!(super::kit::waits(&mut running));
    field.world.clock.advance(Duration::from_secs(3600));
    assert!(field.recover(&resolver()).is_empty());
    drop(running);
    assert_eq!(told(&field.recover(&resolver())), ["order:one retried executed, settled"]);
    assert_eq!(field.world.lab.runs(), 2);
}

#[test]
fn a_retry_that_runs_here_is_in_doubt_nowhere_but_elsewhere() {
    let field = Field::new();
    field.doubt("REPEATABLE", "one");
    let id = field.world.rt.in_doubt().unwrap()[0].execution_id;
    field.world.lab.then(Plan::Hang);
    let rt = field.world.rt.runtime().clone();
    let mut running: kiff::domain::BoxFuture<'static, _> = Box::pin(async move { rt.retry(&resolver(), id).await });
    assert!(super::kit::waits(&mut running));
    assert_eq!(field.kinds("one").last(), Some(&Kind::ExecutionRetried), "recorded before it starts");
    assert!(field.world.rt.in_doubt().unwrap().is_empty());
    // Its deadline says nothing of what runs here.
    field.world.clock.advance(Duration::from_secs(3600));
    assert!(field.recover(&resolver()).is_empty());
    let again = field.world.rt.retry(&resolver(), id).unwrap();
    assert!(matches!(again, Resolved::Refused(ReviewRefusal::StillRunning { .. })), "{again:?}");
    // Another process knows the log alone.
    assert_eq!(reopened(&field, |lab| domain(lab, "v1")).in_doubt().unwrap()[0].attempt, 2);
    drop(running);
    assert_eq!(field.world.rt.in_doubt().unwrap()[0].attempt, 2);
    assert_eq!(told(&field.recover(&resolver())), ["order:one retried executed, settled"]);
    assert_eq!(field.world.lab.runs(), 3);
    field.world.verify();
}

#[test]
fn who_may_not_settle_recovers_nothing() {
    let cases = [
        (stranger(), "permission_denied"),
        (agent(), "permission_denied"),
        (Authority::human("alice", ["resolver"]).unwrap(), "self_review"),
    ];
    for (by, code) in cases {
        let field = Field::new();
        field.doubt("REFUND", "one");
        field.doubt("REPEATABLE", "two");
        let expected = [format!("order:one probed {code}"), format!("order:two retried {code}")];
        assert_eq!(told(&field.recover(&by)), expected);
        assert_eq!((field.world.lab.runs(), field.oracle.asked().len()), (2, 0));
        for order in ["one", "two"] {
            assert_eq!(field.kinds(order).last(), Some(&Kind::ReviewRejected));
        }
        field.world.verify();
    }
}

#[test]
fn one_tenant_recovers_its_own() {
    let field = Field::new();
    field.doubt("REPEATABLE", "one");
    let other = field.world.rt.runtime().tenant("other").unwrap();
    assert!(other.blocking().recover(&resolver()).unwrap().is_empty());
    assert_eq!(field.recover(&resolver()).len(), 1);
}

#[test]
fn a_failure_of_the_store_at_any_call_stops_no_other() {
    for (fault, least) in [(Fault::Refused, 4), (Fault::Lost, 4), (Fault::Conflict, 0)] {
        let failed: usize = (1..).map_while(|call| failed_at(call, fault)).sum();
        assert!(failed >= least, "the planned faults came: {failed}");
    }
}

/// How many executions could not be recovered because this call to the store failed; nothing if there was no such call.
fn failed_at(call: u64, fault: Fault) -> Option<usize> {
    let store = FaultStore::new(MemoryStore::new());
    let field = Field::with(|builder| builder.store(store.clone()));
    let orders = ["one", "two"];
    field.doubt("REPEATABLE", "one");
    field.doubt("REFUND", "two");
    field.world.timer.pass();
    field.oracle.then(Says::Applied(noted()));
    let before = store.calls();
    store.fail_at(call, fault);
    let recovered = field.world.rt.recover(&resolver());
    if store.calls() - before < call {
        assert!(recovered.unwrap().iter().all(Recovered::is_settled));
        return None;
    }
    let broken = match &recovered {
        // Nobody can say what is open.
        Err(error) => {
            assert_eq!((call, error.code().as_str()), (1, "store_failed"));
            0
        }
        Ok(recovered) => {
            assert_eq!(recovered.len(), orders.len());
            let of_the_store = |it: &&Recovered| matches!(it.recovery, Recovery::Failed(_));
            let broken = recovered.iter().filter(of_the_store).count();
            assert!(broken <= 1, "{fault:?} at {call}: {recovered:?}");
            assert_eq!(recovered.iter().filter(|it| it.is_settled()).count(), orders.len() - broken);
            broken
        }
    };
    // What failed is taken up again, and nothing is settled twice.
    field.world.clock.advance(Duration::from_secs(30));
    field.oracle.then(Says::Applied(noted()));
    let _ = field.recover(&resolver());
    assert!(field.world.rt.in_doubt().unwrap().is_empty(), "{fault:?} at {call}");
    for (order, ends) in [("one", Kind::ActionExecuted), ("two", Kind::ExecutionResolved)] {
        assert_eq!(field.kinds(order).iter().filter(|kind| **kind == ends).count(), 1, "{fault:?} at {call}");
    }
    field.world.verify();
    Some(broken)
}

/// Another process on the same log.
fn reopened(field: &Field, rules: impl FnOnce(&Lab) -> DomainBuilder) -> Blocking {
    let domain = rules(&field.world.lab).build().unwrap();
    let builder = Runtime::builder(domain).clock(field.world.clock.clone()).ids(field.world.ids.clone());
    let builder = builder.timer(field.world.timer.clone()).store(field.world.store.clone());
    builder.probe("REFUND", field.oracle.clone()).build().unwrap().blocking()
}

#[test]
fn nothing_is_recovered_because_a_runtime_is_built() {
    let field = Field::new();
    field.doubt("REFUND", "one");
    field.doubt("REPEATABLE", "two");
    let before = field.world.rt.export().unwrap();
    let rt = reopened(&field, |lab| domain(lab, "v1"));
    assert_eq!(rt.in_doubt().unwrap().len(), 2);
    rt.rebuild(&entity("one")).unwrap();
    assert_eq!((field.world.lab.runs(), field.oracle.asked().len()), (2, 0));
    assert_eq!(rt.export().unwrap(), before);
    // Another process takes up what the first one left.
    field.oracle.then(Says::Applied(noted()));
    assert!(rt.recover(&resolver()).unwrap().iter().all(Recovered::is_settled));
    super::kit::verify(&rt, &field.world.domain);
}

#[test]
fn two_that_recover_at_once_start_each_attempt_once() {
    for _ in 0..20 {
        let field = Arc::new(Field::new());
        ["one", "two", "three", "four"].iter().for_each(|order| field.doubt("REPEATABLE", order));
        let there = reopened(&field, |lab| domain(lab, "v1"));
        std::thread::scope(|scope| {
            scope.spawn(|| field.recover(&resolver()));
            scope.spawn(|| field.recover(&resolver()));
            scope.spawn(|| there.recover(&resolver()).unwrap());
        });
        assert_eq!(field.world.lab.runs(), 8, "four first attempts, and one retry of each");
        assert!(field.world.rt.in_doubt().unwrap().is_empty());
        field.world.verify();
    }
}
