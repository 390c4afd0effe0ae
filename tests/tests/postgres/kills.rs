//! The server is killed while clients append.

use super::{cluster::Cluster, on_tokio, runtime, stream, tenant};
use kiff::{
    Authority, NewEvent, Runtime,
    record::{Record, RecordBytes},
    store::{Append, Batch, EventStore, MemoryStore, PostgresStore, StoreError},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

const CLIENTS: usize = 8;
const KILLS: u64 = 3;
/// How many appends are acknowledged between two kills.
const BETWEEN: u64 = 150;

#[test]
fn what_was_acknowledged_outlives_kills_under_load() {
    let Some(cluster) = Cluster::new() else { return };
    on_tokio(async {
        let pool = cluster.pool_with(Default::default(), CLIENTS as u32 + 1).await;
        let store = PostgresStore::open(pool.clone()).await.unwrap();
        let load = Arc::new(Load::default());
        let clients: Vec<_> =
            (0..CLIENTS).map(|number| tokio::spawn(Client::new(&store, number).run(load.clone()))).collect();
        let sequencer = tokio::spawn(sequence(store.clone(), load.clone()));
        for kill in 1..=KILLS {
            load.reaches(kill * BETWEEN).await;
            cluster.kill();
            cluster.restart();
        }
        load.reaches((KILLS + 1) * BETWEEN).await;
        load.is_over.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for client in clients {
            acknowledged.extend(client.await.unwrap());
        }
        sequencer.await.unwrap();
        assert!(load.lost.load(Ordering::Relaxed) > 0, "no kill met an append");
        check(&store, &acknowledged).await;
    });
}

/// All that was acknowledged is there, as it was and in its order, and nothing else; the log has it once.
async fn check(store: &PostgresStore, acknowledged: &[(String, Vec<RecordBytes>)]) {
    let mut count = 0;
    for (name, records) in acknowledged {
        let found = store.read(&tenant(), &stream(name), 0, usize::MAX).await.unwrap();
        assert_eq!(found, *records, "in {name}");
        count += records.len();
    }
    assert_eq!(store.sequence(&tenant()).await.unwrap(), count as u64);
    let log = store.read_log(&tenant(), 0, usize::MAX).await.unwrap();
    assert_eq!(log.len(), count);
    let mut heads = HashMap::new();
    for bytes in log {
        let record = Record::parse(bytes).unwrap();
        let head: &mut u64 = heads.entry(record.entity().clone()).or_default();
        *head += 1;
        assert_eq!(record.entity_seq(), *head, "in {}", record.entity());
    }
    let report = kiff::replay::verify(&runtime(store.clone()).export().await.unwrap());
    assert!(report.holds(), "{report:?}");
}

/// What the clients and the test tell each other.
#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    acknowledged: AtomicU64,
    lost: AtomicU64,
}

impl Load {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    async fn reaches(&self, count: u64) {
        while self.acknowledged.load(Ordering::Relaxed) < count {
            tokio::task::yield_now().await;
        }
    }
}

/// Appends to two streams at a time, so that a batch could be torn.
struct Client {
    store: PostgresStore,
    names: [String; 2],
    /// Where the records are made.
    memory: MemoryStore,
    source: Runtime,
}

impl Client {
    fn new(store: &PostgresStore, number: usize) -> Self {
        let memory = MemoryStore::new();
        let (names, source) = ([format!("a{number}"), format!("b{number}")], runtime(memory.clone()));
        Self { store: store.clone(), names, memory, source }
    }

    /// Appends until it is over. Tells what each stream must have then.
    async fn run(self, load: Arc<Load>) -> Vec<(String, Vec<RecordBytes>)> {
        let mut length = 0;
        while !load.is_over() {
            let batch = self.next(length).await;
            self.append(&batch, &load).await;
            load.acknowledged.fetch_add(1, Ordering::Relaxed);
            length += 2;
        }
        let mut all = Vec::new();
        for name in self.names {
            all.push((name.clone(), self.memory.read(&tenant(), &stream(&name), 0, usize::MAX).await.unwrap()));
        }
        all
    }

    /// The next two records of both streams.
    async fn next(&self, after: u64) -> Batch {
        let mut batch = Batch::new(tenant());
        for name in &self.names {
            let event = NewEvent::new(format!("evt_{name}_{after}"), if after == 0 { "STARTED" } else { "BUMPED" });
            let entity = stream(name);
            let _ = self.source.ingest(&Authority::service("host").unwrap(), entity.as_str(), event).await.unwrap();
            let records = self.memory.read(&tenant(), &entity, after, 10).await.unwrap();
            assert_eq!(records.len(), 2);
            let records = records.into_iter().map(|bytes| Record::parse(bytes).unwrap()).collect();
            batch = batch.with(entity, after, records).unwrap();
        }
        batch
    }

    /// Appends until it is acknowledged, or is found to be there after an answer was lost.
    async fn append(&self, batch: &Batch, load: &Load) {
        let mut is_lost = false;
        loop {
            match self.store.append(batch).await {
                Ok(Append::Done) => return,
                Ok(Append::Conflict { .. }) if is_lost => return self.is_whole(batch).await,
                Ok(other) => panic!("{other:?} without a lost answer: what had certainly failed was stored"),
                Err(StoreError::Unknown(_)) => {
                    is_lost = true;
                    load.lost.fetch_add(1, Ordering::Relaxed);
                }
                Err(StoreError::Failed(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
            tokio::task::yield_now().await;
        }
    }

    async fn is_whole(&self, batch: &Batch) {
        for part in batch.parts() {
            loop {
                let Ok(found) = self.store.read(&tenant(), part.stream(), part.expected(), 10).await else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let ours: Vec<_> = part.records().iter().map(|record| record.bytes().clone()).collect();
                assert_eq!(found, ours, "a batch is torn");
                break;
            }
        }
    }
}

/// Gives out places all the while; a call that fails is made again.
async fn sequence(store: PostgresStore, load: Arc<Load>) {
    let mut length = 0;
    while !load.is_over() {
        if let Ok(now) = store.sequence(&tenant()).await {
            assert!(now >= length, "the log became shorter");
            length = now;
        }
        tokio::task::yield_now().await;
    }
}
