//! Rule 3: a refusal is a value and is recorded; a hostile agent cannot grow the log.

use super::kit::{ORDER, World, agent, at, blocked, body, proposal, refund, stranger, whole};
use kiff::{
    Proposal, Runtime,
    domain::Bounds,
    record::{Kind, Record},
};

const REFUSED: &str = "kiff:refused";

fn bounded(refusals: u64) -> World {
    let mut bounds = Bounds::default();
    bounds.refusals = refusals;
    World::with(|domain| domain.bounds(bounds), |builder| builder)
}

fn kinds(world: &World, stream: &str) -> Vec<Kind> {
    world.records(stream).iter().map(Record::kind).collect()
}

#[test]
fn rule_3_a_refusal_is_recorded_in_the_entitys_stream() {
    let world = World::paid();
    let before = world.len();
    let answer = world.blocked(proposal("CHECKED", 13));
    assert!(answer.is_recorded);
    assert_eq!(world.since(before), [Kind::DecisionRecorded, Kind::ActionBlocked]);
    assert_eq!(kinds(&world, REFUSED), []);
    world.verify();
}

#[test]
fn rule_3_refusals_without_an_entity_or_action_go_to_the_tenants_stream() {
    let world = World::paid();
    let before = world.len();
    let secret = "a secret that an agent offers";
    for proposal in [
        Proposal::new("NO_SUCH", ORDER).param("x", secret),
        Proposal::new("REFUND", "order:no_such").param("cents", 5),
        Proposal::new("REFUND", "parcel:p_1").param("x", secret),
    ] {
        blocked(world.send(proposal));
    }
    assert_eq!(world.len(), before);
    let records = world.records(REFUSED);
    assert_eq!(records.len(), 6);
    let targets: Vec<String> =
        records.iter().filter(|it| it.kind() == Kind::DecisionRecorded).map(|it| at(&body(it), "target")).collect();
    assert_eq!(targets, [ORDER, "order:no_such", "parcel:p_1"]);
    for record in &records {
        assert!(!String::from_utf8_lossy(record.bytes()).contains(secret), "what was offered is a digest");
    }
    assert!(at(&body(&records[0]), "offered").starts_with("sha256:"));
    assert_eq!(at(&body(&records[1]), "reason"), "action_unknown");
    assert_eq!(at(&body(&records[3]), "reason"), "entity_unknown");
    world.verify();
}

#[test]
fn rule_3_what_cannot_be_admitted_is_an_error_and_is_not_recorded() {
    let world = World::paid();
    let before = world.len();
    for text in ["", "{", "[]", "{\"action\":1}", "{\"a\":1,\"a\":2}", "{}x", "\u{feff}{}"] {
        assert!(Proposal::from_json(text.as_bytes()).is_err(), "{text:?}");
    }
    for proposal in [
        Proposal::new("refund", ORDER),
        Proposal::new("REFUND", "order"),
        Proposal::new("REFUND", "order:o 1"),
        Proposal::new("REFUND", REFUSED),
        Proposal::new("REFUND", ORDER).reasoning("x".repeat(40_000)),
        refund(5).idempotency_key("a b"),
        refund(5).approval("appr_1"),
    ] {
        assert!(world.rt.execute(&agent(), proposal).is_err());
    }
    assert_eq!((world.len(), kinds(&world, REFUSED).len()), (before, 0));
}

#[test]
fn rule_3_a_run_of_refusals_ends_in_one_record_for_the_rest() {
    for (refusals, most) in [(0, None), (3, Some(3)), (100, None)] {
        let world = if most.is_none() && refusals == 100 { World::new() } else { bounded(refusals) }.pay();
        let before = world.len();
        let recorded: Vec<bool> =
            (0..refusals + 5).map(|_| world.blocked(proposal("CHECKED", 13)).is_recorded).collect();
        let since = world.since(before);
        assert_eq!(since.len() as u64, refusals * 2 + 1, "{refusals}");
        assert_eq!(*since.last().unwrap(), Kind::RefusalsSuppressed);
        assert_eq!(at(&world.last(Kind::RefusalsSuppressed), "recorded"), refusals.to_string());
        let expected: Vec<bool> = (0..refusals + 5).map(|number| number < refusals).collect();
        assert_eq!(recorded, expected);
        // Nothing counts what has no record: the log says only what it can prove.
        let _ = world.send(refund(5));
        assert_eq!(at(&world.last(Kind::ActionValidated), "suppressed"), "-");
        world.verify();
    }
}

