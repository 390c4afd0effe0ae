//! Proof files.

use super::example::{CHECKPOINT, LOG, PROOF, expected, log_key, witnesses};
use kiff::{
    log::{SignedCheckpoint, TlogProof, Tree, WitnessPolicy},
    record::Digest,
};
use proptest::prelude::*;

fn record() -> &'static [u8] {
    include_bytes!("../../../vectors/receipt/record.bin")
}

#[test]
fn the_example_is_reproduced() {
    let mut tree = Tree::new(Vec::new());
    tree.extend(LOG.lines().map(|record| Digest::leaf(record.as_bytes()))).unwrap();
    let checkpoint = SignedCheckpoint::parse(CHECKPOINT.as_bytes()).unwrap();
    let proof = TlogProof::new(record(), 5, tree.inclusion(5, 7).unwrap(), checkpoint);
    assert_eq!(proof.to_string(), PROOF);
    assert_eq!(TlogProof::parse(PROOF.as_bytes()).unwrap(), proof);
}

#[test]
fn what_was_proved_is_told() {
    let proven = TlogProof::parse(PROOF.as_bytes()).unwrap().verify(&log_key(), &witnesses(1)).unwrap();
    assert_eq!((proven.index(), proven.checkpoint().head().size, proven.record()), (5, 7, Some(record())));
    assert_eq!(proven.leaf().to_string(), format!("sha256:{}", expected("leaf_hash")));
    assert_eq!(proven.checkpoint().origin(), "kiff.dev/log/kiff-demo");
    assert_eq!(proven.checkpoint().witnesses().len(), 1);
}

#[test]
fn a_proof_without_its_record_proves_a_leaf() {
    let proof = TlogProof::parse(PROOF.as_bytes()).unwrap().without_record();
    let text = proof.to_string();
    assert!(!text.contains("extra"));
    let proof = TlogProof::parse(text.as_bytes()).unwrap();
    let none = WitnessPolicy::none();
    assert_eq!(proof.verify(&log_key(), &none).unwrap_err().code(), "record_missing");
    let proven = proof.verify_leaf(Digest::leaf(record()), &log_key(), &none).unwrap();
    assert_eq!((proven.index(), proven.record()), (5, None));
    assert_eq!(proof.verify_leaf(Digest::ZERO, &log_key(), &none).unwrap_err().code(), "root_mismatch");
}

#[test]
fn a_malformed_proof_is_refused_with_its_reason() {
    let with = |from: &str, to: &str| {
        assert!(PROOF.contains(from), "{from}");
        PROOF.replacen(from, to, 1)
    };
    let first = "DdvJyVv1m1Zsk0+Tr50Gjj+7Xd4bDduj0Zhh5LXcNhY=\n";
    let extra = PROOF.lines().find(|line| line.starts_with("extra ")).unwrap();
    let cases = [
        (String::new(), "checkpoint_missing"),
        (with("@v1", "@v2"), "proof_header"),
        (format!("\u{feff}{PROOF}"), "proof_header"),
        (PROOF.replace('\n', "\r\n"), "checkpoint_missing"),
        (with(extra, "extra "), "extra_malformed"),
        (with(extra, "extra ????"), "extra_malformed"),
        (with(extra, &format!("{extra}\n{extra}")), "index_malformed"),
        (with("index 5\n", ""), "index_malformed"),
        (with("index 5", "index 05"), "index_malformed"),
        (with("index 5", "index -5"), "index_malformed"),
        (with("index 5", "index +5"), "index_malformed"),
        (with("index 5", "index 5 "), "index_malformed"),
        (with("index 5", "index 18446744073709551616"), "index_malformed"),
        (with("index 5", "index 4"), "root_mismatch"),
        (with("index 5", "index 7"), "index_outside_tree"),
        (with(first, "DdvJ\n"), "hash_malformed"),
        (with(first, &first.replace("hY=", "hZ=")), "hash_malformed"),
        (with(first, ""), "proof_length"),
        (with(first, &format!("{first}{first}")), "proof_length"),
        (with(first, &first.repeat(70)), "proof_length"),
        (with(first, &first.replace("Ddv", "Ddw")), "root_mismatch"),
        (with("voo=\n\n", "voo=\n"), "hash_malformed"),
        (with("voo=\n\n", "voo=\n\n\n"), "origin_malformed"),
        (with("\n7\n", "\n6\n"), "log_signature_wrong"),
        (PROOF.replace("\n\u{2014} ", "\n- "), "signature_malformed"),
        (format!("{}\n", "c2sp.org/tlog-proof@v1\n".repeat(30_000)), "proof_too_large"),
    ];
    for (text, code) in cases {
        let refused = TlogProof::parse(text.as_bytes())
            .and_then(|proof| proof.verify(&log_key(), &WitnessPolicy::none()))
            .expect_err(&text);
        assert_eq!(refused.code(), code, "{text:.400}");
    }
    assert_eq!(TlogProof::parse(&[0xFF]).unwrap_err().code(), "proof_not_utf8");
}

proptest! {
    /// Whatever is changed, no other record is ever proved.
    #[test]
    fn a_changed_proof_never_proves_something_else(at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = PROOF.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let proven = TlogProof::parse(&bytes).and_then(|proof| proof.verify(&log_key(), &WitnessPolicy::none()));
        if let Ok(proven) = proven {
            prop_assert_eq!((proven.index(), proven.checkpoint().head().size, proven.record()), (5, 7, Some(record())));
        }
    }
}
