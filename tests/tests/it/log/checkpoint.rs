//! Signed notes, checkpoints, cosignatures and their keys.

use super::example::{CHECKPOINT, KEYS, LOG, LOG_SEED, ORIGIN, WITNESS_SEED, expected, log_key, seed, witnesses};
use kiff::{
    keys::Ed25519Signer,
    ledger::{Ed25519LogSigner, LogSigner, WitnessKey},
    log::{Checkpoint, Frontier, Note, SignedCheckpoint, TreeHead, VerifierKey, VerifierKeys, WitnessPolicy},
    record::Digest,
};
use proptest::prelude::*;

fn example_head() -> TreeHead {
    let mut frontier = Frontier::new();
    LOG.lines().for_each(|record| frontier.append(Digest::leaf(record.as_bytes())));
    frontier.head()
}

fn parsed(text: &str) -> SignedCheckpoint {
    SignedCheckpoint::parse(text.as_bytes()).unwrap()
}

/// From the records and the three seeds to every byte of `checkpoint.txt` and `vkeys.txt`.
#[test]
fn the_example_is_reproduced() {
    let signer = Ed25519LogSigner::new(ORIGIN, Ed25519Signer::from_seed(&seed(LOG_SEED))).unwrap();
    let witness = WitnessKey::new("witness.example.com/w1", Ed25519Signer::from_seed(&seed(WITNESS_SEED))).unwrap();
    let signed = signer.checkpoint(example_head());
    let cosigned = signed.clone().with(witness.cosign(signed.unverified(), 1_779_616_219));
    assert_eq!(cosigned.to_string(), CHECKPOINT);
    assert_eq!(parsed(CHECKPOINT), cosigned);
    assert_eq!(format!("{}\n{}\n", signer.verifier_key(), witness.verifier_key()), KEYS);
    assert_eq!(signed.unverified().digest().to_string(), format!("sha256:{}", expected("anchor_digest")));
}

#[test]
fn what_was_verified_is_told() {
    let verified = parsed(CHECKPOINT).verify(&log_key(), &witnesses(1)).unwrap();
    assert_eq!(verified.checkpoint().head(), example_head());
    let seen: Vec<_> = verified.witnesses().iter().map(|seen| (seen.name.as_str(), seen.unix_seconds)).collect();
    assert_eq!(seen, [("witness.example.com/w1", 1_779_616_219)]);
    // A witness whom the verifier does not know is not believed, and does no harm.
    let verified = parsed(CHECKPOINT).verify(&log_key(), &WitnessPolicy::none()).unwrap();
    assert!(verified.witnesses().is_empty());
}

#[test]
fn another_implementation_reads_and_verifies_our_note() {
    use signed_note::{Note as Theirs, StandardVerifier, VerifierList};
    let signer = Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::from_seed(&[7; 32])).unwrap();
    let note = signer.checkpoint(example_head()).to_string();
    let verifier = StandardVerifier::new(&signer.verifier_key().to_string()).unwrap();
    let theirs = Theirs::from_bytes(note.as_bytes()).unwrap();
    let (verified, unknown) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((verified.len(), unknown.len()), (1, 0));
}

#[test]
fn we_read_and_verify_the_note_of_another_implementation() {
    use signed_note::{Note as Theirs, Signer, StandardSigner};
    let seed = [9; 32];
    let key = Ed25519LogSigner::new("log.example/a", Ed25519Signer::from_seed(&seed)).unwrap().verifier_key().clone();
    let id = u32::from_be_bytes(key.id());
    // A one byte for the algorithm, and the seed, in base 64.
    let secret = format!("AQkJ{}", "CQkJ".repeat(10));
    let signer = StandardSigner::new(&format!("PRIVATE+KEY+log.example/a+{id:08x}+{secret}")).unwrap();
    let text = Checkpoint::new("log.example/a", example_head()).unwrap().to_string();
    let mut theirs = Theirs::new(text.as_bytes(), &[]).unwrap();
    theirs.add_sigs(&[&signer as &dyn Signer]).unwrap();
    let ours = SignedCheckpoint::parse(&theirs.to_bytes()).unwrap();
    assert_eq!(ours.to_string().into_bytes(), theirs.to_bytes());
    ours.verify(&key, &WitnessPolicy::none()).unwrap();
}

const LOG_LINE: &str = "\u{2014} kiff.dev/log/kiff-demo cAOoVNmmB+jTqrlwmatiSDfzT2SU1QR4QxuYOwQt5BeJkRZgbdDLgUfBfx2VYr7iq29mQgw9i6HK2WGnRN8ZhiBMbw0=\n";
const WITNESS_LINE: &str = "\u{2014} witness.example.com/w1 GpJzrgAAAABqEsnbgvZHAeCZoAboovoxZkvmRfnAOa6sCR284ZAFr1+Emsz7hQ5oWFkSi3EyCHUtEyAZOvnyBW1HzgfkyOsxIyxcBw==\n";
const ROOT: &str = "ysCYdk63dJ/otWHjgCaglZ/eg1q/LJ4Lnfxr13T7orw=";

