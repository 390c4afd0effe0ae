//! `tests/shapes.lock`: every member that is ever stored, with its type and whether a reader may do without it.
//!
//! What is stored once must be read for ever, so shapes only grow. The lines come from what the code writes and
//! reads: the records of the story and of a few that it lacks, and the reader's answer to a record without the
//! member. `KIFF_OVERWRITE=1 cargo test -p kiff-tests --test it formats` adds new lines; it removes none.

use super::{dir, formats, snapshot, story};
use kiff::{
    Authority, Decision, Domain, Failure, NewEvent, Outcome, Proposal, Runtime, TenantId, Value,
    domain::{Bounds, Call, Contract, Definition, Machine},
    doubt::Resolution,
    record::{Kind, Record},
    store::{EventStore, MemoryStore},
    testing::{Scenario, store_suite::block_on},
    value::{Limits, Object},
};
use std::{collections::BTreeSet, env, fs, time::Duration};

/// Members whose content is the users' own: any value, or any members.
const FREE: [&str; 6] = ["claimed", "commitments", "message", "output", "parameters", "payload"];

#[test]
fn shapes_only_grow() {
    let path = dir().join("tests/shapes.lock");
    let found = shapes();
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let mut kept: BTreeSet<String> = kept.lines().map(str::to_owned).collect();
    // The lines of an older format stay as long as there is a way from it to the newest.
    let steps = fs::read_to_string(dir().join("kiff/src/kernel/record/format.rs")).unwrap();
    let steps = steps.split("#[cfg(test)]").next().unwrap();
    let is_old = |line: &str| steps.contains(&format!("from: \"{}\"", line.split(' ').next().unwrap()));
    let gone: Vec<_> = kept.difference(&found).filter(|line| !is_old(line)).cloned().collect();
    assert!(
        gone.is_empty(),
        "these shapes are in stored logs, and the code does not write or read them so any more:\n  {}\nPut them back. \
         A shape that must change is a new format: write the old record's way to it as a step in \
         kiff/src/kernel/record/format.rs, and keep these lines under the old format's word. (A snapshot or a position \
         is no evidence: give it another word, and take its old lines away by hand.)",
        gone.join("\n  ")
    );
    if env::var_os("KIFF_OVERWRITE").is_some() {
        kept.extend(found.clone());
        fs::write(&path, kept.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    }
    let new: Vec<_> = found.difference(&kept).cloned().collect();
    assert!(
        new.is_empty(),
        "these shapes are new:\n  {}\nDescribe them in kiff/docs/formats.md, then let KIFF_OVERWRITE=1 add them to \
         tests/shapes.lock. From then on they stay.",
        new.join("\n  ")
    );
}

#[test]
fn every_kind_and_every_member_that_the_reader_knows_is_locked() {
    let lock = fs::read_to_string(dir().join("tests/shapes.lock")).unwrap();
    for kind in Kind::ALL {
        assert!(lock.contains(&format!("kiff-record/1 {kind} ")), "tests/shapes.lock lacks {kind}");
    }
    let members: BTreeSet<&str> = lock.split([' ', '.', '\n']).map(|word| word.trim_end_matches("[]")).collect();
    // The page's tables are made of the declarations that the reader is made of.
    let page = fs::read_to_string(formats()).unwrap();
    let tables = page.split("\n## 4. ").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| `"));
    let asked: BTreeSet<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    assert!(asked.len() > 40, "the members are not found in the page any more: {asked:?}");
    let missing: Vec<_> = asked.iter().filter(|member| !members.contains(**member)).collect();
    assert!(missing.is_empty(), "no record of these tests has {missing:?}: let one have them");
}

/// One line for each member and type.
fn shapes() -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut needed = BTreeSet::new();
    for log in [story::log(), rest()] {
        for line in String::from_utf8(log).unwrap().lines() {
            add_record(line, &mut lines, &mut needed);
        }
    }
    let text = fs::read(dir().join("tests/vectors/receipt.json")).unwrap();
    let vector = Value::parse(&text, &Limits::default()).unwrap();
    let Some(Value::Object(receipt)) = vector.as_object().and_then(|vector| vector.get("receipt")) else { panic!() };
    for (path, kind) in members(receipt, "") {
        lines.insert((format!("kiff-receipt/1 {path}"), kind));
    }
    for (path, kind) in members(position().as_object().unwrap(), "") {
        lines.insert((format!("kiff-position/1 {path}"), kind));
    }
    let snapshot = snapshot::snapshot();
    let snapshot =
        Value::parse(snapshot.split_once(' ').unwrap().1.as_bytes(), &Limits::default().with_depth(64)).unwrap();
    for (path, kind) in members(snapshot.as_object().unwrap(), "") {
        // A proposal and a ruling stand there as in their records.
        if path.split('.').rev().skip(1).all(|step| !["body", "ruling"].contains(&step)) {
            lines.insert((format!("kiff-snapshot/1 {path}"), kind));
        }
    }
    let is_needed = |place: &str| if needed.contains(place) { "required" } else { "optional" };
    lines
        .iter()
        .map(|(place, kind)| match place.starts_with("kiff-record/") {
            true => format!("{place} {kind} {}", is_needed(place)),
            false => format!("{place} {kind}"),
        })
        .collect()
}

/// The position of a subscription, as its cell keeps it.
fn position() -> Value {
    let store = MemoryStore::new();
    let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "PLACED")).build();
    let rt = Runtime::builder(domain.unwrap()).tenant("demo").store(store.clone()).build().unwrap().blocking();
    let placed = NewEvent::new("evt_1", "ORDER_PLACED");
    let _ = rt.ingest(&Authority::service("shop").unwrap(), "order:o_1", placed).unwrap();
    let mut feed = rt.subscribe("view").unwrap();
    let _ = feed.next(1).unwrap();
    feed.acknowledge().unwrap();
    let cell = block_on(store.cell(&TenantId::new("demo").unwrap(), "position:view")).unwrap().unwrap();
    let value = Value::parse(&cell.value, &Limits::default()).unwrap();
    assert_eq!(value.as_object().unwrap().get("format").and_then(Value::as_str), Some("kiff-position/1"));
    value
}

/// The members of a record, and those without which it cannot be read.
fn add_record(line: &str, lines: &mut BTreeSet<(String, &'static str)>, needed: &mut BTreeSet<String>) {
    let value = Value::parse(line.as_bytes(), &Limits::default()).unwrap();
    let record = value.as_object().unwrap();
    let word = |member: &str| record.get(member).and_then(Value::as_str).unwrap().to_owned();
    let (format, kind) = (word("format"), word("kind"));
    for (path, form) in members(record, "") {
        let place = match path.strip_prefix("body.") {
            Some(member) => format!("{format} {kind} {member}"),
            None => format!("{format} envelope {path}"),
        };
        let steps: Vec<&str> = path.split('.').collect();
        let text = Value::from(without(record, &steps)).to_string();
        if Record::parse(text.as_bytes().into()).is_err() {
            needed.insert(place.clone());
        }
        lines.insert((place, form));
    }
}

/// Each member's path and type; those of the objects in it too.
fn members(object: &Object, before: &str) -> Vec<(String, &'static str)> {
    let mut all = Vec::new();
    for (name, value) in object.iter() {
        let path = format!("{before}{name}");
        let is_free = FREE.contains(&name);
        match value {
            Value::Array(items) if items.iter().any(|item| item.as_object().is_some()) => {
                all.push((path.clone(), "objects"));
                for item in items.iter().filter_map(Value::as_object) {
                    all.extend(members(item, &format!("{path}[].")));
                }
            }
            Value::Object(inner) if !is_free => {
                all.push((path.clone(), "object"));
                all.extend(members(inner, &format!("{path}.")));
            }
            _ if is_free => all.push((path, "free")),
            Value::Null => all.push((path, "null")),
            Value::Bool(_) => all.push((path, "boolean")),
            Value::Number(_) => all.push((path, "integer")),
            Value::String(_) => all.push((path, "string")),
            Value::Array(_) => all.push((path, "strings")),
            other => panic!("a value of a new type: {other:?}"),
        }
    }
    all
}

/// The object without the member at the path; of an array's objects, all without it.
fn without(object: &Object, path: &[&str]) -> Object {
    let drop = |value: &Value, rest: &[&str]| match value {
        Value::Object(inner) => Value::from(without(inner, rest)),
        other => other.clone(),
    };
    let (name, is_array) = (path[0].trim_end_matches("[]"), path[0].ends_with("[]"));
    let mut out = Object::default();
    for (member, value) in object.iter() {
        if member != name {
            out.insert(member, value.clone());
        } else if let Value::Array(items) = value
            && is_array
        {
            out.insert(member, items.iter().map(|item| drop(item, &path[1..])).collect::<Vec<_>>());
        } else if path.len() > 1 {
            out.insert(member, drop(value, &path[1..]));
        }
    }
    out
}

/// What the story lacks: what executors say at too great a length, which is kept by digest; a resolution that is
/// refused; and how many refusals were not recorded.
fn rest() -> Vec<u8> {
    let long = || "x".repeat(20_000);
    let outcome = move || {
        let told = Value::from(long());
        Outcome::new(long()).output(told.clone()).event("ORDER_PLACED", told.clone()).event("ORDER_LOST", told)
    };
    let define =
        |name: &str| Definition::new(Contract::new(name, "order").allowed_states(["PLACED"]).emits(["ORDER_PLACED"]));
    let order = Machine::new("order").starts("ORDER_PLACED", "PLACED").moves("PLACED", "ORDER_PLACED", "PLACED");
    let domain = Domain::builder("shop", "v1")
        .table(order)
        .bounds(Bounds::default().with_refusals(1))
        .define(define("SUCCEED").executor(move |_: Call<'_>| Ok(outcome())))
        .define(define("FAIL").executor(move |_: Call<'_>| Err::<Outcome, _>(Failure::not_applied(long()))))
        .define(define("VANISH").executor(move |_: Call<'_>| Err::<Outcome, _>(Failure::unknown(long()))))
        .define(Definition::new(
            Contract::new("RUN", "order").allowed_states(["PLACED"]).timeout(Duration::from_secs(9)),
        ))
        .role("lead", ["kiff.resolve"])
        .build();
    let mut s = Scenario::new(domain.unwrap());
    s.given_events("order:o_1", ["ORDER_PLACED"]);
    let agent = || Authority::agent("bot", ["operator"]).unwrap();
    let asked = |name: &str| Proposal::new(name, "order:o_1");
    s.send(agent(), asked("SUCCEED")).assert_executed();
    s.send(agent(), asked("FAIL")).assert_failed();
    for _ in 0..3 {
        let _ = s.send(agent(), asked("SUCCEED").param("no", "such")).assert_blocked("parameters_invalid");
    }
    let Decision::Allowed(allowed) = s.runtime().decide(&agent(), asked("RUN")).unwrap() else { panic!("allowed") };
    s.advance(Duration::from_secs(10));
    let execution = allowed.permit.execution_id();
    for who in [Authority::human("guest", ["operator"]).unwrap(), Authority::human("lead", ["lead"]).unwrap()] {
        let _ = s.runtime().resolve(&who, execution, Resolution::NotApplied, "not there").unwrap();
    }
    let _ = s.runtime().record_outcome(allowed.permit, Ok(outcome())).unwrap();
    let _ = s
        .runtime()
        .resolve(&Authority::human("lead", ["lead"]).unwrap(), execution, Resolution::NotApplied, "no")
        .unwrap();
    let _ = s.send(agent(), asked("VANISH")).answer();
    s.replay().assert_same().log().to_vec()
}
