//! Ledgers: heads that never fork, and proofs.

use super::kit::{Kept, LOG, Shop, code, frontier, head, ledger_key, log_policy};
use crate::folder::Folder;
use kiff::{
    keys::{Ed25519Signer, SignerError},
    ledger::{BlockingLedger, Ed25519LogSigner, HeadCell, HeadSet, LogSigner, NodeFile},
    log::{TlogProof, TreeHead, VerifierKey, WitnessPolicy, verify_consistency},
    store::{SqliteStore, StoreError},
};
use std::fs;

/// Every head extends the one before, and every record can be proved in it.
fn check_a_growing_log(shop: &Shop, ledger: &BlockingLedger) {
    let mut last: Option<TreeHead> = None;
    for events in [1, 2, 5, 0, 13] {
        shop.grow(events);
        let released = ledger.checkpoint().unwrap();
        let now = released.checkpoint.verify(&ledger_key(), &WitnessPolicy::none()).unwrap().checkpoint().head();
        let log = shop.log();
        assert_eq!(now, frontier(&log).head());
        if let Some(last) = last {
            let proof = ledger.prove_consistency(&last).unwrap();
            verify_consistency(&last, &now, &proof).unwrap();
        }
        for (index, record) in (0..).zip(&log) {
            let file = ledger.prove(index).unwrap().to_string();
            let proven = TlogProof::parse(file.as_bytes()).unwrap().verify(&ledger_key(), &log_policy()).unwrap();
            assert_eq!(
                (proven.index(), proven.checkpoint().head().size, proven.record()),
                (index, now.size, Some(record.as_slice()))
            );
        }
        assert_eq!(code(ledger.prove(now.size)), "not_included");
        last = Some(now);
    }
}

#[test]
fn heads_extend_each_other_and_every_record_is_proved() {
    let folder = Folder::new("grow");
    let shop = Shop::new();
    check_a_growing_log(&shop, &shop.ledger().open_blocking().unwrap());
    let shop = Shop::new();
    check_a_growing_log(&shop, &shop.ledger().nodes(Vec::new()).open_blocking().unwrap());
    let shop = Shop::new();
    let nodes = NodeFile::open(folder.0.join("nodes")).unwrap();
    check_a_growing_log(&shop, &shop.ledger().nodes(nodes).open_blocking().unwrap());
    let shop = Shop::on(SqliteStore::open(folder.0.join("log.db")).unwrap());
    check_a_growing_log(&shop, &shop.ledger().open_blocking().unwrap());
}

#[test]
fn an_empty_log_has_a_head_and_proves_nothing() {
    let shop = Shop::new();
    let ledger = shop.ledger().open_blocking().unwrap();
    assert_eq!(code(ledger.prove(0)), "no_checkpoint");
    assert_eq!(head(&ledger), TreeHead::empty());
    assert_eq!(code(ledger.prove(0)), "not_included");
    shop.grow(1);
    assert_eq!(head(&ledger).size, 2);
    assert_eq!(code(ledger.prove_consistency(&TreeHead::empty())), "tree_empty");
}

#[test]
fn without_new_records_the_last_checkpoint_is_given_again() {
    let shop = Shop::new();
    shop.grow(3);
    let ledger = shop.ledger().open_blocking().unwrap();
    let first = ledger.checkpoint().unwrap().checkpoint;
    assert_eq!(ledger.checkpoint().unwrap().checkpoint, first);
    // After a restart too, and then it is what proofs refer to.
    let again = shop.ledger().open_blocking().unwrap();
    assert_eq!(again.last_checkpoint(), Some(first.clone()));
    assert_eq!(again.prove(1).unwrap().checkpoint(), &first);
}

