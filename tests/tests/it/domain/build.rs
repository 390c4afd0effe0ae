//! `Domain::build`: every fault is found, all at once, and every rule is in the digest.

use kiff::{
    Domain, Effect, Risk,
    actor::ActorType,
    domain::{
        Contract, Definition, DomainBuilder, DomainFault, Machine,
        param::{ParamKind, ParamRule, VariantSpec},
    },
    record::Digest,
};
use std::time::Duration;

const VARIANT: VariantSpec = VariantSpec { name: "a", content: None, doc: "" };
const WITH_CONTENT: VariantSpec = VariantSpec { name: "a", content: Some(ParamKind::Bool), doc: "" };
const RULE: ParamRule = ParamRule::new("Anything", |_| Ok(()));

fn machine() -> Machine {
    Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED")
}

fn contract() -> Contract {
    Contract::new("REFUND", "order").allowed_states(["PAID"]).permissions(["orders.refund"])
}

fn builder() -> DomainBuilder {
    Domain::builder("d", "v1").table(machine()).role("operator", ["orders.refund", "orders.approve"])
}

/// The faults of a domain with this action, by the name of their variant.
fn faults(builder: DomainBuilder) -> Vec<String> {
    let error = builder.build().unwrap_err();
    let name = |fault: &DomainFault| format!("{fault:?}").split([' ', '{']).next().unwrap().to_owned();
    assert!(error.to_string().lines().count() == error.faults().len() + 1, "one line each:\n{error}");
    error.faults().iter().map(name).collect()
}

fn check_action(contract: Contract, expected: &[&str]) {
    assert_eq!(faults(builder().define(Definition::new(contract))), expected);
}

fn check_machine(machine: Machine, expected: &[&str]) {
    assert_eq!(faults(Domain::builder("d", "v1").table(machine)), expected);
}

#[test]
fn a_sound_domain_is_built() {
    let domain = builder().define(Definition::new(contract())).build().unwrap();
    assert_eq!(domain.version().as_str(), "d-v1");
    assert_eq!(domain.policy_version().as_str(), "d-v1");
    assert_eq!(domain.action("REFUND").unwrap().allowed_states()[0], *"PAID");
}

#[test]
fn machines_are_checked() {
    check_machine(Machine::new("Order").starts("A", "B"), &["Name"]);
    check_machine(Machine::new("order").starts("a", "b").sources([""]), &["Name", "Name", "Name", "Name"]);
    check_machine(Machine::new("kiff").starts("A", "B"), &["ReservedEntity"]);
    check_machine(machine().starts("ORDER_PAID", "REFUNDED"), &["DuplicateTransition"]);
    check_machine(Machine::new("order").moves("A", "X", "B"), &["NoStart"]);
    check_machine(machine().moves("LOST", "ORDER_FOUND", "PAID"), &["UnreachableState"]);
    assert_eq!(faults(builder().table(machine())), ["DuplicateMachine"]);
}

#[test]
fn actions_are_checked() {
    check_action(Contract::new("refund", "order").allowed_states(["PAID"]), &["Name"]);
    check_action(Contract::new("REFUND", "ticket").allowed_states(["PAID"]), &["NoMachine"]);
    check_action(Contract::new("REFUND", "order"), &["NoStates"]);
    check_action(contract().allowed_states(["GONE"]), &["UnknownState"]);
    check_action(contract().allowed_states(["PAID", "PAID"]), &["Rule"]);
    check_action(contract().emits(["ORDER_PAID"]), &["EmitsNowhere"]);
    check_action(contract().permissions(["orders.sell"]), &["PermissionNotHeld"]);
    check_action(contract().permissions(["sell"]), &["Name"]);
    check_action(contract().risk(Risk::High), &["RiskWithoutApproval"]);
    check_action(contract().approval_required(""), &["NoReviewers"]);
    check_action(contract().approval_required("orders.sell"), &["PermissionNotHeld"]);
    check_action(contract().approval_required("orders.approve").quorum(0), &["Rule"]);
    check_action(contract().approval_required("orders.approve").expires(Duration::ZERO), &["Rule"]);
    check_action(contract().approval_required("orders.approve").reviewer_kinds([]), &["Rule"]);
    check_action(contract().approval_when("large", "orders.approve"), &["Rule"]);
    check_action(contract().param("Amount", ParamKind::STRING), &["Name"]);
    check_action(contract().param("a", ParamKind::Bool).optional_param("a", ParamKind::Bool), &["Rule"]);
    check_action(contract().param("a", ParamKind::Enum(&[VARIANT, VARIANT])), &["Rule"]);
}

#[test]
fn rules_are_checked_against_the_contract() {
    let define = |definition: Definition| faults(builder().define(definition));
    assert_eq!(define(Definition::new(contract()).check("state", |_| true)), ["Rule"]);
    assert_eq!(define(Definition::new(contract()).check("Not Snake", |_| true)), ["Name"]);
    assert_eq!(define(Definition::new(contract()).check("a", |_| true).check("a", |_| true)), ["Rule"]);
    assert_eq!(define(Definition::new(contract()).approval_when("large", |_| true)), ["Rule"]);
    let large = contract().approval_when("large", "orders.approve");
    assert_eq!(define(Definition::new(large).approval_when("small", |_| true)), ["Rule"]);
}

