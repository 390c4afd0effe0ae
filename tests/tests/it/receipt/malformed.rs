//! Every way in which a receipt can be malformed, with the word that it is refused with.

use super::kit::{now, receipt, vector, verifier};
use kiff::{Receipt, Value};

#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: &str) {
    let fault = Receipt::parse(text.as_ref()).expect_err("it was accepted");
    let shown = String::from_utf8_lossy(text.as_ref()).chars().take(300).collect::<String>();
    assert_eq!(fault.code(), expected, "{fault} in {shown}");
    assert!(verifier().verify(text.as_ref(), now()).is_err_and(|same| same == fault));
}

/// The receipt with one member of another text.
fn with(member: &str, text: &str) -> String {
    let members = receipt()
        .iter()
        .map(|(name, old)| (name.to_owned(), if name == member { text } else { old }.to_owned()))
        .collect::<Vec<_>>();
    assert!(members.iter().any(|(name, _)| name == member));
    Value::object(members).to_string()
}

#[test]
fn what_is_free_in_transit() {
    let own = receipt();
    let compact = own.to_json();
    let mut members: Vec<_> = own.iter().collect();
    members.reverse();
    let reversed: Vec<_> = members.iter().map(|(name, text)| format!("\"{name}\":\"{text}\"")).collect();
    for text in [
        String::from_utf8(vector("receipt.json")).unwrap(),
        compact.clone(),
        format!(" \t\r\n{compact}\n\n"),
        format!("{{{}}}", reversed.join(" ,\n")),
        compact.replace("allowed", "\\u0061llowed").replace('/', "\\/").replace("kiff", "\\u006B\\u0069ff"),
        compact.replace("\"tenant\"", "\"\\u0074enant\""),
    ] {
        assert_eq!(Receipt::parse(text.as_bytes()).unwrap(), own, "{text}");
        assert!(verifier().verify(text.as_bytes(), now()).is_ok());
    }
}

#[test]
fn the_text_is_one_json_object_in_utf_8() {
    let own = receipt().to_json();
    let utf16 = |bytes: fn(u16) -> [u8; 2]| own.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    for (text, expected) in [
        (Vec::new(), "not_json"),
        (b"[]".to_vec(), "not_an_object"),
        (b"\"kiff\"".to_vec(), "not_an_object"),
        (format!("{own}x").into_bytes(), "trailing_bytes"),
        (format!("{own}{own}").into_bytes(), "trailing_bytes"),
        (format!("{own}\0").into_bytes(), "trailing_bytes"),
        (format!("\u{feff}{own}").into_bytes(), "byte_order_mark"),
        (utf16(u16::to_be_bytes), "not_json"),
        (utf16(u16::to_le_bytes), "not_json"),
        ([b"\xff\xfe".to_vec(), utf16(u16::to_le_bytes)].concat(), "invalid_utf8"),
        (own.replace("kiff-cloud", "kiff-cl\u{f6}ud").chars().map(|c| c as u8).collect(), "invalid_utf8"),
        (own.replace("kiff-cloud", "\\ud800").into_bytes(), "lone_surrogate"),
        (own.replace("kiff-cloud", "\\udc00\\ud800").into_bytes(), "lone_surrogate"),
        (own.as_bytes()[..own.len() - 1].to_vec(), "not_json"),
        (own.replace(':', "=").into_bytes(), "not_json"),
        (own.replacen('{', "{,", 1).into_bytes(), "not_json"),
        (own.replace("kiff-cloud", "kiff\ncloud").into_bytes(), "not_json"),
    ] {
        check(text, expected);
    }
    check(own.clone() + &" ".repeat(64 * 1024 - own.len() + 1), "too_large");
    let largest = own.clone() + &" ".repeat(64 * 1024 - own.len());
    assert!(Receipt::parse(largest.as_bytes()).is_ok());
}

