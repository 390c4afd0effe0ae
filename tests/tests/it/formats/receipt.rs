//! `tests/vectors/receipt.json`: a record, the receipt that follows from it, and the bytes that are signed. The
//! payload and the signature were made by another program.

use super::{dir, story};
use kiff::{
    Authority, Proposal, Value,
    keys::{Signer, SignerError},
    testing::Scenario,
    value::Limits,
};
use std::fs;

/// Gives the vector's signature for the vector's message, and for no other.
struct OneMessage {
    key_id: String,
    message: Vec<u8>,
    signature: [u8; 64],
}

impl Signer for OneMessage {
    fn key_id(&self) -> &str {
        &self.key_id
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        match message == self.message {
            true => Ok(self.signature),
            false => Err(SignerError::new(format!("another message: {}", String::from_utf8_lossy(message)))),
        }
    }
}

#[test]
fn the_receipt_follows_from_the_record() {
    let text = fs::read(dir().join("tests/vectors/receipt.json")).unwrap();
    let vector = Value::parse(&text, &Limits::default()).unwrap();
    let member = |name: &str| vector.as_object().unwrap().get(name).unwrap_or_else(|| panic!("{name}")).clone();
    let text = |name: &str| member(name).as_str().unwrap().to_owned();
    let payload = text("payload");
    let message = format!("DSSEv1 36 application/vnd.kiff.receipt.v1+json {} {payload}", payload.len()).into_bytes();
    let hex = text("signature").strip_prefix("kiff_sig_").unwrap().to_owned();
    let signer = OneMessage { key_id: text("key_id"), message, signature: bytes(&hex) };

    let mut s = Scenario::new(story::domain().unwrap())
        .with(|builder| builder.tenant("demo").issued_by("shop-service").signer(signer))
        .at("2026-05-24T09:00:00Z");
    s.given_events("order:ord_001", ["ORDER_PLACED"]);
    let asked = Proposal::new("REFUND_ORDER", "order:ord_001").param("amount", "49.00");
    let blocked =
        s.send(Authority::agent("ops-agent", ["operator"]).unwrap(), asked).assert_blocked("state_not_allowed");
    let log = s.replay().assert_same();
    assert_eq!(log.log().split(|byte| *byte == b'\n').nth(3).map(String::from_utf8_lossy), Some(text("record").into()));
    let receipt = blocked.receipt.expect("the message to sign was another");
    assert_eq!(receipt.iter().count(), 19);
    assert_eq!(receipt.to_json(), member("receipt").to_string());
}

fn bytes(hex: &str) -> [u8; 64] {
    let mut bytes = [0; 64];
    for (byte, place) in bytes.iter_mut().zip((0..hex.len()).step_by(2)) {
        *byte = u8::from_str_radix(&hex[place..place + 2], 16).unwrap();
    }
    bytes
}