#[test]
fn two_actions_of_one_name_are_told_with_their_places() {
    let error = builder().define(Definition::new(contract())).define(Definition::new(contract())).build();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("action `REFUND` is declared twice, at tests/tests/it/domain/build.rs:"), "{error}");
}

#[test]
fn every_fault_is_told_at_once() {
    let bad = Contract::new("REFUND", "order").allowed_states(["GONE"]).permissions(["orders.sell"]).risk(Risk::High);
    check_action(bad, &["RiskWithoutApproval", "UnknownState", "PermissionNotHeld"]);
}

#[test]
fn bad_names_of_roles_and_versions_are_told() {
    assert_eq!(faults(Domain::builder("d d", "v1").table(machine())), ["Name"]);
    assert_eq!(faults(Domain::builder("d", "v1").policy_version("p p").table(machine())), ["Name"]);
    assert_eq!(faults(builder().role("r r", ["a.b"]).role("r", ["a"])), ["Name", "Name"]);
}

fn digest(contract: Contract) -> Digest {
    let domain = builder().define(Definition::new(contract).check("c", |_| true)).build().unwrap();
    domain.action("REFUND").unwrap().contract_digest()
}

#[test]
fn every_rule_is_in_the_contract_digest() {
    let held = || contract().approval_required("orders.approve");
    let variants = [
        contract(),
        contract().allowed_states(["PAID", "REFUNDED"]),
        contract().permissions(["orders.refund", "orders.approve"]),
        contract().risk(Risk::Medium),
        contract().risk(Risk::High).waiver("small amounts"),
        contract().effect(Effect::Idempotent),
        contract().effect(Effect::None),
        contract().emits(["ORDER_REFUNDED"]),
        contract().timeout(Duration::from_secs(1)),
        contract().param("a", ParamKind::STRING),
        contract().optional_param("a", ParamKind::STRING),
        contract().param("a", ParamKind::list(&ParamKind::STRING)),
        contract().param("a", ParamKind::Integer { min: 0, max: 9 }),
        contract().param("a", ParamKind::String { min_len: 0, max_len: 9 }),
        contract().param("a", ParamKind::DECIMAL),
        contract().param("a", ParamKind::Decimal { min: Some("0"), max: None }),
        contract().param("a", ParamKind::List { of: &ParamKind::STRING, min_len: 1, max_len: u32::MAX }),
        contract().param("a", ParamKind::list(&ParamKind::Nullable(&ParamKind::STRING))),
        contract().param("a", ParamKind::Object(&[])),
        contract().param("a", ParamKind::Enum(&[VARIANT])),
        contract().param("a", ParamKind::Enum(&[WITH_CONTENT])),
        contract().param("a", ParamKind::Ruled { of: &ParamKind::STRING, rule: RULE }),
        contract().summary("refund {a}"),
        held(),
        held().quorum(2),
        held().allow_self_review(),
        held().expires(Duration::from_secs(60)),
        held().reviewer_kinds([ActorType::Human, ActorType::Service]),
    ];
    let digests: std::collections::BTreeSet<Digest> = variants.iter().cloned().map(digest).collect();
    assert_eq!(digests.len(), variants.len());
}

#[test]
fn what_a_reader_sees_is_not_in_the_contract_digest() {
    assert_eq!(digest(contract()), digest(contract().doc("Pays back.")));
    let other_order = contract().allowed_states(["REFUNDED", "PAID"]);
    assert_eq!(digest(other_order), digest(contract().allowed_states(["PAID", "REFUNDED"])));
}

#[test]
fn the_machine_is_in_every_contract_digest_of_its_entity() {
    let with = |machine: Machine| {
        let domain = Domain::builder("d", "v1").table(machine).role("o", ["orders.refund"]);
        let domain = domain.define(Definition::new(contract())).build().unwrap();
        domain.action("REFUND").unwrap().contract_digest()
    };
    assert_ne!(with(machine()), with(machine().moves("REFUNDED", "ORDER_PAID", "PAID")));
    assert_ne!(with(machine()), with(machine().moves("REFUNDED", "ORDER_PAID", "PAID").sources(["stripe"])));
}

#[test]
fn the_domain_digest_covers_versions_roles_and_contracts() {
    let of = |builder: DomainBuilder| builder.define(Definition::new(contract())).build().unwrap().digest();
    let base = of(builder());
    assert_eq!(base, of(builder()));
    assert_ne!(base, of(builder().policy_version("p2")));
    assert_ne!(base, of(builder().role("auditor", ["orders.read"])));
    assert_ne!(base, of(builder().table(Machine::new("ticket").starts("OPENED", "OPEN"))));
}
