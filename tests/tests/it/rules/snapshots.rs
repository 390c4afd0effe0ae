//! Snapshots of views: a cache that is never believed over the log, and never in the way.

use super::kit::{
    Counts, Lab, ORDER, Plan, World, agent, blocked, domain, in_doubt, json, proposal, refund, reviewer, verify,
};
use kiff::{
    Authority, Blocking, Decision, Domain, EntityRef, Event, Facts, Failure, NewEvent, Outcome, Runtime, TenantId,
    Value,
    domain::Machine,
    doubt::Resolution,
    ids::Permission,
    record::{Digest, RecordBytes},
    store::{Append, Batch, Cell, CellSet, EventStore, MemoryStore, StoreError},
    testing::{FixedIds, ManualClock, StoreLayer, store_suite::block_on},
};
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const CELL: &str = "snapshot:order:o_1";

#[test]
fn every_kind_of_open_thing_is_in_a_snapshot() {
    let world = World::with_snapshots(1).pay();
    let check = |what: &str| {
        // Made by the last commit, so that a cold runtime folds nothing.
        assert_eq!(snapshot_seq(&world), world.len() as u64, "{what}");
        let cold = world.other(|lab| domain(lab, "v1"));
        for (held, opened) in [
            (format!("{:?}", world.rt.state(ORDER)), format!("{:?}", cold.state(ORDER))),
            (format!("{:?}", world.rt.pending_approvals()), format!("{:?}", cold.pending_approvals())),
            (format!("{:?}", world.rt.in_doubt()), format!("{:?}", cold.in_doubt())),
        ] {
            assert_eq!(held, opened, "{what}");
        }
        assert!(cold.state(ORDER).unwrap().unwrap().facts::<Counts>().is_some());
        verify(&cold, &world.domain);
    };
    check("nothing is open");
    let two = world.held(proposal("HELD_FOR_TWO", 7).param("note", "for \"two\"\u{e9}").reasoning("why not"));
    world.grant(two.approval_id, "ann");
    check("an approval with a grant");
    let more = Permission::new("orders.admin").unwrap();
    let _ = world.rt.escalate(&reviewer("bea"), two.approval_id, more, "too much").unwrap();
    check("an approval that was escalated");
    world.deny(world.held(proposal("ALWAYS_HELD", 8)).approval_id);
    check("a denial");
    blocked(world.send(proposal("ALWAYS_HELD", 8)));
    blocked(world.send(proposal("CHECKED", 13)));
    check("refusals");
    (0..40).for_each(|_| drop(world.send(proposal("CHECKED", 13))));
    check("refusals of which no more are recorded");
    world.lab.then(Plan::Error);
    in_doubt(world.send(refund(5)));
    check("an execution in doubt");
    assert_eq!(world.blocked(refund(5)).reason, *"execution_in_doubt");
}

#[test]
fn an_execution_whose_late_result_is_in_conflict_is_in_a_snapshot() {
    let world = World::with_snapshots(1).pay();
    let Decision::Allowed(allowed) = world.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap() else { panic!() };
    let id = allowed.permit.execution_id();
    world.clock.advance(Duration::from_secs(31));
    let resolver = Authority::human("rita", ["resolver"]).unwrap();
    let _ = world.rt.resolve(&resolver, id, Resolution::NotApplied, "seen").unwrap();
    in_doubt(world.rt.record_outcome(allowed.permit, Ok(Outcome::new("landed after all"))).unwrap());
    assert_eq!(snapshot_seq(&world), world.len() as u64);
    let cold = world.other(|lab| domain(lab, "v1"));
    assert_eq!(format!("{:?}", cold.in_doubt()), format!("{:?}", world.rt.in_doubt()));
    verify(&cold, &world.domain);
    let _ = cold.resolve(&resolver, id, Resolution::Succeeded(Outcome::new("seen")), "seen").unwrap();
    verify(&cold, &world.domain);
}

