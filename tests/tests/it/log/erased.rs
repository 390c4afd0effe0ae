//! A record that was erased from a log leaves its hash, and the rest holds.

use kiff::{
    record::Digest,
    replay::{self, Followed, LogVerifier},
};
use kiff_examples::scenarios::SCENARIOS;

/// One order: paid, held, granted, paid back.
fn log() -> Vec<String> {
    let log = SCENARIOS[2].run().unwrap().runtime.export().unwrap();
    String::from_utf8(log).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn any_record_may_be_erased_and_the_log_holds() {
    let whole = log();
    for erased in 0..whole.len() {
        let mut lines = whole.clone();
        lines[erased] = Digest::leaf(whole[erased].as_bytes()).to_string();
        let report = replay::verify(lines.join("\n").as_bytes());
        assert!(report.holds(), "without record {erased}: {report}");
        assert_eq!((report.records, report.pruned), (whole.len() as u64, 1));
    }
}

#[test]
fn a_hash_in_place_of_another_record_breaks_the_chain() {
    let whole = log();
    for erased in 0..whole.len() - 1 {
        let mut lines = whole.clone();
        lines[erased] = Digest::leaf(b"another").to_string();
        assert!(!replay::verify(lines.join("\n").as_bytes()).holds(), "record {erased}");
    }
}

#[test]
fn lines_taken_one_by_one_lead_where_the_log_leads() {
    let (whole, mut verifier) = (log(), LogVerifier::new());
    for (index, text) in (0..).zip(&whole) {
        let line = verifier.take(text.as_bytes());
        assert_eq!((line.index, line.leaf, line.fault), (index, Digest::leaf(text.as_bytes()), None));
    }
    let ends: Vec<_> = verifier.entities().collect();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].state.as_ref().map(|state| state.as_str()), Some("REFUNDED"));
    assert_eq!((ends[0].seq, ends[0].followed), (whole.len() as u64, Followed::Whole));
    assert!(ends[0].open_approvals.is_empty() && ends[0].open_executions.is_empty());
    assert!(verifier.finish().holds());

    let leaf = Digest::leaf(whole[1].as_bytes());
    let mut verifier = LogVerifier::new();
    let _ = verifier.take(whole[0].as_bytes());
    let _ = verifier.take(leaf.to_string().as_bytes());
    assert_eq!((verifier.pruned(&leaf), verifier.pruned(&Digest::ZERO)), (Some(1), None));
}
