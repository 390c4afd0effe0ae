//! The domain of these tests, and who acts in it.

use super::lab::Lab;
use kiff::{
    Authority, Domain, Effect, Event, Facts, Param, Proposal,
    domain::{Contract, Definition, DomainBuilder, Machine},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

pub(crate) const ORDER: &str = "order:o_1";

fn order() -> Machine {
    Machine::new("order")
        .starts("ORDER_PLACED", "CREATED")
        .moves("CREATED", "ORDER_PAID", "PAID")
        .sources(["stripe"])
        .moves("PAID", "NOTE_ADDED", "PAID")
        .moves("PAID", "ORDER_REFUNDED", "REFUNDED")
        .facts::<Counts>()
}

/// How many events of each type there were.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts(BTreeMap<String, u64>);

impl Facts for Counts {
    fn apply(&mut self, event: &Event<'_>) {
        *self.0.entry(event.kind().to_string()).or_default() += 1;
    }
}

fn contract(name: &str) -> Contract {
    Contract::new(name, "order")
        .allowed_states(["PAID"])
        .permissions(["orders.refund"])
        .param("cents", u64::KIND)
        .optional_param("note", String::KIND)
        .emits(["ORDER_REFUNDED", "NOTE_ADDED"])
}

/// Every action takes `cents` and may take `note`; `REFUND` above 100 is held.
pub(crate) fn domain(lab: &Lab, version: &str) -> DomainBuilder {
    let define = |contract: Contract| Definition::new(contract).executor(lab.clone());
    let refund = contract("REFUND").approval_when("above_threshold", "orders.approve");
    Domain::builder("lab", version)
        .table(order())
        .define(
            define(refund.timeout(Duration::from_secs(30)))
                .approval_when("above_threshold", |at| at.param::<u64>("cents").unwrap() > 100),
        )
        .define(define(contract("ALWAYS_HELD").approval_required("orders.approve").expires(Duration::from_secs(3600))))
        .define(define(contract("HELD_FOR_TWO").approval_required("orders.approve").quorum(2)))
        .define(define(contract("HELD_FOR_THREE").approval_required("orders.approve").quorum(3)))
        .define(define(
            contract("HELD_FOR_ANY")
                .approval_required("orders.approve")
                .quorum(2)
                .reviewer_kinds([kiff::actor::ActorType::Human, kiff::actor::ActorType::Agent]),
        ))
        .define(define(contract("REPEATABLE").effect(Effect::Idempotent).timeout(Duration::from_secs(30))))
        .define(define(contract("HARMLESS").effect(Effect::None).timeout(Duration::from_secs(30))))
        .define(define(contract("CHECKED")).check("not_unlucky", |at| at.param::<u64>("cents").unwrap() != 13))
        .define(define(contract("BROKEN_CHECK")).check("always_panics", |_| panic!("a check that panics")))
        .define(define(contract("ADMIN").permissions(["orders.admin"])))
        .define(Definition::new(contract("BY_HOST").timeout(Duration::from_secs(30))))
        .define(Definition::new(contract("BY_HOST_REPEATABLE").effect(Effect::Idempotent)))
        .define(define(
            Contract::new("EXACT", "order")
                .allowed_states(["PAID"])
                .permissions(["orders.refund"])
                .optional_param("small", u8::KIND)
                .optional_param("wide", i64::KIND)
                .optional_param("amount", rust_decimal::Decimal::KIND)
                .optional_param("names", Vec::<String>::KIND)
                .optional_param("flag", bool::KIND),
        ))
        .role("operator", ["orders.refund"])
        .role("admin", ["orders.admin"])
        .role("reviewer", ["orders.approve"])
        .role("resolver", [kiff::doubt::RESOLVE_PERMISSION])
        .role("keeper", [kiff::keys::KEYS_PERMISSION])
}

pub(crate) fn agent() -> Authority {
    Authority::agent("bot", ["operator"]).unwrap().on_behalf_of("alice").unwrap()
}

pub(crate) fn stranger() -> Authority {
    Authority::agent("stranger", [""; 0]).unwrap()
}

pub(crate) fn reviewer(id: &str) -> Authority {
    Authority::human(id, ["reviewer"]).unwrap()
}

pub(crate) fn resolver() -> Authority {
    Authority::human("rita", ["resolver"]).unwrap()
}

pub(crate) fn refund(cents: u64) -> Proposal {
    proposal("REFUND", cents)
}

pub(crate) fn proposal(action: &str, cents: u64) -> Proposal {
    Proposal::new(action, ORDER).param("cents", cents)
}
