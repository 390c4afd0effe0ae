//! The published vector verifies, and no edit of it does.

use super::kit::{Folder, run, vector};

#[test]
fn the_published_vector_verifies() {
    for (arguments, lines) in [
        ("verify @", &["proved: 1 receipts", "not proved: that the key belongs to the log"][..]),
        (
            "verify @ --keys @/keys.jwks.json --vkeys @/vkeys.txt --quorum 1",
            &["proved: witness witness.example.com/w1"],
        ),
        ("verify @ --vkeys @/vkeys.txt --since @/checkpoint.txt", &["proved: the log begins with the 7 records"]),
        ("verify @/log.jsonl", &["proved: form, sequence, chain and steps of 7 records of 3 entities"]),
        ("verify-receipt @/receipt.json --keys @/keys.jwks.json", &["proved: rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W2"]),
        ("verify-receipt @/dsse.json --keys @/keys.jwks.json", &["proved: rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W2"]),
        (
            "verify-receipt @/receipt.json --keys @/keys.jwks.json --proof @/record.tlog-proof --vkeys @/vkeys.txt",
            &["proved: record 5 is in the log", "proved: the receipt says what the record says"],
        ),
    ] {
        let ran = run(&vector(), arguments);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{arguments}: {ran:?}");
        assert!(ran.out.lines().last().is_some_and(|last| last.starts_with("verified")), "{arguments}: {ran:?}");
        lines.iter().for_each(|line| assert!(ran.has(line), "{arguments} does not say {line}: {ran:?}"));
    }
}

/// What is told of the vector to a program, byte for byte.
#[test]
fn the_report_as_json_is_as_it_was() {
    let ran = run(&vector(), "verify . --keys keys.jwks.json --json");
    let path = vector().join("../../golden/verify.json");
    if std::env::var_os("KIFF_OVERWRITE").is_some() {
        std::fs::write(&path, &ran.out).unwrap();
    }
    assert_eq!(ran.out, std::fs::read_to_string(&path).unwrap());

    let folder = Folder::of_vector("json");
    folder.edit("log.jsonl", "\"ORDER_PAID\"", "\"ORDER_PAI\u{202e}\"");
    let ran = run(&folder.0, "verify . --json");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.status, &report["verified"]), (1, &serde_json::Value::Bool(false)));
    assert_eq!(report["faults"][0]["index"], 2);
    assert_eq!(report["refused"][0]["reason"], "root_mismatch");
    assert!(ran.out.is_ascii());
}

#[test]
fn an_edited_bundle_is_refused() {
    // The file, what stands there, what is put there, and the line that tells.
    for (file, from, to, line) in [
        ("log.jsonl", "\"999.0\"", "\"998.0\"", "fault: 4 order:ord_002 commitment_mismatch"),
        ("log.jsonl", "customer request", "costumer request", "refused: root_mismatch: checkpoint.txt"),
        ("checkpoint.txt", "\n7\n", "\n6\n", "refused: log_signature_wrong: checkpoint.txt"),
        ("checkpoint.txt", "ysCYdk63dJ", "ysCYdk63dK", "refused: root_mismatch: checkpoint.txt"),
        ("checkpoint.txt", "cAOoVNmmB", "cAOoVNmmC", "refused: log_signature_wrong"),
        ("checkpoint.txt", "\n7\n", "\n07\n", "refused: size_malformed"),
        ("vkeys.txt", "7003a854", "7003a855", "refused: key_id_mismatch"),
        ("keys.jwks.json", "11qYAYKx", "11qYAYKy", "refused: unknown_key"),
        ("receipt.json", "approval_required", "allowed", "refused: signature_wrong"),
        (
            "receipt.json",
            "rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W2",
            "rcpt_01J8Z9K3M4N5P6Q7R8S9T0V1W3",
            "refused: signature_wrong",
        ),
        ("receipt.json", "\"tenant\"", "\"tenants\"", "refused: unknown_member"),
        ("record.tlog-proof", "index 5", "index 4", "refused: root_mismatch: record.tlog-proof"),
        ("record.tlog-proof", "DdvJyVv1", "DdvJyVv2", "refused: root_mismatch: record.tlog-proof"),
    ] {
        let folder = Folder::of_vector("edits");
        folder.edit(file, from, to);
        let ran = run(&folder.0, "verify .");
        assert_eq!(ran.status, 1, "{file} with {to}: {ran:?}");
        assert!(ran.has(line), "{file} with {to} does not lead to {line}: {ran:?}");
        assert!(ran.out.ends_with("\nnot verified\n"), "{ran:?}");
    }
}

