//! What a verifier expects beside a good signature, and what no change of bytes can pass.

use super::kit::{KEY_ID, at, keys, now, receipt, vector, verifier};
use kiff::{
    Receipt,
    keys::Ed25519Signer,
    verify::{KeySet, ReceiptVerifier, Revocations},
};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[track_caller]
fn check(verifier: &ReceiptVerifier, now: &str, expected: Result<(), &str>) {
    let found = verifier.verify(&vector("receipt.json"), at(now)).map(drop).map_err(|fault| fault.code().to_string());
    assert_eq!(found, expected.map_err(str::to_owned));
}

#[test]
fn tenant_issuer_and_key_are_the_verifiers_own() {
    let now = "2026-05-24T09:52:00.000Z";
    check(&verifier().tenant("kiff-demo".parse().unwrap()).issuer("kiff-cloud"), now, Ok(()));
    check(&verifier().tenant("kiff-prod".parse().unwrap()), now, Err("other_tenant"));
    check(&verifier().issuer("kiff-clown"), now, Err("other_issuer"));
    check(&ReceiptVerifier::new(KeySet::new()), now, Err("unknown_key"));
    let other = KeySet::new().with(Ed25519Signer::from_seed(&[7; 32]).public_key().clone());
    check(&ReceiptVerifier::new(other), now, Err("unknown_key"));
}

#[test]
fn age_counts_from_the_issue_with_the_skew_on_either_side() {
    // Issued at 09:50:18.431.
    let verifier = verifier().max_age(5 * MINUTE).skew(MINUTE);
    for (now, expected) in [
        ("2026-05-24T09:49:18.430Z", Err("from_the_future")),
        ("2026-05-24T09:49:18.431Z", Ok(())),
        ("2026-05-24T09:50:18.431Z", Ok(())),
        ("2026-05-24T09:56:18.431Z", Ok(())),
        ("2026-05-24T09:56:18.432Z", Err("too_old")),
        ("9999-12-31T23:59:59.999Z", Err("too_old")),
        ("0000-01-01T00:00:00.000Z", Err("from_the_future")),
    ] {
        check(&verifier, now, expected);
    }
    let without_age = ReceiptVerifier::new(keys());
    check(&without_age, "9999-12-31T23:59:59.999Z", Ok(()));
    check(&without_age, "2026-05-24T09:49:18.430Z", Err("from_the_future"));
    check(&without_age.max_age(Duration::MAX).skew(Duration::MAX), "0000-01-01T00:00:00.000Z", Ok(()));
}

#[test]
fn a_revoked_key_counts_only_below_a_proved_index() {
    let revoked = |from_index| {
        let revocations = Revocations::new().with(KEY_ID.parse().unwrap(), from_index);
        verifier().revocations(revocations)
    };
    let text = vector("receipt.json");
    for (from_index, index, expected) in [
        (6, None, Err("key_revoked")),
        (6, Some(5), Ok(Some(5))),
        (6, Some(6), Err("key_revoked")),
        (6, Some(7), Err("key_revoked")),
        (0, Some(0), Err("key_revoked")),
        (u64::MAX, Some(u64::MAX), Err("key_revoked")),
    ] {
        let verifier = revoked(from_index);
        let verified = match index {
            None => verifier.verify(&text, now()),
            Some(index) => verifier.verify_at(&text, now(), index),
        };
        let found = verified.map(|it| it.index()).map_err(|fault| fault.code().to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{from_index} {index:?}");
    }
    let twice = Revocations::new().with(KEY_ID.parse().unwrap(), 3).with(KEY_ID.parse().unwrap(), 9);
    assert_eq!(twice.from_index(&KEY_ID.parse().unwrap()), Some(3), "the earliest holds");
}

#[test]
fn of_what_nobody_signed_nothing_else_is_told() {
    let verifier = verifier().tenant("other".parse().unwrap()).issuer("other").max_age(Duration::ZERO);
    let forged = receipt().to_json().replace("approval_required", "allowed");
    let fault = verifier.verify(forged.as_bytes(), at("2030-01-01T00:00:00.000Z")).unwrap_err();
    assert_eq!(fault.code(), "signature_wrong");
}

/// Every bit of the receipt, and every bit of its envelope: what still verifies says the same.
#[test]
fn no_changed_bit_verifies_as_something_else() {
    let (own, verifier) = (receipt(), verifier());
    let mut accepted = 0;
    for text in [own.to_json(), own.to_dsse()] {
        let is_envelope = text.contains("payload");
        for place in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[place / 8] ^= 1 << (place % 8);
            let parsed = if is_envelope { Receipt::from_dsse(&bytes) } else { Receipt::parse(&bytes) };
            if let Ok(verified) = parsed.and_then(|receipt| verifier.verify_receipt(receipt, now())) {
                assert_eq!(*verified.receipt(), own, "bit {place} of {text}");
                accepted += 1;
            }
        }
    }
    // The one hint that DSSE lets anybody rename.
    assert!(accepted <= "keyid".len() * 8, "{accepted} changed texts were accepted");
}
