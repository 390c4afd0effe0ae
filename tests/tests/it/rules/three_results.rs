//! Rule 7: three results, and who settles what nobody knows.

use super::kit::{
    ORDER, Plan, World, agent, at, call, executed, failed, in_doubt, noted, proposal, refund, resolver, stranger, waits,
};
use kiff::{
    Answer, Authority, Decision, ExecutionId, Failure, Outcome, Permit, RuntimeError,
    doubt::{Resolution, Resolved},
    record::Kind,
    review::ReviewRefusal,
};
use std::time::Duration;

fn permit(world: &World, action: &str) -> Permit {
    match world.rt.decide(&agent(), proposal(action, 5)).unwrap() {
        Decision::Allowed(allowed) => allowed.permit,
        other => panic!("{other:?}"),
    }
}

fn resolve(world: &World, by: &Authority, id: ExecutionId, resolution: Resolution) -> Resolved {
    world.rt.resolve(by, id, resolution, "ticket 7").unwrap()
}

#[track_caller]
fn settled(resolved: Resolved) -> Answer {
    match resolved {
        Resolved::Settled(answer) => *answer,
        Resolved::Refused(refusal) => panic!("{refusal}"),
    }
}

#[track_caller]
fn refused(resolved: Resolved) -> ReviewRefusal {
    match resolved {
        Resolved::Refused(refusal) => refusal,
        Resolved::Settled(answer) => panic!("{answer:?}"),
    }
}

/// An order with an execution of this action in doubt.
fn doubtful(action: &str) -> (World, ExecutionId) {
    let world = World::paid();
    world.lab.then(Plan::Error);
    let id = in_doubt(world.send(proposal(action, 5))).execution_id;
    (world, id)
}

#[test]
fn rule_7_three_results_and_not_two() {
    let cases = [
        (Plan::Succeed(noted()), "executed", Kind::ActionExecuted, "-"),
        (Plan::NotApplied, "failed", Kind::ActionFailed, "not_applied"),
        (Plan::Error, "in_doubt", Kind::ActionUnknown, "error"),
        (Plan::Panic, "in_doubt", Kind::ActionUnknown, "panicked"),
        (Plan::Hang, "in_doubt", Kind::ActionUnknown, "timed_out"),
    ];
    for (plan, word, kind, cause) in cases {
        let world = World::paid();
        world.timer.pass();
        let is_known = !matches!(plan, Plan::Error | Plan::Panic | Plan::Hang);
        world.lab.then(plan);
        let answer = world.send(refund(5));
        assert_eq!(answer.word(), word, "{answer:?}");
        assert_eq!(at(&world.last(kind), "cause"), cause);
        // What nobody knows blocks the entity.
        assert_eq!(world.send(refund(5)).word(), if is_known { "executed" } else { "blocked" });
        world.verify();
    }
}

#[test]
fn rule_7_without_an_effect_nothing_is_unknown() {
    for plan in [Plan::Error, Plan::Panic, Plan::Hang] {
        let world = World::paid();
        world.timer.pass();
        world.lab.then(plan);
        failed(world.send(proposal("HARMLESS", 5)));
        assert_eq!(at(&world.last(Kind::ActionFailed), "cause"), "no_effect");
        executed(world.send(proposal("HARMLESS", 5)));
        world.verify();
    }
}

#[test]
fn rule_7_a_dropped_future_leaves_the_execution_in_doubt() {
    let world = World::paid();
    world.lab.then(Plan::Hang);
    let mut call = call(world.rt.runtime(), refund(5));
    assert!(waits(&mut call));
    drop(call);
    assert_eq!(world.rt.in_doubt().unwrap().len(), 1);
    assert_eq!(world.send(refund(5)).word(), "blocked");
    assert_eq!(world.lab.runs(), 1);
}

