//! `kiff/docs/formats.md` says what the code does: its examples are real records, its digests come out as it says.
//!
//! The records come from one story. After a change that is meant, write them anew with
//! `KIFF_OVERWRITE=1 cargo test -p kiff-tests --test it formats`, and read what has changed.

mod digests;
mod receipt;
mod shapes;
mod snapshot;
mod story;

use kiff::{
    Value,
    record::{Kind, Record},
    value::Limits,
};
use kiff_tests::codes::{coded, fixed};
use std::{collections::BTreeSet, env, fs, path::PathBuf};

#[test]
fn the_story_has_the_bytes_that_are_kept() {
    let log = String::from_utf8(story::log()).unwrap();
    let path = dir().join("tests/vectors/records.jsonl");
    if env::var_os("KIFF_OVERWRITE").is_some() {
        fs::write(&path, &log).unwrap();
        fs::write(formats(), with_examples(&fs::read_to_string(formats()).unwrap(), &log)).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    for (number, (kept, written)) in (1..).zip(kept.lines().zip(log.lines())) {
        assert_eq!(kept, written, "line {number} of tests/vectors/records.jsonl");
    }
    assert_eq!(kept.lines().count(), log.lines().count());
    assert!(kiff::replay::verify(kept.as_bytes()).holds());
    assert!(kiff::replay::verify_with(&story::domain().unwrap(), kept.as_bytes()).holds());
}

#[test]
fn every_kind_has_an_example_that_is_a_record_of_the_story() {
    let log = String::from_utf8(story::log()).unwrap();
    let written: BTreeSet<&str> = log.lines().collect();
    let text = fs::read_to_string(formats()).unwrap();
    let mut kinds = BTreeSet::new();
    for example in examples(&text) {
        let record = Record::parse(example.as_bytes().into()).unwrap_or_else(|error| panic!("{error}: {example}"));
        let value = Value::parse(example.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(value.to_string(), example, "the example is not canonical");
        assert!(written.contains(example), "the story has no such record: {example}");
        kinds.insert(record.kind());
    }
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "kiff/docs/formats.md has no example of {missing:?}");
}

#[test]
fn every_member_of_a_body_is_described() {
    let text = fs::read_to_string(formats()).unwrap();
    for line in String::from_utf8(story::log()).unwrap().lines() {
        let record = Record::parse(line.as_bytes().into()).unwrap();
        let title = format!("### `{}`", record.kind());
        let section = text.split(&title).nth(1).unwrap_or_else(|| panic!("kiff/docs/formats.md lacks {title}"));
        let section = section.split("\n### ").next().unwrap();
        // The three that carry a decision share one table.
        let shared = text.split("### The decision").nth(1).unwrap_or_default();
        let shared = shared.split("\n### ").next().unwrap();
        let value = Value::parse(line.as_bytes(), &Limits::default()).unwrap();
        let body = value.as_object().and_then(|record| record.get("body")).and_then(Value::as_object).unwrap();
        for (member, _) in body.iter() {
            let named = format!("| `{member}` |");
            let is_decision = body.get("decision").is_some();
            assert!(
                section.contains(&named) || is_decision && shared.contains(&named),
                "kiff/docs/formats.md does not describe `{member}` of {}",
                record.kind()
            );
        }
    }
}

#[test]
fn every_reason_code_of_the_sources_is_listed() {
    let text = fs::read_to_string(formats()).unwrap();
    for folder in ["base", "kernel", "evidence", "store", "runtime", "guard", "ledger"] {
        // What SQLite says of its file is in no log and on no wire.
        let coded = coded(folder).into_iter().filter(|code| code.of != "SqliteError");
        let words: BTreeSet<_> = coded.map(|code| code.word).chain(fixed(folder)).collect();
        assert!(!words.is_empty(), "no code was found in kiff/src/{folder}");
        for word in words {
            assert!(text.contains(&format!("`{word}`")), "kiff/docs/formats.md does not list `{word}` of {folder}");
        }
    }
}

pub(crate) fn dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn formats() -> PathBuf {
    dir().join("kiff/docs/formats.md")
}

/// The lines of the blocks that are marked as records.
fn examples(text: &str) -> Vec<&str> {
    let blocks = text.split("```json record\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap()).flat_map(str::lines).collect()
}

/// The text with each example replaced by the first record of its kind and entity in the log.
fn with_examples(text: &str, log: &str) -> String {
    let id = |line: &str| {
        let value = Value::parse(line.as_bytes(), &Limits::default()).unwrap();
        let member = |name: &str| value.as_object().unwrap().get(name).unwrap().to_string();
        (member("kind"), member("entity"))
    };
    let mut out = text.to_owned();
    for example in examples(text) {
        let found = log.lines().find(|line| id(line) == id(example));
        out = out.replace(example, found.unwrap_or_else(|| panic!("the story has no record like {example}")));
    }
    out
}
