//! The payables domain in plain unit tests: a payment whose answer was lost is sent again.

use super::check_log;
use kiff::{Authority, Proposal, Value, params, testing::Scenario};
use kiff_examples::payables::{Bank, domain, pay_invoice};

const INVOICE: &str = "invoice:inv_100";

fn agent() -> Authority {
    Authority::agent("payables-agent", ["payer"]).unwrap()
}

/// An approved invoice of $10,000.
fn scenario() -> (Scenario, Bank) {
    let bank = Bank::fake();
    let mut s = Scenario::new(domain().unwrap()).provide(bank.clone()).at("2026-05-24T09:00:00Z");
    s.given_payload(INVOICE, "INVOICE_APPROVED", Value::object([("amount", "10000.00")]));
    (s, bank)
}

fn call() -> Proposal {
    Proposal::new("PAY_INVOICE", INVOICE).params(params! { amount: "10000.00" })
}

#[test]
fn without_a_key_nine_retries_are_nine_recorded_refusals() {
    let (mut s, bank) = scenario();
    s.send(agent(), call()).assert_executed();
    for _ in 0..9 {
        let blocked = s.send(agent(), call()).assert_blocked("state_not_allowed");
        assert!(blocked.is_recorded && !blocked.is_repeat);
    }
    assert_eq!(bank.transfers().len(), 1);
    let blocked = |timeline: kiff::record::Timeline| {
        timeline.entries().filter(|entry| entry.kind == kiff::record::Kind::ActionBlocked).count()
    };
    assert_eq!(blocked(s.runtime().timeline(INVOICE).unwrap()), 9);
    check_log("payables_without_key", &domain().unwrap(), s.replay().assert_same().log());
}

#[test]
fn with_a_key_nine_retries_get_the_first_answer_and_record_nothing() {
    let (mut s, bank) = scenario();
    let call = || call().idempotency_key("pay-inv_100");
    let first = s.send(agent(), call()).assert_executed();
    let log = s.runtime().export().unwrap();
    for _ in 0..9 {
        let again = s.send(agent(), call()).assert_executed();
        assert!(again.is_repeat);
        assert_eq!((again.execution_id, again.message), (first.execution_id, first.message.clone()));
    }
    assert_eq!(bank.transfers().len(), 1);
    assert_eq!(s.runtime().export().unwrap(), log);
    check_log("payables_with_key", &domain().unwrap(), s.replay().assert_same().log());
}

#[test]
fn only_what_is_due_is_paid() {
    for amount in ["9999.99", "10000.01", "-10000.00", "0"] {
        let (mut s, bank) = scenario();
        s.propose::<pay_invoice>(agent(), "inv_100", params! { amount: amount }).assert_blocked("amount_due");
        assert!(bank.transfers().is_empty());
    }
}

#[test]
fn who_lacks_the_permission_learns_nothing_about_the_invoice() {
    for id in ["inv_100", "inv_999"] {
        let (mut s, _) = scenario();
        let stranger = Authority::agent("stranger", ["reader"]).unwrap();
        let blocked = s.propose::<pay_invoice>(stranger, id, params! { amount: "1" });
        assert_eq!(blocked.assert_blocked("permission_denied").refusals.len(), 1);
    }
}
