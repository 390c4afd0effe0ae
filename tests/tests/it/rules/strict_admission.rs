//! Rule 9: what an agent sends is admitted strictly.

use super::kit::{ORDER, World, agent, at, blocked, json};
use kiff::{Proposal, Value, record::Kind};

/// What the log has of a parameter that was sent as this JSON; the reason code if it was refused.
fn sent(name: &str, value: &str) -> String {
    let world = World::paid();
    let text = format!(r#"{{"action":"EXACT","entity":"{ORDER}","parameters":{{"{name}":{value}}}}}"#);
    let proposal = match Proposal::from_json(text.as_bytes()) {
        Ok(proposal) => proposal,
        Err(error) => return error.code().to_string(),
    };
    let answer = world.rt.execute(&agent(), proposal).unwrap();
    world.verify();
    if answer.word() == "executed" {
        return world
            .last(Kind::DecisionRecorded)
            .as_object()
            .and_then(|body| body.get("parameters"))
            .map_or_else(String::new, Value::to_string);
    }
    assert_eq!(world.lab.runs(), 0);
    blocked(answer).reason.to_string()
}

const INVALID: &str = "parameters_invalid";

fn check(name: &str, cases: &[(&str, &str)]) {
    for (value, expected) in cases {
        let expected = match *expected {
            code if code == INVALID || code == "json_malformed" || code == "{}" => code.to_owned(),
            kept => format!(r#"{{"{name}":{kept}}}"#),
        };
        assert_eq!(sent(name, value), expected, "{name}: {value}");
    }
}

#[test]
fn rule_9_integers_are_exact() {
    check(
        "small",
        &[
            ("0", "0"),
            ("255", "255"),
            ("256", INVALID),
            ("-1", INVALID),
            ("-0", INVALID),
            ("1.0", INVALID),
            ("1e1", INVALID),
            ("\"1\"", INVALID),
            ("true", INVALID),
            ("[1]", INVALID),
            ("null", "{}"),
            ("01", "json_malformed"),
            ("+1", "json_malformed"),
            ("1.", "json_malformed"),
            ("NaN", "json_malformed"),
        ],
    );
    check(
        "wide",
        &[
            ("9007199254740991", "9007199254740991"),
            ("-9007199254740991", "-9007199254740991"),
            ("9007199254740992", "\"9007199254740992\""),
            ("\"9007199254740992\"", "\"9007199254740992\""),
            ("\"9007199254740991\"", INVALID),
            ("9223372036854775807", "\"9223372036854775807\""),
            ("9223372036854775808", INVALID),
            ("-9223372036854775808", "\"-9223372036854775808\""),
            ("\"09007199254740992\"", INVALID),
            ("\" 9007199254740992\"", INVALID),
            ("9007199254740992.0", INVALID),
        ],
    );
}

#[test]
fn rule_9_decimals_keep_their_digits() {
    check(
        "amount",
        &[
            ("49.0", "\"49.0\""),
            ("49", "\"49\""),
            ("\"49.00\"", "\"49.00\""),
            ("0.1000000000000000055511151231", INVALID),
            ("79228162514264337593543950335", INVALID),
            ("1234567890123456789012345678", "\"1234567890123456789012345678\""),
            ("1e2", INVALID),
            ("-0", INVALID),
            ("\"-0.00\"", INVALID),
            ("\".5\"", INVALID),
            ("\"1_000\"", INVALID),
            ("\"\"", INVALID),
            ("\"0x10\"", INVALID),
            ("\"1 \"", INVALID),
            ("-0.5", "\"-0.5\""),
            ("{}", INVALID),
        ],
    );
}

#[test]
fn rule_9_other_types_are_not_coerced() {
    check("flag", &[("true", "true"), ("1", INVALID), ("\"true\"", INVALID), ("null", "{}")]);
    check(
        "names",
        &[
            ("[]", "[]"),
            ("[\"a\",\"b\"]", "[\"a\",\"b\"]"),
            ("\"a\"", INVALID),
            ("[1]", INVALID),
            ("[null]", INVALID),
            ("[[\"a\"]]", INVALID),
        ],
    );
}

#[test]
fn rule_9_every_fault_is_told_at_once() {
    let world = World::paid();
    let answer = world.blocked(Proposal::new("EXACT", ORDER).param("small", 999).param("flag", "x").param("x/y~", 1));
    match answer.refusal().unwrap() {
        kiff::Refusal::ParametersInvalid { faults } => {
            let mut places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
            places.sort_unstable();
            assert_eq!(places, ["/flag", "/small", "/x~1y~0"]);
        }
        other => panic!("{other:?}"),
    }
    // What was not admitted is in the log by its digest alone.
    let body = world.last(Kind::DecisionRecorded);
    assert_eq!(at(&body, "parameters"), "{}");
    let offered = json(br#"{"flag":"x","small":999,"x/y~":1}"#);
    assert_eq!(at(&body, "offered"), kiff::record::Digest::of(&offered.to_canonical()).to_string());
}

#[test]
fn rule_9_a_required_parameter_that_is_null_is_missing() {
    let world = World::paid();
    for proposal in [Proposal::new("REFUND", ORDER), Proposal::new("REFUND", ORDER).param("cents", Value::Null)] {
        assert_eq!(world.blocked(proposal).reason, *INVALID);
    }
}

#[test]
fn rule_9_null_and_absent_are_the_same_request() {
    let world = World::paid();
    let key = |proposal: Proposal| world.send(proposal.idempotency_key("k"));
    super::kit::executed(key(super::kit::refund(5)));
    let again = super::kit::executed(key(super::kit::refund(5).param("note", Value::Null)));
    assert!(again.is_repeat);
    assert_eq!(blocked(key(super::kit::refund(5).param("note", ""))).reason, *"idempotency_key_reused");
}

#[test]
fn rule_9_keys_are_exact_and_single() {
    for (text, code) in [
        (r#"{"action":"EXACT","entity":"order:o_1","parameters":{"small":1,"small":2}}"#, "json_malformed"),
        (r#"{"action":"EXACT","entity":"order:o_1","parameters":{"small":1,"sm\u0061ll":2}}"#, "json_malformed"),
        (r#"{"action":"EXACT","\u0061ction":"EXACT","entity":"order:o_1"}"#, "json_malformed"),
        (r#"{"Action":"EXACT","entity":"order:o_1"}"#, "unknown_member"),
        (r#"{"action":"EXACT","entity":"order:o_1","params":{}}"#, "unknown_member"),
        (r#"{"action":"EXACT","entity":"order:o_1","parameters":[]}"#, "member_malformed"),
        (r#"{"action":"EXACT","entity":"order:o_1","parameters":null}"#, "member_malformed"),
        (r#"{"action":null,"entity":"order:o_1"}"#, "member_malformed"),
        (r#"{"action":"EXACT","entity":"order:o_1","confidence":0.9}"#, "member_malformed"),
        (r#"{"action":"EXACT","entity":"order:o_1","evidence":"x"}"#, "member_malformed"),
        (r#"{"action":"EXACT","entity":"order:o_1","evidence":[1]}"#, "member_malformed"),
        (r#"{"action":"EXACT","entity":"order:o_1"} {}"#, "json_malformed"),
        (r#"{"action":"EXACT","entity":"order:o_1",}"#, "json_malformed"),
        (r#"{"action":"EXACT","entity":"order:o_1","reasoning":"\ud800"}"#, "json_malformed"),
        (r#"{"action":"EXACT","entity":"order:o_1","reasoning":"\u0000"}"#, "json_malformed"),
        ("[]", "member_malformed"),
    ] {
        assert_eq!(Proposal::from_json(text.as_bytes()).unwrap_err().code(), code, "{text}");
    }
    assert!(Proposal::from_json(b"{\"action\":\"\xff\"}").is_err());
}

#[test]
fn rule_9_size_and_depth_are_limited() {
    let with = |params: String| Proposal::from_json(format!(r#"{{"action":"A","parameters":{params}}}"#).as_bytes());
    assert!(with(format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40))).is_err());
    assert!(with(format!("{{\"a\":\"{}\"}}", "x".repeat(70_000))).is_err());
    assert!(with(format!("{{\"a\":[{}1]}}", "1,".repeat(5_000))).is_err());
    assert!(with(format!("{{\"a\":{}}}", "1".repeat(100))).is_err());
    let world = World::paid();
    let error = world.rt.execute(&agent(), super::kit::refund(5).param("note", "\u{1}".repeat(10_000))).unwrap_err();
    assert!(matches!(error, kiff::RuntimeError::Proposal(error) if error.code() == "proposal_too_large"));
}