#[test]
fn a_cold_entity_is_opened_from_its_snapshot_and_its_tail() {
    let store = Watched::default();
    let notes = |rt: &Blocking, numbers: std::ops::Range<usize>| {
        numbers.for_each(|number| note(rt, &format!("note_{number}")));
    };
    let rt = runtime(&store, 1_000);
    pay(&rt);
    notes(&rt, 0..2_000);
    store.said();
    let opened = runtime(&store, 1_000);
    assert!(opened.state(ORDER).unwrap().is_some());
    // Two records for each event, and a snapshot after every thousand records: the tail is four records.
    assert_eq!(store.said(), ["cell", "read 3999 1", "read 4000 1000"]);
    assert_eq!(opened.state(ORDER).unwrap().unwrap().state_version, 2_002);
    assert!(opened.rebuild(ORDER).unwrap().matches());
    // Without snapshots nothing is asked of the cells.
    store.said();
    assert!(runtime(&store, 0).state(ORDER).unwrap().is_some());
    assert!(store.said().iter().all(|call| call.starts_with("read ")));
}

#[test]
fn a_snapshot_of_other_rules_or_another_log_is_left_aside() {
    let world = World::with_snapshots(1).pay();
    let made = cell(&world.store);
    let store_with = |value: &[u8]| {
        let store = copy(&world);
        assert_eq!(block_on(store.set_cell(&tenant(), CELL, 0, value)).unwrap(), CellSet::Done);
        store
    };
    let same = |version: &str| domain(&Lab::default(), version).build().unwrap();
    // Where the snapshot is believed, the entity is not read from its first record.
    let believed = |store: MemoryStore, domain: Domain| {
        let store = Watched { inner: store, ..Watched::default() };
        let rt = Runtime::builder(domain).store(store.clone()).snapshots(1).build().unwrap().blocking();
        assert_eq!(rt.state(ORDER).unwrap().unwrap().state, *"PAID");
        let believed = !store.said().contains(&"read 0 1000".to_owned());
        assert!(rt.rebuild(ORDER).unwrap().matches());
        believed
    };
    assert!(believed(store_with(&made), same("v1")));
    assert!(!believed(store_with(&made), same("v2")), "other rules");
    for (what, value) in [
        ("nothing", Vec::new()),
        ("cut off", made[..made.len() - 1].to_vec()),
        ("no digest", made[72..].to_vec()),
        ("a changed byte", changed(&made, |text| text.replacen("PAID", "PAIN", 1), Sealed::No)),
        ("another stream", changed(&made, |text| text.replace("order:o_1", "order:o_2"), Sealed::Yes)),
        ("another tenant", changed(&made, |text| text.replace("\"default\"", "\"other\""), Sealed::Yes)),
        ("another format", changed(&made, |text| text.replace("kiff-snapshot/1", "kiff-snapshot/2"), Sealed::Yes)),
        ("no sequence", changed(&made, |text| text.replace("\"seq\":4", "\"seq\":0"), Sealed::Yes)),
        ("a sequence beyond the log", changed(&made, |text| text.replace("\"seq\":4", "\"seq\":5"), Sealed::Yes)),
        ("another record", changed(&made, |text| text.replace("\"seq\":4", "\"seq\":3"), Sealed::Yes)),
        ("other facts", changed(&made, |text| text.replace("\"blank\":\"{}\"", "\"blank\":\"[]\""), Sealed::Yes)),
        ("no facts", changed(&made, |text| text.replace("\"facts\"", "\"fakes\""), Sealed::Yes)),
    ] {
        assert_ne!(value, made, "{what}");
        assert!(!believed(store_with(&value), same("v1")), "{what}");
    }
    // A member that a later version may add.
    assert!(believed(store_with(&changed(&made, |text| text.replacen('{', "{\"a\":1,", 1), Sealed::Yes)), same("v1")));
}

