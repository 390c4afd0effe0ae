//! What the domains of the examples leave in their logs, byte for byte, and what a replay says of it.
//!
//! `KIFF_OVERWRITE=1 cargo test` writes the files in `tests/golden` anew.

mod payables;
mod refund;
mod scenarios;
mod support;

use kiff::{Domain, replay};
use std::path::Path;

/// Compares a log with its file, and replays the file.
fn check_log(name: &str, domain: &Domain, log: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.jsonl"));
    if std::env::var_os("KIFF_OVERWRITE").is_some() {
        std::fs::write(&path, log).unwrap();
    }
    let golden = std::fs::read(&path).unwrap_or_default();
    for (number, (found, expected)) in (1..).zip(lines(log).zip(lines(&golden))) {
        assert_eq!(found, expected, "{path:?} differs in line {number}");
    }
    assert_eq!(log.len(), golden.len(), "{path:?} has another number of lines");
    for report in [replay::verify(&golden), replay::verify_with(domain, &golden)] {
        assert!(report.holds() && report.records > 0, "{name}: {report}");
    }
    let comparison = replay::compare(domain, &golden);
    assert!(comparison.is_empty(), "{name}: {comparison}");
}

fn lines(log: &[u8]) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    log.split(|byte| *byte == b'\n').map(String::from_utf8_lossy)
}
