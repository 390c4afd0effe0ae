//! What a ledger hands to others: witnesses, bundles, anchors.

use super::kit::{LOG, Shop, code, frontier, ledger_key};
use crate::folder::Folder;
use kiff::{
    keys::Ed25519Signer,
    ledger::{Anchor, AnchorState, FolderAnchor, Witness, WitnessError},
    log::{Checkpoint, NoteSignature, SignedCheckpoint, TreeHead, VerifierKey, WitnessPolicy},
    record::{Digest, Record},
    testing::{TestWitness, store_suite::block_on},
    verify::{KeySet, ReceiptVerifier},
};
use std::{fs, sync::Arc};

#[test]
fn witnesses_sign_what_extends_what_they_saw() {
    let shop = Shop::new();
    let witness = TestWitness::new("witness.example/1", [ledger_key()]).unwrap();
    let stranger = TestWitness::new("witness.example/2", []).unwrap();
    let policy = WitnessPolicy::new([witness.key(), stranger.key()], 1).unwrap();
    let open = || shop.ledger().witness(witness.clone()).witness(stranger.clone()).open_blocking().unwrap();
    let first = open();
    for ledger in [&first, &open(), &first] {
        shop.grow(3);
        let released = ledger.checkpoint().unwrap();
        let verified = released.checkpoint.verify(&ledger_key(), &policy).unwrap();
        assert_eq!(verified.witnesses().len(), 1);
        let refusals: Vec<_> =
            released.refusals.iter().map(|(name, error)| (name.as_str(), error.code().to_string())).collect();
        assert_eq!(refusals, [("witness.example/2", "log_signature_missing".to_owned())]);
        // Proofs carry the signatures of witnesses along.
        let proven = ledger.prove(0).unwrap().verify(&ledger_key(), &policy).unwrap();
        assert_eq!(proven.checkpoint().witnesses()[0].name, "witness.example/1");
    }
}

#[test]
fn a_witness_refuses_forks_and_what_went_back() {
    let witness = TestWitness::new("witness.example/1", [ledger_key()]).unwrap();
    let shop = Shop::new();
    shop.grow(3);
    let open = |shop: &Shop| shop.ledger().witness(witness.clone()).open_blocking().unwrap();
    let first = open(&shop).checkpoint().unwrap();
    assert!(first.refusals.is_empty());
    let refused = |events: usize| {
        let other = Shop::new();
        other.grow_from(7, events);
        open(&other).checkpoint().unwrap().refusals[0].1.code()
    };
    assert_eq!(refused(1), "witness_conflict");
    assert_eq!(refused(3), "root_mismatch");
    assert_eq!(refused(6), "old_root_mismatch");
    // It still signs the log that it knows.
    shop.grow(1);
    assert!(open(&shop).checkpoint().unwrap().refusals.is_empty());
}

/// A witness with somebody else's signature.
struct Wrong(TestWitness);

impl Witness for Wrong {
    fn verifier_key(&self) -> &VerifierKey {
        self.0.verifier_key()
    }

    async fn add_checkpoint(
        &self,
        _: u64,
        _: &[Digest],
        checkpoint: &SignedCheckpoint,
    ) -> Result<NoteSignature, WitnessError> {
        Ok(checkpoint.signatures()[0].clone())
    }
}

#[test]
fn a_wrong_signature_never_gets_into_a_checkpoint() {
    let shop = Shop::new();
    let witness = Wrong(TestWitness::new("witness.example/1", []).unwrap());
    let policy = WitnessPolicy::new([witness.0.key()], 0).unwrap();
    let released = shop.ledger().witness(witness).open_blocking().unwrap().checkpoint().unwrap();
    assert_eq!(released.refusals[0].1.code(), "witness_quorum_missed");
    assert_eq!(released.checkpoint.signatures().len(), 1);
    released.checkpoint.verify(&ledger_key(), &policy).unwrap();
}

