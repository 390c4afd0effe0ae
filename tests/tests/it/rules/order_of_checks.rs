//! Rule 2: the fixed order of checks, what the decision records of them, and who learns what.

use super::kit::{ORDER, Plan, World, agent, at, blocked, held, proposal, refund, refunded, stranger};
use kiff::{
    Answer, Authority, Blocked, Proposal, Refusal,
    record::{CheckResult, Kind, Verdict},
};

const ORDER_OF_CHECKS: [&str; 7] =
    ["action", "permission", "entity", "state", "parameters", "open_execution", "approval"];

fn results(blocked: &Blocked) -> Vec<(&str, &str)> {
    blocked.checks.iter().map(|(name, result)| (name.as_str(), result.as_str())).collect()
}

/// The order with an execution that nobody knows the outcome of.
fn in_doubt() -> World {
    let world = World::paid();
    world.lab.then(Plan::Error);
    super::kit::in_doubt(world.send(refund(1)));
    world
}

#[test]
fn rule_2_every_check_is_recorded_by_name_in_the_fixed_order() {
    let world = World::paid();
    let _ = world.send(refund(5));
    let recorded = at(&world.last(Kind::ActionValidated), "checks");
    let expected: Vec<String> =
        ORDER_OF_CHECKS.iter().map(|name| format!(r#"{{"name":"{name}","result":"passed"}}"#)).collect();
    assert_eq!(recorded, format!("[{}]", expected.join(",")));
    // A custom check stands between the parameters and the open execution.
    let names: Vec<_> =
        results(&world.blocked(proposal("CHECKED", 13))).into_iter().map(|it| it.0.to_owned()).collect();
    let wanted = ["action", "permission", "entity", "state", "parameters", "not_unlucky", "open_execution", "approval"];
    assert_eq!(names, wanted);
}

#[test]
fn rule_2_the_first_failure_names_the_reason() {
    let created = || {
        let world = World::new();
        world.event("ORDER_PLACED");
        world
    };
    let bad = || Proposal::new("REFUND", ORDER).param("cents", "many");
    let cases: Vec<(World, Authority, Proposal, &str)> = vec![
        (World::new(), stranger(), Proposal::new("NO_SUCH", ORDER), "action_unknown"),
        (World::new(), stranger(), bad(), "permission_denied"),
        (World::new(), agent(), bad(), "entity_unknown"),
        (created(), agent(), bad(), "state_not_allowed"),
        (in_doubt(), agent(), bad(), "parameters_invalid"),
        (in_doubt(), agent(), proposal("CHECKED", 13), "not_unlucky"),
        (in_doubt(), agent(), proposal("ALWAYS_HELD", 5), "execution_in_doubt"),
        (World::paid(), agent(), proposal("BROKEN_CHECK", 5), "always_panics"),
    ];
    for (world, authority, proposal, reason) in cases {
        let explained = world.rt.explain(&authority, proposal.clone()).unwrap();
        let answer = blocked(world.rt.execute(&authority, proposal).unwrap());
        assert_eq!(answer.reason, *reason, "{answer:?}");
        assert_eq!(answer.refusal().unwrap().code(), *reason);
        assert_eq!((explained.decision, &explained.reason), (Verdict::Blocked, &answer.reason));
        assert_eq!((explained.checks, explained.refusals), (answer.checks, answer.refusals));
        world.verify();
    }
}

#[test]
fn rule_2_the_answer_carries_every_failed_check_with_the_compared_values() {
    let world = World::new();
    world.event("ORDER_PLACED");
    let answer = world.blocked(Proposal::new("REFUND", ORDER).param("cents", 1).param("x", 1));
    let codes: Vec<_> = answer.refusals.iter().map(|refusal| refusal.code().to_string()).collect();
    assert_eq!(codes, ["state_not_allowed", "parameters_invalid"]);
    match &answer.refusals[0] {
        Refusal::StateNotAllowed { current, allowed, .. } => {
            assert_eq!((current.as_str(), allowed[0].as_str()), ("CREATED", "PAID"));
        }
        other => panic!("{other:?}"),
    }
    // The log has no values, only names and results.
    let body = world.last(Kind::ActionBlocked).to_string();
    assert!(!body.contains("CREATED") && !body.contains("PAID"), "{body}");
}

#[test]
fn rule_2_what_comes_after_a_failed_permission_is_skipped() {
    let world = in_doubt();
    let answer = blocked(world.rt.execute(&stranger(), Proposal::new("REFUND", ORDER)).unwrap());
    let (passed, failed, skipped) = ("passed", "failed", "skipped");
    let expected: Vec<_> =
        ORDER_OF_CHECKS.into_iter().zip([passed, failed, skipped, skipped, skipped, skipped, skipped]).collect();
    assert_eq!(results(&answer), expected);
}

#[test]
fn rule_2_whoever_lacks_the_permission_learns_nothing_of_the_entity() {
    let told = |world: &World, proposal: Proposal| {
        let explained = world.rt.explain(&stranger(), proposal.clone()).unwrap();
        let answer = blocked(world.rt.execute(&stranger(), proposal).unwrap());
        assert!(answer.checks.iter().all(|(_, result)| *result != CheckResult::Failed || answer.checks.len() > 1));
        format!(
            "{} {:?} {:?} {:?} {} {} {:?} {:?}",
            answer.reason,
            answer.refusals,
            answer.checks,
            answer.approval_id,
            answer.is_recorded,
            answer.is_repeat,
            explained.refusals,
            explained.checks,
        )
    };
    let created = World::new();
    created.event("ORDER_PLACED");
    let waiting = World::paid();
    waiting.held(refund(500));
    let denied = World::paid();
    denied.deny(denied.held(refund(500)).approval_id);
    let gone = World::paid();
    gone.lab.then(Plan::Succeed(refunded()));
    let _ = gone.send(refund(5));
    for proposal in [
        refund(500),
        refund(5).idempotency_key("k"),
        Proposal::new("REFUND", ORDER),
        proposal("CHECKED", 13),
        proposal("ADMIN", 1),
    ] {
        let nothing = told(&World::new(), proposal.clone());
        for world in [&created, &waiting, &denied, &gone, &in_doubt()] {
            assert_eq!(told(world, proposal.clone()), nothing);
            assert!(world.rt.allowed_actions(&stranger(), ORDER).unwrap().is_empty());
        }
    }
}

#[test]
fn rule_2_whoever_lost_the_permission_learns_nothing_from_a_key() {
    let world = World::paid();
    let _ = world.send(refund(5).idempotency_key("k"));
    let fired = Authority::agent("bot", [""; 0]).unwrap().on_behalf_of("alice").unwrap();
    let told = |proposal| match world.rt.execute(&fired, proposal).unwrap() {
        Answer::Blocked(it) => format!("{:?} {:?} {}", it.refusals, it.checks, it.is_repeat),
        other => panic!("{other:?}"),
    };
    let unused = told(refund(5).idempotency_key("other"));
    assert_eq!(told(refund(5).idempotency_key("k")), unused);
    assert_eq!(told(refund(6).idempotency_key("k")), unused);
    world.verify();
}

#[test]
fn rule_2_explain_says_what_execute_would_do_and_writes_nothing() {
    let world = World::paid();
    let key = |cents| refund(cents).idempotency_key("k");
    let _ = world.send(key(5));
    let id = world.held(refund(500)).approval_id;
    let before = world.len();
    let explained = |proposal| world.rt.explain(&agent(), proposal).unwrap();
    assert_eq!(explained(refund(5)).decision, Verdict::Allowed);
    assert_eq!(explained(refund(600)).decision, Verdict::ApprovalRequired);
    assert_eq!(explained(refund(600)).reason, *"above_threshold");
    assert_eq!(explained(refund(500).approval(id)).decision, Verdict::ApprovalRequired);
    assert_eq!(explained(refund(501).approval(id)).reason, *"approval_mismatch");
    assert_eq!(explained(key(6)).reason, *"idempotency_key_reused");
    assert_eq!((world.len(), world.lab.runs()), (before, 1));
}

#[test]
fn rule_2_an_open_execution_is_told_apart_from_one_in_doubt() {
    let world = World::paid();
    let _permit = world.rt.decide(&agent(), proposal("BY_HOST", 1)).unwrap();
    assert_eq!(world.blocked(refund(1)).reason, *"execution_open");
    assert_eq!(in_doubt().blocked(refund(1)).reason, *"execution_in_doubt");
}

#[test]
fn rule_2_a_policy_that_panics_counts_as_a_yes() {
    let world = World::with(
        |domain| {
            let contract = kiff::domain::Contract::new("SHAKY", "order").allowed_states(["PAID"]);
            let shaky = kiff::domain::Definition::new(contract.approval_when("shaky", "orders.approve"));
            let lab = super::kit::Lab::default();
            domain.define(shaky.approval_when("shaky", |_| panic!("a policy that panics")).executor(lab))
        },
        |builder| builder,
    )
    .pay();
    assert_eq!(held(world.send(Proposal::new("SHAKY", ORDER))).reason, *"shaky");
}
