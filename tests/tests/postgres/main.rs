//! The store on PostgreSQL, on a cluster that each run starts and stops.

#![cfg(test)]

mod cluster;
mod faults;
mod kills;
mod log;
mod open;
mod transfer;
mod unchanged;
mod waits;
mod within;

use self::cluster::Cluster;
use kiff::{
    Answer, Authority, Domain, EntityRef, NewEvent, Outcome, Proposal, Runtime, TenantId,
    domain::{Contract, Definition, Machine},
    record::Record,
    store::{Batch, EventStore, MemoryStore, PostgresStore},
    testing::store_suite,
};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// Runs a test on tokio, which the pool needs.
pub(crate) fn on_tokio<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test)
}

/// A schema that no other test of the run has.
pub(crate) fn new_schema() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("kiff_{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

pub(crate) fn stream(name: &str) -> EntityRef {
    EntityRef::new("counter", name).unwrap()
}

/// Counters that may be bumped for ever.
pub(crate) fn domain() -> Domain {
    let machine = Machine::new("counter").starts("STARTED", "ON").moves("ON", "BUMPED", "ON");
    let contract = Contract::new("BUMP", "counter").allowed_states(["ON"]).permissions(["counters.bump"]);
    Domain::builder("counters", "v1")
        .table(machine)
        .define(
            Definition::new(contract.emits(["BUMPED"]))
                .executor(|_: kiff::domain::Call<'_>| Ok(Outcome::new("bumped").emit("BUMPED"))),
        )
        .role("operator", ["counters.bump"])
        .build()
        .unwrap()
}

/// A runtime for the tests' tenant.
pub(crate) fn runtime(store: impl EventStore) -> Runtime {
    Runtime::builder(domain()).tenant("acme").store(store).build().unwrap()
}

pub(crate) async fn start(rt: &Runtime, name: &str) {
    let event = NewEvent::new(format!("evt_{name}"), "STARTED");
    let _ = rt.ingest(&Authority::service("host").unwrap(), &format!("counter:{name}"), event).await.unwrap();
}

pub(crate) async fn bump(rt: &Runtime, name: &str) {
    let agent = Authority::agent("bot", ["operator"]).unwrap();
    let answer = rt.execute(&agent, Proposal::new("BUMP", format!("counter:{name}"))).await.unwrap();
    assert!(matches!(answer, Answer::Executed(_)), "{answer:?}");
}

/// The first record of a stream, as a runtime writes it.
pub(crate) async fn first_record(name: &str) -> Record {
    let store = MemoryStore::new();
    start(&runtime(store.clone()), name).await;
    let bytes = store.read(&tenant(), &stream(name), 0, 1).await.unwrap().pop().unwrap();
    Record::parse(bytes).unwrap()
}

/// A batch with the first record of each of these streams.
pub(crate) async fn first_batch(names: &[&str]) -> Batch {
    let mut batch = Batch::new(tenant());
    for name in names {
        batch = batch.with(stream(name), 0, vec![first_record(name).await]).unwrap();
    }
    batch
}

#[test]
fn it_passes_the_suite() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let pool = cluster.pool().await;
        let fresh = async || PostgresStore::open_in(pool.clone(), &new_schema()).await.unwrap();
        store_suite::run_with(fresh, |writer| drop(tokio::spawn(writer))).await.unwrap();
    });
}

#[test]
fn what_it_acknowledged_is_there_when_it_is_opened_again() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let schema = new_schema();
        let open = async || PostgresStore::open_in(cluster.pool().await, &schema).await.unwrap();
        store_suite::run_reopening(open).await.unwrap();
    });
}

/// A thousand rounds take half a minute and more, so that many are run where `KIFF_RACE_ROUNDS` says so.
#[test]
fn of_twenty_writers_one_wins_in_every_round() {
    let rounds = std::env::var("KIFF_RACE_ROUNDS").map_or(100, |rounds| rounds.parse().unwrap());
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let store = Arc::new(PostgresStore::open_in(cluster.pool().await, &new_schema()).await.unwrap());
        store_suite::race(&store, rounds, &|writer| drop(tokio::spawn(writer))).await.unwrap();
    });
}

#[test]
fn a_runtime_governs_on_it() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let store = PostgresStore::open_in(cluster.pool().await, &new_schema()).await.unwrap();
        let rt = runtime(store.clone());
        start(&rt, "one").await;
        bump(&rt, "one").await;
        let stranger = Authority::agent("stranger", ["none"]).unwrap();
        let answer = rt.execute(&stranger, Proposal::new("BUMP", "counter:one")).await.unwrap();
        assert!(matches!(answer, Answer::Blocked(_)), "{answer:?}");
        // Another runtime, which knows only what is stored.
        let again = runtime(store.clone());
        bump(&again, "one").await;
        assert!(again.in_doubt().await.unwrap().is_empty());
        assert_eq!(rt.state("counter:one").await.unwrap().map(|state| state.state.to_string()), Some("ON".into()));
        assert!(again.rebuild("counter:one").await.unwrap().matches());
        let report = kiff::replay::verify_with(&domain(), &rt.export().await.unwrap());
        assert!(report.holds(), "{report:?}");
        assert_eq!(report.records, store.sequence(&tenant()).await.unwrap());
    });
}
