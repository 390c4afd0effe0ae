//! A corpus of domains with one defect each: each is found under its own code, with its place and with advice, and the
//! domains of the examples have none.

use kiff::{
    Authority, Code, Domain, Effect, Param, Refusal, Risk,
    actor::{Actor, ActorType, Granted, PermissionPolicy},
    domain::{
        Contract, Definition, DomainBuilder, DomainWarning, Machine,
        param::{ParamKind, ParamSpec},
    },
    ids::{Permission, Role},
};
use std::{sync::Arc, time::Duration};

/// Where this file is, as a place says it.
const HERE: &str = "tests/tests/it/domain/defects.rs:";

fn machine() -> Machine {
    Machine::new("order").starts("ORDER_PLACED", "PLACED").moves("PLACED", "ORDER_PAID", "PAID").moves(
        "PAID",
        "ORDER_REFUNDED",
        "REFUNDED",
    )
}

/// Sound, and nothing to ask about.
fn refund() -> Contract {
    Contract::new("REFUND", "order")
        .doc("Pays an order back.")
        .allowed_states(["PAID"])
        .permissions(["orders.refund"])
        .risk(Risk::High)
        .approval_required("orders.approve")
        .timeout(Duration::from_secs(30))
        .emits(["ORDER_REFUNDED"])
}

fn low() -> Contract {
    Contract::new("NOTE", "order").doc("Notes something.").allowed_states(["PAID"]).effect(Effect::None)
}

fn builder() -> DomainBuilder {
    Domain::builder("d", "v1").table(machine()).role("operator", ["orders.refund"]).role("lead", ["orders.approve"])
}

fn with(contract: Contract) -> DomainBuilder {
    builder().define(Definition::new(contract))
}

/// The codes of all that is wrong with a domain, faults or warnings, each told with a place and advice.
fn codes(builder: DomainBuilder) -> Vec<Code> {
    let told: Vec<(Code, String)> = match builder.build() {
        Ok(domain) => domain.lint().iter().map(|warning| (warning.code(), warning.to_string())).collect(),
        Err(error) => error.faults().iter().map(|fault| (fault.code(), fault.to_string())).collect(),
    };
    for (code, text) in &told {
        assert!(text.contains(HERE), "{code} has no place: {text}");
        assert!(!text.contains('\n') && !text.ends_with('.'), "{code} is not one line: {text}");
        assert!(text.contains(';') || *code == "name_malformed" || *code == "rule_misfit", "no advice: {text}");
    }
    told.into_iter().map(|(code, _)| code).collect()
}

#[track_caller]
fn check(builder: DomainBuilder, expected: &[&str]) {
    assert_eq!(codes(builder), expected);
}

#[test]
fn the_sound_one_has_none() {
    check(with(refund()).define(Definition::new(low())), &[]);
}

#[test]
fn every_defect_of_a_machine_is_found() {
    let of = |machine: Machine| Domain::builder("d", "v1").table(machine);
    check(of(Machine::new("Order").starts("ORDER_PAID", "PAID")), &["name_malformed"]);
    check(of(Machine::new("kiff").starts("ORDER_PAID", "PAID")), &["entity_reserved"]);
    check(builder().table(machine()), &["duplicate_machine"]);
    check(builder().table(machine()).table(machine()), &["duplicate_machine", "duplicate_machine"]);
    check(of(machine().moves("PLACED", "ORDER_PAID", "REFUNDED")), &["duplicate_transition"]);
    check(of(machine().moves("PLACED", "ORDER_PAID", "PAID")), &["duplicate_transition"]);
    check(of(Machine::new("order").moves("PLACED", "ORDER_PAID", "PAID")), &["no_start"]);
    check(of(machine().moves("LOST", "ORDER_FOUND", "PAID")), &["unreachable_state"]);
    check(of(machine().upcast("ORDER_PAYED", |_| None)), &["upcast_unused"]);
}

