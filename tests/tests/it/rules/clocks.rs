//! Two processes on one log whose clocks disagree. Safety rests on the versions of the streams: all that a wrong clock
//! can do is to call an attempt abandoned too early or too late.

use super::kit::{
    ORDER, Plan, World, agent, at, blocked, body, call, domain, executed, failed, in_doubt, noted, proposal, refund,
    resolver, verify, waits,
};
use kiff::{
    Answer, Blocking, Runtime,
    clock::Clock,
    domain::BoxFuture,
    doubt::{Resolution, Resolved},
    record::Kind,
    testing::{ManualClock, store_suite::block_on},
};
use std::{collections::BTreeSet, time::Duration};

const HOUR: Duration = Duration::from_secs(60 * 60);
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Another process on the world's log, whose clock says this.
fn there(world: &World, now: kiff::Timestamp) -> Blocking {
    let clock = ManualClock::default();
    clock.set(&now.to_string());
    Runtime::builder(domain(&world.lab, "v1").build().unwrap())
        .clock(clock)
        .ids(world.ids.clone())
        .timer(world.timer.clone())
        .store(world.store.clone())
        .build()
        .unwrap()
        .blocking()
}

fn ahead(world: &World, by: Duration) -> Blocking {
    there(world, world.clock.now() + by)
}

fn behind(world: &World, by: Duration) -> Blocking {
    let ms = world.clock.now().unix_ms() - i64::try_from(by.as_millis()).unwrap();
    there(world, kiff::Timestamp::from_unix_ms(ms))
}

#[track_caller]
fn refused(resolved: Resolved, code: &str) {
    match resolved {
        Resolved::Refused(refusal) => assert_eq!(refusal.code(), *code),
        other => panic!("wanted {code}, got {other:?}"),
    }
}

/// An attempt that runs in this process, until the test lets it end.
fn running(world: &World, action: &str) -> BoxFuture<'static, Result<Answer, kiff::RuntimeError>> {
    world.lab.then(Plan::Wait(1, noted()));
    let mut running = call(world.rt.runtime(), proposal(action, 5));
    assert!(waits(&mut running));
    running
}

#[test]
fn a_clock_ahead_can_call_an_attempt_abandoned_and_its_success_is_not_lost() {
    let world = World::paid();
    let running = running(&world, "REFUND");
    let there = ahead(&world, HOUR);
    let id = there.in_doubt().unwrap()[0].execution_id;
    failed(there.resolve(&resolver(), id, Resolution::NotApplied, "no charge").unwrap().settled().unwrap());
    let late = in_doubt(block_on(running).unwrap());
    assert_eq!((late.execution_id, late.cause.as_str()), (id, "outcome_conflict"));
    assert_eq!(at(&world.last(Kind::OutcomeConflict), "result"), "succeeded");
    for rt in [&world.rt, &there] {
        assert_eq!(blocked(rt.execute(&agent(), refund(5)).unwrap()).reason, *"execution_in_doubt");
    }
    assert_eq!(world.lab.runs(), 1);
    world.verify();
}

#[test]
fn a_clock_ahead_never_runs_again_what_was_not_declared_idempotent() {
    for action in ["REFUND", "CHECKED", "HARMLESS"] {
        let world = World::paid();
        let running = running(&world, action);
        let there = ahead(&world, YEAR);
        let id = there.in_doubt().unwrap()[0].execution_id;
        refused(there.retry(&resolver(), id).unwrap(), "execution_not_retryable");
        assert!(there.recover(&resolver()).unwrap().iter().all(|it| !it.is_settled()));
        assert_eq!(blocked(there.execute(&agent(), refund(5)).unwrap()).reason, *"execution_open");
        executed(block_on(running).unwrap());
        assert_eq!(world.lab.runs(), 1, "{action}");
        world.verify();
    }
}

#[test]
fn a_retry_by_a_clock_ahead_is_another_attempt_under_the_same_id() {
    let world = World::paid();
    let running = running(&world, "REPEATABLE");
    let there = ahead(&world, HOUR);
    let id = there.in_doubt().unwrap()[0].execution_id;
    executed(there.retry(&resolver(), id).unwrap().settled().unwrap());
    // The provider has seen one key twice; the log tells of both results.
    assert_eq!(in_doubt(block_on(running).unwrap()).cause, *"outcome_conflict");
    assert_eq!(world.lab.started(), [(id.to_string(), 1), (id.to_string(), 2)]);
    assert_eq!(world.count(Kind::OutcomeConflict), 1);
    world.verify();
}

