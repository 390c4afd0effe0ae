//! Bundles of a ledger: rollback, forks, keys that were revoked, records that were erased.

use super::kit::{Folder, Ran, Shop, run};
use kiff::record::Digest;

/// A shop, and its bundles one after the other.
fn bundles(name: &str, shop: &mut Shop, rounds: usize) -> Folder {
    let folder = Folder::new(name);
    for round in 0..rounds {
        shop.close_one();
        shop.bundle(&folder.0.join(format!("b{round}")));
    }
    folder
}

fn refused(ran: &Ran, code: &str) {
    assert!(ran.status == 1 && ran.has(&format!("refused: {code}: ")), "no {code}: {ran:?}");
}

#[test]
fn a_ledgers_bundle_verifies_with_every_receipt() {
    let folder = bundles("bundle", &mut Shop::new(), 3);
    let ran = run(&folder.0, "verify b2 --keys b0/keys.jwks.json --vkeys b0/vkeys.txt --since b0/checkpoint.txt");
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.has("proved: 3 receipts are signed"), "{ran:?}");
    assert!(ran.has("proved: the log begins with the 7 records of the head that you hold"), "{ran:?}");
}

#[test]
fn a_head_that_the_auditor_holds_shows_a_rollback_and_a_fork() {
    let folder = bundles("rollback", &mut Shop::new(), 2);
    refused(&run(&folder.0, "verify b0 --since b1/checkpoint.txt"), "log_shorter_than_head");
    // The same owner, with another past.
    let mut other = Shop::new();
    other.revoke(100);
    other.close_one();
    other.bundle(&folder.0.join("fork"));
    assert_eq!(run(&folder.0, "verify fork").status, 0, "a fork holds by itself");
    refused(&run(&folder.0, "verify fork --since b0/checkpoint.txt"), "root_mismatch");
    folder.write("unsigned.txt", folder.read("b0/checkpoint.txt").replace("/default ", "/other "));
    refused(&run(&folder.0, "verify b1 --since unsigned.txt"), "log_signature_missing");
    folder.write("elsewhere.txt", folder.read("b0/checkpoint.txt").replace("/default", "/other"));
    refused(&run(&folder.0, "verify b1 --since elsewhere.txt"), "origin_unexpected");
}

#[test]
fn a_checkpoint_and_its_log_have_one_length() {
    let folder = bundles("length", &mut Shop::new(), 2);
    let (short, long) = (folder.read("b0/log.jsonl"), folder.read("b1/log.jsonl"));
    folder.write("b1/log.jsonl", &short);
    refused(&run(&folder.0, "verify b1"), "log_shorter_than_head");
    // Its second receipt is of a record that is not there.
    refused(&run(&folder.0, "verify b1"), "record_missing");
    folder.write("b0/log.jsonl", &long);
    let ran = run(&folder.0, "verify b0");
    assert!(ran.status == 0 && ran.has("not proved: 7 records after the checkpoint"), "{ran:?}");
}

#[test]
fn receipts_of_a_revoked_key_count_below_its_index_alone() {
    let mut shop = Shop::new();
    let folder = bundles("revoked", &mut shop, 2);
    // The decision of the second order is record 10, behind the seven of the first.
    shop.revoke(8);
    shop.bundle(&folder.0.join("late"));
    let ran = run(&folder.0, "verify late");
    refused(&ran, "key_revoked");
    assert!(ran.has("proved: 1 receipts") && ran.out.matches("refused: ").count() == 1, "{ran:?}");
    // Without a checkpoint no place is proved.
    std::fs::remove_file(folder.0.join("late/checkpoint.txt")).unwrap();
    assert_eq!(run(&folder.0, "verify late").joined().matches("refused: key_revoked: ").count(), 2);
    assert_eq!(run(&folder.0, "verify b1").status, 0, "the bundle from before does not know");
}

#[test]
fn a_receipt_of_another_record_is_refused() {
    let folder = bundles("mixed", &mut Shop::new(), 2);
    let mut names: Vec<_> =
        std::fs::read_dir(folder.0.join("b1/receipts")).unwrap().map(|it| it.unwrap().path()).collect();
    names.sort();
    std::fs::copy(&names[0], &names[1]).unwrap();
    refused(&run(&folder.0, "verify b1"), "record_mismatch");
    // Under a name of its own it is found by what is in it.
    std::fs::rename(&names[1], names[1].with_file_name("copy.json")).unwrap();
    let ran = run(&folder.0, "verify b1");
    assert!(ran.status == 0 && ran.has("proved: 2 receipts"), "{ran:?}");
    std::fs::write(names[0].with_file_name("notes.txt"), "no receipt").unwrap();
    refused(&run(&folder.0, "verify b1"), "not_json");
}

#[test]
fn an_erased_record_keeps_its_place_in_tree_and_chain() {
    let folder = bundles("pruned", &mut Shop::new(), 1);
    let log = folder.read("b0/log.jsonl");
    let erased = |at: usize| {
        let lines = log.lines().enumerate();
        let line = |(index, line): (usize, &str)| match index == at {
            true => format!("{}\n", Digest::leaf(line.as_bytes())),
            false => format!("{line}\n"),
        };
        lines.map(line).collect::<String>()
    };
    folder.write("b0/log.jsonl", erased(2));
    let ran = run(&folder.0, "verify b0");
    assert!(ran.status == 0 && ran.has("not proved: the content of 1 erased records"), "{ran:?}");
    // The decision itself: the receipt's hash is that of the erased line.
    folder.write("b0/log.jsonl", erased(3));
    let ran = run(&folder.0, "verify b0");
    assert!(ran.status == 0 && ran.has("not proved: the content of 1 receipts of erased records"), "{ran:?}");
    let replayed = run(&folder.0, "replay b0");
    assert!(replayed.status == 0 && replayed.out.contains("before erased records"), "{replayed:?}");
    refused(&run(&folder.0, "prove b0 3"), "record_pruned");
    folder.write("b0/log.jsonl", erased(2).replacen("sha256:", "sha256:0", 1));
    assert_eq!(run(&folder.0, "verify b0").status, 1);
}

#[test]
fn the_key_of_the_log_signs_no_receipts() {
    let mut shop = Shop::new();
    let folder = bundles("one-key", &mut shop, 1);
    let vkey = kiff::log::VerifierKey::new(
        "kiff.dev/log/default",
        kiff::log::KeyRole::Log,
        super::kit::receipt_signer().public_key().clone(),
    );
    let signer = kiff::ledger::Ed25519LogSigner::new("kiff.dev/log/default", super::kit::receipt_signer()).unwrap();
    let checkpoint = kiff::log::SignedCheckpoint::parse(folder.read("b0/checkpoint.txt").as_bytes()).unwrap();
    folder.write("b0/checkpoint.txt", signer.checkpoint(checkpoint.unverified().head()).to_string());
    folder.write("b0/vkeys.txt", format!("{}\n", vkey.unwrap()));
    refused(&run(&folder.0, "verify b0"), "log_key_signs_receipts");
}