#[test]
fn rule_3_an_event_ends_the_run_and_each_actor_has_its_own() {
    let world = bounded(2).pay();
    (0..5).for_each(|_| drop(world.blocked(proposal("CHECKED", 13))));
    assert!(!world.blocked(proposal("CHECKED", 13)).is_recorded);
    assert!(blocked(world.rt.execute(&stranger(), refund(5)).unwrap()).is_recorded);
    world.event("NOTE_ADDED");
    assert!(world.blocked(proposal("CHECKED", 13)).is_recorded);
    world.verify();
}

#[test]
fn rule_3_every_way_to_be_refused_counts() {
    let world = bounded(4).pay();
    let id = world.held(proposal("ALWAYS_HELD", 5)).approval_id;
    world.deny(id);
    let _ = world.send(refund(1).idempotency_key("k"));
    // The effect's event ended the run; from here on nothing moves.
    let id = world.held(proposal("ALWAYS_HELD", 5)).approval_id;
    world.deny(id);
    let before = world.len();
    for round in 0..10 {
        world.blocked(proposal("ALWAYS_HELD", 5));
        world.blocked(refund(2).idempotency_key("k"));
        world.blocked(refund(500).approval(id));
        world.blocked(proposal("CHECKED", 13).idempotency_key(format!("fresh-{round}")));
        let resumed = world.rt.resume(id).unwrap();
        blocked(resumed);
    }
    assert!(world.len() - before <= 9, "{:?}", world.since(before));
    world.verify();
}

#[test]
fn rule_3_refused_reviews_are_bounded_too() {
    let world = bounded(3).pay();
    let held = world.held(refund(500));
    let before = world.len();
    for _ in 0..20 {
        world.refused(world.rt.grant(&stranger(), held.approval_id, ""));
        world.refused(world.rt.grant(&stranger(), "appr_01J8Z9K3M4N5P6Q7R8S9T0V1W3".parse().unwrap(), ""));
    }
    let review = [Kind::ReviewRejected; 3];
    assert_eq!(world.since(before), [&review[..], &[Kind::RefusalsSuppressed]].concat());
    assert_eq!(kinds(&world, REFUSED).len(), 4);
    world.verify();
}

#[test]
fn rule_3_open_approvals_are_bounded() {
    let mut bounds = Bounds::default();
    bounds.open_approvals = 2;
    let world = World::with(|domain| domain.bounds(bounds), |builder| builder).pay();
    world.held(refund(500));
    world.held(refund(501));
    assert_eq!(world.blocked(refund(502)).reason, *"too_many_open_approvals");
    // Another requester has room of its own, and a resend of what is held is no new one.
    world.held(refund(500));
    let other = kiff::Authority::agent("other", ["operator"]).unwrap();
    assert_eq!(world.rt.execute(&other, refund(502)).unwrap().word(), "held");
}

#[test]
fn rule_3_probing_what_does_not_exist_is_bounded() {
    let world = bounded(3);
    for number in 0..50 {
        blocked(world.send(Proposal::new("REFUND", format!("order:{number}"))));
        blocked(world.send(Proposal::new("NO_SUCH", format!("order:{number}"))));
    }
    assert_eq!(kinds(&world, REFUSED).len(), 7);
    world.verify();
}

#[test]
fn rule_3_a_refusal_in_one_tenant_is_not_in_another() {
    let world = World::paid();
    let other: Runtime = world.rt.runtime().tenant("other").unwrap();
    let answer = other.blocking().execute(&agent(), refund(5)).unwrap();
    assert_eq!(blocked(answer).reason, *"entity_unknown");
    assert_eq!(kinds(&world, REFUSED), []);
    let record = other.blocking().timeline(REFUSED).unwrap().records()[0].clone();
    assert_eq!(at(&whole(&record), "tenant"), "other");
}

#[test]
fn rule_3_a_reviewers_refusals_are_not_told_as_the_requesters() {
    let world = bounded(1).pay();
    let id = world.held(refund(500)).approval_id;
    let both = kiff::Authority::human("hugo", ["operator", "reviewer"]).unwrap();
    for _ in 0..5 {
        blocked(world.rt.execute(&both, proposal("CHECKED", 13)).unwrap());
    }
    let _ = world.rt.deny(&both, id, "no").unwrap();
    assert_eq!(at(&world.last(Kind::ActionBlocked), "suppressed"), "-");
}
