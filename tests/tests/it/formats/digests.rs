//! The digests of `kiff/docs/formats.md`, computed from its words and not from the code behind the log.

use super::{dir, formats, story};
use kiff::{Value, record::Digest, value::Limits};
use std::fs;

#[test]
fn the_contract_and_the_domain_have_the_digests_of_their_written_forms() {
    let text = fs::read_to_string(formats()).unwrap();
    let domain = story::domain().unwrap();
    let contract = block(&text, "contract");
    assert_eq!(parse(&contract).to_string(), contract, "the form is not canonical");
    let digest = Digest::of(contract.as_bytes());
    assert_eq!(domain.action("REFUND_ORDER").unwrap().contract_digest(), digest);
    assert!(text.contains(&format!("`{digest}`")), "kiff/docs/formats.md must name {digest}");
    let form = block(&text, "domain");
    assert_eq!(parse(&form).to_string(), form, "the form is not canonical");
    let digest = Digest::of(form.as_bytes());
    assert_eq!(domain.digest(), digest);
    assert!(text.contains(&format!("`{digest}`")), "kiff/docs/formats.md must name {digest}");
}

#[test]
fn a_request_has_the_digest_of_its_vector() {
    let vector = parse(fs::read_to_string(dir().join("tests/vectors/request-digest.json")).unwrap());
    let salt = text(&vector, "salt");
    let mut commitments = Vec::new();
    for field in get(&vector, "fields").as_array().unwrap() {
        let (name, value) = (text(field, "name"), get(field, "value"));
        let half = &Digest::of(&canonical([Value::from(&*salt), Value::from(&*name)])).as_bytes()[..16].to_vec();
        let field_salt = base64url(half);
        assert_eq!(field_salt, text(field, "field_salt"), "{name}");
        let commitment = Digest::of(&canonical([Value::from(field_salt), Value::from(&*name), value.clone()]));
        assert_eq!(commitment.to_string(), text(field, "commitment"), "{name}");
        commitments.push((name, Value::from(commitment.to_string())));
    }
    let request = Value::object([
        ("action", get(&vector, "action").clone()),
        ("commitments", Value::object(commitments.clone())),
        ("entity", get(&vector, "entity").clone()),
        ("tenant", get(&vector, "tenant").clone()),
    ]);
    assert_eq!(request.to_string(), text(&vector, "request"));
    let digest = Digest::of(&request.to_canonical()).to_string();
    assert_eq!(digest, text(&vector, "request_digest"));
    assert!(
        fs::read_to_string(formats()).unwrap().contains(&format!("`{digest}`")),
        "kiff/docs/formats.md must name it"
    );

    // The log of the story says the same of its first proposal and its decision.
    let log = String::from_utf8(story::log()).unwrap();
    let body = |kind: &str| {
        let record = log.lines().map(parse).find(|record| text(record, "kind") == kind).unwrap();
        get(&record, "body").clone()
    };
    let proposed = body("decision_recorded");
    assert_eq!(text(&proposed, "salt"), salt);
    assert_eq!(*get(&proposed, "commitments"), Value::object(commitments));
    assert_eq!(text(&body("action_validated"), "request_digest"), digest);
}

fn canonical<const N: usize>(items: [Value; N]) -> Vec<u8> {
    Value::from(items.to_vec()).to_canonical()
}

fn parse(text: impl AsRef<str>) -> Value {
    Value::parse(text.as_ref().as_bytes(), &Limits::default()).unwrap()
}

fn get<'v>(value: &'v Value, member: &str) -> &'v Value {
    value.as_object().and_then(|object| object.get(member)).unwrap_or_else(|| panic!("no member {member}"))
}

fn text(value: &Value, member: &str) -> String {
    get(value, member).as_str().unwrap().to_owned()
}

/// RFC 4648 §5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(group >> (18 - 6 * place) & 63) as usize]));
        }
    }
    out
}

/// The block of the document that is marked so; its lines are one text, broken for the reader.
fn block(document: &str, mark: &str) -> String {
    let block = document.split(&format!("```json {mark}\n")).nth(1).unwrap_or_else(|| panic!("no block {mark}"));
    block.split("\n```").next().unwrap().lines().map(str::trim_start).collect()
}