#[test]
fn a_snapshot_that_somebody_edited_is_caught_by_rebuild() {
    let world = World::with_snapshots(1).pay();
    let edited = changed(&cell(&world.store), |text| text.replacen("\"PAID\"", "\"CREATED\"", 1), Sealed::Yes);
    let revision = block_on(world.store.cell(&tenant(), CELL)).unwrap().unwrap().revision;
    assert_eq!(block_on(world.store.set_cell(&tenant(), CELL, revision, &edited)).unwrap(), CellSet::Done);
    // Before anybody has opened the entity, and while it is held.
    let cold = world.other(|lab| domain(lab, "v1"));
    for _ in 0..2 {
        let rebuild = cold.rebuild(ORDER).unwrap();
        assert_eq!(rebuild.differences, [r#"the state is Some("CREATED"), and the log says Some("PAID")"#]);
        // Whoever believes it is wrong: this is what it costs to believe it.
        assert_eq!(cold.state(ORDER).unwrap().unwrap().state, *"CREATED");
    }
    // The log itself is as it was, and who opens from it is right.
    let report = kiff::replay::verify_with(&world.domain, &cold.export().unwrap());
    assert!(report.holds(), "{report}");
    assert_eq!(world.rt.state(ORDER).unwrap().unwrap().state, *"PAID");
}

#[test]
fn a_snapshot_whose_tail_does_not_fit_is_left_aside() {
    let world = World::with_snapshots(1);
    world.event("ORDER_PLACED");
    let edited = changed(&cell(&world.store), |text| text.replace("\"CREATED\"", "\"REFUNDED\""), Sealed::Yes);
    world.event("ORDER_PAID");
    let store = copy(&world);
    assert_eq!(block_on(store.set_cell(&tenant(), CELL, 0, &edited)).unwrap(), CellSet::Done);
    let rt = Runtime::builder(world.domain.clone()).store(store).snapshots(1).build().unwrap().blocking();
    assert_eq!(rt.state(ORDER).unwrap().unwrap().state, *"PAID");
    assert!(rt.rebuild(ORDER).unwrap().matches());
}

#[test]
fn cells_that_fail_are_never_the_calls_failure() {
    let store = Watched::default();
    store.fails.store(true, Ordering::SeqCst);
    let rt = runtime(&store, 1);
    pay(&rt);
    let _ = rt.execute(&agent(), refund(5)).unwrap().executed().unwrap();
    assert!(runtime(&store, 1).state(ORDER).unwrap().is_some());
    // They come back, and the next commit makes a snapshot.
    store.fails.store(false, Ordering::SeqCst);
    store.said();
    note(&rt, "note_1");
    assert!(store.said().contains(&"set 0".to_owned()));
    // Another process has made one meanwhile: its revision is found out, and the next one is made behind it.
    let other = runtime(&store, 1);
    note(&other, "note_2");
    note(&rt, "note_3");
    store.said();
    note(&rt, "note_4");
    assert!(store.said().contains(&"set 2".to_owned()));
    assert_eq!(block_on(EventStore::cell(&store, &tenant(), CELL)).unwrap().unwrap().revision, 3);
}

#[test]
fn nothing_comes_between_a_clearance_and_its_effect() {
    let store = Watched::default();
    let rt = runtime(&store, 1);
    pay(&rt);
    store.said();
    let Decision::Allowed(allowed) = rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap() else { panic!() };
    assert_eq!(store.said(), ["append"]);
    let _ = rt.record_outcome(allowed.permit, Err(Failure::not_applied("no"))).unwrap();
    assert_eq!(store.said(), ["append", "set 2"]);
}

#[test]
fn what_is_too_large_or_does_not_come_back_is_not_kept() {
    /// Large, or with a number that JSON does not have.
    #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    struct Odd {
        text: String,
        number: f64,
    }
    impl Facts for Odd {
        fn apply(&mut self, event: &Event<'_>) {
            let is = |name| event.get(name).and_then(Value::as_bool) == Some(true);
            self.text = if is("large") { "x".repeat(1 << 20) } else { "\0".to_owned() };
            self.number = if is("odd") { f64::NAN } else { 0.1 };
        }
    }
    let store = MemoryStore::new();
    let machine =
        Machine::new("order").starts("ORDER_PLACED", "OPEN").moves("OPEN", "ORDER_NOTED", "OPEN").facts::<Odd>();
    let domain = Domain::builder("odd", "v1").table(machine).build().unwrap();
    let rt = || Runtime::builder(domain.clone()).store(store.clone()).snapshots(1).build().unwrap().blocking();
    let revision = || block_on(EventStore::cell(&store, &tenant(), CELL)).unwrap().map_or(0, |cell| cell.revision);
    let _ = rt().ingest(&Authority::service("shop").unwrap(), ORDER, NewEvent::new("e1", "ORDER_PLACED")).unwrap();
    assert_eq!(revision(), 1);
    assert_eq!(rt().state(ORDER).unwrap().unwrap().facts::<Odd>().unwrap().text, "\0");
    for odd in ["large", "odd"] {
        let event = NewEvent::new(odd, "ORDER_NOTED").payload(Value::object([(odd, true)]));
        let _ = rt().ingest(&Authority::service("shop").unwrap(), ORDER, event).unwrap();
        assert_eq!(revision(), 1, "{odd}");
        assert!(rt().rebuild(ORDER).unwrap().matches());
    }
    let _ = rt().ingest(&Authority::service("shop").unwrap(), ORDER, NewEvent::new("e3", "ORDER_NOTED")).unwrap();
    assert_eq!(revision(), 2);
}

#[derive(Clone, Copy)]
enum Sealed {
    Yes,
    No,
}

/// A snapshot with another text, under a digest that fits or under its old one.
fn changed(snapshot: &[u8], change: impl Fn(String) -> String, sealed: Sealed) -> Vec<u8> {
    let text = change(String::from_utf8(snapshot[72..].to_vec()).unwrap());
    let digest = match sealed {
        Sealed::Yes => Digest::of(text.as_bytes()).to_string().into_bytes(),
        Sealed::No => snapshot[..71].to_vec(),
    };
    [&digest[..], b" ", text.as_bytes()].concat()
}

fn tenant() -> TenantId {
    TenantId::new("default").unwrap()
}

fn cell(store: &MemoryStore) -> Vec<u8> {
    block_on(store.cell(&tenant(), CELL)).unwrap().unwrap().value
}

/// The sequence at which the snapshot of the world's order stands.
fn snapshot_seq(world: &World) -> u64 {
    let text = json(&cell(&world.store)[72..]);
    super::kit::at(&text, "head.seq").parse().unwrap()
}

/// A store with the records of the world's order, and no cell.
fn copy(world: &World) -> MemoryStore {
    let store = MemoryStore::new();
    let batch = Batch::new(tenant()).with(ORDER.parse().unwrap(), 0, world.records(ORDER)).unwrap();
    assert_eq!(block_on(store.append(&batch)).unwrap(), Append::Done);
    store
}

fn runtime(store: &Watched, every: u64) -> Blocking {
    let domain = domain(&Lab::default(), "v1").build().unwrap();
    let builder = Runtime::builder(domain).clock(ManualClock::default()).ids(store.ids.clone());
    builder.store(store.clone()).snapshots(every).build().unwrap().blocking()
}

fn pay(rt: &Blocking) {
    for event in ["ORDER_PLACED", "ORDER_PAID"] {
        let _ = rt.ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
    }
}

fn note(rt: &Blocking, id: &str) {
    let _ = rt.ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(id, "NOTE_ADDED")).unwrap();
}

