//! Rule 4: what an approval is bound to, and that it is used once.

use super::kit::{ORDER, Plan, World, agent, at, blocked, domain, executed, held, proposal, refund, reviewer};
use kiff::{Answer, ApprovalId, Authority, Blocking, NewEvent, Proposal, Review, record::Kind};

/// A refund above the threshold that is granted and not yet used.
fn granted() -> (World, ApprovalId) {
    let world = World::paid();
    let id = world.held(refund(500)).approval_id;
    world.grant(id, "ann");
    (world, id)
}

#[track_caller]
fn refused(answer: Answer, reason: &str) {
    let answer = blocked(answer);
    assert_eq!(answer.reason, *reason, "{answer:?}");
}

#[test]
fn rule_4_another_entity_is_a_mismatch() {
    let (world, id) = granted();
    for event in ["ORDER_PLACED", "ORDER_PAID"] {
        let event = NewEvent::new(format!("other_{event}"), event);
        let _ = world.rt.ingest(&Authority::service("stripe").unwrap(), "order:o_2", event).unwrap();
    }
    let other = Proposal::new("REFUND", "order:o_2").param("cents", 500).approval(id);
    refused(world.send(other), "approval_mismatch");
    executed(world.send(refund(500).approval(id)));
}

#[test]
fn rule_4_another_action_requester_principal_or_parameter_is_a_mismatch() {
    let (world, id) = granted();
    refused(world.send(proposal("ALWAYS_HELD", 500).approval(id)), "approval_mismatch");
    refused(world.send(refund(501).approval(id)), "approval_mismatch");
    refused(world.send(refund(500).param("note", "more").approval(id)), "approval_mismatch");
    // A parameter that is below the threshold makes no detour round the approval it names.
    refused(world.send(refund(5).approval(id)), "approval_mismatch");
    for other in [
        Authority::agent("bot2", ["operator"]).unwrap().on_behalf_of("alice").unwrap(),
        Authority::agent("bot", ["operator"]).unwrap().on_behalf_of("bob").unwrap(),
        Authority::agent("bot", ["operator"]).unwrap(),
        Authority::agent("BOT", ["operator"]).unwrap().on_behalf_of("alice").unwrap(),
        Authority::human("bot", ["operator"]).unwrap().on_behalf_of("alice").unwrap(),
    ] {
        refused(world.rt.execute(&other, refund(500).approval(id)).unwrap(), "approval_mismatch");
    }
    assert_eq!(world.lab.runs(), 0);
    executed(world.send(refund(500).approval(id)));
    world.verify();
}

#[test]
fn rule_4_another_tenant_does_not_know_the_approval() {
    let (world, id) = granted();
    let other = world.rt.runtime().tenant("other").unwrap().blocking();
    for event in ["ORDER_PLACED", "ORDER_PAID"] {
        let _ = other.ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
    }
    refused(other.execute(&agent(), refund(500).approval(id)).unwrap(), "approval_unknown");
    assert!(other.resume(id).is_err());
    assert!(matches!(other.grant(&reviewer("ann"), id, "").unwrap(), Review::Refused(_)));
    assert_eq!(world.lab.runs(), 0);
}

#[test]
fn rule_4_the_same_content_in_other_words_is_no_mismatch() {
    let (world, id) = granted();
    let sent = format!(
        r#" {{"entity":"order:o_1","approval_id":"{id}","parameters":{{"note":null,"cents":500}},
            "reasoning":"asked again","action":"REFUND"}}"#
    );
    executed(world.send(Proposal::from_json(sent.as_bytes()).unwrap()));
}

#[test]
fn rule_4_an_event_supersedes_for_good_even_if_the_state_is_the_same_again() {
    let (world, id) = granted();
    world.event("NOTE_ADDED");
    assert_eq!(world.count(Kind::ApprovalSuperseded), 1);
    refused(world.send(refund(500).approval(id)), "approval_stale");
    refused(world.rt.resume(id).unwrap(), "approval_stale");
    assert!(world.rt.pending_approvals().unwrap().is_empty());
    assert_eq!(world.lab.runs(), 0);
    world.verify();
}

#[test]
fn rule_4_an_effects_own_event_supersedes_what_else_is_open() {
    let (world, id) = granted();
    executed(world.send(refund(5)));
    refused(world.rt.resume(id).unwrap(), "approval_stale");
    world.verify();
}

/// The same store under other rules.
fn others(world: &World) -> Vec<(&'static str, Blocking)> {
    vec![
        ("the domain version", world.other(|lab| domain(lab, "v2"))),
        ("the policy version", world.other(|lab| domain(lab, "v1").policy_version("p2"))),
        ("the contract", {
            let lab = world.lab.clone();
            world.other(move |_| {
                let contract = kiff::domain::Contract::new("REFUND", "order").allowed_states(["PAID"]).quorum(2);
                let contract = contract.permissions(["orders.refund"]).approval_required("orders.approve");
                let contract = contract.param("cents", <u64 as kiff::Param>::KIND);
                kiff::Domain::builder("lab", "v1")
                    .table(kiff::domain::Machine::new("order").starts("ORDER_PLACED", "CREATED").moves(
                        "CREATED",
                        "ORDER_PAID",
                        "PAID",
                    ))
                    .define(kiff::domain::Definition::new(contract).executor(lab))
                    .role("operator", ["orders.refund"])
                    .role("reviewer", ["orders.approve"])
            })
        }),
    ]
}

