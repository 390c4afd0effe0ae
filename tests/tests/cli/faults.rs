//! Each kind of fault that a log can have by itself.

use super::kit::{Folder, chained, run};
use std::fs;

/// A log of one order, 16 records: opened, paid, held, granted, executed.
fn golden() -> String {
    let shop = kiff_examples::scenarios::SCENARIOS[2].run().unwrap();
    String::from_utf8(shop.runtime.export().unwrap()).unwrap()
}

/// The place of the first record of a kind.
fn place(log: &str, kind: &str) -> usize {
    log.lines().position(|line| line.contains(&format!("\"kind\":\"{kind}\""))).unwrap()
}

fn check(name: &str, log: &str, expected: &str) {
    let folder = Folder::new(name);
    folder.write("log.jsonl", log);
    let ran = run(&folder.0, "verify log.jsonl");
    assert_eq!(ran.status, 1, "{name}: {ran:?}");
    assert!(ran.has(expected), "{name} does not lead to {expected}: {ran:?}");
    let (replayed, shown) = (run(&folder.0, "replay log.jsonl"), run(&folder.0, "timeline log.jsonl order:ord_002"));
    if !expected.contains("other_tenant") {
        assert!(replayed.status == 1 && replayed.out.contains("fault: "), "{name}: {replayed:?}");
    }
    assert!(shown.status <= 1, "{name}: {shown:?}");
}

#[test]
fn the_unchanged_log_holds() {
    let folder = Folder::new("golden");
    folder.write("log.jsonl", golden());
    assert_eq!(run(&folder.0, "verify log.jsonl").status, 0);
    folder.write("log.jsonl", chained(&golden()));
    assert_eq!(folder.read("log.jsonl"), golden(), "the log is chained as it was");
}

#[test]
fn every_kind_of_fault_is_told_with_its_record() {
    let log = golden();
    let lines: Vec<_> = log.lines().map(str::to_owned).collect();
    let with = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        edit(&mut lines);
        lines.iter().map(|line| format!("{line}\n")).collect::<String>()
    };
    let (held, decided) = (place(&log, "approval_required"), place(&log, "decision_recorded"));
    let (granted, cleared) = (place(&log, "approval_granted"), place(&log, "action_validated"));
    let executed = place(&log, "action_executed");
    let of = |index: usize, code: &str| format!("fault: {index} order:ord_002 {code}:");
    // As it was written, the chain is broken; rewritten by somebody who knows how, something else is.
    check("line", &with(&|log| log[1] = "no record".to_owned()), "fault: 1 - not_a_record:");
    check("chain", &with(&|log| log[0] = log[0].replace("evt_001", "evt_009")), &of(1, "chain_broken"));
    check("swap", &with(&|log| log.swap(0, 1)), &of(0, "sequence_broken"));
    check("gone", &with(&|log| drop(log.remove(1))), &of(1, "sequence_broken"));
    check("twice", &with(&|log| log.insert(1, log[0].clone())), &of(1, "sequence_broken"));
    check("torn", &with(&|log| log.truncate(decided + 1)), &of(decided + 1, "proposal_unpaired"));
    // Of a format that is not known, nothing is read at all.
    let format = with(&|log| log[0] = log[0].replace("kiff-record/1", "kiff-record/9"));
    check("format", &chained(&format), "fault: 0 - unknown_format:");
    for (name, at, from, to, index, code) in [
        (
            "time",
            executed,
            "\"recorded_at\":\"2026-05-24T",
            "\"recorded_at\":\"2025-05-24T",
            executed,
            "time_went_back",
        ),
        ("state", 1, "\"state_version\":1", "\"state_version\":2", 1, "state_not_continued"),
        ("value", decided, "\"999.0\"", "\"998.0\"", decided, "commitment_mismatch"),
        ("kind", 0, "event_ingested", "event_invented", 0, "unknown_kind"),
        ("member", 0, "\"event_type\":\"ORDER_PAID\"", "\"event_type\":7", 0, "member_malformed"),
        ("digest", held, "\"request_digest\":\"sha256:", "\"request_digest\":\"sha256:0", held, "member_malformed"),
    ] {
        let edited = with(&|log| {
            assert!(log[at].contains(from), "{name}: {}", log[at]);
            log[at] = log[at].replacen(from, to, 1);
        });
        check(name, &chained(&edited), &of(index, code));
    }
    let request = lines[held].split("\"request_digest\":\"").nth(1).unwrap()[..71].to_owned();
    let other = format!("sha256:{}", "0".repeat(64));
    check(
        "request",
        &chained(&with(&|log| log[held] = log[held].replace(&request, &other))),
        &of(held, "request_digest_mismatch"),
    );
    let approval = |line: &str| line.split("\"approval_id\":\"").nth(1).unwrap()[..31].to_owned();
    let unknown = "appr_00000000000000000000000000";
    let rename = |log: &mut Vec<String>| log[granted] = log[granted].replace(&approval(&log[granted]), unknown);
    check("approval", &chained(&with(&|log| rename(log))), &of(granted, "approval_not_open"));
    let execution = |line: &str| line.split("\"execution_id\":\"").nth(1).unwrap()[..31].to_owned();
    let unknown = "exec_00000000000000000000000000";
    let rename = |log: &mut Vec<String>| log[executed] = log[executed].replace(&execution(&log[executed]), unknown);
    check("execution", &chained(&with(&|log| rename(log))), &of(executed, "execution_not_open"));
    let alone = with(&|log| {
        log[decided] = log[decided].replace("\"kind\":\"decision_recorded\"", "\"kind\":\"event_invented\"")
    });
    check("unpaired", &chained(&alone), &of(decided, "unknown_kind"));
    assert!(cleared > granted);
}

#[test]
fn a_log_of_two_tenants_is_none() {
    let log = golden();
    let other = log.replace("\"tenant\":\"kiff-demo\"", "\"tenant\":\"umbrella\"");
    check(
        "tenants",
        &format!("{log}{}", chained(&other)),
        &format!("fault: {} order:ord_002 other_tenant:", log.lines().count()),
    );
}

#[test]
fn a_line_that_never_ends_is_refused_for_its_length() {
    let folder = Folder::new("long");
    let mut log = golden().into_bytes();
    log.extend(vec![b'x'; 9 * 1024 * 1024]);
    log.extend(b"\nanother\n");
    fs::write(folder.0.join("log.jsonl"), log).unwrap();
    let ran = run(&folder.0, "verify log.jsonl");
    let after = golden().lines().count();
    assert!(ran.status == 1 && ran.has(&format!("fault: {after} - ")), "{ran:?}");
    assert!(ran.has(&format!("fault: {} - ", after + 1)), "what follows is read on: {ran:?}");
}
