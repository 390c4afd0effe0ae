//! The five scenarios of the refund domain: their records, their kinds, their wire shapes.

use super::check_log;
use kiff::{Answer, Authority, Blocking, Proposal, record::Timeline};
use kiff_examples::{
    refund,
    scenarios::{SCENARIOS, Scenario},
};

/// The kinds of records of each scenario, in their order. Scenarios 3 and 4 go on from scenario 2.
const PAID: [&str; 2] = ["event_ingested", "state_changed"];
const HELD: [&str; 2] = ["decision_recorded", "approval_required"];
const EXECUTED: [&str; 4] = ["action_validated", "action_executed", "event_ingested", "state_changed"];

fn expected(number: usize) -> Vec<&'static str> {
    let parts: &[&[&str]] = match number {
        1 => &[&PAID, &PAID, &["decision_recorded"], &EXECUTED],
        2 => &[&PAID, &HELD],
        3 => &[&PAID, &HELD, &["approval_granted"], &EXECUTED],
        4 => &[&PAID, &HELD, &["approval_denied", "action_blocked"]],
        _ => &[&PAID, &["decision_recorded", "action_blocked"]],
    };
    parts.concat()
}

fn kinds(timeline: &Timeline) -> Vec<&'static str> {
    timeline.entries().map(|entry| entry.kind.as_str()).collect()
}

#[test]
fn the_scenarios_leave_the_records_of_their_files() {
    for scenario in SCENARIOS {
        let shop = scenario.run().unwrap();
        let log = shop.runtime.export().unwrap();
        check_log(&format!("scenario_{}", scenario.number), &refund::domain().unwrap(), &log);
    }
}

#[test]
fn the_scenarios_append_the_kinds_of_the_specification() {
    for scenario in SCENARIOS {
        let shop = scenario.run().unwrap();
        let timeline = shop.runtime.timeline(scenario.order).unwrap();
        assert_eq!(kinds(&timeline), expected(scenario.number), "scenario {}", scenario.number);
        assert!(shop.runtime.rebuild(scenario.order).unwrap().matches());
    }
}

#[test]
fn each_decision_has_a_receipt_that_is_about_its_record() {
    for scenario in SCENARIOS {
        let shop = scenario.run().unwrap();
        let timeline = shop.runtime.timeline(scenario.order).unwrap();
        let decides = |record: &&kiff::record::Record| {
            [
                kiff::record::Kind::ActionValidated,
                kiff::record::Kind::ApprovalRequired,
                kiff::record::Kind::ActionBlocked,
            ]
            .contains(&record.kind())
        };
        let records: Vec<String> = timeline.records().iter().filter(decides).map(|it| it.leaf().to_string()).collect();
        let receipts: Vec<&str> = shop.receipts.iter().map(|receipt| receipt.get("record").unwrap()).collect();
        assert_eq!(receipts, records, "scenario {}", scenario.number);
        let verifier = kiff_examples::demo_key::verifier();
        for receipt in &shop.receipts {
            let verified = verifier.verify(receipt.to_json().as_bytes(), receipt.issued_at()).unwrap();
            let matching = timeline.records().iter().filter(|record| verified.matches(record).is_ok());
            assert_eq!(matching.count(), 1, "scenario {}", scenario.number);
        }
    }
}

#[test]
fn money_moves_only_where_it_should() {
    let refunds: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.run().unwrap().stripe.refunds()).collect();
    assert_eq!(refunds, [1, 0, 1, 0, 0]);
}

#[test]
fn the_answers_have_the_wire_shapes_of_the_specification() {
    let last = |number: usize| SCENARIOS[number - 1].run().unwrap().exchanges.pop().unwrap().1;
    for (number, status, members) in [
        (1, 200, &[r#""message":"auto-refund of $49.00 issued""#, r#""status":"succeeded""#, r#""executed":true"#][..]),
        (2, 422, &[r#""error":"action requires approval""#, r#""approval_id":"appr_"#]),
        (3, 200, &[r#""action_name":"REFUND_ORDER""#, r#""entity_id":"ord_002""#, r#""executed":true"#]),
        (
            4,
            200,
            &[r#""status":"denied""#, r#""reviewed_by":"ops-human""#, r#""reviewed_at":"2026-05-24T10:01:20.004Z""#],
        ),
        (5, 422, &[r#""error":"state not allowed""#, r#""current_state":"CREATED""#, r#""allowed_states":["PAID"]"#]),
    ] {
        let answer = last(number);
        assert!(answer.starts_with(&format!("{status} {{")), "scenario {number}: {answer}");
        for member in members {
            assert!(answer.contains(member), "scenario {number}: {answer} lacks {member}");
        }
    }
}

#[test]
fn a_denied_refund_stays_denied() {
    let shop = SCENARIOS[3].run().unwrap();
    for _ in 0..3 {
        let answer = again(&shop.runtime, &SCENARIOS[3]);
        assert!(matches!(&answer, Answer::Blocked(it) if it.reason == *"approval_denied"), "{answer:?}");
    }
    assert_eq!(shop.stripe.refunds(), 0);
}

fn again(runtime: &Blocking, scenario: &Scenario) -> Answer {
    let proposal =
        Proposal::new("REFUND_ORDER", scenario.order).param("amount", "999.0").param("reason", "customer request");
    runtime.execute(&Authority::agent("ops-agent", ["operator"]).unwrap(), proposal).unwrap()
}

#[test]
fn the_scenarios_are_the_same_in_every_run() {
    for scenario in SCENARIOS {
        let log = || scenario.run().unwrap().runtime.export().unwrap();
        assert_eq!(log(), log());
    }
}