#[test]
fn a_receipt_is_proved_by_its_id() {
    let shop = Shop::signed();
    shop.grow(600);
    let receipt = shop.receipt();
    shop.grow(3);
    let ledger = shop.ledger().open_blocking().unwrap();
    let id = receipt.get("receipt_id").unwrap().parse().unwrap();
    assert_eq!(code(ledger.prove_receipt(id)), "no_checkpoint");
    head(&ledger);
    let proven = ledger.prove_receipt(id).unwrap().verify(&ledger_key(), &log_policy()).unwrap();
    assert_eq!(proven.leaf().to_string(), receipt.get("record").unwrap());
    let unknown = "rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W2".parse().unwrap();
    assert_eq!(code(ledger.prove_receipt(unknown)), "receipt_unknown");
    let late = shop.receipt().get("receipt_id").unwrap().parse().unwrap();
    assert_eq!(code(ledger.prove_receipt(late)), "not_included");
}

#[test]
fn two_ledgers_on_one_store_sign_one_log() {
    let shop = Shop::new();
    let ledgers = [shop.ledger(), shop.ledger().nodes(Vec::new())].map(|open| open.open_blocking().unwrap());
    let mut heads = Vec::new();
    for round in 0..9usize {
        shop.grow(round % 3);
        heads.push(head(&ledgers[round % 2]));
    }
    let log = shop.log();
    for head in heads {
        assert_eq!(head, frontier(&log[..usize::try_from(head.size).unwrap()]).head());
    }
}

#[test]
fn ledgers_in_many_threads_sign_one_log() {
    let folder = Folder::new("threads");
    sign_in_many_threads(&Shop::new());
    sign_in_many_threads(&Shop::on(SqliteStore::open(folder.0.join("log.db")).unwrap()));
}

