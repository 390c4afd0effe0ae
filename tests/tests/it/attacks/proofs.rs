//! True proofs, shown for something else.

use super::kit::{TRUE, Told, head, ledger, log_key, shop, tell};
use kiff::{
    keys::Ed25519Signer,
    ledger::{Ed25519LogSigner, LogSigner},
    log::{SignedCheckpoint, TlogProof, Tree, TreeHead, VerifierKey, WitnessPolicy, verify_consistency},
    record::Digest,
    testing::{ManualClock, TestWitness},
};

fn tree(told: &Told) -> Tree<Vec<Digest>> {
    let mut tree = Tree::new(Vec::new());
    tree.extend(told.lines.iter().map(|line| Digest::leaf(line.as_bytes()))).unwrap();
    tree
}

/// A checkpoint of this head, signed as the owner of the log signs.
fn signed(head: TreeHead) -> SignedCheckpoint {
    Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::from_seed(&[2; 32])).unwrap().checkpoint(head)
}

#[track_caller]
fn check(proof: &TlogProof, key: &VerifierKey, policy: &WitnessPolicy, expected: &str) {
    // As a file too, because that is how it comes.
    let read = TlogProof::parse(proof.to_string().as_bytes()).unwrap();
    for proof in [proof, &read] {
        let found = proof.verify(key, policy).map_or_else(|fault| fault.code().to_string(), |_| "proved".to_owned());
        assert_eq!(found, expected);
    }
}

#[test]
fn a_proof_is_of_one_record_at_one_place() {
    let told = tell(&TRUE);
    let (tree, none) = (tree(&told), WitnessPolicy::none());
    let size = told.lines.len() as u64;
    let proof = |record: u64, index: u64, of: u64| {
        let record = told.lines[usize::try_from(record).unwrap()].as_bytes();
        TlogProof::new(record, index, tree.inclusion(of, size).unwrap(), told.late.clone())
    };
    for index in 0..size {
        for other in 0..size {
            let expected = if index == other { "proved" } else { "root_mismatch" };
            check(&proof(other, index, index), &log_key(), &none, expected);
        }
    }
    check(&proof(3, 4, 3), &log_key(), &none, "root_mismatch");
    check(&proof(3, size, 3), &log_key(), &none, "index_outside_tree");
}

#[test]
fn a_proof_is_of_one_size() {
    let told = tell(&TRUE);
    let (tree, none) = (tree(&told), WitnessPolicy::none());
    let size = told.lines.len() as u64;
    for of in 1..=size {
        for shown in (1..=size).filter(|shown| *shown != of) {
            let checkpoint = signed(tree.head_at(shown).unwrap());
            for index in 0..of.min(shown) {
                let record = told.lines[usize::try_from(index).unwrap()].as_bytes();
                let proof = TlogProof::new(record, index, tree.inclusion(index, of).unwrap(), checkpoint.clone());
                let code = proof.verify(&log_key(), &none).unwrap_err().code();
                assert!(
                    ["proof_length", "root_mismatch"].contains(&code.as_str()),
                    "{index} in {of} as in {shown}: {code}"
                );
            }
            for old in 1..of.min(shown) {
                let path = tree.consistency(old, of).unwrap();
                let heads = (tree.head_at(old).unwrap(), tree.head_at(shown).unwrap());
                assert!(verify_consistency(&heads.0, &heads.1, &path).is_err(), "{old} in {of} as in {shown}");
            }
        }
    }
}

#[test]
fn a_node_of_the_tree_is_no_record() {
    let told = tell(&TRUE);
    let (tree, none) = (tree(&told), WitnessPolicy::none());
    let size = told.lines.len() as u64;
    let path = tree.inclusion(0, size).unwrap();
    let leaves = [0, 1].map(|index| tree.leaf(index).unwrap());
    let pair: Vec<u8> = leaves.iter().flat_map(|leaf| *leaf.as_bytes()).collect();
    // With and without the byte that tells nodes from leaves.
    for forged in [pair.clone(), [[0x01].as_slice(), &pair].concat(), [[0x00].as_slice(), &pair].concat()] {
        for (path, expected) in [(&path[1..], "proof_length"), (&path[..], "root_mismatch")] {
            let proof = TlogProof::new(&forged, 0, path.to_vec(), told.late.clone());
            check(&proof, &log_key(), &none, expected);
        }
    }
    // A smaller tree of nodes would have the same root, but its size was never signed.
    let node = tree.head_at(2).unwrap().root;
    let short = TlogProof::new(b"", 0, path[1..].to_vec(), told.late.clone()).without_record();
    assert_eq!(short.verify_leaf(node, &log_key(), &none).unwrap_err().code(), "proof_length");
    let halved = TreeHead { size: size.div_ceil(2), ..tree.head() };
    let unsigned = told.late.to_string().replace(&format!("\n{size}\n"), &format!("\n{}\n", halved.size));
    let unsigned = SignedCheckpoint::parse(unsigned.as_bytes()).unwrap();
    assert_eq!(unsigned.unverified().head(), halved);
    let short = TlogProof::new(b"", 0, path[1..].to_vec(), unsigned).without_record();
    assert_eq!(short.verify_leaf(node, &log_key(), &none).unwrap_err().code(), "log_signature_wrong");
}

#[test]
fn a_proof_is_of_the_log_whose_key_is_pinned() {
    let told = tell(&TRUE);
    let proof = ledger(&told.rt).open_blocking().unwrap().prove(3).unwrap();
    let key = |origin: &str, seed: u8| {
        Ed25519LogSigner::new(origin, Ed25519Signer::from_seed(&[seed; 32])).unwrap().verifier_key().clone()
    };
    let none = WitnessPolicy::none();
    check(&proof, &log_key(), &none, "proved");
    check(&proof, &key("kiff.dev/log/shop", 3), &none, "log_signature_missing");
    check(&proof, &key("kiff.dev/log/store", 2), &none, "origin_unexpected");
    // Witnesses that the verifier asks for, and that have not signed.
    let witness = TestWitness::new("witness.example/1", [log_key()]).unwrap();
    check(&proof, &log_key(), &WitnessPolicy::new([witness.key()], 1).unwrap(), "witness_quorum_missed");
    // Somebody with another key who says that it is this log.
    let forged = Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::from_seed(&[3; 32])).unwrap();
    let record = told.lines[3].as_bytes();
    let path = tree(&told).inclusion(3, told.lines.len() as u64).unwrap();
    let forged = forged.checkpoint(told.late.unverified().head());
    check(&TlogProof::new(record, 3, path, forged), &log_key(), &none, "log_signature_missing");
}

#[test]
fn a_checkpoint_of_another_log_shows_nothing_of_this_one() {
    let told = tell(&TRUE);
    let other = shop("store", &ManualClock::default());
    let _ = super::kit::refund(&other, 1, 100);
    let foreign = head(&other).unverified().head();
    let own = told.late.unverified().head();
    let proof = tree(&told).consistency(foreign.size, own.size).unwrap();
    assert_eq!(verify_consistency(&foreign, &own, &proof).unwrap_err().code(), "old_root_mismatch");
}
