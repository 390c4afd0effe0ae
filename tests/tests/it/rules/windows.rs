//! For how long an idempotent effect may be retried.

use super::{
    kit::{Lab, Plan, World, at, domain, executed, in_doubt, proposal, resolver, waits},
    reviewed::contract,
};
use kiff::{
    Domain, Effect, ExecutionId,
    domain::{BoxFuture, Contract, Definition, DomainBuilder},
    doubt::Resolved,
    record::Kind,
    review::ReviewRefusal,
};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

fn idempotent() -> Contract {
    contract("WINDOWED").effect(Effect::Idempotent).timeout(30 * SECOND).emits(["NOTE_ADDED"])
}

/// A paid order with one more action, of this contract.
fn world(contract: Contract) -> World {
    let lab = Lab::default();
    let define = |domain: DomainBuilder| domain.define(Definition::new(contract).executor(lab.clone()));
    let mut world = World::with(define, |builder| builder);
    world.lab = lab;
    world.pay()
}

fn doubtful(world: &World, action: &str) -> ExecutionId {
    world.lab.then(Plan::Error);
    in_doubt(world.send(proposal(action, 5))).execution_id
}

/// Why a retry is refused.
#[track_caller]
fn refused(resolved: Resolved) -> String {
    match resolved {
        Resolved::Refused(refusal @ ReviewRefusal::NotRetryable { .. }) => {
            assert_eq!(refusal.code(), *"execution_not_retryable");
            refusal.to_string()
        }
        other => panic!("{other:?}"),
    }
}

const PASSED: &str = "the time within which it may be retried has passed";

#[test]
fn an_effect_is_retried_within_its_window_alone() {
    let cases =
        [(idempotent(), DAY), (idempotent().retry_within(HOUR), HOUR), (idempotent().retry_within(9 * DAY), 9 * DAY)];
    for (contract, window) in cases {
        for (after, is_open) in
            [(Duration::ZERO, true), (window - SECOND, true), (window, false), (window + DAY, false)]
        {
            let world = world(contract.clone());
            let id = doubtful(&world, "WINDOWED");
            world.clock.advance(after);
            let resolved = world.rt.retry(&resolver(), id).unwrap();
            match is_open {
                true => drop(executed(resolved.settled().unwrap())),
                false => {
                    assert!(refused(resolved).ends_with(PASSED));
                    assert_eq!(at(&world.last(Kind::ReviewRejected), "reason"), "execution_not_retryable");
                }
            }
            assert_eq!(world.lab.runs(), 1 + usize::from(is_open), "{window:?} {after:?}");
            world.verify();
        }
    }
}

#[test]
fn a_window_counts_from_the_first_clearance() {
    let world = world(idempotent().retry_within(HOUR));
    let id = doubtful(&world, "WINDOWED");
    for minutes in [20, 20, 19] {
        world.clock.advance(minutes * 60 * SECOND);
        world.lab.then(Plan::Error);
        in_doubt(world.rt.retry(&resolver(), id).unwrap().settled().unwrap());
    }
    world.clock.advance(60 * SECOND);
    assert!(refused(world.rt.retry(&resolver(), id).unwrap()).ends_with(PASSED));
    assert_eq!(world.lab.runs(), 4);
    world.verify();
}

#[test]
fn an_attempt_that_can_be_interrupted_ends_with_the_window() {
    let cases = [
        (idempotent().retry_within(HOUR), 10 * SECOND, 10 * SECOND),
        (idempotent().retry_within(HOUR), 60 * SECOND, 30 * SECOND),
        // A lease interrupts nothing, so cutting it would help nobody.
        (contract("WINDOWED").effect(Effect::Idempotent).retry_within(HOUR), 10 * SECOND, 600 * SECOND),
    ];
    for (contract, left, span) in cases {
        let world = world(contract);
        let id = doubtful(&world, "WINDOWED");
        world.clock.advance(HOUR - left);
        world.lab.then(Plan::Hang);
        let rt = world.rt.runtime().clone();
        let mut running: BoxFuture<'static, _> = Box::pin(async move { rt.retry(&resolver(), id).await });
        assert!(waits(&mut running));
        let record = world.records(super::kit::ORDER).pop().unwrap();
        assert_eq!(record.kind(), Kind::ExecutionRetried);
        let deadline = at(&super::kit::body(&record), "deadline");
        assert_eq!(deadline, (record.recorded_at() + span).to_string());
        drop(running);
        world.verify();
    }
}

#[test]
fn what_is_retried_is_what_the_contract_of_today_says() {
    let cases = [
        (idempotent().retry_within(HOUR), PASSED),
        (contract("WINDOWED").emits(["NOTE_ADDED"]), "its effect is no longer declared idempotent"),
    ];
    for (later, why) in cases {
        let world = world(idempotent());
        let id = doubtful(&world, "WINDOWED");
        world.clock.advance(2 * HOUR);
        let with = |lab: &Lab| domain(lab, "v2").define(Definition::new(later).executor(lab.clone()));
        let other = world.other(with);
        assert!(refused(other.retry(&resolver(), id).unwrap()).ends_with(why));
        executed(world.rt.retry(&resolver(), id).unwrap().settled().unwrap());
        assert_eq!(world.lab.runs(), 2);
        world.verify();
    }
}

#[test]
fn a_window_that_means_nothing_is_a_fault_of_the_domain() {
    let cases = [
        (contract("WINDOWED").retry_within(HOUR), "`retry_within` applies to an idempotent effect"),
        (contract("WINDOWED").effect(Effect::None).retry_within(DAY), "`retry_within` applies to an idempotent effect"),
        (idempotent().retry_within(Duration::ZERO), "a `retry_within` of zero allows"),
    ];
    for (contract, fault) in cases {
        let error = define(contract).build().unwrap_err();
        assert!(error.to_string().contains(fault), "{error}");
        assert_eq!(error.faults().len(), 1);
    }
}

fn define(contract: Contract) -> DomainBuilder {
    let lab = Lab::default();
    domain(&lab, "v1").define(Definition::new(contract).executor(lab.clone()))
}

#[test]
fn a_window_is_part_of_the_contracts_digest_unless_it_is_the_default() {
    let built = |contract: Contract| -> Domain { define(contract).build().unwrap() };
    let digest = |contract: Contract| built(contract).action("WINDOWED").unwrap().contract_digest();
    assert_eq!(digest(idempotent()), digest(idempotent().retry_within(DAY)));
    assert_ne!(digest(idempotent()), digest(idempotent().retry_within(HOUR)));
    assert_ne!(digest(idempotent().retry_within(2 * HOUR)), digest(idempotent().retry_within(HOUR)));
    let window = |contract: Contract| built(contract).action("WINDOWED").unwrap().retry_within();
    assert_eq!(window(idempotent()), Some(DAY));
    assert_eq!(window(idempotent().retry_within(HOUR)), Some(HOUR));
    assert_eq!(window(contract("WINDOWED")), None);
}
