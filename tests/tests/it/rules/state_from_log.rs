//! Rule 1: state is what the log says, and identity comes from an `Authority` alone.

use super::kit::{ORDER, World, agent, at, blocked, executed, stranger, whole};
use kiff::{Authority, NewEvent, Proposal, Value, record::Kind};

#[test]
fn rule_1_claims_in_json_are_recorded_and_not_believed() {
    let world = World::paid();
    let sent = br#"{"action":"REFUND","entity":"order:o_1","parameters":{"cents":5},
        "actor":{"id":"boss","type":"human","roles":["operator","admin"],"on_behalf_of":"nobody"}}"#;
    blocked(world.rt.execute(&stranger(), Proposal::from_json(sent).unwrap()).unwrap());
    let record = world.records("kiff:refused").into_iter().find(|it| it.kind() == Kind::DecisionRecorded).unwrap();
    assert_eq!(record.actor().id, *"stranger");
    let text = whole(&record);
    assert_eq!(at(&text, "actor.id"), "stranger");
    assert_eq!(at(&text, "actor.type"), "agent");
    assert_eq!(at(&text, "actor.on_behalf_of"), "-");
    assert_eq!(at(&text, "actor.claimed.id"), "boss");
    assert_eq!(at(&text, "body.authority.roles"), "[]");
    assert_eq!(at(&text, "body.authority.permissions"), "[]");
    world.verify();
}

#[test]
fn rule_1_a_claim_of_any_form_is_kept_readable() {
    for claimed in ["1.5", "null", "[1e3,{\"a\":-0.0}]", "\"x\"", "9007199254740993"] {
        let world = World::paid();
        let sent =
            format!(r#"{{"action":"REFUND","entity":"order:o_1","parameters":{{"cents":5}},"actor":{claimed}}}"#);
        executed(world.send(Proposal::from_json(sent.as_bytes()).unwrap()));
        world.verify();
    }
}

#[test]
fn rule_1_nobody_passes_a_state_a_contract_or_a_flag() {
    for member in ["state", "current_state", "approved", "contract", "roles", "permissions", "on_behalf_of", "tenant"] {
        let sent = format!(r#"{{"action":"REFUND","entity":"order:o_1","parameters":{{}},"{member}":true}}"#);
        assert_eq!(Proposal::from_json(sent.as_bytes()).unwrap_err().code(), "unknown_member", "{member}");
    }
    let world = World::paid();
    let smuggled = Proposal::new("REFUND", ORDER).param("cents", 5).param("approved", true);
    assert_eq!(world.blocked(smuggled).reason, *"parameters_invalid");
}

#[test]
fn rule_1_the_source_of_an_event_is_the_authority() {
    let world = World::new();
    let payload = Value::object([("source", "stripe"), ("actor", "stripe")]);
    let event = NewEvent::new("e1", "ORDER_PLACED").payload(payload);
    let _ = world.rt.ingest(&Authority::human("hugo", [""; 0]).unwrap(), ORDER, event).unwrap();
    assert!(world.records(ORDER).iter().all(|record| record.actor().id == *"hugo"));
}

#[test]
fn rule_1_roles_are_resolved_by_the_policy() {
    let world = World::paid();
    let _ = world.send(super::kit::refund(1));
    let record = world.records(ORDER).into_iter().find(|record| record.kind() == Kind::DecisionRecorded).unwrap();
    let text = whole(&record);
    assert_eq!(at(&text, "body.authority.permissions"), r#"["orders.refund"]"#);
    assert_eq!(at(&text, "actor.on_behalf_of"), "alice");
    // A role that the policy does not know gives nothing.
    let unknown = Authority::agent("bot", ["superuser"]).unwrap();
    blocked(world.rt.execute(&unknown, super::kit::refund(1)).unwrap());
}

#[test]
fn rule_1_a_name_outside_its_alphabet_is_no_identity() {
    for id in ["", "bot ", "b\u{f6}t", "bot\n", &"x".repeat(129)] {
        assert!(Authority::agent(id, ["operator"]).is_err(), "{id:?}");
        assert!(agent().on_behalf_of(id).is_err(), "{id:?}");
    }
}
