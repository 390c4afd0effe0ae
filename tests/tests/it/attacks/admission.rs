//! What agents, sources and reviewers send as text: every fault at once, with its place, and at the edge of each limit.

use kiff::{
    Domain, EntityRef, NewEvent, Proposal, Value,
    admission::{AdmissionError, ProposalError},
    domain::Machine,
    ids::{EventId, IdempotencyKey},
    review::{ReviewRequest, ReviewVerdict},
    value::Limits,
};
use proptest::prelude::*;

/// The faults of a text as `pointer code`, or nothing if it was admitted.
fn told(result: Result<(), AdmissionError>) -> Vec<String> {
    match result {
        Ok(()) => Vec::new(),
        Err(AdmissionError::Json(faults)) => {
            faults.iter().map(|fault| format!("{} {}", fault.pointer(), fault.code())).collect()
        }
        Err(AdmissionError::Members(faults)) => {
            faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.problem.code())).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

fn proposal(text: impl AsRef<[u8]>) -> Vec<String> {
    told(Proposal::from_json(text.as_ref()).map(drop).map_err(|error| match error {
        ProposalError::Json(faults) => AdmissionError::Json(faults),
        ProposalError::Members(faults) => AdmissionError::Members(faults),
        error => panic!("{error}"),
    }))
}

fn event(text: impl AsRef<[u8]>) -> Vec<String> {
    told(NewEvent::from_json(text.as_ref()).map(drop))
}

fn review(text: impl AsRef<[u8]>) -> Vec<String> {
    told(ReviewRequest::from_json(text.as_ref()).map(drop))
}

const PROPOSAL: &str = include_str!("../../../vectors/admission/proposal.json");
const EVENT: &str = include_str!("../../../vectors/admission/event.json");
const REVIEW: &str = include_str!("../../../vectors/admission/review.json");

#[test]
fn what_is_whole_is_admitted() {
    assert_eq!((proposal(PROPOSAL), event(EVENT), review(REVIEW)), (vec![], vec![], vec![]));
    assert!(proposal(r#"{"action":"A","entity":"order:1"}"#).is_empty());
    assert!(event(r#"{"event_id":"e","event_type":"E"}"#).is_empty());
    for (word, verdict) in
        [("grant", ReviewVerdict::Grant), ("deny", ReviewVerdict::Deny), ("revoke", ReviewVerdict::Revoke)]
    {
        let read = ReviewRequest::from_json(REVIEW.replace("grant", word).as_bytes()).unwrap();
        assert_eq!((read.verdict, read.reason.as_str()), (verdict, "verified with the customer"));
    }
}

#[test]
fn every_fault_of_a_text_is_told_at_once() {
    let text = r#"{"Action":"A","action":7,"evidence":["a",1,null],"confidence":0.9,"parameters":null,"x/y~":1}"#;
    assert_eq!(
        proposal(text),
        [
            "/Action unknown_member",
            "/action member_malformed",
            "/confidence member_malformed",
            "/entity member_missing",
            "/evidence/1 member_malformed",
            "/evidence/2 member_malformed",
            "/parameters member_malformed",
            "/x~1y~0 unknown_member",
        ]
    );
    let text = r#"{"action":"refund","entity":"order","idempotency_key":"a b","approval_id":"appr_1"}"#;
    assert_eq!(
        proposal(text),
        [
            "/action name_malformed",
            "/approval_id name_malformed",
            "/entity name_malformed",
            "/idempotency_key name_malformed",
        ]
    );
    let long = "x".repeat(256);
    let text =
        format!(r#"{{"event_id":"","payload":null,"correlation":"{long}","causation":"{}","source":"s"}}"#, &long[1..]);
    assert_eq!(
        event(text),
        [
            "/correlation member_malformed",
            "/event_id name_malformed",
            "/event_type member_missing",
            "/source unknown_member",
        ]
    );
    assert_eq!(
        review(r#"{"approval_id":"appr_01j8z9k3m4n5p6q7r8s9t0v1w2","verdict":"Grant","reviewer":"kim"}"#),
        [
            "/approval_id name_malformed",
            "/reason member_missing",
            "/reviewer unknown_member",
            "/verdict member_malformed",
        ]
    );
    // Faults of the text itself come together too.
    let text =
        r#"{"action":"A","entity":"order:1","parameters":{"a":1,"a":2,"b":{"c":1,"\u0063":2}},"reasoning":"\ud800"}"#;
    assert_eq!(
        proposal(text),
        ["/parameters/a duplicate_member", "/parameters/b/c duplicate_member", "/reasoning lone_surrogate"]
    );
    // A text of a thousand faults does not make a message of a thousand.
    let many: Vec<_> = (0..1_000).map(|number| format!("\"m{number}\":1")).collect();
    assert_eq!(review(format!("{{{}}}", many.join(","))).len(), 64);
}

#[test]
fn a_message_is_one_line_whatever_the_names_are() {
    let error =
        NewEvent::from_json(r#"{"a\nb\u202e\u0007":1,"event_id":"\u202e\n"}"#.as_bytes()).unwrap_err().to_string();
    assert!(error.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{error}");
    assert!(error.contains(r"/a\nb\u{202e}\u{7}"), "{error}");
}

#[test]
fn missing_null_empty_and_blank_are_told_apart() {
    let with = |reason: &str| review(REVIEW.replace(r#","reason":"verified with the customer""#, reason));
    assert_eq!(with(""), ["/reason member_missing"]);
    assert_eq!(with(r#","reason":null"#), ["/reason member_malformed"]);
    let read = |reason: &str| {
        ReviewRequest::from_json(REVIEW.replace("verified with the customer", reason).as_bytes()).unwrap().reason
    };
    assert_eq!((read("").as_str(), read(" ").as_str(), read("\\t").as_str()), ("", " ", "\t"));
    // Null for what is optional is absence, for what is required it is a fault.
    for optional in ["reasoning", "confidence", "evidence", "idempotency_key", "correlation", "approval_id"] {
        assert!(proposal(format!(r#"{{"action":"A","entity":"order:1","{optional}":null}}"#)).is_empty(), "{optional}");
    }
    for (required, code) in [("action", "member_malformed"), ("entity", "member_malformed")] {
        let text =
            PROPOSAL.replacen(&format!("\"{required}\":\""), &format!("\"{required}\":null,\"_{required}\":\""), 1);
        assert!(proposal(text).contains(&format!("/{required} {code}")));
    }
    for empty in [r#"{"action":"","entity":"order:1"}"#, r#"{"action":" ","entity":"order:1"}"#] {
        assert_eq!(proposal(empty), ["/action name_malformed"]);
    }
    // An empty name is no absent name.
    for name in ["idempotency_key", "approval_id"] {
        let text = format!(r#"{{"action":"A","entity":"order:1","{name}":""}}"#);
        assert_eq!(proposal(text), [format!("/{name} name_malformed")]);
    }
}

#[test]
fn what_is_not_one_object_in_utf_8_is_refused() {
    for own in [PROPOSAL, EVENT, REVIEW] {
        let own = own.trim_end();
        let with = |from: &str, to: &str| own.replacen(from, to, 1).into_bytes();
        let utf16: Vec<u8> = own.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (text, expected) in [
            (Vec::new(), " not_json"),
            (b"null".to_vec(), " member_malformed"),
            (b"\"x\"".to_vec(), " member_malformed"),
            (format!("[{own}]").into_bytes(), " member_malformed"),
            (format!("{own}{own}").into_bytes(), " trailing_bytes"),
            (format!("{own}\0").into_bytes(), " trailing_bytes"),
            (format!("\u{feff}{own}").into_bytes(), " byte_order_mark"),
            (with("{", "{\"\\u0000\":1,"), "nul"),
            (with("{", "{\"a\":NaN,"), "not_json"),
            (with("{", "{\"a\":Infinity,"), "not_json"),
            (with("{", "{\"a\":01,"), "not_json"),
            (with("{", "{\"a\":.5,"), "not_json"),
            (with("{", "{'a':1,"), "not_json"),
            (with("{", "{/**/"), "not_json"),
            (with("}", ",}"), "not_json"),
            (utf16, "not_json"),
            ([b"{\"a\":\"".to_vec(), vec![0xff], b"\"}".to_vec()].concat(), "invalid_utf8"),
            // A slash in two bytes, half of a pair as bytes, and what is beyond Unicode.
            ([b"{\"a\":\"".to_vec(), vec![0xc0, 0xaf], b"\"}".to_vec()].concat(), "invalid_utf8"),
            ([b"{\"a\":\"".to_vec(), vec![0xed, 0xa0, 0x80], b"\"}".to_vec()].concat(), "invalid_utf8"),
            ([b"{\"a\":\"".to_vec(), vec![0xf4, 0x90, 0x80, 0x80], b"\"}".to_vec()].concat(), "invalid_utf8"),
        ] {
            for faults in [proposal(&text), event(&text), review(&text)] {
                let shown = text.escape_ascii();
                assert!(faults.iter().any(|fault| fault.ends_with(expected)), "{expected}: {faults:?} of {shown}");
            }
        }
    }
}

#[test]
fn limits_of_a_domain_hold_at_their_edge() {
    let limits = Limits::default().with_bytes(200).with_depth(3).with_members(6).with_string(40).with_number(8);
    let machine = || Machine::new("order").starts("PLACED", "CREATED");
    let build = |limits| Domain::builder("shop", "v1").table(machine()).limits(limits).build().unwrap();
    let domain = build(limits.clone());
    assert_eq!(domain.limits(), &limits);
    let text = |payload: &str| format!(r#"{{"event_id":"e","event_type":"E","payload":{payload}}}"#);
    let read = |text: String| told(NewEvent::from_json_with(text.as_bytes(), domain.limits()).map(drop));
    let spaces = |most: usize| {
        let text = text("1");
        format!("{text}{}", " ".repeat(most - text.len()))
    };
    for (admitted, refused, code) in [
        (spaces(200), spaces(201), "too_large"),
        (text("[[1]]"), text("[[[1]]]"), "too_deep"),
        (text("[1,2,3]"), text("[1,2,3,4]"), "too_many_members"),
        (text(&format!("\"{}\"", "x".repeat(40))), text(&format!("\"{}\"", "x".repeat(41))), "string_too_long"),
        (
            text(&format!("{{\"{}\":1}}", "x".repeat(40))),
            text(&format!("{{\"{}\":1}}", "x".repeat(41))),
            "string_too_long",
        ),
        (text("12345678"), text("123456789"), "number_too_long"),
    ] {
        assert_eq!(read(admitted), [""; 0], "{code}");
        let faults = read(refused);
        assert!(faults.iter().any(|fault| fault.ends_with(code)), "{code}: {faults:?}");
    }
    // The limits are part of the rules, and the default ones leave no trace in their digest.
    let plain = Domain::builder("shop", "v1").table(machine()).build().unwrap();
    assert_eq!(build(Limits::default()).digest(), plain.digest());
    assert_ne!(domain.digest(), plain.digest());
}

#[test]
fn no_two_ids_look_like_one() {
    let lookalikes = [
        "ord_\u{0430}",
        "ord\u{200b}_1",
        "ord_1\u{202e}",
        "\u{feff}ord_1",
        "ord_\u{ff11}",
        "ord_e\u{301}",
        "ord_\u{e9}",
        "ord_1 ",
        " ord_1",
        "ord_\u{a0}1",
        "ord_1\u{ad}",
        "ord_1\0",
        "ord_1\n",
        "ord/1",
        "ord%31",
        "ord_\u{2160}",
        "",
    ];
    for id in lookalikes {
        assert!(EntityRef::new("order", id).is_err(), "{}", id.escape_unicode());
        assert!(EventId::new(id).is_err(), "{}", id.escape_unicode());
        let text = |member: &str, rest: &str| format!("{{{rest},\"{member}\":{}}}", Value::from(id));
        let faults = event(text("event_id", "\"event_type\":\"E\""));
        assert!(faults == ["/event_id name_malformed"] || faults == ["/event_id nul"], "{faults:?}");
        // A key may have more signs, but none that cannot be seen or is outside ASCII.
        if !["ord/1", "ord%31"].contains(&id) {
            assert!(IdempotencyKey::new(id).is_err(), "{}", id.escape_unicode());
        }
    }
    // Names that differ in case are different names, on both sides.
    assert_ne!(EntityRef::new("order", "A").unwrap(), EntityRef::new("order", "a").unwrap());
    assert!(EntityRef::new("Order", "a").is_err() && EntityRef::new("order", "a:b").is_ok());
}

/// JSON in many spellings: white space, escapes, orders of members.
fn spelt(value: &Value, way: &mut impl FnMut() -> usize) -> String {
    let space = [" ", "", "\n", "\t \r"][way() % 4];
    let text = |text: &str, way: &mut dyn FnMut() -> usize| {
        let spelt: String = text
            .chars()
            .map(|c| match (way() % 3, c) {
                (_, '"') | (_, '\\') => format!("\\{c}"),
                (0, c) | (1, c) if (c as u32) < 0x20 || way().is_multiple_of(2) => {
                    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()
                }
                (_, '/') => "\\/".to_owned(),
                (_, c) if (c as u32) < 0x20 => format!("\\u{:04x}", c as u32),
                (_, c) => c.to_string(),
            })
            .collect();
        format!("\"{spelt}\"")
    };
    match value {
        Value::String(string) => format!("{space}{}{space}", text(string, way)),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| spelt(item, way)).collect();
            format!("[{space}{}]{space}", items.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{space}{}:{}", text(name, way), spelt(value, way)))
                .collect();
            let turned = way() % members.len().max(1);
            members.rotate_left(turned);
            format!("{{{}}}", members.join(","))
        }
        plain => format!("{plain}{space}"),
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[^\\x00]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[^\\x00]{0,3}", inner, 0..4).prop_map(Value::object),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_value_has_one_canonical_form_however_it_is_spelt(
        value in any_value(), other in any_value(), ways in prop::collection::vec(any::<usize>(), 64)
    ) {
        let mut turn = 0;
        let mut way = || { turn += 1; ways[turn % ways.len()] };
        let text = spelt(&value, &mut way);
        let read = Value::parse(text.as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(&read, &value, "{}", text);
        let canonical = read.to_canonical();
        prop_assert_eq!(Value::parse(&canonical, &Limits::default()).unwrap().to_canonical(), canonical.clone());
        prop_assert_eq!(other == value, other.to_canonical() == canonical);
    }
}
