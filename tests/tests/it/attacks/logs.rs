//! A log that somebody changed who owns the database: what the log itself shows, and what only a head shows that was
//! kept elsewhere. The rows are those of `kiff/docs/security.md`.

use super::kit::{
    START, Story, TRUE, Told, against, alone, chained, find, leaf, lines, member, opened_with, refund, tell, with,
};
use kiff::{Receipt, record::Record};

/// What was tried, the log that it left, and what it is to the log's readers, without a head and with the last one.
type Row = (&'static str, Vec<String>, &'static str, &'static str);

#[track_caller]
fn check(told: &Told, test: &str, rows: impl IntoIterator<Item = Row>) {
    let page = include_str!("../../../../kiff/docs/security.md");
    let (mut wrong, mut missing) = (Vec::new(), Vec::new());
    for (tried, log, by_itself, with_head) in rows {
        assert_ne!(log, told.lines, "{tried}");
        let found = (alone(&log), against(&told.late, &log));
        if (found.0.as_str(), found.1.as_str()) != (by_itself, with_head) {
            wrong.push((tried, found));
            continue;
        }
        // What comes into a store at all is refused by a ledger that has the head.
        if by_itself == HOLDS && !tried.contains("tenant") && !tried.contains("erased") {
            let expected = match with_head {
                HOLDS => HOLDS,
                SHORT => "log_shorter_than_head",
                _ => "log_forked",
            };
            assert_eq!(opened_with(&told.late, &log), expected, "{tried}");
        }
        let row = format!("| {tried} | {} | {} | `{test}` |", shown(by_itself), shown(with_head));
        if !page.contains(&row) {
            missing.push(row);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(missing.is_empty(), "kiff/docs/security.md lacks:\n{}", missing.join("\n"));
}

fn shown(code: &str) -> String {
    if code == "holds" { "nothing".to_owned() } else { format!("`{code}`") }
}

fn story(change: impl Fn(&mut Story)) -> Vec<String> {
    let mut story = TRUE;
    change(&mut story);
    tell(&story).lines
}

fn without(lines: &[String], gone: impl Fn(usize, &str) -> bool) -> Vec<String> {
    lines.iter().enumerate().filter(|(place, line)| !gone(*place, line)).map(|(_, line)| line.clone()).collect()
}

#[test]
fn the_log_that_nobody_changed_holds() {
    let told = tell(&TRUE);
    assert_eq!(alone(&told.lines), "holds");
    for held in [&told.early, &told.late] {
        assert_eq!([against(held, &told.lines), opened_with(held, &told.lines)], ["holds", "holds"]);
    }
    assert_eq!(chained(told.lines.clone()), told.lines);
    assert_eq!(tell(&TRUE).lines, told.lines);
}

#[test]
fn an_edited_log() {
    let told = tell(&TRUE);
    let log = &told.lines;
    let (event, asked) = (find(log, "event_ingested", 1), find(log, "decision_recorded", 1));
    let (grant, cleared) = (find(log, "approval_granted", 2), find(log, "action_validated", 1));
    let digest = member(&log[find(log, "action_validated", 3)], "\"request_digest\":\"").to_owned();
    let own = member(&log[cleared], "\"request_digest\":\"").to_owned();
    let rows = [
        ("an event's payload edited", with(log, event, "999.00", "9.00"), CHAIN, ROOT),
        ("an event's payload, and the chain behind it", chained(with(log, event, "999.00", "9.00")), HOLDS, ROOT),
        ("a parameter, and the chain", chained(with(log, asked, ":2000}", ":2}")), "commitment_mismatch", ROOT),
        ("who asked, and the chain", chained(with(log, asked, "\"bot\"", "\"tom\"")), "commitment_mismatch", ROOT),
        (
            "what was decided, and the chain",
            chained(with(log, cleared, "allowed", "blocked")),
            "member_malformed",
            ROOT,
        ),
        (
            "the request behind it, and the chain",
            chained(with(log, cleared, &own, &digest)),
            "request_digest_mismatch",
            ROOT,
        ),
        ("the approval's id, and the chain", chained(with(log, grant, "004\"", "009\"")), "approval_not_open", ROOT),
        ("the reviewer, and the chain", chained(with(log, grant, "\"kim\"", "\"tom\"")), HOLDS, ROOT),
        ("the last record of an entity", with(log, find(log, "state_changed", 1) + 5, "2026", "2027"), HOLDS, ROOT),
        ("a record of another format", with(log, event, "kiff-record/1", "kiff-record/0"), "unknown_format", ROOT),
    ];
    check(&told, "an_edited_log", rows);
}

#[test]
fn a_log_that_lacks_something() {
    let told = tell(&TRUE);
    let log = &told.lines;
    let (event, grant) = (find(log, "event_ingested", 1), find(log, "approval_granted", 2));
    let early = usize::try_from(told.early.unverified().head().size).unwrap();
    let asked = find(log, "decision_recorded", 3);
    let rows = [
        ("a record deleted", without(log, |place, _| place == event), "sequence_broken", SHORT),
        (
            "a grant deleted, and the chain",
            chained(without(log, |place, _| place == grant)),
            "approval_not_granted",
            SHORT,
        ),
        ("the end of an entity deleted", without(log, |place, _| (4..7).contains(&place)), HOLDS, SHORT),
        ("an entity deleted", without(log, |_, line| line.contains("order:o_1")), HOLDS, SHORT),
        ("cut between a proposal and its decision", log[..=asked].to_vec(), "proposal_unpaired", SHORT),
        ("cut inside a record", cut_inside(log), "not_a_record", ROOT),
        ("cut between two appends", log[..asked].to_vec(), HOLDS, SHORT),
        ("rolled back to a backup", log[..early].to_vec(), HOLDS, SHORT),
        ("everything deleted", Vec::new(), HOLDS, SHORT),
    ];
    check(&told, "a_log_that_lacks_something", rows);
}

fn cut_inside(log: &[String]) -> Vec<String> {
    let mut log = log.to_vec();
    if let Some(last) = log.last_mut() {
        last.truncate(last.len() / 2);
    }
    log
}

#[test]
fn a_log_with_more_in_it() {
    let told = tell(&TRUE);
    let log = &told.lines;
    let event = find(log, "event_ingested", 1);
    let grant = find(log, "approval_granted", 2);
    let approval = member(&log[grant], "\"approval_id\":\"");
    let body = log[grant].find("\"body\":").unwrap()..log[grant].find(",\"entity\":").unwrap();
    let mut withdrawn = log[grant].replace("approval_granted", "approval_revoked");
    withdrawn.replace_range(body, &format!("\"body\":{{\"approval_id\":\"{approval}\",\"reason\":\"no\"}}"));
    let inserted = |place: usize, line: &str| {
        let mut log = log.clone();
        log.insert(place, line.to_owned());
        log
    };
    // An order that never was, made by kiff itself.
    refund(&told.rt, 4, 100);
    let forged = lines(&told.rt)[log.len()..].to_vec();
    let early: Vec<_> = log[..7].iter().chain(&forged).chain(&log[7..]).cloned().collect();
    let late = [log.as_slice(), &forged].concat();
    let rows = [
        ("a record twice", inserted(event + 1, &log[event]), "sequence_broken", OLD_ROOT),
        ("a grant twice, and the chain", chained(inserted(grant, &log[grant])), "grant_mismatch", OLD_ROOT),
        ("a withdrawal, and the chain", chained(inserted(grant + 1, &withdrawn)), "approval_not_open", OLD_ROOT),
        ("an order that never was, before the last head", early, HOLDS, OLD_ROOT),
        ("an order that never was, behind it: the next head signs it", late, HOLDS, HOLDS),
    ];
    check(&told, "a_log_with_more_in_it", rows);
}

#[test]
fn a_log_in_another_order() {
    let told = tell(&TRUE);
    let log = &told.lines;
    let swapped = |one: usize, other: usize| {
        let mut log = log.clone();
        log.swap(one, other);
        log
    };
    let all = |from: &str, to: &str| log.iter().map(|line| line.replace(from, to)).collect::<Vec<_>>();
    let (event, asked, grant) =
        (find(log, "event_ingested", 1), find(log, "decision_recorded", 1), find(log, "approval_granted", 2));
    let turned: Vec<_> = log[7..16].iter().chain(&log[..7]).chain(&log[16..]).cloned().collect();
    let rows = [
        ("two records of an entity exchanged", swapped(event, event + 1), "sequence_broken", ROOT),
        (
            "two records of an entity exchanged, and the chain",
            chained(swapped(event, event + 1)),
            "step_without_event",
            ROOT,
        ),
        ("two entities exchanged", turned, HOLDS, ROOT),
        ("a record moved to another entity", with(log, event, "order:o_1", "order:o_9"), "sequence_broken", ROOT),
        (
            "a grant moved to another entity, and the chain",
            chained(with(log, grant, "order:o_2", "order:o_1")),
            "approval_not_open",
            ROOT,
        ),
        (
            "all of an entity moved, and the chain",
            chained(all("order:o_1", "order:o_9")),
            "request_digest_mismatch",
            ROOT,
        ),
        ("a record moved to another tenant", with(log, asked, "\"shop\"", "\"store\""), "sequence_broken", ROOT),
        (
            "the log moved to another tenant, and the chain",
            chained(all("\"tenant\":\"shop\"", "\"tenant\":\"store\"")),
            "request_digest_mismatch",
            ROOT,
        ),
    ];
    check(&told, "a_log_in_another_order", rows);
}

#[test]
fn a_log_told_anew() {
    let told = tell(&TRUE);
    let log = &told.lines;
    let early = usize::try_from(told.early.unverified().head().size).unwrap();
    let granted = find(log, "approval_granted", 2);
    let time = member(&log[granted], "\"recorded_at\":\"").to_owned();
    let erased = |digest: String| {
        let mut log = log.clone();
        log[0] = digest;
        log
    };
    let fork = story(|story| story.cents[2] = 700);
    assert_eq!((&fork[..early], against(&told.early, &fork).as_str()), (&log[..early], HOLDS));
    let rows = [
        ("a record dated back, and the chain", chained(with(log, granted, &time, START)), "time_went_back", ROOT),
        (
            "all dated back by a year, and the chain",
            story(|story| story.start = "2025-05-24T09:50:18.431Z"),
            HOLDS,
            ROOT,
        ),
        ("a fork behind an older head", fork, HOLDS, ROOT),
        (
            "another amount, and told anew from the first record",
            story(|story| story.cents = [1, 99_900, 500]),
            HOLDS,
            ROOT,
        ),
        ("told anew for another tenant", story(|story| story.tenant = "store"), HOLDS, ROOT),
        ("a record erased that leaves its hash", erased(leaf(&log[0]).to_string()), HOLDS, HOLDS),
        ("a record erased that leaves another hash", erased(leaf(&log[1]).to_string()), "sequence_broken", ROOT),
    ];
    check(&told, "a_log_told_anew", rows);
}

#[test]
fn a_head_shows_nothing_of_what_came_after_it() {
    let told = tell(&TRUE);
    let early = usize::try_from(told.early.unverified().head().size).unwrap();
    let asked = find(&told.lines, "decision_recorded", 3);
    let fork = story(|story| story.cents[2] = 700);
    for log in [told.lines[..early].to_vec(), told.lines[..asked].to_vec(), fork] {
        assert_eq!([alone(&log), against(&told.early, &log), opened_with(&told.early, &log)], [HOLDS; 3]);
        assert_ne!(against(&told.late, &log), HOLDS);
    }
}

#[test]
fn a_receipt_names_its_record_in_the_true_log_alone() {
    let told = tell(&TRUE);
    let anew = story(|story| story.cents = [2_001, 99_901, 501]);
    let matching = |log: &[String], receipt: &Receipt| {
        let records = log.iter().map(|line| Record::parse(line.as_bytes().into()).unwrap());
        records.filter(|record| receipt.matches(record).is_ok()).count()
    };
    for receipt in &told.receipts {
        assert_eq!((matching(&told.lines, receipt), matching(&anew, receipt)), (1, 0));
    }
}

const HOLDS: &str = "holds";
const CHAIN: &str = "chain_broken";
const ROOT: &str = "root_mismatch";
const OLD_ROOT: &str = "old_root_mismatch";
const SHORT: &str = "sizes_out_of_order";
