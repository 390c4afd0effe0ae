//! Some fields of a request shown, and the rest hidden.

use super::example::{LOG, expected};
use kiff::{
    log::Disclosure,
    record::{Digest, Record},
};

const ALL: [&str; 3] = ["actor", "parameters.amount", "parameters.reason"];

fn record(line: usize) -> Record {
    Record::parse(LOG.lines().nth(line).unwrap().as_bytes().into()).unwrap()
}

fn proposal() -> Record {
    record(4)
}

fn request_digest() -> Digest {
    expected("request_digest").parse().unwrap()
}

fn shown(fields: &[&str]) -> String {
    Disclosure::of(&proposal(), fields.iter().copied()).unwrap().to_json()
}

#[test]
fn the_example_is_reproduced() {
    let example: serde_json::Value =
        serde_json::from_str(include_str!("../../../vectors/receipt/disclosures.json")).unwrap();
    let ours: serde_json::Value = serde_json::from_str(&shown(&ALL)).unwrap();
    assert_eq!(ours["disclosed"], example);
    assert_eq!(ours["commitments"], serde_json::json!({}));
}

/// Every choice of fields proves exactly itself, with the request digest of the receipt alone.
#[test]
fn any_fields_can_be_shown_and_the_others_stay_hidden() {
    let values = ["ops-agent", "999.0", "customer request"];
    let salts = ["71SAHLDNYUr2lSuQAToBqA", "msCt0uzxz5fAgbuipEESfw", "B0fT5WEOSqPKfOmkOnKqXg"];
    for choice in 0..8usize {
        let is_chosen = |at: usize| choice >> at & 1 == 1;
        let fields: Vec<_> = (0..3).filter(|at| is_chosen(*at)).map(|at| ALL[at]).collect();
        let json = shown(&fields);
        for at in 0..3 {
            assert_eq!(json.contains(values[at]), is_chosen(at), "{json}");
            assert_eq!(json.contains(salts[at]), is_chosen(at), "{json}");
        }
        // The salt of the whole would open every field.
        assert!(!json.contains("MDEyMzQ1Njc4OWFiY2RlZg"), "{json}");
        let disclosed = Disclosure::parse(json.as_bytes()).unwrap().verify(&request_digest()).unwrap();
        assert!(disclosed.fields().map(|(name, _)| name).eq(fields.iter().copied()));
        assert_eq!(disclosed.hidden().count(), 3 - fields.len());
        assert_eq!((disclosed.tenant().as_str(), disclosed.entity().as_str()), ("kiff-demo", "order:ord_002"));
        assert_eq!(disclosed.action(), "REFUND_ORDER");
    }
}

#[test]
fn what_was_changed_is_not_of_the_request() {
    let json = shown(&["parameters.amount"]);
    let changes = [
        ("999.0", "99.0"),
        ("\"999.0\"", "999"),
        ("msCt0u", "msCt0v"),
        ("parameters.amount", "parameters.amounts"),
        ("parameters.reason", "parameters.note"),
        ("28695d99", "28695d98"),
        ("REFUND_ORDER", "CANCEL_ORDER"),
        ("ord_002", "ord_001"),
        ("kiff-demo", "kiff-dem0"),
        ("\"actor\":\"sha256:6ca9e84f1d4b54d758854b4d83bc07daf7e67b78325d8620c009fdba05a13cd1\",", ""),
    ];
    for (from, to) in changes {
        assert!(json.contains(from), "{from}");
        let changed = Disclosure::parse(json.replace(from, to).as_bytes()).unwrap();
        assert_eq!(changed.verify(&request_digest()).unwrap_err().code(), "request_digest_mismatch", "{from}");
    }
}

#[test]
fn a_malformed_disclosure_is_refused_with_its_reason() {
    let json = shown(&["parameters.amount"]);
    let cases = [
        ("{", "[", "json_malformed"),
        ("\"format\"", "\"tenant\":\"x\",\"format\"", "json_malformed"),
        ("\"999.0\"", "999.0", "json_malformed"),
        ("\"format\"", "\"more\":1,\"format\"", "disclosure_members"),
        ("\"format\":\"kiff-disclosure/1\",", "", "disclosure_members"),
        ("\"kiff-demo\"", "1", "disclosure_members"),
        ("kiff-disclosure/1", "kiff-disclosure/2", "disclosure_format"),
        ("kiff-demo", "Kiff", "name_malformed"),
        ("order:ord_002", "order", "name_malformed"),
        ("REFUND_ORDER", "refund", "name_malformed"),
        ("parameters.amount", "parameters.Amount", "name_malformed"),
        ("parameters.amount", "amount", "field_malformed"),
        ("msCt0uzxz5fAgbuipEESfw", "msCt0uzxz5fAgbuipEESfx", "field_malformed"),
        ("msCt0uzxz5fAgbuipEESfw", "msCt0uzxz5fAgbuipEESf", "field_malformed"),
        ("\"parameters.amount\",\"999.0\"", "\"parameters.amount\"", "field_malformed"),
        ("sha256:28695d99", "sha256:28695D99", "field_malformed"),
        ("\"parameters.reason\"", "\"parameters.amount\"", "duplicate_field"),
    ];
    for (from, to, code) in cases {
        assert!(json.contains(from), "{from}");
        let refused = Disclosure::parse(json.replacen(from, to, 1).as_bytes()).expect_err(to);
        assert_eq!(refused.code(), code, "{from} -> {to}");
    }
    let twice = json.replace("[[", "[[\"msCt0uzxz5fAgbuipEESfw\",\"parameters.amount\",1],[");
    assert_eq!(Disclosure::parse(twice.as_bytes()).unwrap_err().code(), "duplicate_field");
}

#[test]
fn only_what_a_proposal_has_can_be_shown() {
    assert_eq!(Disclosure::of(&record(5), ALL).unwrap_err().code(), "no_proposal");
    for field in ["amount", "parameters.cents", "salt", ""] {
        assert_eq!(Disclosure::of(&proposal(), [field]).unwrap_err().code(), "unknown_field");
    }
}