#[test]
fn a_clock_behind_calls_nothing_abandoned_before_its_time() {
    let world = World::paid();
    let there = behind(&world, HOUR);
    let mut here = running(&world, "REPEATABLE");
    let id = there.in_doubt().unwrap()[0].execution_id;
    refused(there.retry(&resolver(), id).unwrap(), "execution_still_running");
    refused(there.resolve(&resolver(), id, Resolution::NotApplied, "").unwrap(), "execution_still_running");
    // Within a stream time does not go back, whoever writes.
    let times: Vec<_> = world.records(ORDER).iter().map(kiff::record::Record::recorded_at).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(!waits(&mut here), "it has ended");
    assert!(there.in_doubt().unwrap().is_empty());
    verify(&there, &world.domain);
}

#[test]
fn a_clock_behind_waits_longer_than_it_must() {
    let world = World::paid();
    let there = behind(&world, HOUR);
    // The process that ran it is gone.
    world.lab.then(Plan::Hang);
    let mut gone = call(world.rt.runtime(), proposal("REPEATABLE", 5));
    assert!(waits(&mut gone));
    drop(gone);
    world.clock.advance(Duration::from_secs(30));
    let id = world.rt.in_doubt().unwrap()[0].execution_id;
    refused(there.retry(&resolver(), id).unwrap(), "execution_still_running");
    executed(world.rt.retry(&resolver(), id).unwrap().settled().unwrap());
    assert_eq!(world.lab.runs(), 2);
    world.verify();
}

#[test]
fn whatever_the_clocks_say_one_proposal_is_cleared_once() {
    for round in 0..20 {
        let world = World::paid();
        let there = if round % 2 == 0 { ahead(&world, YEAR) } else { behind(&world, YEAR) };
        let sent = || refund(5).idempotency_key("k");
        std::thread::scope(|scope| {
            for rt in [&world.rt, &there, &world.rt, &there] {
                scope.spawn(move || rt.execute(&agent(), sent()).unwrap());
            }
        });
        assert_eq!((world.lab.runs(), world.count(Kind::ActionValidated)), (1, 1));
        world.verify();
    }
}

#[test]
fn whatever_the_clocks_say_each_recorded_attempt_starts_once() {
    for round in 0..20 {
        let world = World::paid();
        world.lab.then(Plan::Error);
        let id = in_doubt(world.send(proposal("REPEATABLE", 5))).execution_id;
        let others = [ahead(&world, HOUR), behind(&world, HOUR), ahead(&world, Duration::from_secs(60 * round))];
        (0..6).for_each(|_| world.lab.then(Plan::Error));
        std::thread::scope(|scope| {
            for rt in others.iter().chain([&world.rt]) {
                scope.spawn(|| rt.retry(&resolver(), id).unwrap());
            }
        });
        let started = world.lab.started();
        assert_eq!(started.iter().collect::<BTreeSet<_>>().len(), started.len(), "an attempt was started twice");
        let recorded = world.records(ORDER).into_iter().filter(|record| record.kind() == Kind::ExecutionRetried);
        let recorded: BTreeSet<String> = recorded.map(|record| at(&body(&record), "attempt")).collect();
        let attempts: BTreeSet<String> = started.iter().skip(1).map(|(_, attempt)| attempt.to_string()).collect();
        assert_eq!(attempts, recorded, "what was started was recorded, and the other way round");
        world.verify();
    }
}

#[test]
fn what_runs_in_another_process_is_in_doubt_here_and_blocks() {
    let world = World::paid();
    let mut here = running(&world, "REFUND");
    let there = ahead(&world, Duration::ZERO);
    assert!(world.rt.in_doubt().unwrap().is_empty());
    let doubt = there.in_doubt().unwrap().remove(0);
    assert_eq!((doubt.cause.as_str(), doubt.deadline.unwrap() - doubt.since), ("unfinished", Duration::from_secs(30)));
    assert_eq!(blocked(there.execute(&agent(), refund(5)).unwrap()).reason, *"execution_open");
    assert!(!waits(&mut here), "it has ended");
    assert!(there.in_doubt().unwrap().is_empty());
}
