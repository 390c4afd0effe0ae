//! Rule 8: executors emit what was declared, for their own entity; no outcome is dropped.

use super::kit::{ORDER, Plan, World, at, executed, refund};
use kiff::{Outcome, Value, domain::Bounds, record::Kind};

fn ended(outcome: Outcome) -> (World, kiff::Executed) {
    let world = World::paid();
    world.lab.then(Plan::Succeed(outcome));
    let done = executed(world.send(refund(5)));
    world.verify();
    (world, done)
}

#[test]
fn rule_8_undeclared_illegal_and_large_events_are_rejected_and_told() {
    let large = Value::from("x".repeat(40_000));
    let cases = [
        (Outcome::new("").emit("ORDER_LOST"), "event_undeclared"),
        (Outcome::new("").emit("ORDER_PAID"), "event_undeclared"),
        (Outcome::new("").emit("not a type"), "event_undeclared"),
        (Outcome::new("").event("NOTE_ADDED", large), "event_too_large"),
        (Outcome::new("").emit("ORDER_REFUNDED").emit("NOTE_ADDED"), "no_transition"),
    ];
    for (outcome, reason) in cases {
        let (world, done) = ended(outcome);
        assert_eq!(done.rejected_events.len(), 1, "{reason}");
        assert_eq!(done.rejected_events[0].1, *reason);
        assert_eq!(at(&world.last(Kind::EventRejected), "reason"), reason);
        assert_eq!(at(&world.last(Kind::EventRejected), "execution_id"), done.execution_id.to_string());
    }
}

#[test]
fn rule_8_a_rejected_event_flags_the_entity_until_the_next_event() {
    let (world, _) = ended(Outcome::new("").emit("ORDER_LOST"));
    let is_flagged = || world.rt.state(ORDER).unwrap().unwrap().is_flagged;
    assert!(is_flagged());
    world.event("NOTE_ADDED");
    assert!(!is_flagged());
}

#[test]
fn rule_8_events_beyond_the_bound_are_rejected_together() {
    let mut bounds = Bounds::default();
    bounds.emitted_events = 2;
    let world = World::with(|domain| domain.bounds(bounds), |builder| builder).pay();
    world.lab.then(Plan::Succeed((0..5).fold(Outcome::new(""), |outcome, _| outcome.emit("NOTE_ADDED"))));
    let done = executed(world.send(refund(5)));
    assert_eq!(done.rejected_events.len(), 1);
    assert_eq!(done.rejected_events[0].1, *"too_many_events");
    assert_eq!(world.rt.state(ORDER).unwrap().unwrap().state_version, 4);
    world.verify();
}

#[test]
fn rule_8_a_wide_bound_does_not_lose_the_outcome() {
    let mut bounds = Bounds::default();
    bounds.emitted_events = 5_000;
    let world = World::with(|domain| domain.bounds(bounds), |builder| builder).pay();
    let many = (0..2_000).fold(Outcome::new("x".repeat(50_000)), |outcome, _| outcome.emit("NOTE_ADDED"));
    world.lab.then(Plan::Succeed(many));
    assert!(executed(world.send(refund(5))).rejected_events.is_empty());
    assert_eq!(world.rt.state(ORDER).unwrap().unwrap().state_version, 2_002);
}

#[test]
fn rule_8_what_is_too_large_is_recorded_by_length_and_digest() {
    let text = Value::from("x".repeat(100_000));
    let (world, done) = ended(Outcome::new("y".repeat(100_000)).output(text.clone()));
    assert_eq!(done.output, None);
    let body = world.last(Kind::ActionExecuted);
    assert_eq!(at(&body, "output_digest"), kiff::record::Digest::of(&text.to_canonical()).to_string());
    assert_eq!(at(&body, "output_length"), "100002");
    assert_eq!(at(&body, "message_length"), "100002");
}

#[test]
fn rule_8_events_are_of_the_executors_own_entity_and_say_who() {
    let (world, done) = ended(Outcome::new("").event("NOTE_ADDED", Value::object([("entity", "order:o_2")])));
    assert!(world.records("order:o_2").is_empty());
    let body = world.last(Kind::EventIngested);
    assert_eq!(at(&body, "execution_id"), done.execution_id.to_string());
    assert_eq!(at(&body, "event_id"), format!("{}.1", done.execution_id));
}