#[test]
fn a_malformed_checkpoint_is_refused_with_its_reason() {
    let with = |from: &str, to: &str| {
        assert!(CHECKPOINT.contains(from), "{from}");
        CHECKPOINT.replacen(from, to, 1)
    };
    let cases = [
        (String::new(), "signatures_missing"),
        ("\n\n".to_owned(), "signatures_missing"),
        (CHECKPOINT.replace(LOG_LINE, "").replace(WITNESS_LINE, ""), "signatures_missing"),
        (with("orw=\n\n", "orw=\n"), "signatures_missing"),
        (CHECKPOINT.trim_end().to_owned(), "signature_malformed"),
        (format!("{CHECKPOINT}\n"), "signatures_missing"),
        (format!("{CHECKPOINT}x\n"), "signature_malformed"),
        (with("\u{2014} kiff", "- kiff"), "signature_malformed"),
        (with("\u{2014} kiff", "\u{2014}kiff"), "signature_malformed"),
        (with("demo cAOo", "demo  cAOo"), "signature_malformed"),
        (with("demo cAOo", "de+mo cAOo"), "signature_malformed"),
        (with("Mbw0=", "Mbw0"), "signature_malformed"),
        (with("Mbw0=", "Mbw1="), "signature_malformed"),
        (with("Mbw0=", "Mbw-="), "signature_malformed"),
        (format!("{CHECKPOINT}\u{2014} other AAAAAA==\n"), "signature_malformed"),
        (format!("{CHECKPOINT}{}", "\u{2014} other AAAAAAA=\n".repeat(99)), "too_many_signatures"),
        (CHECKPOINT.replace('\n', "\r\n"), "control_character"),
        (with("demo\n7", "demo\t\n7"), "control_character"),
        (format!("{CHECKPOINT}{}", "\u{2014} other AAAAAAA=\n".repeat(20_000)), "note_too_large"),
        (with("kiff.dev/log/kiff-demo\n7\n", "kiff.dev/log/kiff-demo\n"), "checkpoint_lines"),
        (with(&format!("7\n{ROOT}\n"), "7\n"), "checkpoint_lines"),
        (with("kiff.dev/log/kiff-demo\n", "\n"), "origin_malformed"),
        (with("\n7\n", "\n07\n"), "size_malformed"),
        (with("\n7\n", "\n+7\n"), "size_malformed"),
        (with("\n7\n", "\n-7\n"), "size_malformed"),
        (with("\n7\n", "\n7 \n"), "size_malformed"),
        (with("\n7\n", "\n\u{0667}\n"), "size_malformed"),
        (with("\n7\n", "\n9223372036854775808\n"), "size_malformed"),
        (with("\n7\n", "\n0\n"), "root_malformed"),
        (with(ROOT, &ROOT[1..]), "root_malformed"),
        (with(ROOT, "ysCYdk63dJ/otWHjgCaglZ/eg1q/LJ4Lnfxr13T7or0="), "log_signature_wrong"),
        (with(ROOT, "ysCYdk63dJ/otWHjgCaglZ/eg1q/LJ4Lnfxr13T7orx="), "root_malformed"),
        (with(ROOT, "yg=="), "root_malformed"),
        (with(ROOT, &format!("{ROOT}\n\nmore")), "extension_malformed"),
        (with(ROOT, &format!("{ROOT}\nmore")), "log_signature_wrong"),
        (with("\n7\n", "\n8\n"), "log_signature_wrong"),
        (with("log/kiff-demo\n7", "log/other\n7"), "origin_unexpected"),
        (CHECKPOINT.replace(LOG_LINE, ""), "log_signature_missing"),
        // Another key's id under the log's name is another key.
        (with("cAOoVN", "dAOoVN"), "log_signature_missing"),
        (with("cAOoVN", "cAOoVM"), "log_signature_wrong"),
        (with("cAOoVNmm", "cAOoVNmn"), "log_signature_wrong"),
        (format!("{CHECKPOINT}\u{2014} kiff.dev/log/kiff-demo cAOoVNmm\n"), "log_signature_wrong"),
        (CHECKPOINT.replace(WITNESS_LINE, ""), "witness_quorum_missed"),
        (with("rgAAAABqEsnb", "rgAAAABqEsnc"), "witness_signature_wrong"),
        (with("rgAAAABqEsnb", "rv////9qEsnb"), "witness_signature_wrong"),
    ];
    for (text, code) in cases {
        let refused = SignedCheckpoint::parse(text.as_bytes())
            .and_then(|checkpoint| checkpoint.verify(&log_key(), &witnesses(1)))
            .expect_err(&text);
        assert_eq!(refused.code(), code, "{text:.400}");
    }
    let latin = [CHECKPOINT.as_bytes(), &[0xE9]].concat();
    assert_eq!(SignedCheckpoint::parse(&latin).unwrap_err().code(), "note_not_utf8");
}

