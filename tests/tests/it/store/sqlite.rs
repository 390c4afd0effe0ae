//! A runtime on a SQLite file: after a restart, and with several processes on one file.

use crate::folder::Folder;
use kiff::{
    Answer, Authority, Blocking, Domain, NewEvent, Outcome, Proposal, Runtime, RuntimeError,
    domain::{Call, Contract, Definition, Machine},
    record::Kind,
    store::SqliteStore,
    testing::store_suite,
};
use std::{
    env,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

/// Set for the processes that a test starts: the file, and their number.
const FILE: &str = "KIFF_TEST_SQLITE_FILE";
const NUMBER: &str = "KIFF_TEST_SQLITE_NUMBER";
const PROCESSES: usize = 3;
const ROUNDS: usize = 8;

#[test]
fn the_sqlite_store_passes() {
    let folder = Folder::new("suite");
    let mut number = 0;
    let fresh = async || {
        number += 1;
        SqliteStore::open(folder.0.join(format!("{number}.db"))).unwrap()
    };
    store_suite::block_on(store_suite::run(fresh)).unwrap();
}

#[test]
fn what_it_acknowledged_is_there_when_it_is_opened_again() {
    let folder = Folder::new("reopened");
    let open = async || SqliteStore::open(folder.0.join("log.db")).unwrap();
    store_suite::block_on(store_suite::run_reopening(open)).unwrap();
}

#[test]
fn twenty_writers_race_a_thousand_times_and_one_wins_each() {
    let folder = Folder::new("race");
    let store = Arc::new(SqliteStore::open(folder.0.join("log.db")).unwrap());
    store_suite::block_on(store_suite::race(&store, 1_000, &store_suite::on_a_thread)).unwrap();
}

#[test]
fn a_runtime_goes_on_after_a_restart() {
    let folder = Folder::new("restart");
    let path = folder.0.join("log.db");
    let rt = runtime(&path).blocking();
    let _ = rt.ingest(&host(), "counter:1", NewEvent::new("evt_1", "STARTED")).unwrap();
    let held = rt.execute(&agent(), Proposal::new("RESET", "counter:1")).unwrap();
    let Answer::Held(held) = held else { panic!("{held:?}") };
    let timeline = rt.timeline("counter:1").unwrap().to_string();
    drop(rt);
    let rt = runtime(&path).blocking();
    assert_eq!(rt.timeline("counter:1").unwrap().to_string(), timeline);
    assert_eq!(rt.pending_approvals().unwrap().len(), 1);
    // The event is known: it moves nothing again.
    let _ = rt.ingest(&host(), "counter:1", NewEvent::new("evt_1", "STARTED")).unwrap();
    assert_eq!(rt.timeline("counter:1").unwrap().to_string(), timeline);
    let _ = rt.grant(&Authority::human("ada", ["reviewer"]).unwrap(), held.approval_id, "seen").unwrap();
    assert_eq!(rt.resume(held.approval_id).unwrap().executed().unwrap().message, "reset");
    assert_eq!(rt.rebuild("counter:1").unwrap().to_string(), "materialized state matches replay");
}

#[test]
fn processes_share_a_file() {
    if let (Some(path), Ok(number)) = (env::var_os(FILE), env::var(NUMBER)) {
        return bump(Path::new(&path), &number);
    }
    let folder = Folder::new("processes");
    let path = folder.0.join("log.db");
    let rt = runtime(&path).blocking();
    let _ = rt.ingest(&host(), "counter:shared", NewEvent::new("evt_1", "STARTED")).unwrap();
    let children: Vec<Child> = (0..PROCESSES).map(|number| child(&path, number)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let timeline = rt.timeline("counter:shared").unwrap();
    for kind in [Kind::ActionValidated, Kind::ActionExecuted] {
        assert_eq!(timeline.entries().filter(|entry| entry.kind == kind).count(), PROCESSES * ROUNDS, "{kind}");
    }
    for round in 0..ROUNDS {
        let timeline = rt.timeline(&format!("counter:{round}")).unwrap();
        assert_eq!(timeline.entries().filter(|entry| entry.kind == Kind::EventIngested).count(), 1);
    }
    assert_eq!(rt.rebuild("counter:shared").unwrap().to_string(), "materialized state matches replay");
}

/// What each process does: bump a counter that all of them bump, beside events that all of them report.
fn bump(path: &Path, number: &str) {
    let rt = runtime(path).blocking();
    for round in 0..ROUNDS {
        let is_done = (0..10_000).any(|_| has_bumped(&rt));
        assert!(is_done, "process {number} never had its turn");
        let event = NewEvent::new(format!("evt_all_{round}"), "STARTED");
        let _ = rt.ingest(&host(), &format!("counter:{round}"), event).unwrap();
    }
}

/// While another process runs its bump, the counter takes none; that is the one reason to wait.
fn has_bumped(rt: &Blocking) -> bool {
    match rt.execute(&agent(), Proposal::new("BUMP", "counter:shared")) {
        Ok(Answer::Executed(_)) => true,
        Ok(Answer::Blocked(blocked)) if blocked.reason == "execution_open" => false,
        Err(RuntimeError::Contended { .. }) => false,
        other => panic!("{other:?}"),
    }
}

fn child(path: &Path, number: usize) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "store::sqlite::processes_share_a_file"])
        .env(FILE, path)
        .env(NUMBER, number.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn runtime(path: &Path) -> Runtime {
    Runtime::builder(domain()).store(SqliteStore::open(path).unwrap()).build().unwrap()
}

fn domain() -> Domain {
    let machine = Machine::new("counter").starts("STARTED", "ON").moves("ON", "BUMPED", "ON");
    let bump = Contract::new("BUMP", "counter").allowed_states(["ON"]).permissions(["counters.bump"]);
    let reset = Contract::new("RESET", "counter").allowed_states(["ON"]).permissions(["counters.bump"]);
    Domain::builder("counters", "v1")
        .table(machine)
        .define(
            Definition::new(bump.emits(["BUMPED"])).executor(|_: Call<'_>| Ok(Outcome::new("bumped").emit("BUMPED"))),
        )
        .define(
            Definition::new(reset.approval_required("counters.reset"))
                .executor(|_: Call<'_>| Ok(Outcome::new("reset"))),
        )
        .role("operator", ["counters.bump"])
        .role("reviewer", ["counters.reset"])
        .build()
        .unwrap()
}

fn host() -> Authority {
    Authority::service("host").unwrap()
}

fn agent() -> Authority {
    Authority::agent("bot", ["operator"]).unwrap()
}