#[test]
fn the_members_are_exactly_the_nineteen() {
    let own = receipt().to_json();
    for (name, text) in receipt().iter() {
        let member = format!("\"{name}\":\"{text}\"");
        let without = own.replacen(&member, "", 1).replace(",,", ",").replace("{,", "{").replace(",}", "}");
        check(without, "missing_member");
        check(own.replacen('{', &format!("{{{member},"), 1), "duplicate_member");
        let escaped = format!("\"\\u{:04x}{}\":\"x\"", name.as_bytes()[0], &name[1..]);
        check(own.replacen('{', &format!("{{{escaped},"), 1), "duplicate_member");
        for other in ["null", "true", "4", "[]", "{}", "[\"x\"]"] {
            check(own.replacen(&member, &format!("\"{name}\":{other}"), 1), "not_a_string");
        }
        check(with(name, &"a".repeat(513)), "too_long");
        for character in ['\u{1}', '\u{1f}', '\n', '\u{7f}', '\u{2028}', '\u{2029}'] {
            check(with(name, &format!("a{character}b")), "forbidden_character");
        }
        check(own.replacen(&member, &format!("\"{name}\":\"\\u0000\""), 1), "forbidden_character");
    }
    check(own.replacen('{', "{\"note\":\"x\",", 1), "unknown_member");
    check(own.replacen('{', "{\"\":\"x\",", 1), "unknown_member");
    check(own.replacen("\"tenant\"", "\"Tenant\"", 1), "unknown_member");
    check("{}", "missing_member");
}

