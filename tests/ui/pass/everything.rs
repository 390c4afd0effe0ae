//! Every key, every kind of parameter, and a user's crate that is as strict as it can be.
#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, unused, unused_qualifications, unreachable_pub)]
#![deny(clippy::pedantic, clippy::exhaustive_enums)]

use kiff::{ActionContract, ApprovalRule, Ctx, Event, Facts, Outcome, ParamKind, Risk, StateMachine, action};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

/// An order, and the events that move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order", data = OrderFacts, crate = ::kiff)]
#[non_exhaustive]
pub enum Order {
    /// Placed by the customer.
    #[enter(on = "ORDER_PLACED")]
    Created,
    /// Held back by the shop.
    #[enter(from = Created, on = "ORDER_HELD", sources = ["shop"])]
    Held,
    /// Paid for.
    #[enter(from = [Created, Held], on = "ORDER_PAID", sources = ["stripe", "adyen"])]
    #[state(name = "PAID_IN_FULL")]
    Paid,
    /// Paid back, all of it or in parts.
    #[enter(from = Paid, on = "ORDER_REFUNDED")]
    #[enter(from = Refunded, on = "ORDER_REFUNDED")]
    Refunded,
}

/// What was paid.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OrderFacts {
    paid: u64,
}

impl Facts for OrderFacts {
    fn apply(&mut self, event: &Event<'_>) {
        self.paid += u64::from(event.kind() == "ORDER_PAID");
    }
}

/// A payment provider.
#[derive(Debug)]
pub struct Stripe(Mutex<Vec<String>>);

type OrderCtx<'a> = Ctx<'a, Order>;

mod rules {
    use super::{Decimal, OrderCtx};

    pub(crate) fn amount_above_threshold(order: &OrderCtx<'_>, amount: &Decimal) -> bool {
        order.data().paid > 0 && *amount > Decimal::from(100)
    }

    pub(crate) fn reason_given(_: &OrderCtx<'_>, reason: &str, r#type: Option<&str>) -> bool {
        !reason.is_empty() && r#type.is_none()
    }

    pub(crate) fn few(_: &OrderCtx<'_>, lines: &[u32]) -> bool {
        lines.len() < 10
    }
}

/// Pays an order back.
///
/// In full or in part.
///
/// # Errors
/// What the provider says.
#[action(
    name = "REFUND",
    allowed_states = ["PAID_IN_FULL", Refunded],
    permissions = ["orders.refund", "payments.write"],
    risk = High,
    approval = When(rules::amount_above_threshold(amount)),
    reviewers = "orders.approve",
    quorum = 2,
    expires = "24h",
    separate_reviewer = false,
    reviewer_kinds = [Human, Service],
    checks = [rules::reason_given(reason, type), rules::few(lines), in_business_hours],
    emits = ["ORDER_REFUNDED"],
    effect = Idempotent,
    timeout = "30s",
    summary = "refund {amount} of {entity}: {reason}",
    crate = ::kiff,
)]
pub async fn refund_order(
    order: &OrderCtx<'_>,
    /// Who pays.
    stripe: &Stripe,
    /// How much to pay back.
    amount: Decimal,
    /// Why, in the agent's words.
    mut reason: String,
    r#type: Option<String>,
    lines: Vec<u32>,
) -> Result<Outcome, std::io::Error> {
    reason.push('!');
    std::future::ready(()).await;
    let kind = r#type;
    if let Ok(mut calls) = stripe.0.lock() {
        calls.push(format!("{amount} {reason} {kind:?} {lines:?}"));
    }
    Ok(Outcome::new(format!("refunded {}", order.id())).emit("ORDER_REFUNDED"))
}

fn in_business_hours(_: &Ctx<'_, Order>) -> bool {
    true
}

/// Looks, and changes nothing.
#[must_use]
#[action(allowed_states = [Created], risk = Critical, waiver = "it only looks", effect = None, timeout = "500ms")]
pub fn look(_: &Ctx<'_, Order>) -> Outcome {
    Outcome::new("seen")
}

fn main() {
    let contract = refund_order::CONTRACT;
    assert_eq!(
        (contract.name, contract.entity, contract.doc),
        ("REFUND", "order", "Pays an order back.\n\nIn full or in part.\n\n# Errors\nWhat the provider says.")
    );
    assert_eq!(contract.allowed_states, ["PAID_IN_FULL", "REFUNDED"]);
    assert_eq!(contract.permissions, ["orders.refund", "payments.write"]);
    assert_eq!(contract.risk, Risk::High);
    assert_eq!(contract.approval, ApprovalRule::When("amount_above_threshold"));
    assert_eq!((contract.reviewers, contract.quorum, contract.expires_secs), ("orders.approve", 2, 86_400));
    assert!(!contract.separate_reviewer);
    assert_eq!(contract.checks, ["reason_given", "few", "in_business_hours"]);
    assert_eq!((contract.emits, contract.timeout_ms), (["ORDER_REFUNDED"].as_slice(), 30_000));
    let params: Vec<_> = contract.params.iter().map(|param| (param.name, param.required, param.doc)).collect();
    assert_eq!(
        params,
        [
            ("amount", true, "How much to pay back."),
            ("reason", true, "Why, in the agent's words."),
            ("type", false, ""),
            ("lines", true, ""),
        ]
    );
    assert!(matches!(contract.params.first().map(|amount| amount.kind), Some(ParamKind::DECIMAL)));
    assert!(contract.location.contains("everything.rs:"), "{}", contract.location);
    assert_eq!(look::CONTRACT.waiver, "it only looks");
    assert_eq!(look::CONTRACT.timeout_ms, 500);
    let shown = format!("{:?} {:?}", refund_order::definition(), look::definition());
    assert!(shown.contains("REFUND"));

    assert_eq!(Order::STATES, ["CREATED", "HELD", "PAID_IN_FULL", "REFUNDED"]);
    assert_eq!(Order::from_state("PAID_IN_FULL"), Some(Order::Paid));
    assert_eq!(Order::from_state("PAID"), None);
    assert_eq!(Order::Held.state(), "HELD");
    let steps: Vec<_> =
        Order::TRANSITIONS.iter().map(|step| (step.from, step.on, step.to, step.sources.len())).collect();
    assert_eq!(
        steps,
        [
            (None, "ORDER_PLACED", "CREATED", 0),
            (Some("CREATED"), "ORDER_HELD", "HELD", 1),
            (Some("CREATED"), "ORDER_PAID", "PAID_IN_FULL", 2),
            (Some("HELD"), "ORDER_PAID", "PAID_IN_FULL", 2),
            (Some("PAID_IN_FULL"), "ORDER_REFUNDED", "REFUNDED", 0),
            (Some("REFUNDED"), "ORDER_REFUNDED", "REFUNDED", 0),
        ]
    );
}