#[test]
fn rule_4_a_changed_contract_domain_or_policy_is_stale() {
    let (world, id) = granted();
    let waiting = world.held(refund(600)).approval_id;
    for (what, rt) in others(&world) {
        for answer in [rt.resume(id).unwrap(), rt.execute(&agent(), refund(500).approval(id)).unwrap()] {
            let answer = blocked(answer);
            assert_eq!(answer.reason, *"approval_stale");
            assert!(answer.to_string().contains(what), "{answer}");
        }
        let review = world.refused(rt.grant(&reviewer("bea"), waiting, ""));
        assert_eq!(review.code(), *"approval_stale");
    }
    assert_eq!(world.lab.runs(), 0);
    // Under the rules that it was given for, it stands.
    executed(world.rt.resume(id).unwrap());
}

#[test]
fn rule_4_what_can_no_longer_be_used_does_not_bar_the_same_request() {
    for place in 0..3 {
        let world = World::paid();
        let old = world.held(refund(500)).approval_id;
        let (what, rt) = others(&world).swap_remove(place);
        let again = held(rt.execute(&agent(), refund(500)).unwrap());
        assert_ne!(again.approval_id, old, "{what}");
        assert_eq!(rt.pending_approvals().unwrap().len(), 1, "the one that is of no use is closed");
        refused(rt.resume(old).unwrap(), "approval_stale");
        world.verify();
    }
}

#[test]
fn rule_4_an_approval_is_consumed_in_the_append_that_clears() {
    let (world, id) = granted();
    let before = world.len();
    world.lab.then(Plan::NotApplied);
    super::kit::failed(world.rt.resume(id).unwrap());
    // The effect failed without effect, and the approval is used all the same.
    assert_eq!(world.since(before), [Kind::ActionValidated, Kind::ActionFailed]);
    assert_eq!(at(&world.last(Kind::ActionValidated), "approval_id"), id.to_string());
    // Whoever resumes it again is told what came of it.
    let again = super::kit::failed(world.rt.resume(id).unwrap());
    assert!(again.is_repeat);
    refused(world.send(refund(500).approval(id)), "approval_consumed");
    assert_eq!(world.lab.runs(), 1);
    let review = world.refused(world.rt.revoke(&reviewer("ann"), id, ""));
    assert_eq!(review.code(), *"approval_consumed");
    world.verify();
}

#[test]
fn rule_4_what_runs_is_the_stored_proposal() {
    let (world, id) = granted();
    executed(world.send(refund(500).reasoning("another reason").approval(id)));
    assert_eq!(world.count(Kind::DecisionRecorded), 1, "the call that uses the approval writes no second proposal");
    let cleared = world.records(ORDER).into_iter().find(|record| record.kind() == Kind::ActionValidated).unwrap();
    assert_eq!(cleared.actor().id, *"bot");
}

#[test]
fn rule_4_clearing_repeats_every_check_for_the_recorded_requester() {
    // The role lost the permission, by a policy that says so without a new version.
    let (world, id) = granted();
    let rt = world.other(|lab| domain(lab, "v1").policy(Nobody));
    refused(rt.resume(id).unwrap(), "permission_denied");
    // An execution is open.
    world.lab.then(Plan::Error);
    let (world, id) = granted();
    let permit = world.rt.decide(&agent(), proposal("BY_HOST", 1)).unwrap();
    refused(world.rt.resume(id).unwrap(), "execution_open");
    drop(permit);
    // The requester's call is checked too.
    let fired = Authority::agent("bot", [""; 0]).unwrap().on_behalf_of("alice").unwrap();
    refused(world.rt.execute(&fired, refund(500).approval(id)).unwrap(), "permission_denied");
    assert_eq!(world.lab.runs(), 0);
}

#[derive(Debug)]
struct Nobody;
impl kiff::actor::PermissionPolicy for Nobody {
    fn resolve(&self, _: &kiff::actor::Actor, roles: &std::sync::Arc<[kiff::ids::Role]>) -> kiff::actor::Granted {
        kiff::actor::Granted::new(roles.iter().cloned(), [])
    }
}

#[test]
fn rule_4_the_same_proposal_while_it_is_held_opens_nothing() {
    let world = World::paid();
    let first = world.held(refund(500));
    let before = world.len();
    for again in [refund(500), refund(500).reasoning("please"), refund(500).param("note", kiff::Value::Null)] {
        let again = world.held(again);
        assert_eq!((again.approval_id, again.is_repeat, again.state.as_str()), (first.approval_id, true, "pending"));
    }
    world.grant(first.approval_id, "ann");
    let again = world.held(refund(500));
    assert_eq!((again.approval_id, again.state.as_str()), (first.approval_id, "granted"));
    assert_eq!(world.since(before), [Kind::ApprovalGranted]);
    assert_eq!(world.lab.runs(), 0);
    world.verify();
}

#[test]
fn rule_4_an_approval_that_is_not_granted_clears_nothing() {
    let world = World::paid();
    let id = world.held(refund(500)).approval_id;
    assert_eq!(held(world.rt.resume(id).unwrap()).state.as_str(), "pending");
    assert_eq!(held(world.send(refund(500).approval(id))).state.as_str(), "pending");
    assert_eq!(world.lab.runs(), 0);
}

#[test]
fn rule_4_an_unknown_approval_is_refused() {
    let world = World::paid();
    let unknown = "appr_01J8Z9K3M4N5P6Q7R8S9T0V1W3";
    refused(world.send(refund(5).approval(unknown)), "approval_unknown");
    assert!(world.rt.resume(unknown.parse().unwrap()).is_err());
}
