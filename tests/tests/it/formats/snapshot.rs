//! The snapshot of a view: its bytes are kept, and each of its members is described.
//!
//! After a change that is meant, give the format another word, and write the vector anew with
//! `KIFF_OVERWRITE=1 cargo test -p kiff-tests --test it formats`.

use super::{dir, formats};
use kiff::{
    Answer, Authority, Domain, Event, Facts, Failure, Outcome, Proposal, TenantId, Value,
    domain::{Call, Contract, Definition, Machine},
    store::{EventStore, MemoryStore},
    testing::{Scenario, store_suite::block_on},
    value::Limits,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, env, fs};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct OrderFacts {
    events: u64,
}

impl Facts for OrderFacts {
    fn apply(&mut self, _: &Event<'_>) {
        self.events += 1;
    }
}

#[test]
fn the_snapshot_has_the_bytes_that_are_kept() {
    let (path, made) = (dir().join("tests/vectors/snapshot.txt"), snapshot());
    if env::var_os("KIFF_OVERWRITE").is_some() {
        fs::write(&path, format!("{made}\n")).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap().trim_end(), made);
    let (digest, json) = made.split_once(' ').unwrap();
    assert_eq!(kiff::record::Digest::of(json.as_bytes()).to_string(), digest);
    assert_eq!(parse(json).to_string(), json, "it is canonical");
}

#[test]
fn every_member_of_a_snapshot_is_described() {
    let text = fs::read_to_string(formats()).unwrap();
    let section = text.split("## 12. Snapshots").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut names = BTreeSet::new();
    members(&parse(snapshot().split_once(' ').unwrap().1), &mut names);
    for name in &names {
        assert!(
            section.contains(&format!("`{name}`")),
            "kiff/docs/formats.md does not describe `{name}` of a snapshot"
        );
    }
    assert!(names.len() > 25, "{names:?}");
}

/// A snapshot with everything open at once that can be.
pub(crate) fn snapshot() -> String {
    let store = MemoryStore::new();
    let build = |builder: kiff::RuntimeBuilder| builder.tenant("demo").store(store.clone()).snapshots(1);
    let mut s = Scenario::new(domain()).with(build).at("2026-05-24T09:00:00Z");
    s.given_events("order:ord_001", ["ORDER_PAID"]);
    let agent = || Authority::agent("ops-agent", ["operator"]).unwrap().on_behalf_of("alice").unwrap();
    let human = |id: &str| Authority::human(id, ["ops_operator"]).unwrap();
    let held = |reason: &str| Proposal::new("HELD", "order:ord_001").param("reason", reason);
    let denied = s.send(agent(), held("one")).assert_held("approval_required");
    s.deny(&denied, human("ann"), "not this one");
    let open = s.send(agent(), held("two")).assert_held("approval_required");
    let _ = s.runtime().grant(&human("ann"), open.approval_id, "").unwrap();
    let to = "orders.approve".parse().unwrap();
    let _ = s.runtime().escalate(&human("bea"), open.approval_id, to, "over my limit").unwrap();
    assert!(matches!(s.send(agent(), held("one")).answer(), Answer::Blocked(_)));
    let _ = s.send(agent(), Proposal::new("LOST", "order:ord_001")).answer();
    let cell = block_on(store.cell(&TenantId::new("demo").unwrap(), "snapshot:order:ord_001")).unwrap().unwrap();
    String::from_utf8(cell.value).unwrap()
}

fn domain() -> Domain {
    let contract = |name: &str| Contract::new(name, "order").allowed_states(["PAID"]).permissions(["orders.refund"]);
    let held = contract("HELD")
        .optional_param("reason", kiff::domain::param::ParamKind::STRING)
        .approval_required("orders.approve");
    let lost = |_: Call<'_>| Err::<Outcome, _>(Failure::unknown("no answer"));
    let define = |contract: Contract| Definition::new(contract).executor(lost);
    Domain::builder("shop", "v1")
        .table(Machine::new("order").starts("ORDER_PAID", "PAID").facts::<OrderFacts>())
        .define(define(held.quorum(2)))
        .define(define(contract("LOST").timeout(std::time::Duration::from_secs(30))))
        .role("operator", ["orders.refund"])
        .role("ops_operator", ["orders.approve"])
        .build()
        .unwrap()
}

fn parse(json: &str) -> Value {
    Value::parse(json.as_bytes(), &Limits::default().with_depth(64)).unwrap()
}

/// The names of all members that this format has of its own: what records have too is described with them.
fn members(value: &Value, names: &mut BTreeSet<String>) {
    if let Some(items) = value.as_array() {
        items.iter().for_each(|item| members(item, names));
    }
    for (name, value) in value.as_object().into_iter().flat_map(|object| object.iter()) {
        names.insert(name.to_owned());
        if !["actor", "body", "ruling", "requester", "grants"].contains(&name) {
            members(value, names);
        }
    }
}
