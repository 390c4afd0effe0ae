//! The refund domain in plain unit tests.

use kiff::{Authority, Review, params, testing::Scenario};
use kiff_examples::refund::{Order, Stripe, auto_refund, domain, refund_order};

fn scenario() -> Scenario {
    Scenario::new(domain().unwrap()).provide(Stripe::fake()).at("2026-05-24T09:50:18Z")
}

fn agent() -> Authority {
    Authority::agent("ops-agent", ["operator"]).unwrap()
}

fn human() -> Authority {
    Authority::human("ops-human", ["ops_operator"]).unwrap()
}

#[test]
fn a_small_refund_runs_at_once() {
    let mut s = scenario();
    s.given::<Order>("ord_001", ["ORDER_PLACED", "ORDER_PAID"]);
    let done = s.propose::<auto_refund>(agent(), "ord_001", params! { amount: "49.0", reason: "broken" });
    assert_eq!(done.assert_executed().message, "auto-refund of $49.00 issued");
    s.assert_state("order:ord_001", "REFUNDED").replay().assert_same();
}

#[test]
fn a_large_refund_waits_for_a_human() {
    let mut s = scenario();
    s.given::<Order>("ord_002", ["ORDER_PAID"]);
    let held = s
        .propose::<refund_order>(agent(), "ord_002", params! { amount: "999.00", reason: "broken" })
        .assert_held("amount_above_threshold");
    s.grant(held, human()).assert_executed();
    s.replay().assert_same();
}

#[test]
fn the_threshold_is_the_last_amount_that_needs_nobody() {
    for (amount, runs) in [("99.99", true), ("100", true), ("100.00", true), ("100.01", false)] {
        let mut s = scenario();
        s.given::<Order>("small", ["ORDER_PAID"]).given::<Order>("any", ["ORDER_PAID"]);
        let params = || params! { amount: amount, reason: "broken" };
        let small = s.propose::<auto_refund>(agent(), "small", params());
        let any = s.propose::<refund_order>(agent(), "any", params());
        if runs {
            small.assert_executed();
            any.assert_executed();
        } else {
            small.assert_blocked("amount_within_threshold");
            any.assert_held("amount_above_threshold");
        }
    }
}

#[test]
fn an_amount_must_be_positive() {
    for amount in ["0", "-49.00"] {
        let mut s = scenario();
        s.given::<Order>("ord_001", ["ORDER_PAID"]);
        let params = || params! { amount: amount, reason: "broken" };
        s.propose::<auto_refund>(agent(), "ord_001", params()).assert_blocked("amount_positive");
        s.propose::<refund_order>(agent(), "ord_001", params()).assert_blocked("amount_positive");
    }
}

#[test]
fn a_denied_refund_is_barred_and_another_one_is_asked_about_anew() {
    let mut s = scenario();
    s.given::<Order>("ord_002", ["ORDER_PAID"]);
    let large = || params! { amount: "999.00", reason: "broken" };
    let held = s.propose::<refund_order>(agent(), "ord_002", large()).assert_held("amount_above_threshold");
    s.deny(&held, human(), "order disputed");
    s.propose::<refund_order>(agent(), "ord_002", large()).assert_blocked("approval_denied");
    let less = s.propose::<refund_order>(agent(), "ord_002", params! { amount: "500.00", reason: "broken" });
    assert_eq!(less.assert_held("amount_above_threshold").earlier_denials.len(), 1);
}

#[test]
fn an_agent_cannot_grant_its_own_refund() {
    let mut s = scenario();
    s.given::<Order>("ord_002", ["ORDER_PAID"]);
    let held = s
        .propose::<refund_order>(agent(), "ord_002", params! { amount: "999.00", reason: "broken" })
        .assert_held("amount_above_threshold");
    let greedy = Authority::agent("ops-agent", ["operator", "ops_operator"]).unwrap();
    let review = s.runtime().grant(&greedy, held.approval_id, "").unwrap();
    assert!(matches!(review, Review::Refused(_)), "{review:?}");
}

#[test]
fn only_stripe_says_that_an_order_is_paid() {
    let mut s = scenario();
    s.given::<Order>("ord_003", ["ORDER_PLACED"]);
    let event = kiff::NewEvent::new("evt_x", "ORDER_PAID");
    let said = s.runtime().ingest(&Authority::service("someone").unwrap(), "order:ord_003", event).unwrap();
    assert!(said.accepted().is_err());
    s.propose::<auto_refund>(agent(), "ord_003", params! { amount: "49.0", reason: "broken" })
        .assert_blocked("state_not_allowed");
}
