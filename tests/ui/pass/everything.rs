//! Every key, every kind of parameter, and a user's crate that is as strict as it can be.
#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, unused, unused_qualifications, unreachable_pub)]
#![deny(clippy::pedantic, clippy::exhaustive_enums, clippy::exhaustive_structs, clippy::unwrap_used)]
#![deny(unreachable_patterns, elided_lifetimes_in_paths, single_use_lifetimes, unused_results)]

use kiff::{
    ActionContract, Ctx, Event, Facts, Outcome, Param, Risk, StateMachine, Value, action,
    domain::{ApprovalRule, param::ParamKind},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

/// An order, and the events that move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order", facts = OrderFacts, crate = ::kiff)]
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

/// A share of a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Param)]
#[param(min = 1, max = 100)]
#[non_exhaustive]
pub struct Percent(pub u8);

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Param)]
#[param(min = 0.01, max = "1000000.00", crate = ::kiff)]
#[non_exhaustive]
pub struct Amount(pub Decimal);

/// A few words, if there are any.
#[derive(Clone, Debug, PartialEq, Eq, Param)]
#[param(min_len = 1, max_len = 200)]
#[non_exhaustive]
pub struct Words(pub Option<String>);

/// Some shares.
#[derive(Clone, Debug, PartialEq, Eq, Param)]
#[param(max_len = 20)]
#[non_exhaustive]
pub struct Shares(pub Vec<Percent>);

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Param)]
#[non_exhaustive]
pub struct Line {
    /// The article.
    pub sku: String,
    /// How many of it.
    #[param(rename = "howMany")]
    pub count: Option<u32>,
    /// What kind of line it is.
    pub r#type: Vec<Option<Remedy>>,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Param)]
#[non_exhaustive]
pub enum Remedy {
    /// Nothing.
    Nothing,
    /// Less is paid.
    Discount(Percent),
    /// Something is sent again.
    #[param(rename = "send-again")]
    Resend {
        /// In which shares.
        shares: Shares,
        /// In whose words.
        words: Words,
    },
}

/// An address to write to.
#[derive(Clone, Debug, PartialEq, Eq, Param)]
#[param(try_from = String)]
#[non_exhaustive]
pub struct Email {
    /// The part before the `@`.
    pub local: String,
}

impl TryFrom<String> for Email {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.split_once('@').map(|(local, _)| Self { local: local.to_owned() }).ok_or("an address has an `@`")
    }
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
        order.facts().paid > 0 && *amount > Decimal::from(100)
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
    retry_within = "12h",
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

/// Settles a complaint, unlike [`refund_order()`], whose contract is [`type@refund_order`].
#[action(allowed_states = [Paid], checks = [worth_it(cause, amount)], summary = "give {amount}, because {cause}")]
pub fn settle_complaint(
    order: &Ctx<'_, Order>,
    /// What the customer gets.
    #[param(rename = "gives")]
    amount: Amount,
    /// In whose words.
    #[param(rename = "why")]
    cause: Words,
    /// What else is done.
    remedy: Option<Remedy>,
    /// Who is told.
    emails: Vec<Email>,
    lines: Vec<Line>,
) -> Outcome {
    Outcome::new(format!("{} {amount:?} {cause:?} {remedy:?} {emails:?} {lines:?}", order.id()))
}

fn worth_it(_: &Ctx<'_, Order>, cause: &Words, amount: Amount) -> bool {
    cause.0.is_some() && amount.0 > Decimal::ZERO
}

/// Looks, and changes nothing.
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
    assert_eq!(contract.retry_within_ms, 12 * 60 * 60 * 1_000);
    assert_eq!(look::CONTRACT.retry_within_ms, kiff::domain::Declaration::DEFAULT_RETRY_WITHIN_MS);
    let shown = format!("{:?} {:?}", refund_order::definition(), look::definition());
    assert!(shown.contains("REFUND"));

    assert_shapes();

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

fn assert_shapes() {
    let contract = settle_complaint::CONTRACT;
    assert_eq!(contract.summary, "give {gives}, because {why}");
    let params: Vec<_> = contract.params.iter().map(|param| (param.name, param.required, param.doc)).collect();
    assert_eq!(
        params,
        [
            ("gives", true, "What the customer gets."),
            ("why", false, "In whose words."),
            ("remedy", false, "What else is done."),
            ("emails", true, "Who is told."),
            ("lines", true, ""),
        ]
    );
    assert_eq!(Amount::KIND, ParamKind::Decimal { min: Some("0.01"), max: Some("1000000.00") });
    assert_eq!(Words::KIND, ParamKind::String { min_len: 1, max_len: 200 });
    assert_eq!(Shares::KIND, ParamKind::List { of: &Percent::KIND, min_len: 0, max_len: 20 });
    let resend = Value::object([("send-again", Value::object([("shares", vec![Value::from(5)])]))]);
    let (shares, words) = (Shares(vec![Percent(5)]), Words(None));
    assert_eq!(Remedy::decode(&resend), Ok(Remedy::Resend { shares, words }));
    assert_eq!(Email::decode(&Value::from("ann@example.com")), Ok(Email { local: "ann".to_owned() }));
    assert!(Email::KIND.admit(Value::from("ann")).is_err());
    assert!(format!("{:?}", settle_complaint::definition()).contains("SETTLE_COMPLAINT"));
}