#[test]
fn every_defect_of_an_action_is_found() {
    check(with(refund()).define(Definition::new(refund())), &["duplicate_action"]);
    check(with(Contract::new("REFUND", "ticket").allowed_states(["PAID"])), &["no_machine"]);
    check(with(low().allowed_states([""; 0])), &["no_states"]);
    check(with(low().allowed_states(["PAYED"])), &["unknown_state"]);
    let lost = machine().moves("LOST", "ORDER_FOUND", "PAID");
    let in_lost = Definition::new(low().allowed_states(["LOST"]));
    check(Domain::builder("d", "v1").table(lost).define(in_lost), &["unreachable_state", "never_in_state"]);
    check(with(low().emits(["ORDER_PLACED"])), &["emits_nowhere"]);
    check(with(low().permissions(["orders.sell"])), &["permission_not_held"]);
    check(with(refund().approval_required("orders.aprove")), &["permission_not_held"]);
    check(with(refund().approval_required("")), &["no_reviewers"]);
    check(with(low().risk(Risk::High)), &["risk_without_approval"]);
    check(with(low().risk(Risk::Critical)), &["risk_without_approval"]);
    check(with(refund().quorum(0)), &["rule_misfit"]);
    check(with(refund().expires(Duration::ZERO)), &["rule_misfit"]);
    check(with(refund().reviewer_kinds([])), &["rule_misfit"]);
    check(with(refund().retry_within(Duration::from_secs(1))), &["rule_misfit"]);
    check(with(low().param("a", ParamKind::Integer { min: 2, max: 1 })), &["rule_misfit"]);
}

fn asks(code: &str) -> Definition {
    Definition::new(refund().approval_when(code, "orders.approve")).approval_when(code, |_| true)
}

fn holds(code: &str) -> Definition {
    Definition::new(low()).check(code, |_| true)
}

#[test]
fn a_code_with_two_meanings_is_found() {
    check(builder().define(asks("amount_large")).define(holds("amount_small")), &[]);
    check(builder().define(asks("amount_large")).define(holds("amount_large")), &["code_with_two_meanings"]);
    check(builder().define(asks("amount_large").check("amount_large", |_| true)), &["code_with_two_meanings"]);
    check(builder().define(holds("a").check("a", |_| true)), &["rule_misfit"]);
    check(builder().define(holds("AmountLarge")), &["name_malformed"]);
    check(builder().define(asks("amount-large")), &["name_malformed"]);
    // The names of kiff's own checks and reasons.
    check(builder().define(holds("state")), &["rule_misfit"]);
    check(builder().define(asks("approval_required")), &["rule_misfit"]);
    for reason in Refusal::CODES {
        check(builder().define(holds(reason)), &["rule_misfit"]);
    }
}

/// People by name, and what each may do.
#[derive(Debug)]
struct Directory(&'static [(&'static str, ActorType, &'static [&'static str])]);

impl PermissionPolicy for Directory {
    fn resolve(&self, _: &Actor, roles: &Arc<[Role]>) -> Granted {
        Granted::new(roles.iter().cloned(), [])
    }

    fn holders(&self, permission: &Permission) -> Option<Vec<Actor>> {
        let holding = self.0.iter().filter(|(_, _, held)| held.contains(&permission.as_str()));
        let actor = |(id, kind, _): &(&'static str, ActorType, &[&str])| {
            let authority = match kind {
                ActorType::Human => Authority::human(id, [""; 0]).unwrap(),
                _ => Authority::agent(id, [""; 0]).unwrap().on_behalf_of("ann").unwrap(),
            };
            Actor::clone(authority.actor())
        };
        Some(holding.map(actor).collect())
    }
}

#[test]
fn an_approval_that_nobody_could_give_is_found() {
    use ActorType::{Agent, Human};
    const BOTH: &[&str] = &["orders.refund", "orders.approve"];
    let of = |people, contract: Contract| {
        Domain::builder("d", "v1").table(machine()).define(Definition::new(contract)).policy(Directory(people))
    };
    check(of(&[("bot", Agent, &["orders.refund"]), ("bob", Human, &["orders.approve"])], refund()), &[]);
    check(of(&[("bot", Agent, &["orders.refund"])], refund()), &["quorum_too_large"]);
    check(of(&[("ann", Human, BOTH), ("bob", Human, BOTH)], refund().quorum(3)), &["quorum_too_large"]);
    // The only one who may review is no human, of whom the contract asks.
    check(of(&[("bot", Agent, BOTH)], refund()), &["quorum_too_large"]);
    check(of(&[("ann", Human, BOTH)], refund()), &["only_self_review"]);
    check(of(&[("ann", Human, BOTH), ("bob", Human, BOTH)], refund()), &[]);
    check(of(&[("ann", Human, BOTH), ("bob", Human, BOTH)], refund().quorum(2)), &["only_self_review"]);
    // The agent acts on behalf of the only reviewer.
    let bot_of_ann = &[("bot", Agent, &["orders.refund"] as &[&str]), ("ann", Human, &["orders.approve"])];
    check(of(bot_of_ann, refund()), &["only_self_review"]);
    check(of(bot_of_ann, refund().allow_self_review()), &[]);
}

