//! How long an attempt counts as running, and what may be said of it meanwhile and afterwards.

use super::{
    kit::{
        Lab, ORDER, Plan, World, agent, blocked, call, domain, executed, in_doubt, noted, proposal, refund, resolver,
        waits,
    },
    reviewed::{Moody, contract, permit},
};
use kiff::{
    Authority, Effect, ExecutionId, Failure, NewEvent, Runtime,
    clock::{Clock, Timer},
    domain::{BoxFuture, Definition},
    doubt::{Resolution, Resolved},
    record::Kind,
    store::MemoryStore,
    testing::{Fault, FaultStore, ManualClock},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// An effect that may be repeated and names no timeout.
fn untimed(lab: &Lab) -> Definition {
    Definition::new(contract("UNTIMED").effect(Effect::Idempotent).emits(["NOTE_ADDED"])).executor(lab.clone())
}

#[track_caller]
fn unsettled(resolved: Resolved, code: &str) {
    match resolved {
        Resolved::Refused(refusal) => assert_eq!(refusal.code(), *code),
        other => panic!("wanted {code}, got {other:?}"),
    }
}

#[track_caller]
fn settled(resolved: Resolved) -> kiff::Answer {
    resolved.settled().unwrap()
}

fn not_applied(rt: &kiff::Blocking, id: ExecutionId) -> Resolved {
    rt.resolve(&resolver(), id, Resolution::NotApplied, "seen at the provider").unwrap()
}

/// Notes how long it is asked to wait, and waits for good.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Vec<Duration>>>);

impl Timer for Spans {
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push(span);
        Box::pin(std::future::pending())
    }
}

#[test]
fn every_execution_records_when_it_counts_as_abandoned() {
    let lease = Duration::from_secs(60);
    let worlds = [
        (World::paid(), "BY_HOST", Duration::from_secs(30)),
        (World::paid(), "BY_HOST_REPEATABLE", Duration::from_secs(600)),
        (
            World::with(|domain| domain.bounds(kiff::domain::Bounds::default().with_lease(lease)), |builder| builder)
                .pay(),
            "BY_HOST_REPEATABLE",
            lease,
        ),
    ];
    for (world, action, span) in worlds {
        drop(permit(&world, proposal(action, 1)));
        let deadline = world.rt.in_doubt().unwrap()[0].deadline.unwrap();
        assert_eq!(deadline - world.clock.now(), span, "{action}");
        world.verify();
    }
}

#[test]
fn an_executor_may_take_what_is_left_until_the_deadline() {
    for (action, signing, starts, left) in [
        ("REPEATABLE", 20, 1, Some(Duration::from_secs(10))),
        ("REPEATABLE", 60, 0, None),
        ("UNTIMED", 20, 1, None),
        ("UNTIMED", 600, 0, None),
    ] {
        let (lab, spans, clock) = (Lab::default(), Spans::default(), ManualClock::default());
        clock.set("2026-05-24T09:00:00Z");
        let signer = Moody { slow: Some((clock.clone(), Duration::from_secs(signing))), ..Moody::default() };
        let build = |builder: kiff::RuntimeBuilder| builder.clock(clock.clone()).timer(spans.clone()).signer(signer);
        let world = World::with(|domain| domain.define(untimed(&lab)), build).pay();
        let mut running = (starts == 1).then(|| {
            [&lab, &world.lab].iter().for_each(|lab| lab.then(Plan::Hang));
            call(world.rt.runtime(), proposal(action, 1))
        });
        match &mut running {
            Some(call) => assert!(waits(call)),
            None => drop(super::kit::failed(world.send(proposal(action, 1)))),
        }
        assert_eq!(lab.runs() + world.lab.runs(), starts, "{action} after {signing} s");
        assert_eq!(spans.0.lock().unwrap().first().copied(), left, "{action} after {signing} s");
        drop(running);
        world.verify();
    }
}

