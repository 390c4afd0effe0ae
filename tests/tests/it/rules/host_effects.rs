//! Rule 11: effects that the host runs itself.

use super::kit::{ORDER, World, agent, domain, executed, failed, held, in_doubt, noted, proposal, reviewer};
use kiff::{Allowed, Authority, Decision, Failure, NewEvent, Proposal, RuntimeError, record::Kind};

fn decide(world: &World, proposal: Proposal) -> Decision {
    world.rt.decide(&agent(), proposal).unwrap()
}

#[track_caller]
fn allowed(decision: Decision) -> Allowed {
    match decision {
        Decision::Allowed(allowed) => allowed,
        other => panic!("wanted allowed, got {other:?}"),
    }
}

#[test]
fn rule_11_only_the_first_answer_is_allowed() {
    let world = World::paid();
    let call = || proposal("BY_HOST", 5).idempotency_key("k");
    let first = allowed(decide(&world, call()));
    for _ in 0..3 {
        match decide(&world, call()) {
            Decision::AlreadyCleared(answer) => drop(in_doubt(*answer)),
            other => panic!("{other:?}"),
        }
    }
    executed(world.rt.record_outcome(first.permit, Ok(noted())).unwrap());
    match decide(&world, call()) {
        Decision::AlreadyCleared(answer) => assert!(executed(*answer).is_repeat),
        other => panic!("{other:?}"),
    }
    assert_eq!(world.count(Kind::ActionValidated), 1);
    world.verify();
}

#[test]
fn rule_11_without_a_key_an_open_execution_bars_the_second() {
    let world = World::paid();
    let _first = allowed(decide(&world, proposal("BY_HOST", 5)));
    match decide(&world, proposal("BY_HOST", 5)) {
        Decision::Blocked(blocked) => assert_eq!(blocked.reason, *"execution_open"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rule_11_a_permit_says_what_was_cleared() {
    let world = World::paid();
    let permit = allowed(decide(&world, proposal("BY_HOST", 5))).permit;
    assert_eq!((permit.action().as_str(), permit.entity().as_str(), permit.attempt()), ("BY_HOST", ORDER, 1));
    assert_eq!(permit.params().decode::<u64>("cents").unwrap(), 5);
    assert!(permit.deadline().is_some());
}

#[test]
fn rule_11_a_dropped_permit_leaves_the_execution_in_doubt() {
    let world = World::paid();
    drop(allowed(decide(&world, proposal("BY_HOST", 5))));
    assert_eq!(world.rt.in_doubt().unwrap().len(), 1);
    world.verify();
}

#[test]
fn rule_11_an_action_without_an_executor_is_not_executed() {
    let world = World::paid();
    let before = world.len();
    let error = world.rt.execute(&agent(), proposal("BY_HOST", 5)).unwrap_err();
    assert!(matches!(error, RuntimeError::NoExecutor { .. }));
    assert_eq!(world.len(), before);
}

#[test]
fn rule_11_approval_comes_before_the_hosts_effect_too() {
    let world = World::paid();
    let hold = match decide(&world, proposal("ALWAYS_HELD", 5)) {
        Decision::Held(held) => held,
        other => panic!("{other:?}"),
    };
    let _ = world.rt.grant(&reviewer("ann"), hold.approval_id, "").unwrap();
    let permit = allowed(decide(&world, proposal("ALWAYS_HELD", 5).approval(hold.approval_id))).permit;
    match decide(&world, proposal("ALWAYS_HELD", 5).approval(hold.approval_id)) {
        Decision::Blocked(_) => {}
        other => panic!("{other:?}"),
    }
    executed(world.rt.record_outcome(permit, Ok(noted())).unwrap());
    assert_eq!(world.lab.runs(), 0);
    assert_ne!(held(world.send(proposal("ALWAYS_HELD", 5))).approval_id, hold.approval_id);
    world.verify();
}

#[test]
fn rule_11_what_the_host_settles_is_recorded_as_it_says() {
    let world = World::paid();
    let next = || allowed(decide(&world, proposal("BY_HOST", 5))).permit;
    executed(world.rt.record_outcome(next(), Ok(noted())).unwrap());
    failed(world.rt.record_outcome(next(), Err(Failure::not_applied("no"))).unwrap());
    in_doubt(world.rt.record_outcome(next(), Err(Failure::unknown("?"))).unwrap());
    world.verify();
}

#[test]
fn rule_11_a_permit_is_settled_in_the_log_that_cleared_it() {
    let world = World::paid();
    let other = world.rt.runtime().tenant("other").unwrap().blocking();
    for event in ["ORDER_PLACED", "ORDER_PAID"] {
        let _ = other.ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
    }
    let permit = allowed(decide(&world, proposal("BY_HOST", 5))).permit;
    executed(other.record_outcome(permit, Ok(noted())).unwrap());
    assert_eq!(other.timeline(ORDER).unwrap().records().len(), 4);
    assert!(world.rt.in_doubt().unwrap().is_empty());
    world.verify();
}

#[test]
fn rule_11_what_another_process_settles_is_recorded_though_its_view_is_behind() {
    let world = World::paid();
    let other = world.other(|lab| domain(lab, "v1"));
    // The other has seen the order as it was before the clearance.
    assert!(matches!(other.execute(&agent(), proposal("CHECKED", 13)).unwrap(), kiff::Answer::Blocked(_)));
    let permit = allowed(decide(&world, proposal("BY_HOST", 5))).permit;
    let doubt = in_doubt(other.record_outcome(permit, Err(Failure::unknown("no answer"))).unwrap());
    assert_eq!((doubt.cause.as_str(), doubt.is_repeat), ("error", false));
    assert_eq!(world.count(Kind::ActionUnknown), 1);
    world.verify();
}

#[test]
fn rule_11_a_permit_of_another_log_is_handed_back() {
    let (world, stranger) = (World::paid(), World::paid());
    let permit = allowed(decide(&world, proposal("BY_HOST", 5))).permit;
    let before = stranger.len();
    assert!(matches!(stranger.rt.record_outcome(permit, Ok(noted())), Err(RuntimeError::OutcomeNotRecorded(_))));
    assert_eq!(stranger.len(), before);
    assert_eq!(world.rt.in_doubt().unwrap().len(), 1);
}