#[test]
fn each_member_has_one_form() {
    let hex = "96cba03069a645e8349db2a4ba95005105fe2461a7d1d1a3500e925adc6c9fbb";
    let (digest, signature) = (format!("sha256:{hex}"), receipt().get("signature").unwrap().to_owned());
    let table: Vec<(&str, String, &str)> = [
        ("format", "kiff-receipt/2", "unknown_format"),
        ("format", "", "unknown_format"),
        ("decision", "approved", "unknown_decision"),
        ("decision", "Allowed", "unknown_decision"),
        ("decision", "allowed ", "unknown_decision"),
        ("decision", "", "unknown_decision"),
        ("issued_at", "2026-05-24T09:50:18Z", "time_malformed"),
        ("issued_at", "2026-05-24T09:50:18.4310Z", "time_malformed"),
        ("issued_at", "2026-05-24T09:50:18.431+00:00", "time_malformed"),
        ("issued_at", "2026-05-24 09:50:18.431Z", "time_malformed"),
        ("issued_at", "2026-02-29T09:50:18.431Z", "time_malformed"),
        ("issued_at", "2026-05-24T24:00:00.000Z", "time_malformed"),
        ("issued_at", "2026-05-24T09:50:60.000Z", "time_malformed"),
        ("issued_at", "", "time_malformed"),
        ("entity_seq", "0", "number_malformed"),
        ("entity_seq", "04", "number_malformed"),
        ("entity_seq", "+4", "number_malformed"),
        ("entity_seq", "-4", "number_malformed"),
        ("entity_seq", "4.0", "number_malformed"),
        ("entity_seq", "4e0", "number_malformed"),
        ("entity_seq", " 4", "number_malformed"),
        ("entity_seq", "", "number_malformed"),
        ("entity_seq", "9007199254740992", "number_malformed"),
        ("entity_seq", "99999999999999999999999", "number_malformed"),
        ("tenant", "Kiff", "name_malformed"),
        ("tenant", "", "name_malformed"),
        ("tenant", "kiff_demo", "name_malformed"),
        ("entity", "order", "name_malformed"),
        ("entity", "Order:1", "name_malformed"),
        ("entity", "order:", "name_malformed"),
        ("entity", "order:a/b", "name_malformed"),
        ("action", "refund", "name_malformed"),
        ("reason", "None", "name_malformed"),
        ("reason", "", "name_malformed"),
        ("domain_version", "a b", "name_malformed"),
        ("policy_version", "", "name_malformed"),
        ("receipt_id", "rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W", "name_malformed"),
        ("receipt_id", "rcpt_01j8Z9K3M4N5P6Q7R8S9T0V1W2", "name_malformed"),
        ("receipt_id", "rcpt_81J8Z9K3M4N5P6Q7R8S9T0V1W2", "name_malformed"),
        ("receipt_id", "appr_01J8Z9K3M4N5P6Q7R8S9T0V1W2", "name_malformed"),
        ("trace_id", "trace_01J8Z8H2J3K4M5N6P7Q8R9S0TI", "name_malformed"),
        ("key_id", "none", "name_malformed"),
        ("key_id", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4l", "name_malformed"),
        ("audit_url", "/v1/entities/order:ord_003/timeline", "audit_url_mismatch"),
        ("audit_url", "https://evil.example/v1/entities/order:ord_002/timeline", "audit_url_mismatch"),
        ("audit_url", "", "audit_url_mismatch"),
    ]
    .map(|(member, text, code)| (member, text.to_owned(), code))
    .into();
    for (member, text, code) in table {
        check(with(member, &text), code);
    }
    for member in ["record", "request_digest"] {
        check(with(member, &digest.replace("cba", "CBA")), "upper_case_hex");
        check(with(member, &digest[..digest.len() - 1]), "wrong_length");
        check(with(member, &format!("{digest}0")), "wrong_length");
        check(with(member, hex), "digest_malformed");
        check(with(member, &format!("SHA256:{hex}")), "digest_malformed");
        check(with(member, &digest.replace("cba", "xyz")), "digest_malformed");
        check(with(member, &digest.replace("cba", "c\u{f6}")), "wrong_length");
    }
    check(with("signature", &signature.replace("fd5", "FD5")), "upper_case_hex");
    check(with("signature", &signature[..signature.len() - 2]), "wrong_length");
    check(with("signature", &format!("{signature}00")), "wrong_length");
    check(with("signature", "kiff_sig_"), "wrong_length");
    check(with("signature", &signature.replace("kiff_sig_", "kiff_sign_")), "signature_malformed");
    check(with("signature", &signature["kiff_sig_".len()..]), "signature_malformed");
    check(with("signature", &signature.replace("fd5", "xyz")), "signature_malformed");
}

#[test]
fn an_envelope_holds_one_signed_receipt() {
    let own = receipt().to_dsse();
    let renamed = |from: &str, to: &str| {
        let changed = own.replacen(from, to, 1);
        assert_ne!(changed, own, "{from}");
        changed
    };
    let signatures = &own[own.find('[').unwrap() + 1..own.find(']').unwrap()];
    let spaced = receipt().to_json().replacen('{', "{ ", 1);
    for (text, expected) in [
        (renamed("payloadType", "payload_type"), "envelope_malformed"),
        (renamed("vnd.kiff", "vnd.gift"), "other_payload_type"),
        (renamed("\"payload\":\"eyJ", "\"payload\":\"*yJ"), "envelope_malformed"),
        (renamed("\"payload\":\"eyJ", "\"payload\":\"eyI"), "unknown_member"),
        (renamed("\"payload\":\"eyJ", "\"payload\":\"fyJ"), "not_json"),
        (renamed(signatures, ""), "envelope_malformed"),
        (renamed(signatures, &format!("{signatures},{signatures}")), "envelope_malformed"),
        (renamed("/Vqg5", "/Vqg"), "envelope_malformed"),
        (renamed("\"keyid\":\"kPrK", "\"keyid\":\"kPrJ"), "envelope_malformed"),
        (format!("{own} {own}"), "trailing_bytes"),
        (spaced, "envelope_malformed"),
        ("[]".to_owned(), "not_an_object"),
    ] {
        let fault = Receipt::from_dsse(text.as_bytes()).expect_err("it was accepted");
        assert_eq!(fault.code(), expected, "{text}");
    }
    for text in [
        own.clone(),
        renamed(",\"payloadType\"", " , \"note\": {}, \"payloadType\""),
        renamed("\"keyid\":\"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\"", "\"keyid\":\"\""),
        renamed("/Vqg5", "_Vqg5").replace("woeyjWh/1y", "woeyjWh_1y"),
    ] {
        assert_eq!(Receipt::from_dsse(text.as_bytes()), Ok(receipt()), "{text}");
    }
}
