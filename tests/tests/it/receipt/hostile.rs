//! What somebody tries who knows how signatures and readers break.

use super::kit::{now, receipt, signer, vector, verifier};
use kiff::{
    Receipt,
    guard::GuardRefusal,
    keys::{KeyFileError, PublicKeyError},
    receipt::{ReceiptFault, RecordMismatch, Warrant, WarrantFault},
    verify::{KeySet, KeySetError},
};
use kiff_tests::codes::{coded, fixed};
use proptest::prelude::*;

/// The order of the group, in little-endian bytes: 2^252 + 27742317777372353535851937790883648493.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn with_signature(signature: &[u8; 64]) -> String {
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let own = receipt();
    own.to_json().replace(own.get("signature").unwrap(), &format!("kiff_sig_{hex}"))
}

#[track_caller]
fn check_refused(signature: &[u8; 64]) {
    let fault = verifier().verify(with_signature(signature).as_bytes(), now()).unwrap_err();
    assert_eq!(fault.code(), "signature_wrong");
    assert!(!signer().public_key().has_signed(&vector("signed_message.bin"), signature));
}

#[test]
fn a_receipt_has_one_signature() {
    let own = *receipt().signature();
    assert!(verifier().verify(with_signature(&own).as_bytes(), now()).is_ok());
    // The scalar and the order of the group: the same number to a careless verifier.
    let mut second = own;
    let mut carry = 0u16;
    for (byte, order) in second[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = (carry & 0xFF) as u8;
        carry >>= 8;
    }
    assert_ne!(second, own);
    check_refused(&second);
    // Bits that no scalar has.
    for bit in [0x20, 0x40, 0x80] {
        let mut high = own;
        high[63] |= bit;
        check_refused(&high);
    }
    // Commitments of small order, with the scalar zero and with the own one.
    for first in [0x00, 0x01] {
        let mut small = [0; 64];
        small[0] = first;
        check_refused(&small);
        small[32..].copy_from_slice(&own[32..]);
        check_refused(&small);
    }
    check_refused(&[0xFF; 64]);
}

/// The word or the variant of every code of receipts, keys and the guard stands in one of the tests of this folder.
#[test]
fn every_code_comes_out_of_a_test() {
    let tests = [
        include_str!("guard.rs"),
        include_str!("key_file.rs"),
        include_str!("key_set.rs"),
        include_str!("malformed.rs"),
        include_str!("vectors.rs"),
        include_str!("verifier.rs"),
        include_str!("warrant.rs"),
        // What these two say is tried at their own feet.
        include_str!("../../../../kiff/src/runtime/signing/pkcs8.rs"),
        include_str!("../../../../kiff/src/evidence/receipt/dsse.rs"),
    ];
    let is_tried = |word: &str, variant: &str| {
        tests.iter().any(|test| test.contains(&format!("\"{word}\"")) || test.contains(&format!("::{variant}")))
    };
    let enums = [
        ("ReceiptFault", ReceiptFault::CODES),
        ("RecordMismatch", RecordMismatch::CODES),
        ("KeySetError", KeySetError::CODES),
        ("KeyFileError", KeyFileError::CODES),
        ("PublicKeyError", PublicKeyError::CODES),
        ("WarrantFault", WarrantFault::CODES),
        ("GuardRefusal", GuardRefusal::CODES),
    ];
    let codes: Vec<_> = ["base", "evidence", "guard", "runtime"].into_iter().flat_map(coded).collect();
    for (name, words) in enums {
        let own: Vec<_> = codes.iter().filter(|code| code.of == name).collect();
        assert_eq!(own.iter().map(|code| code.word.as_str()).collect::<Vec<_>>(), words, "{name}");
        for code in own {
            assert!(is_tried(&code.word, &code.variant), "no test is refused with `{}` of {name}", code.word);
        }
    }
    let of_uses =
        [("effect_failed", "Effect"), ("replay_store_failed", "Store"), ("outcome_not_kept", "OutcomeNotKept")];
    assert_eq!(fixed("guard"), of_uses.map(|(word, _)| word));
    for (word, variant) in of_uses {
        assert!(is_tried(word, variant), "no test is refused with `{word}`");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..10usize), 1..4),
    ) {
        const WORDS: [&str; 10] = ["", "null", "{}", "[]", "\"", "\\u0000", "\u{2028}", "sha256:", "}", "=="];
        let texts = [receipt().to_json(), receipt().to_dsse(), String::from_utf8(vector("keys.jwks.json")).unwrap()];
        let edited = texts.map(|text| {
            let mut text = text.into_bytes();
            for (from, length, word) in &edits {
                let from = from.index(text.len());
                let to = from + length.index(9).min(text.len() - from);
                text.splice(from..to, WORDS[*word].bytes());
            }
            text
        });
        for text in edited.iter().chain([&bytes]) {
            let parsed = [Receipt::parse(text), Receipt::from_dsse(text)];
            // What was edited and still is a receipt with this signature says the same.
            for parsed in parsed.into_iter().flatten() {
                if verifier().verify_receipt(parsed.clone(), now()).is_ok() {
                    prop_assert_eq!(parsed, receipt());
                }
            }
            let _ = (Warrant::parse(text), KeySet::from_json(text));
        }
    }
}