#[test]
fn a_bundle_has_all_the_evidence_of_its_checkpoint() {
    let folder = Folder::new("bundle");
    let shop = Shop::signed();
    shop.grow(2);
    let receipts = [shop.receipt(), shop.receipt()];
    let witness = TestWitness::new("witness.example/1", [ledger_key()]).unwrap();
    let ledger = shop.ledger().witness(witness).open_blocking().unwrap();
    let keys = KeySet::new().with(Ed25519Signer::from_seed(&[1; 32]).public_key().clone());
    let path = folder.0.join("evidence");
    assert_eq!(code(ledger.bundle(&path, &keys)), "no_checkpoint");
    let released = ledger.checkpoint().unwrap().checkpoint;
    // What comes after the checkpoint is not in it.
    shop.grow(1);
    let bundle = ledger.bundle(&path, &keys).unwrap();
    let read = |name: &str| fs::read_to_string(path.join(name)).unwrap();

    assert_eq!(read("checkpoint.txt"), released.to_string());
    let log: Vec<Vec<u8>> = read("log.jsonl").lines().map(|line| line.as_bytes().to_vec()).collect();
    assert_eq!(frontier(&log).head(), released.unverified().head());
    assert_eq!((bundle.records, bundle.receipts), (log.len() as u64, 2));
    let vkeys = kiff::log::VerifierKeys::parse(&read("vkeys.txt")).unwrap();
    assert_eq!((vkeys.log(LOG), vkeys.witnesses().count()), (Some(&ledger_key()), 1));
    let verifier = ReceiptVerifier::new(KeySet::from_json(read("keys.jwks.json").as_bytes()).unwrap());
    for receipt in receipts {
        let text = read(&format!("receipts/{}.json", receipt.get("receipt_id").unwrap()));
        assert_eq!(text.trim_end(), receipt.to_json());
        let verified = verifier.verify(text.as_bytes(), shop.now()).unwrap();
        let is_its_record = |line: &&Vec<u8>| Digest::leaf(line).to_string() == receipt.get("record").unwrap();
        let record = Record::parse(log.iter().find(is_its_record).unwrap().as_slice().into()).unwrap();
        verified.matches(&record).unwrap();
    }
    assert_eq!(code(ledger.bundle(&path, &keys)), "bundle_failed");
}

#[test]
fn an_anchor_keeps_the_digest_of_a_checkpoint() {
    let folder = Folder::new("anchor");
    let anchor = FolderAnchor::new(&folder.0);
    let digest = Checkpoint::new(LOG, TreeHead::empty()).unwrap().digest();
    assert_eq!(block_on(anchor.verify(&digest)).unwrap_err().code(), "not_anchored");
    let submission = block_on(anchor.submit(&digest)).unwrap();
    assert_eq!(block_on(anchor.submit(&digest)).unwrap(), submission);
    assert_eq!(block_on(anchor.poll(&submission)).unwrap(), AnchorState::Final);
    block_on(anchor.verify(&digest)).unwrap();
    let names: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [digest.to_string().trim_start_matches("sha256:")]);

    fs::write(&submission.reference, "something else").unwrap();
    assert_eq!(block_on(anchor.poll(&submission)).unwrap(), AnchorState::Orphaned);
    assert_eq!(block_on(anchor.verify(&digest)).unwrap_err().code(), "not_anchored");
    block_on(anchor.submit(&digest)).unwrap();
    fs::remove_file(&submission.reference).unwrap();
    assert_eq!(block_on(anchor.poll(&submission)).unwrap(), AnchorState::Orphaned);
    let nowhere = FolderAnchor::new(folder.0.join("nowhere"));
    assert_eq!(block_on(nowhere.submit(&digest)).unwrap_err().code(), "anchor_failed");
}

/// A host may call a ledger from tasks of its own.
#[test]
fn a_ledger_can_be_shared_between_tasks() {
    fn is_send<T: Send>(_: T) {}
    let shop = Shop::new();
    is_send(shop.ledger().open());
    let ledger = Arc::new(block_on(shop.ledger().open()).unwrap());
    is_send(Arc::clone(&ledger));
    is_send(ledger.checkpoint());
    is_send(ledger.prove(0));
}
