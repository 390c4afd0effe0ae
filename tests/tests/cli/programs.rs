//! The other commands.

use super::kit::{Folder, run, vector};
use std::fs;

#[test]
fn a_proof_that_was_made_is_the_published_one() {
    let ran = run(&vector(), "prove . 5 --checkpoint checkpoint.txt");
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(ran.out, fs::read_to_string(vector().join("record.tlog-proof")).unwrap());

    let bare = run(&vector(), "prove log.jsonl 5").out;
    let root = "root sha256:cac098764eb7749fe8b561e38026a0959fde835abf2c9e0b9dfc6bd774fba2bc";
    assert!(bare.starts_with("index 5\nleaf sha256:96cba030") && bare.contains(root), "{bare}");
    assert_eq!(bare.matches("path sha256:").count(), 3);
}

#[test]
fn what_cannot_be_proved_is_refused() {
    let folder = Folder::of_vector("prove");
    folder
        .write("short.jsonl", folder.read("log.jsonl").lines().take(6).map(|it| format!("{it}\n")).collect::<String>());
    folder.write("other.jsonl", folder.read("log.jsonl").replace("evt_001", "evt_009"));
    for (arguments, line) in [
        ("prove . 7", "refused: index_outside_tree"),
        ("prove short.jsonl 5 --checkpoint checkpoint.txt", "refused: log_shorter_than_head"),
        ("prove other.jsonl 5 --checkpoint checkpoint.txt", "refused: root_mismatch"),
        ("prove log.jsonl 7 --checkpoint checkpoint.txt", "refused: index_outside_tree"),
    ] {
        let ran = run(&folder.0, arguments);
        assert!(ran.status == 1 && ran.has(line), "{arguments}: {ran:?}");
    }
}

#[test]
fn a_receipt_is_refused_with_the_word_of_the_library() {
    let folder = Folder::of_vector("receipt");
    let keys = "--keys @/keys.jwks.json";
    for (from, to, line) in [
        ("approval_required", "allowed", "refused: signature_wrong"),
        ("approval_required", "ALLOWED", "refused: unknown_decision"),
        ("\"kiff-cloud\"", "7", "refused: not_a_string"),
        ("kPrK_qmx", "kPrK_qmy", "refused: unknown_key"),
        ("kiff_sig_f", "kiff_sig_F", "refused: upper_case_hex"),
    ] {
        folder.write("receipt.json", fs::read_to_string(vector().join("receipt.json")).unwrap().replace(from, to));
        let ran = run(&folder.0, &format!("verify-receipt receipt.json {keys}"));
        assert!(ran.status == 1 && ran.has(line), "{to}: {ran:?}");
    }
    // A proof of another record, and one that shows another.
    let receipt = format!("verify-receipt @/receipt.json {keys} --vkeys @/vkeys.txt");
    for (index, line) in [(4, "refused: root_mismatch"), (5, "")] {
        let proof = run(&vector(), &format!("prove . {index} --checkpoint checkpoint.txt")).out;
        folder.write("mine.tlog-proof", &proof);
        let ran = run(&folder.0, &format!("{receipt} --proof mine.tlog-proof"));
        assert_eq!(ran.status, i32::from(!line.is_empty()), "{ran:?}");
        assert!(line.is_empty() || ran.has(line), "{ran:?}");
    }
    let other = run(&vector(), "prove . 4 --checkpoint checkpoint.txt").out;
    let extra = |proof: &str| proof.lines().nth(1).unwrap().to_owned();
    let own = folder.read("record.tlog-proof");
    folder.write("mixed.tlog-proof", own.replace(&extra(&own), &extra(&other)));
    let ran = run(&folder.0, &format!("{receipt} --proof mixed.tlog-proof"));
    assert!(ran.status == 1 && ran.has("refused: record_without_receipt"), "{ran:?}");
}

#[test]
fn a_timeline_and_a_replay_tell_what_is_there() {
    let ran = run(&vector(), "timeline . order:ord_002");
    assert_eq!((ran.status, ran.out.lines().count()), (0, 4), "{ran:?}");
    assert!(ran.out.contains("REFUND_ORDER awaits review: amount_above_threshold"), "{ran:?}");
    let ran = run(&vector(), "timeline . order:ord_009");
    assert!(ran.status == 1 && ran.has("refused: entity_unknown"), "{ran:?}");

    let ran = run(&vector(), "replay log.jsonl");
    assert_eq!(ran.status, 0);
    for line in [
        "kiff-demo  order:ord_002  PAID at version 1, 4 records",
        "  appr_01J8Z9K3M4N5P6Q7R8S9T0V1W3 is open",
        "7 records of 3 entities, 0 of them pruned",
    ] {
        assert!(ran.has(line), "{line}: {ran:?}");
    }
}

