//! `tests/vectors/receipt`: a log, a receipt and its envelope, made and checked by another program.

use super::kit::{KEY_ID, keys, now, receipt, signer, vector, verifier};
use kiff::{Receipt, Value, keys::Signer, record::Record, testing::store_suite::block_on, value::Limits};

fn parsed(name: &str) -> Value {
    Value::parse(&vector(name), &Limits::default()).unwrap()
}

#[test]
fn the_published_receipt_verifies() {
    let verified = verifier().verify(&vector("receipt.json"), now()).unwrap();
    assert_eq!(verified.signed_by(), KEY_ID);
    let receipt = verified.receipt();
    assert_eq!(receipt.receipt_id().to_string(), "rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W2");
    assert_eq!(receipt.entity().as_str(), "order:ord_002");
    assert_eq!((receipt.entity_seq(), receipt.decision().as_str()), (4, "approval_required"));
    assert_eq!(receipt.to_json(), parsed("receipt.json").to_string());
    assert_eq!(Value::from(receipt.iter().count()).to_string(), "19");
}

#[test]
fn the_signer_gives_the_published_signature() {
    let message = vector("signed_message.bin");
    let signature = block_on(signer().sign(&message)).unwrap();
    assert_eq!(&signature, receipt().signature());
    assert!(signer().public_key().has_signed(&message, &signature));
    assert_eq!(keys().get(KEY_ID), Some(signer().public_key()));
}

#[test]
fn the_receipt_is_that_of_its_record_and_of_no_other() {
    let verified = verifier().verify(&vector("receipt.json"), now()).unwrap();
    let own = Record::parse(vector("record.bin").into()).unwrap();
    assert_eq!(verified.matches(&own), Ok(()));
    let log = vector("log.jsonl");
    let lines = log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let matching = lines.filter(|line| verified.matches(&Record::parse((*line).into()).unwrap()).is_ok());
    assert_eq!(matching.collect::<Vec<_>>(), [&**own.bytes()]);
}

#[test]
fn each_member_is_compared_with_the_record() {
    let record = String::from_utf8(vector("record.bin")).unwrap();
    for (from, to) in [
        ("REFUND_ORDER", "REFUND_ORDERS"),
        ("0x2F54", "0x2F55"),
        ("refund-ops-v2", "refund-ops-v3"),
        ("order:ord_002", "order:ord_003"),
        (r#""entity_seq":4"#, r#""entity_seq":5"#),
        ("09:50:18.431", "09:50:18.432"),
        ("kiff-cloud", "kiff-clown"),
        ("kPrK_", "kPrK-"),
        ("inventory-v2", "inventory-v3"),
        ("amount_above_threshold", "amount_below_threshold"),
        ("rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W2", "rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W3"),
        ("bd47179b", "bd47179c"),
        ("kiff-demo", "kiff-dema"),
        ("trace_01J8Z8H2J3K4M5N6P7Q8R9S0T1", "trace_01J8Z8H2J3K4M5N6P7Q8R9S0T2"),
    ] {
        let changed = record.replace(from, to);
        assert_ne!(changed, record, "{from}");
        let changed = Record::parse(changed.into_bytes().into()).unwrap();
        let mismatch = receipt().matches(&changed).unwrap_err();
        assert_eq!(mismatch.code(), "record_mismatch", "{from}");
        assert!(mismatch.to_string().starts_with("`record` is `sha256:96cba030"), "{mismatch}");
    }
    let unsigned = record.replace(KEY_ID, "none");
    let unsigned = Record::parse(unsigned.into_bytes().into()).unwrap();
    assert_eq!(receipt().matches(&unsigned).unwrap_err().code(), "record_without_receipt");
}

#[test]
fn the_envelope_is_the_published_one() {
    assert_eq!(receipt().to_dsse(), parsed("dsse.json").to_string());
    let opened = Receipt::from_dsse(&vector("dsse.json")).unwrap();
    assert_eq!(opened, receipt());
    assert_eq!(verifier().verify_receipt(opened, now()).unwrap().signed_by(), KEY_ID);
}