fn sign_in_many_threads(shop: &Shop) {
    let heads: Vec<TreeHead> = std::thread::scope(|scope| {
        let work = |number: usize| {
            move || {
                let ledger = shop.ledger().open_blocking().unwrap();
                let sign = |_| {
                    shop.grow_from(number, 2);
                    match ledger.checkpoint() {
                        Ok(released) => Some(released.checkpoint.unverified().head()),
                        Err(error) => {
                            assert_eq!(error.code(), "contended");
                            None
                        }
                    }
                };
                (0..8).filter_map(sign).collect::<Vec<_>>()
            }
        };
        let threads: Vec<_> = (0..4).map(|number| scope.spawn(work(number))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let log = shop.log();
    assert!(!heads.is_empty());
    for head in heads {
        // Each event is one append of two records, and no head divides it.
        assert_eq!(head.size % 2, 0);
        assert_eq!(head, frontier(&log[..usize::try_from(head.size).unwrap()]).head());
    }
}

#[test]
fn a_log_that_does_not_extend_what_was_signed_is_refused() {
    let kept = Kept::default();
    let shop = Shop::new();
    shop.grow(4);
    let held = shop.ledger().head_cell(kept.clone()).open_blocking().unwrap().checkpoint().unwrap().checkpoint;

    // Another log under the same key: shorter, as long, and longer.
    for (events, expected) in
        [(0, "log_shorter_than_head"), (3, "log_shorter_than_head"), (4, "log_forked"), (9, "log_forked")]
    {
        let other = Shop::new();
        other.grow_from(7, events);
        assert_eq!(code(other.ledger().head_cell(kept.clone()).open_blocking()), expected, "{events}");
        assert_eq!(code(other.ledger().since(held.clone()).open_blocking()), expected, "{events}");
        let nodes = other.ledger().head_cell(kept.clone()).nodes(Vec::new());
        assert_eq!(code(nodes.resume().open_blocking()), expected, "{events}");
    }
    // The log itself may have grown.
    shop.grow(1);
    shop.ledger().head_cell(kept.clone()).open_blocking().unwrap();
    shop.ledger().since(held).open_blocking().unwrap();
}

#[test]
fn a_fork_behind_the_back_of_an_open_ledger_is_not_signed() {
    let kept = Kept::default();
    let (shop, other) = (Shop::new(), Shop::new());
    let ledger = shop.ledger().head_cell(kept.clone()).open_blocking().unwrap();
    shop.grow(2);
    head(&ledger);
    // Somebody with the key signs another log into the cell.
    other.grow_from(3, 5);
    let forged = Ed25519LogSigner::new(LOG, Ed25519Signer::from_seed(&[2; 32])).unwrap();
    let forged = forged.checkpoint(frontier(&other.log()).head());
    kept.put(&forged.to_string());
    shop.grow(5);
    assert_eq!(code(ledger.checkpoint()), "log_forked");
    assert_eq!(kept.text(), Some(forged.to_string()));
}

#[test]
fn a_head_that_went_back_is_refused() {
    let kept = Kept::default();
    let shop = Shop::new();
    let ledger = shop.ledger().head_cell(kept.clone()).open_blocking().unwrap();
    shop.grow(1);
    head(&ledger);
    let old = kept.text().unwrap();
    shop.grow(1);
    head(&ledger);
    kept.put(&old);
    assert_eq!(code(ledger.checkpoint()), "head_rolled_back");
    // Whoever holds the newer head sees it after a restart; without, the log extends the older one too.
    shop.ledger().head_cell(kept).open_blocking().unwrap();
}

#[test]
fn the_head_in_the_cell_must_be_of_this_log() {
    let shop = Shop::new();
    shop.grow(2);
    let elsewhere = Ed25519LogSigner::new("kiff.dev/log/other", Ed25519Signer::from_seed(&[2; 32])).unwrap();
    let another = Ed25519LogSigner::new(LOG, Ed25519Signer::from_seed(&[3; 32])).unwrap();
    let own = head(&shop.ledger().open_blocking().unwrap());
    for text in ["", "7", &elsewhere.checkpoint(own).to_string(), &another.checkpoint(own).to_string()] {
        let kept = Kept::default();
        kept.put(text);
        assert_eq!(code(shop.ledger().head_cell(kept).open_blocking()), "head_malformed", "{text}");
    }
    for held in [elsewhere.checkpoint(own), another.checkpoint(own)] {
        assert_eq!(code(shop.ledger().since(held).open_blocking()), "since_malformed");
    }
}

#[test]
fn the_key_of_the_log_is_its_own() {
    let shop = Shop::signed();
    let same = || Ed25519Signer::from_seed(&[1; 32]);
    let open = |signer: Ed25519LogSigner| shop.runtime.ledger(signer).open_blocking();
    assert_eq!(code(open(Ed25519LogSigner::new(LOG, same()).unwrap())), "log_key_signs_receipts");
    for origin in ["kiff.dev/log/gef\u{e4}hrlich", &"a".repeat(201)] {
        let signer = Ed25519LogSigner::new(origin, Ed25519Signer::from_seed(&[2; 32])).unwrap();
        assert_eq!(code(open(signer)), "origin_malformed");
    }
}

/// A signer that is away.
struct Away(VerifierKey);

impl LogSigner for Away {
    fn verifier_key(&self) -> &VerifierKey {
        &self.0
    }

    async fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignerError> {
        Err(SignerError::new("away"))
    }
}

#[test]
fn a_signer_that_fails_releases_nothing() {
    let shop = Shop::new();
    shop.grow(1);
    let kept = Kept::default();
    let ledger = shop.runtime.ledger(Away(ledger_key())).head_cell(kept.clone()).open_blocking().unwrap();
    assert_eq!(code(ledger.checkpoint()), "signer_unavailable");
    assert_eq!((kept.text(), ledger.last_checkpoint()), (None, None));
}

/// A cell that does what it should, and says something else.
#[derive(Clone, Copy)]
enum Says {
    Lost,
    Conflict,
    Failed,
}

struct Odd(Kept, Says);

impl HeadCell for Odd {
    async fn load(&self) -> Result<Option<String>, StoreError> {
        self.0.load().await
    }

    async fn set(&self, expected: Option<&str>, next: &str) -> Result<HeadSet, StoreError> {
        match self.1 {
            Says::Lost => self.0.set(expected, next).await.and_then(|_| Err(StoreError::unknown("lost"))),
            Says::Conflict => Ok(HeadSet::Conflict),
            Says::Failed => Err(StoreError::failed("broken")),
        }
    }
}

#[test]
fn what_the_cell_answers_decides_what_is_released() {
    let shop = Shop::new();
    shop.grow(1);
    for (says, expected) in
        [(Says::Lost, None), (Says::Conflict, Some("contended")), (Says::Failed, Some("store_failed"))]
    {
        let kept = Kept::default();
        let ledger = shop.ledger().head_cell(Odd(kept.clone(), says)).open_blocking().unwrap();
        let released = ledger.checkpoint();
        assert_eq!(released.as_ref().err().map(|error| error.code().to_string()).as_deref(), expected);
        assert_eq!(kept.text(), released.ok().map(|released| released.checkpoint.to_string()));
    }
}

#[test]
fn what_is_kept_beside_the_log_saves_reading_it_again() {
    let folder = Folder::new("resume");
    let shop = Shop::new();
    shop.grow(40);
    let nodes = || NodeFile::open(folder.0.join("nodes")).unwrap();
    let first = shop.ledger().nodes(nodes()).open_blocking().unwrap();
    let last = head(&first);
    for grown in [0, 3] {
        shop.grow(grown);
        let by_cell = shop.ledger().resume().open_blocking().unwrap();
        let by_file = shop.ledger().resume().nodes(nodes()).open_blocking().unwrap();
        let expected = frontier(&shop.log()).head();
        assert_eq!((head(&by_cell), head(&by_file)), (expected, expected));
        for ledger in [by_cell, by_file] {
            ledger.prove(5).unwrap().verify(&ledger_key(), &log_policy()).unwrap();
            ledger.prove_consistency(&last).unwrap();
        }
    }
    // A file that is damaged or empty is written again.
    fs::write(folder.0.join("nodes"), vec![7; 40 * 64]).unwrap();
    let again = shop.ledger().resume().nodes(nodes()).open_blocking().unwrap();
    again.prove(5).unwrap().verify(&ledger_key(), &log_policy()).unwrap();
    fs::write(folder.0.join("nodes"), "").unwrap();
    shop.ledger().nodes(nodes()).open_blocking().unwrap().prove(5).unwrap();
}

#[test]
fn a_damaged_node_proves_nothing() {
    let folder = Folder::new("damaged");
    let path = folder.0.join("nodes");
    let shop = Shop::new();
    shop.grow(8);
    let ledger = shop.ledger().nodes(NodeFile::open(&path).unwrap()).open_blocking().unwrap();
    let old = head(&ledger);
    shop.grow(1);
    head(&ledger);
    let mut bytes = fs::read(&path).unwrap();
    bytes.iter_mut().for_each(|byte| *byte ^= 1);
    fs::write(&path, bytes).unwrap();
    assert_eq!(code(ledger.prove(2)), "log_forked");
    assert_eq!(code(ledger.prove_consistency(&TreeHead { size: 5, ..old })), "log_forked");
    fs::write(&path, "").unwrap();
    assert_eq!(code(ledger.prove(2)), "nodes_failed");
}

#[test]
fn a_new_key_goes_on_from_what_a_former_one_signed() {
    let shop = Shop::new();
    shop.grow(2);
    let old = shop.ledger().open_blocking().unwrap().checkpoint().unwrap().checkpoint;
    let signer = || Ed25519LogSigner::new(LOG, Ed25519Signer::from_seed(&[5; 32])).unwrap();
    let key = signer().verifier_key().clone();
    assert_eq!(code(shop.runtime.ledger(signer()).open_blocking()), "head_malformed");
    let open = || shop.runtime.ledger(signer()).former_key(ledger_key()).since(old.clone()).open_blocking().unwrap();
    let ledger = open();
    assert_eq!(ledger.last_checkpoint(), None);
    // The same head under the new key, and then the next one.
    let again = ledger.checkpoint().unwrap().checkpoint;
    assert_eq!(again.unverified(), old.unverified());
    shop.grow(1);
    for checkpoint in [again, ledger.checkpoint().unwrap().checkpoint] {
        checkpoint.verify(&key, &WitnessPolicy::none()).unwrap();
    }
    shop.runtime.ledger(signer()).open_blocking().unwrap();
}