/// A store that says what it was asked, and whose cells fail while they are told to.
#[derive(Clone, Default)]
struct Watched {
    inner: MemoryStore,
    ids: FixedIds,
    said: Arc<Mutex<Vec<String>>>,
    fails: Arc<AtomicBool>,
}

impl Watched {
    /// What it was asked since it was asked this last.
    fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.said.lock().unwrap())
    }

    fn say(&self, what: String) {
        self.said.lock().unwrap().push(what);
    }
}

impl StoreLayer for Watched {
    type Inner = MemoryStore;

    fn inner(&self) -> &MemoryStore {
        &self.inner
    }

    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        self.say("append".into());
        self.inner.append(batch).await
    }

    async fn read(
        &self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordBytes>, StoreError> {
        self.say(format!("read {after} {limit}"));
        self.inner.read(tenant, stream, after, limit).await
    }

    async fn cell(&self, tenant: &TenantId, name: &str) -> Result<Option<Cell>, StoreError> {
        self.say("cell".into());
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::failed("no cells"));
        }
        self.inner.cell(tenant, name).await
    }

    async fn set_cell(
        &self,
        tenant: &TenantId,
        name: &str,
        expected: u64,
        value: &[u8],
    ) -> Result<CellSet, StoreError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::unknown("no cells"));
        }
        self.say(format!("set {expected}"));
        self.inner.set_cell(tenant, name, expected, value).await
    }
}
