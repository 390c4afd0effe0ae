//! Receipts as DSSE envelopes, for tools that read those.

use super::{
    claims::PAYLOAD_TYPE,
    fault::ReceiptFault,
    parse::{read_claims, read_object},
    signed::Receipt,
};
use crate::value::{Object, Value};
use base64ct::{Base64, Encoding};

impl Receipt {
    /// The receipt as a DSSE envelope: the same signature over the same bytes.
    #[must_use]
    pub fn to_dsse(&self) -> String {
        let signature = [("keyid", self.key_id().to_string()), ("sig", Base64::encode_string(self.signature()))];
        let envelope = [
            ("payload", Value::from(Base64::encode_string(&self.claims().payload()))),
            ("payloadType", Value::from(PAYLOAD_TYPE)),
            ("signatures", Value::from(vec![Value::object(signature)])),
        ];
        Value::object(envelope).to_string()
    }

    /// Reads a receipt from a DSSE envelope with one signature. Members that DSSE does not define are ignored, as DSSE
    /// demands. The receipt proves nothing yet, as after [`parse`](Self::parse).
    ///
    /// ```
    /// use kiff::Receipt;
    ///
    /// let envelope = br#"{"payload": "e30=", "payloadType": "text/plain", "signatures": []}"#;
    /// assert_eq!(Receipt::from_dsse(envelope).unwrap_err().code(), "other_payload_type");
    /// ```
    ///
    /// # Errors
    /// [`ReceiptFault`] if the text is not such an envelope, or its payload is not a canonical receipt.
    pub fn from_dsse(text: &[u8]) -> Result<Self, ReceiptFault> {
        let envelope = read_object(text)?;
        if text_of(&envelope, "payloadType")? != PAYLOAD_TYPE {
            return Err(ReceiptFault::OtherPayloadType);
        }
        let payload = bytes_of(&envelope, "payload")?;
        let malformed = |member| ReceiptFault::EnvelopeMalformed { member };
        let signatures = envelope.get("signatures").and_then(Value::as_array);
        let Some([Value::Object(signature)]) = signatures else { return Err(malformed("signatures")) };
        let sig = bytes_of(signature, "sig")?.try_into().map_err(|_| malformed("sig"))?;
        let claims = read_claims(&payload)?;
        if claims.payload() != payload {
            return Err(ReceiptFault::PayloadNotCanonical);
        }
        // The key id is only a hint in DSSE, so it may be absent. If it is there, it must name the key of the claims.
        let hint = signature.get("keyid").filter(|hint| hint.as_str() != Some(""));
        if hint.is_some_and(|hint| hint.as_str() != Some(claims.key_id.as_str())) {
            return Err(malformed("keyid"));
        }
        Ok(Self::new(claims, sig))
    }
}

fn text_of<'a>(object: &'a Object, member: &'static str) -> Result<&'a str, ReceiptFault> {
    object.get(member).and_then(Value::as_str).ok_or(ReceiptFault::EnvelopeMalformed { member })
}

/// Base 64 in either alphabet, because DSSE demands that readers accept both.
fn bytes_of(object: &Object, member: &'static str) -> Result<Vec<u8>, ReceiptFault> {
    let text = text_of(object, member)?.replace('-', "+").replace('_', "/");
    Base64::decode_vec(&text).map_err(|_| ReceiptFault::EnvelopeMalformed { member })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_in_another_form_is_refused() {
        let text =
            include_str!("../../../docs/receipt.txt").lines().find(|line| line.contains("const RECEIPT")).unwrap();
        let text = text.split_once("br#\"").unwrap().1.strip_suffix("\"#;").unwrap();
        let receipt = Receipt::parse(text.as_bytes()).unwrap();
        let payload = receipt.claims().payload();
        let spaced = [b" ", &payload[..]].concat();
        let envelope = receipt.to_dsse();
        let changed = envelope.replace(&Base64::encode_string(&payload), &Base64::encode_string(&spaced));
        assert_eq!(Receipt::from_dsse(envelope.as_bytes()), Ok(receipt));
        assert_eq!(Receipt::from_dsse(changed.as_bytes()), Err(ReceiptFault::PayloadNotCanonical));
    }
}