#[test]
fn rule_7_only_an_authority_with_the_permission_settles() {
    let (world, id) = doubtful("REPEATABLE");
    let cases = [
        (stranger(), "permission_denied"),
        (Authority::human("hugo", ["operator", "reviewer", "admin"]).unwrap(), "permission_denied"),
        (Authority::agent("judge", ["resolver"]).unwrap(), "reviewer_kind"),
        (Authority::human("alice", ["resolver"]).unwrap(), "self_review"),
        (Authority::human("ALICE", ["resolver"]).unwrap(), "self_review"),
        (Authority::human("bot", ["resolver"]).unwrap(), "self_review"),
        (Authority::human("carl", ["resolver"]).unwrap().on_behalf_of("alice").unwrap(), "self_review"),
    ];
    for (by, code) in cases {
        assert_eq!(refused(resolve(&world, &by, id, Resolution::NotApplied)).code(), *code);
        assert_eq!(refused(world.rt.retry(&by, id).unwrap()).code(), *code);
        assert_eq!(at(&world.last(Kind::ReviewRejected), "reason"), code);
    }
    assert_eq!(world.lab.runs(), 1);
    failed(settled(resolve(&world, &resolver(), id, Resolution::NotApplied)));
    assert_eq!(refused(resolve(&world, &resolver(), id, Resolution::NotApplied)).code(), *"execution_not_open");
    executed(world.send(refund(5)));
    world.verify();
}

#[test]
fn rule_7_a_resolution_records_the_evidence_and_the_events() {
    let (world, id) = doubtful("REFUND");
    executed(settled(resolve(&world, &resolver(), id, Resolution::Succeeded(super::kit::refunded()))));
    let body = world.last(Kind::ExecutionResolved);
    assert_eq!((at(&body, "evidence"), at(&body, "result")), ("ticket 7".to_owned(), "succeeded".to_owned()));
    assert_eq!(world.rt.state(ORDER).unwrap().unwrap().state, *"REFUNDED");
    world.verify();
}

#[test]
fn rule_7_not_applied_counts_only_if_the_attempt_can_no_longer_land() {
    let world = World::paid();
    let permit = permit(&world, "BY_HOST");
    let id = permit.execution_id();
    assert_eq!(refused(resolve(&world, &resolver(), id, Resolution::NotApplied)).code(), *"execution_still_running");
    world.clock.advance(Duration::from_secs(30));
    failed(settled(resolve(&world, &resolver(), id, Resolution::NotApplied)));
    world.verify();
}

#[test]
fn rule_7_what_runs_in_this_process_is_settled_by_nobody() {
    let world = World::paid();
    world.lab.then(Plan::Hang);
    let mut call = call(world.rt.runtime(), proposal("REPEATABLE", 5));
    assert!(waits(&mut call));
    let id = world.rt.state(ORDER).unwrap().unwrap().open_executions[0];
    world.clock.advance(Duration::from_secs(3600));
    for refusal in [
        refused(resolve(&world, &resolver(), id, Resolution::NotApplied)),
        refused(resolve(&world, &resolver(), id, Resolution::Succeeded(noted()))),
        refused(world.rt.retry(&resolver(), id).unwrap()),
    ] {
        assert_eq!(refusal.code(), *"execution_still_running");
    }
    drop(call);
    executed(settled(world.rt.retry(&resolver(), id).unwrap()));
    assert_eq!(world.lab.runs(), 2);
}

#[test]
fn rule_7_a_retry_runs_under_the_same_id_and_is_recorded_before() {
    let (world, id) = doubtful("REPEATABLE");
    let before = world.len();
    executed(settled(world.rt.retry(&resolver(), id).unwrap()));
    assert_eq!(world.since(before)[..2], [Kind::ExecutionRetried, Kind::ActionExecuted]);
    assert_eq!(world.lab.started(), [(id.to_string(), 1), (id.to_string(), 2)]);
    world.verify();
}

#[test]
fn rule_7_only_an_idempotent_effect_is_retried() {
    let (world, id) = doubtful("REFUND");
    assert_eq!(refused(world.rt.retry(&resolver(), id).unwrap()).code(), *"execution_not_retryable");
    assert_eq!(world.lab.runs(), 1);
    world.verify();
}