#[test]
fn what_is_not_known_is_passed_over() {
    let others = format!(
        "{CHECKPOINT}\u{2014} witness.example.com/w2 AAAAAAAA\n\u{2014} kiff.dev/log/kiff-demo AAAAAAAA\n{WITNESS_LINE}"
    );
    let verified = parsed(&others).verify(&log_key(), &witnesses(1)).unwrap();
    assert_eq!(verified.witnesses().len(), 1, "a witness counts once");
    assert_eq!(parsed(&others).to_string(), others);
}

#[test]
fn a_key_of_a_witness_signs_for_no_log() {
    let witness = super::example::keys().witnesses().next().unwrap().clone();
    let refused = parsed(CHECKPOINT).verify(&witness, &WitnessPolicy::none()).unwrap_err();
    assert_eq!(refused.code(), "origin_unexpected");
    assert_eq!(WitnessPolicy::new([log_key()], 1).unwrap_err().code(), "no_witness_key");
    assert_eq!(WitnessPolicy::new([witness.clone()], 2).unwrap_err().code(), "quorum_too_large");
    // One key under two names would count twice.
    let second = WitnessKey::new("witness.example.com/w2", Ed25519Signer::from_seed(&seed(WITNESS_SEED)))
        .unwrap()
        .verifier_key()
        .clone();
    assert_eq!(WitnessPolicy::new([witness.clone(), second], 1).unwrap_err().code(), "duplicate_witness");
    assert_eq!(WitnessPolicy::new([witness.clone(), witness], 1).unwrap_err().code(), "duplicate_witness");
}

#[test]
fn a_malformed_verifier_key_is_refused_with_its_reason() {
    let text = log_key().to_string();
    let weak = "+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let cases = [
        (String::new(), "verifier_key_malformed"),
        (text.replacen('+', "-", 1), "verifier_key_malformed"),
        (text.replacen("7003a854", "7003A854", 1), "key_id_mismatch"),
        (text.replacen("7003a854", "7003a855", 1), "key_id_mismatch"),
        (text.replacen("kiff-demo", "kiff-dem0", 1), "key_id_mismatch"),
        (text.replacen("kiff-demo", "kiff demo", 1), "key_name_malformed"),
        (text.replacen(ORIGIN, "", 1), "key_name_malformed"),
        (text.replacen("+AT1A", "+Aj1A", 1), "unknown_algorithm"),
        (text[..text.len() - 4].to_owned(), "verifier_key_malformed"),
        (format!("{text}="), "verifier_key_malformed"),
        (format!("{ORIGIN}{weak}"), "small_order"),
    ];
    for (text, code) in cases {
        assert_eq!(text.parse::<VerifierKey>().unwrap_err().code(), code, "{text}");
    }
    assert_eq!(VerifierKeys::parse(&format!("{KEYS}{text}\n")).unwrap_err().code(), "duplicate_key");
    assert_eq!(VerifierKeys::parse(&format!("# a comment\n\n{KEYS}")).unwrap().iter().count(), 2);
}

#[test]
fn a_secret_is_never_printed() {
    let signer = Ed25519LogSigner::new(ORIGIN, Ed25519Signer::from_seed(&seed(LOG_SEED))).unwrap();
    let witness = WitnessKey::new("w", Ed25519Signer::from_seed(&seed(WITNESS_SEED))).unwrap();
    for text in [format!("{signer:?}"), format!("{witness:?}")] {
        assert!(text.ends_with(", ..)") && !text.contains("76, 205") && !text.contains("4ccd"), "{text}");
    }
}

#[test]
fn a_text_with_empty_lines_is_divided_at_the_last_one() {
    let note = Note::parse("one\n\ntwo\n\n\u{2014} me AAAAAAA=\n".as_bytes()).unwrap();
    assert_eq!(note.text(), "one\n\ntwo\n");
    assert_eq!(note.to_string(), "one\n\ntwo\n\n\u{2014} me AAAAAAA=\n");
}

proptest! {
    /// Whatever is changed, nothing else is ever verified.
    #[test]
    fn a_changed_checkpoint_never_verifies_to_something_else(at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = CHECKPOINT.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let verified = SignedCheckpoint::parse(&bytes)
            .and_then(|checkpoint| checkpoint.verify(&log_key(), &WitnessPolicy::none()));
        if let Ok(verified) = verified {
            prop_assert_eq!(verified.checkpoint().head(), example_head());
        }
    }

    #[test]
    fn what_is_read_is_written_the_same(text in "\\PC{0,40}\n{0,2}\\PC{0,40}\n\n(\u{2014} [a-z]{1,5} [A-Za-z0-9+/]{4}AAAA\n){1,3}") {
        if let Ok(note) = Note::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_string(), text);
        }
    }
}