#[test]
fn what_is_missing_is_refused_where_it_was_asked_for() {
    for (missing, arguments, status, line) in [
        ("checkpoint.txt", "verify .", 0, "not proved: that the owner shows others the same log"),
        ("checkpoint.txt", "verify . --vkeys @/vkeys.txt", 1, "refused: checkpoint_missing"),
        ("vkeys.txt", "verify .", 1, "refused: log_key_unknown: record.tlog-proof"),
        ("keys.jwks.json", "verify .", 1, "refused: unknown_key"),
        ("receipt.json", "verify .", 0, "not proved: that 1 decisions of the log have receipts"),
        ("log.jsonl", "verify .", 0, "proved: record 5 is in the log"),
        ("log.jsonl", "verify . --since @/checkpoint.txt", 1, "refused: log_missing"),
        ("record.tlog-proof", "verify .", 0, "proved: the first 7 records"),
    ] {
        let folder = Folder::of_vector("missing");
        folder.remove(missing);
        let ran = run(&folder.0, arguments);
        assert_eq!(ran.status, status, "without {missing}: {ran:?}");
        assert!(ran.has(line), "without {missing}, no {line}: {ran:?}");
    }
}

#[test]
fn only_witnesses_that_the_auditor_names_count() {
    let folder = Folder::of_vector("witness");
    // The keys in the bundle name the witness; the auditor's do not.
    let log_alone = folder.read("vkeys.txt").lines().next().unwrap().to_owned() + "\n";
    folder.write("mine.txt", &log_alone);
    folder.write("other.txt", log_alone.replace("kiff-demo+7003a854", "other+00000000"));
    for (arguments, status, line) in [
        ("verify .", 0, "not proved: that others see the same log"),
        ("verify . --vkeys mine.txt", 0, "not proved: that others see the same log"),
        ("verify . --vkeys vkeys.txt --quorum 1", 0, "proved: witness witness.example.com/w1"),
        ("verify . --vkeys mine.txt --quorum 1", 2, ""),
        ("verify . --quorum 1", 2, ""),
        ("verify . --vkeys other.txt", 2, ""),
    ] {
        let ran = run(&folder.0, arguments);
        assert_eq!(ran.status, status, "{arguments}: {ran:?}");
        assert!(line.is_empty() || ran.has(line), "{arguments}: {ran:?}");
    }
    // Its signature is missing, or wrong.
    let checkpoint = folder.read("checkpoint.txt");
    folder.write("checkpoint.txt", checkpoint.replace("GpJzrgAAAABqEsnb", "GpJzrgAAAABqEsnc"));
    assert!(run(&folder.0, "verify . --vkeys vkeys.txt").has("refused: witness_signature_wrong"));
    folder.write("checkpoint.txt", checkpoint.lines().take(5).map(|line| format!("{line}\n")).collect::<String>());
    assert!(run(&folder.0, "verify . --vkeys vkeys.txt --quorum 1").has("refused: witness_quorum_missed"));
}

#[test]
fn a_key_that_was_not_named_is_refused() {
    let folder = Folder::of_vector("other-keys");
    assert_eq!(run(&folder.0, "keys log.pem --generate --origin kiff.dev/log/other").status, 0);
    let keys = run(&folder.0, "keys log.pem --origin kiff.dev/log/kiff-demo").out;
    let after = |start: &str| keys.lines().find_map(|line| line.strip_prefix(start)).unwrap().to_owned();
    folder.write("mine.json", after("jwk set: "));
    folder.write("mine.txt", after("vkey: "));
    folder.write("elsewhere.txt", after("vkey: ").replace("kiff-demo", "nobody"));
    assert!(run(&folder.0, "verify . --keys mine.json").has("refused: unknown_key"));
    assert!(run(&folder.0, "verify . --vkeys mine.txt").has("refused: log_signature_missing: checkpoint.txt"));
    assert_eq!(run(&folder.0, "verify . --vkeys elsewhere.txt").status, 2, "its id is of another name");
}