#[test]
fn nobody_says_that_an_attempt_did_nothing_before_its_deadline() {
    for (action, span) in [("REPEATABLE", 30), ("UNTIMED", 600)] {
        let lab = Lab::default();
        let world = World::with(|domain| domain.define(untimed(&lab)), |builder| builder).pay();
        [&lab, &world.lab].iter().for_each(|lab| lab.then(Plan::Hang));
        let mut running = call(world.rt.runtime(), proposal(action, 1));
        assert!(waits(&mut running));
        let other = world.other(|others| domain(others, "v1").define(untimed(&lab)));
        let id = other.in_doubt().unwrap()[0].execution_id;
        world.clock.advance(Duration::from_secs(span - 1));
        unsettled(not_applied(&other, id), "execution_still_running");
        unsettled(other.retry(&resolver(), id).unwrap(), "execution_still_running");
        world.clock.advance(Duration::from_secs(1));
        world.lab.forget();
        executed(settled(other.retry(&resolver(), id).unwrap()));
        world.verify();
    }
}

#[test]
fn an_attempt_that_ended_without_a_result_is_settled_at_once() {
    let world = World::paid();
    world.lab.then(Plan::Error);
    let id = in_doubt(world.send(proposal("REPEATABLE", 1))).execution_id;
    assert_eq!(world.rt.in_doubt().unwrap()[0].deadline, None);
    executed(settled(world.rt.retry(&resolver(), id).unwrap()));
    world.lab.then(Plan::Error);
    let id = in_doubt(world.send(refund(5))).execution_id;
    let _ = settled(not_applied(&world.rt, id));
    executed(world.send(refund(5)));
    world.verify();
}

#[test]
fn a_late_result_does_not_end_the_wait_for_the_attempt_that_runs() {
    let world = World::paid();
    let first = permit(&world, proposal("REPEATABLE", 1));
    let id = first.execution_id();
    world.clock.advance(Duration::from_secs(31));
    world.lab.then(Plan::Hang);
    let rt = world.rt.runtime().clone();
    let mut second: BoxFuture<'static, _> = Box::pin(async move { rt.retry(&resolver(), id).await });
    assert!(waits(&mut second));
    let other = world.other(|lab| domain(lab, "v1"));
    unsettled(not_applied(&other, id), "execution_still_running");
    let late = in_doubt(world.rt.record_outcome(first, Err(Failure::not_applied("no"))).unwrap());
    assert_eq!(late.cause, *"outcome_conflict");
    unsettled(not_applied(&other, id), "execution_still_running");
    assert_eq!(blocked(other.execute(&agent(), refund(5)).unwrap()).reason, *"execution_in_doubt");
    assert!(waits(&mut second));
    world.clock.advance(Duration::from_secs(30));
    let _ = settled(not_applied(&other, id));
    world.verify();
}

#[test]
fn an_outcome_whose_append_was_lost_is_found_behind_records_of_others() {
    let inner = MemoryStore::new();
    let store = FaultStore::new(inner.clone());
    let world = World::with(|domain| domain, |builder| builder.store(store.clone())).pay();
    world.lab.then(Plan::Wait(1, noted()));
    let mut running = call(world.rt.runtime(), proposal("CHECKED", 1));
    assert!(waits(&mut running));
    store.fail_at(1, Fault::Refused);
    assert!(waits(&mut running), "the outcome waits for the store");
    // Another process reports a fact at the place where the outcome was tried.
    let other = Runtime::builder(world.domain.clone()).clock(world.clock.clone()).ids(world.ids.clone()).store(inner);
    let note = NewEvent::new("note", "NOTE_ADDED");
    let _ = other.build().unwrap().blocking().ingest(&Authority::service("stripe").unwrap(), ORDER, note).unwrap();
    // Behind it the outcome lands, and neither the answer nor the first look for it comes back.
    store.fail_at(3, Fault::Lost);
    store.fail_at(4, Fault::Refused);
    let calls = store.calls();
    world.timer.pass();
    let std::task::Poll::Ready(answer) =
        running.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
    else {
        panic!()
    };
    executed(answer.unwrap());
    assert!(store.calls() >= calls + 5, "the planned faults came");
    assert_eq!((world.count(Kind::ActionExecuted), world.count(Kind::OutcomeConflict)), (1, 0));
    assert_eq!(world.lab.runs(), 1);
    world.verify();
}
