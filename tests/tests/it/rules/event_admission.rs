//! Rule 10: events are checked before they are stored.

use super::kit::{ORDER, World, agent};
use kiff::{Authority, Ingested, NewEvent, Value, ingest::EventRefusal, testing::ManualClock};

fn ingest(world: &World, source: &Authority, entity: &str, event: NewEvent) -> Ingested {
    world.rt.ingest(source, entity, event).unwrap()
}

#[track_caller]
fn refused(world: &World, source: &Authority, entity: &str, event: NewEvent, code: &str) -> EventRefusal {
    let before = (world.len(), world.records("kiff:refused").len());
    match ingest(world, source, entity, event) {
        Ingested::Refused(refusal) => {
            assert_eq!(refusal.code(), code);
            assert_eq!((world.len(), world.records("kiff:refused").len()), before, "nothing of it is recorded");
            refusal
        }
        other => panic!("wanted {code}, got {other:?}"),
    }
}

fn stripe() -> Authority {
    Authority::service("stripe").unwrap()
}

#[test]
fn rule_10_an_event_that_leads_nowhere_is_refused() {
    let world = World::new();
    refused(&world, &stripe(), ORDER, NewEvent::new("a", "ORDER_PAID"), "no_transition");
    refused(&world, &stripe(), ORDER, NewEvent::new("a", "NO_SUCH_EVENT"), "no_transition");
    refused(&world, &stripe(), "parcel:p", NewEvent::new("a", "ORDER_PLACED"), "entity_type_unknown");
    world.event("ORDER_PLACED");
    refused(&world, &stripe(), ORDER, NewEvent::new("a", "ORDER_PLACED"), "no_transition");
    // What was refused may be reported again when it is legal.
    let paid = ingest(&world, &stripe(), ORDER, NewEvent::new("a", "ORDER_PAID"));
    assert!(paid.is_in_the_log());
    world.verify();
}

#[test]
fn rule_10_the_same_event_is_acknowledged_once() {
    let world = World::new();
    let placed = || NewEvent::new("a", "ORDER_PLACED").payload(Value::object([("n", 1)]));
    assert!(matches!(ingest(&world, &stripe(), ORDER, placed()), Ingested::Accepted { .. }));
    let before = world.len();
    for _ in 0..3 {
        assert_eq!(ingest(&world, &stripe(), ORDER, placed()), Ingested::AlreadyKnown);
    }
    assert_eq!(world.len(), before);
    // Other content, type or entity under the same id.
    let other = NewEvent::new("a", "ORDER_PLACED").payload(Value::object([("n", 2)]));
    refused(&world, &stripe(), ORDER, other, "event_id_reused");
    refused(&world, &stripe(), ORDER, NewEvent::new("a", "ORDER_PAID"), "event_id_reused");
    refused(&world, &stripe(), "order:o_2", placed(), "event_id_reused");
    // Another source has ids of its own.
    let elsewhere = ingest(&world, &Authority::service("shop").unwrap(), "order:o_2", placed());
    assert!(matches!(elsewhere, Ingested::Accepted { .. }));
    // So has another tenant.
    let tenant = world.rt.runtime().tenant("other").unwrap().blocking();
    assert!(matches!(tenant.ingest(&stripe(), ORDER, placed()).unwrap(), Ingested::Accepted { .. }));
    world.verify();
}

#[test]
fn rule_10_only_the_named_sources_may_report_and_agents_never() {
    let world = World::new();
    let placed = || NewEvent::new("a", "ORDER_PLACED");
    for source in [agent(), Authority::agent("stripe", ["admin"]).unwrap()] {
        refused(&world, &source, ORDER, placed(), "source_not_allowed");
    }
    assert!(ingest(&world, &Authority::human("hugo", [""; 0]).unwrap(), ORDER, placed()).is_in_the_log());
    let paid = || NewEvent::new("b", "ORDER_PAID");
    for source in [
        Authority::service("shop").unwrap(),
        Authority::service("Stripe").unwrap(),
        Authority::human("hugo", ["admin"]).unwrap(),
        Authority::service("shop").unwrap().on_behalf_of("stripe").unwrap(),
        Authority::agent("stripe", ["admin"]).unwrap(),
    ] {
        refused(&world, &source, ORDER, paid(), "source_not_allowed");
    }
    assert!(ingest(&world, &stripe(), ORDER, paid()).is_in_the_log());
    world.verify();
}

#[test]
fn rule_10_a_source_that_may_not_report_learns_nothing_of_the_state() {
    let told = |world: &World| {
        let event = NewEvent::new("x", "ORDER_PAID");
        refused(world, &Authority::service("shop").unwrap(), ORDER, event, "source_not_allowed").to_string()
    };
    let placed = World::new();
    placed.event("ORDER_PLACED");
    assert_eq!(told(&World::new()), told(&placed));
    assert_eq!(told(&placed), told(&World::paid()));
}

#[test]
fn rule_10_the_runtimes_own_streams_take_no_events() {
    let world = World::new();
    let event = NewEvent::new("a", "ORDER_PLACED");
    assert!(!world.rt.ingest(&stripe(), "kiff:refused", event).is_ok_and(|it| it.is_in_the_log()));
    assert!(world.records("kiff:refused").is_empty());
}

#[test]
fn rule_10_a_payload_that_is_too_large_is_refused() {
    let world = World::new();
    let large = |bytes| NewEvent::new("a", "ORDER_PLACED").payload(Value::from("x".repeat(bytes)));
    refused(&world, &stripe(), ORDER, large(32 * 1024), "event_too_large");
    assert!(ingest(&world, &stripe(), ORDER, large(32 * 1024 - 2)).is_in_the_log());
    world.verify();
}

#[test]
fn rule_10_a_clock_that_goes_back_does_not_take_the_log_with_it() {
    let world = World::paid();
    let clock: &ManualClock = &world.clock;
    clock.set("2020-01-01T00:00:00Z");
    world.event("NOTE_ADDED");
    let times: Vec<_> = world.records(ORDER).iter().map(kiff::record::Record::recorded_at).collect();
    assert!(times.is_sorted());
    world.verify();
}

#[test]
fn rule_10_an_executors_event_id_cannot_be_taken_before() {
    // Ids of emitted events are made from the execution's; another source may have chosen the same text.
    let world = World::paid();
    let done = super::kit::executed(world.send(super::kit::refund(5)));
    let same = NewEvent::new(format!("{}.1", done.execution_id), "NOTE_ADDED");
    assert!(ingest(&world, &stripe(), ORDER, same).is_in_the_log());
    world.verify();
}