#[test]
fn every_fault_of_a_broken_domain_is_told_at_once() {
    let broken = builder()
        .table(machine())
        .role("r r", ["a.b"])
        .define(Definition::new(low().allowed_states(["PAYED"]).permissions(["orders.sell"])))
        .define(Definition::new(low().risk(Risk::High).emits(["ORDER_PLACED"])))
        .define(holds("state"));
    let expected = [
        "name_malformed",
        "duplicate_machine",
        "unknown_state",
        "permission_not_held",
        "risk_without_approval",
        "emits_nowhere",
        "rule_misfit",
        "duplicate_action",
        "duplicate_action",
    ];
    check(broken, &expected);
}

#[test]
fn the_lint_asks_what_a_reviewer_would() {
    check(with(refund()).table(Machine::new("parcel").starts("PARCEL_SENT", "SENT")), &["dead_end"]);
    let lost = machine().moves("PAID", "ORDER_LOST", "LOST").moves("LOST", "ORDER_SOUGHT", "LOST");
    check(Domain::builder("d", "v1").table(lost).define(Definition::new(low())), &["dead_end", "dead_end"]);

    const LINES: ParamKind = ParamKind::list(&ParamKind::Object(&[ParamSpec {
        name: "count",
        kind: u64::KIND,
        required: true,
        doc: "How many.",
    }]));
    let number = |kind| with(refund()).define(Definition::new(low().param("a", kind).param_doc("A number.")));
    for kind in [u64::KIND, i32::KIND, i128::KIND, ParamKind::DECIMAL, LINES, ParamKind::list(&u32::KIND)] {
        check(number(kind), &["unbounded_number"]);
    }
    let half = ParamKind::Decimal { min: Some("0"), max: None };
    check(number(half), &["unbounded_number"]);
    for kind in [u8::KIND, ParamKind::Integer { min: 0, max: 100_000 }, ParamKind::Bool, ParamKind::STRING] {
        check(number(kind), &[]);
    }
    let looked_at = Definition::new(low().param("a", u64::KIND).param_doc("A number.")).check("small", |_| true);
    check(with(refund()).define(looked_at), &[]);
    check(with(refund().param("a", u64::KIND).param_doc("A number.")), &[]);

    let once = || refund().approval_when("large", "orders.approve");
    let define = |contract| builder().define(Definition::new(contract).approval_when("large", |_| true));
    check(define(once()), &[]);
    let mut hanging = Contract::new("REFUND", "order").doc("Pays back.").allowed_states(["PAID"]);
    hanging = hanging.permissions(["orders.refund"]).risk(Risk::High).approval_required("orders.approve");
    check(with(hanging.clone().emits(["ORDER_REFUNDED"])), &["no_timeout"]);
    check(with(hanging.clone().emits(["ORDER_REFUNDED"]).effect(Effect::Idempotent)), &[]);
    // `REFUNDED` is an end to which no action leads, if nothing emits what leads there.
    check(define(once().emits([""; 0])), &["dead_end", "repeatable"]);
    check(with(refund().permissions([""; 0])), &["open_to_all"]);
    check(with(refund().allow_self_review().reviewer_kinds([ActorType::Agent])), &["agent_consents_to_itself"]);
    check(with(refund().waiver("why not")), &["needless_waiver"]);
    check(with(refund().doc("")), &["undocumented"]);
    check(with(refund().param("a", ParamKind::Bool)), &["undocumented"]);
}

#[test]
fn the_examples_have_no_defect() {
    let domains = [
        kiff_examples::refund::domain().unwrap(),
        kiff_examples::support::domain().unwrap(),
        kiff_examples::payables::domain().unwrap(),
        kiff_examples::returns::domain().unwrap(),
    ];
    for domain in domains {
        let told: Vec<String> = domain.lint().iter().map(DomainWarning::to_string).collect();
        assert!(told.is_empty(), "{}:\n{}", domain.version(), told.join("\n"));
    }
}