#[test]
fn a_key_file_is_its_owners_and_is_never_overwritten() {
    let folder = Folder::new("keys");
    let made = run(&folder.0, "keys new.pem --generate --origin kiff.dev/log/acme");
    assert_eq!(made.status, 0, "{made:?}");
    for start in ["key id: ", "jwk set: {\"keys\":[{\"alg\":\"EdDSA\"", "vkey: kiff.dev/log/acme+"] {
        assert!(made.has(start), "{made:?}");
    }
    assert_eq!(run(&folder.0, "keys new.pem --origin kiff.dev/log/acme").out, made.out, "what was made is read again");
    let secret = folder.read("new.pem");
    assert!(!made.out.contains(secret.lines().nth(1).unwrap()), "the secret half is not printed");
    assert!(run(&folder.0, "keys new.pem --witness w.example/1").has("vkey: w.example/1+"));
    let again = run(&folder.0, "keys new.pem --generate");
    assert!(again.status == 2 && folder.read("new.pem") == secret, "{again:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.0.join("new.pem");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(run(&folder.0, "keys new.pem").status, 2);
    }
}

#[test]
fn the_status_is_2_for_what_cannot_be_read() {
    let folder = Folder::of_vector("unreadable");
    folder.write("bad", "no keys");
    for arguments in [
        "",
        "verify",
        "verify nowhere",
        "verify . --keys bad",
        "verify . --vkeys bad",
        "verify . --since bad",
        "verify . --keys nowhere",
        "verify . --quorum x",
        "verify-receipt receipt.json",
        "verify-receipt nowhere --keys keys.jwks.json",
        "verify-receipt receipt.json --keys keys.jwks.json --proof record.tlog-proof",
        "timeline . no-entity",
        "timeline nowhere order:1",
        "replay nowhere",
        "prove . x",
        "prove . 1 --checkpoint bad",
        "keys nowhere",
        "guess",
    ] {
        let ran = run(&folder.0, arguments);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments}: {ran:?}");
        assert!(!ran.err.is_empty(), "{arguments} says nothing");
    }
    fs::create_dir(folder.0.join("empty")).unwrap();
    assert_eq!(run(&folder.0, "verify empty").status, 2);
}

#[test]
fn every_command_has_a_page_of_help() {
    let all = run(&vector(), "--help");
    assert_eq!(all.status, 0);
    assert!(all.out.contains("EXIT STATUS"));
    for command in ["verify", "verify-receipt", "timeline", "replay", "prove", "keys"] {
        assert!(all.out.contains(&format!("\n  {command} ")), "{all:?}");
        let one = run(&vector(), &format!("{command} --help"));
        assert!(one.status == 0 && one.out.contains("Usage: "), "{one:?}");
    }
}

#[test]
fn a_refusal_and_a_fault_are_lines_that_a_program_can_compare() {
    let folder = Folder::of_vector("lines");
    folder.write("log.jsonl", folder.read("log.jsonl").replace("\"999.0\"", "\"998.0\""));
    let ran = run(&folder.0, "verify .");
    for line in ["fault: 4 order:ord_002 commitment_mismatch", "refused: root_mismatch"] {
        assert!(ran.status == 1 && ran.out.lines().any(|it| it == line), "{line}: {ran:?}");
    }
    let ran = run(&folder.0, "replay log.jsonl");
    assert!(ran.out.lines().any(|it| it == "fault: 4 order:ord_002 commitment_mismatch"), "{ran:?}");
}

#[test]
fn a_database_is_not_taken_for_a_log() {
    let folder = Folder::of_vector("database");
    folder.write("refund.db", "SQLite format 3\0 and what follows");
    for command in ["verify refund.db", "replay refund.db", "timeline refund.db order:ord_002"] {
        let ran = run(&folder.0, command);
        assert!(ran.status == 2 && ran.err.contains("is a database"), "{command}: {ran:?}");
    }
}

#[test]
fn keys_that_came_along_are_named_in_the_last_line() {
    let folder = Folder::of_vector("last_line");
    let last = |arguments: &str| run(&folder.0, arguments).out.lines().last().map(str::to_owned).unwrap();
    assert_eq!(last("verify ."), "verified, but only by keys that came with the evidence");
    assert_eq!(last("verify . --keys @/keys.jwks.json"), "verified, but only by keys that came with the evidence");
    assert_eq!(last("verify . --keys @/keys.jwks.json --vkeys @/vkeys.txt"), "verified");
}