#[test]
fn rule_7_a_second_attempt_that_was_not_applied_says_nothing_of_the_first() {
    let (world, id) = doubtful("REPEATABLE");
    world.lab.then(Plan::NotApplied);
    in_doubt(settled(world.rt.retry(&resolver(), id).unwrap()));
    assert_eq!(world.rt.in_doubt().unwrap().len(), 1);
    assert_eq!(world.blocked(refund(5)).reason, *"execution_in_doubt");
    executed(settled(world.rt.retry(&resolver(), id).unwrap()));
    world.verify();
}

#[test]
fn rule_7_a_hosts_own_effect_is_not_retried_by_an_executor_that_is_not_there() {
    let world = World::paid();
    let permit = permit(&world, "BY_HOST_REPEATABLE");
    let id = permit.execution_id();
    in_doubt(world.rt.record_outcome(permit, Err(Failure::unknown("no answer"))).unwrap());
    let resolved = world.rt.retry(&resolver(), id);
    assert!(!matches!(&resolved, Ok(Resolved::Settled(_))), "{resolved:?}");
    assert_eq!(world.rt.in_doubt().unwrap().len(), 1);
    world.verify();
}

#[test]
fn rule_7_a_late_success_is_never_lost() {
    for resolution in [Resolution::NotApplied, Resolution::Succeeded(noted())] {
        let world = World::paid();
        let permit = permit(&world, "BY_HOST");
        let id = permit.execution_id();
        world.clock.advance(Duration::from_secs(31));
        let _ = settled(resolve(&world, &resolver(), id, resolution));
        let late = Outcome::new("landed after all").output("reference 9".into());
        in_doubt(world.rt.record_outcome(permit, Ok(late)).unwrap());
        let body = world.last(Kind::OutcomeConflict);
        assert_eq!(at(&body, "message"), "landed after all");
        assert_eq!(at(&body, "output.output"), "reference 9");
        assert_eq!(world.rt.in_doubt().unwrap()[0].execution_id, id);
        assert_eq!(world.blocked(refund(5)).reason, *"execution_in_doubt");
        assert_eq!(refused(world.rt.retry(&resolver(), id).unwrap()).code(), *"execution_not_retryable");
        executed(settled(resolve(&world, &resolver(), id, Resolution::Succeeded(noted()))));
        executed(world.send(refund(5)));
        world.verify();
    }
}

#[test]
fn rule_7_a_late_result_that_says_nothing_changes_nothing() {
    let world = World::paid();
    let permit = permit(&world, "BY_HOST");
    world.clock.advance(Duration::from_secs(31));
    let _ = settled(resolve(&world, &resolver(), permit.execution_id(), Resolution::NotApplied));
    let before = world.len();
    let _ = world.rt.record_outcome(permit, Err(Failure::unknown("who knows")));
    assert_eq!(world.len(), before);
}

#[test]
fn rule_7_a_late_result_of_an_earlier_attempt_is_recorded() {
    let world = World::paid();
    world.lab.then(Plan::Hang);
    let mut call = call(world.rt.runtime(), proposal("REPEATABLE", 5));
    assert!(waits(&mut call));
    // Another process takes it up after the deadline.
    world.clock.advance(Duration::from_secs(31));
    let other = world.other(|lab| super::kit::domain(lab, "v1"));
    let id = other.in_doubt().unwrap()[0].execution_id;
    executed(settled(other.retry(&resolver(), id).unwrap()));
    world.timer.pass();
    // The first attempt times out in its own process: that says nothing, and undoes nothing.
    let late = kiff::testing::store_suite::block_on(call);
    assert!(matches!(late, Err(RuntimeError::OutcomeNotRecorded(_)) | Ok(_)), "{late:?}");
    assert!(other.in_doubt().unwrap().is_empty());
    super::kit::verify(&other, &world.domain);
}

#[test]
fn rule_7_nothing_runs_on_open() {
    let (world, _) = doubtful("REPEATABLE");
    let other = world.other(|lab| super::kit::domain(lab, "v1"));
    assert_eq!(other.in_doubt().unwrap().len(), 1);
    other.rebuild(ORDER).unwrap();
    other.state(ORDER).unwrap();
    assert_eq!(world.lab.runs(), 1);
}
