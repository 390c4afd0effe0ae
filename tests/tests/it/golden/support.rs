//! The support domain in plain unit tests: each of its five outcomes.

use super::check_log;
use kiff::{Authority, Value, params, testing::Scenario};
use kiff_examples::support::{close, domain, escalate, give_credit, reply, share_data};
use std::time::Duration;

fn agent() -> Authority {
    Authority::agent("support-bot", ["support_agent"]).unwrap()
}

fn lead() -> Authority {
    Authority::human("ops-human", ["support_lead"]).unwrap()
}

/// A desk with one open ticket, `t_1`.
fn scenario(consent: bool) -> Scenario {
    let mut s = Scenario::new(domain().unwrap()).at("2026-05-24T09:00:00Z");
    open(&mut s, "t_1", consent);
    s
}

fn open(s: &mut Scenario, ticket: &str, consent: bool) {
    s.given_payload(&format!("ticket:{ticket}"), "TICKET_OPENED", Value::object([("consent", consent)]));
}

#[test]
fn a_reply_runs_at_once() {
    let mut s = scenario(true);
    s.propose::<reply>(agent(), "t_1", params! { text: "It is on its way." }).assert_executed();
    s.assert_timeline(
        "ticket:t_1",
        "
        event_ingested     helpdesk     TICKET_OPENED
        state_changed      helpdesk     OPEN
        decision_recorded  support-bot  propose REPLY (low)
        action_validated   support-bot  REPLY cleared
        action_executed    support-bot  REPLY
        event_ingested     support-bot  TICKET_RESOLVED
        state_changed      support-bot  OPEN → RESOLVED
        ",
    );
}

#[test]
fn a_credit_waits_for_a_lead() {
    let mut s = scenario(true);
    let held = s.propose::<give_credit>(agent(), "t_1", params! { cents: 2500 }).assert_held("approval_required");
    assert_eq!(s.runtime().pending_approvals().unwrap()[0].shown, "ticket:t_1: a credit of 2500 cents");
    s.assert_grant_refused(&held, Authority::human("intern", ["support_agent"]).unwrap(), "permission_denied");
    s.grant(held, lead()).assert_executed();
    s.assert_state("ticket:t_1", "RESOLVED");
}

#[test]
fn without_consent_nobody_is_asked_to_approve() {
    let mut s = scenario(false);
    let blocked =
        s.propose::<share_data>(agent(), "t_1", params! { partner: "insurer" }).assert_blocked("customer_consented");
    assert!(blocked.approval_id.is_none());
    assert!(s.runtime().pending_approvals().unwrap().is_empty());
}

#[test]
fn with_consent_a_lead_is_asked() {
    let mut s = scenario(true);
    let held = s.propose::<share_data>(agent(), "t_1", params! { partner: "insurer" });
    let held = held.assert_held("approval_required");
    s.grant(held, lead()).assert_executed();
}

#[test]
fn an_escalation_never_needs_approval() {
    for consent in [true, false] {
        let mut s = scenario(consent);
        s.propose::<escalate>(agent(), "t_1", params! { reason: "asks for a human" }).assert_executed();
        s.assert_state("ticket:t_1", "ESCALATED");
    }
}

#[test]
fn only_a_resolved_ticket_is_closed() {
    let mut s = scenario(true);
    s.propose::<close>(agent(), "t_1", params! {}).assert_blocked("state_not_allowed");
    s.propose::<reply>(agent(), "t_1", params! { text: "Done." }).assert_executed();
    s.propose::<close>(agent(), "t_1", params! {}).assert_executed();
    s.propose::<close>(agent(), "t_1", params! {}).assert_blocked("state_not_allowed");
}

#[test]
fn five_tickets_leave_the_log_of_the_file() {
    let mut s = scenario(true);
    for (ticket, consent) in [("t_2", true), ("t_3", false), ("t_4", true), ("t_5", true)] {
        open(&mut s, ticket, consent);
    }
    s.advance(Duration::from_secs(60));
    s.propose::<reply>(agent(), "t_1", params! { text: "It is on its way." }).assert_executed();
    let held = s.propose::<give_credit>(agent(), "t_2", params! { cents: 2500 }).assert_held("approval_required");
    s.advance(Duration::from_secs(90)).grant(held, lead()).assert_executed();
    s.propose::<share_data>(agent(), "t_3", params! { partner: "insurer" }).assert_blocked("customer_consented");
    s.propose::<escalate>(agent(), "t_4", params! { reason: "asks for a human" }).assert_executed();
    s.propose::<close>(agent(), "t_5", params! {}).assert_blocked("state_not_allowed");
    s.propose::<reply>(agent(), "t_5", params! { text: "Done." }).assert_executed();
    s.propose::<close>(agent(), "t_5", params! {}).assert_executed();
    check_log("support", &domain().unwrap(), s.replay().assert_same().log());
}
