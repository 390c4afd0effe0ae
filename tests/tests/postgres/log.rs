//! Many writers and sequencers at once, on several pools.

use super::{bump, cluster::Cluster, first_batch, new_schema, on_tokio, runtime, start, stream, tenant};
use kiff::{
    record::Record,
    store::{Append, EventStore, PostgresStore},
};
use std::collections::HashMap;

#[test]
fn of_twenty_writers_on_two_pools_one_wins() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let schema = new_schema();
        let stores = [
            PostgresStore::open_in(cluster.pool().await, &schema).await.unwrap(),
            PostgresStore::open_in(cluster.pool().await, &schema).await.unwrap(),
        ];
        for round in 0..100 {
            // Two streams each in another order, so that the batches would block each other if they could.
            let names = [format!("a{round}"), format!("b{round}")];
            let batches = [first_batch(&[&names[0], &names[1]]).await, first_batch(&[&names[1], &names[0]]).await];
            let mut writers = Vec::new();
            for writer in 0..20 {
                let (store, batch) = (stores[writer % 2].clone(), batches[writer / 2 % 2].clone());
                writers.push(tokio::spawn(async move { store.append(&batch).await.unwrap() }));
            }
            let mut wins = 0;
            for writer in writers {
                match writer.await.unwrap() {
                    Append::Done => wins += 1,
                    Append::Conflict { actual, .. } => assert_eq!(actual, 1),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(wins, 1, "in round {round}");
        }
        assert_eq!(stores[0].sequence(&tenant()).await.unwrap(), 200);
    });
}

#[test]
fn the_log_has_no_gaps_while_all_write_and_sequence() {
    const WRITERS: usize = 6;
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let schema = new_schema();
        let mut running = Vec::new();
        for writer in 0..WRITERS {
            let store = PostgresStore::open_in(cluster.pool_with(Default::default(), 3).await, &schema).await.unwrap();
            running.push(tokio::spawn(async move {
                let rt = runtime(store.clone());
                let mut seen = Vec::new();
                for round in 0..15 {
                    // One stream of its own, and one that all of them write.
                    let name = format!("w{writer}_{round}");
                    start(&rt, &name).await;
                    bump(&rt, &name).await;
                    start_together(&rt).await;
                    let length = store.sequence(&tenant()).await.unwrap();
                    let page = store.read_log(&tenant(), seen.len() as u64, usize::MAX).await.unwrap();
                    assert!(seen.len() as u64 + page.len() as u64 >= length);
                    seen.extend(page);
                    let own = store.read(&tenant(), &stream(&name), 0, 100).await.unwrap();
                    assert!(own.iter().all(|bytes| seen.contains(bytes)), "the log lacks what was committed");
                }
                seen
            }));
        }
        let mut followed = Vec::new();
        for writer in running {
            followed.push(writer.await.unwrap());
        }
        let store = PostgresStore::open_in(cluster.pool().await, &schema).await.unwrap();
        let length = store.sequence(&tenant()).await.unwrap();
        let log = store.read_log(&tenant(), 0, usize::MAX).await.unwrap();
        assert_eq!(log.len() as u64, length);
        for seen in followed {
            assert_eq!(seen, log[..seen.len()]);
        }
        let mut heads = HashMap::new();
        for bytes in &log {
            let record = Record::parse(bytes.clone()).unwrap();
            let head: &mut u64 = heads.entry(record.entity().clone()).or_default();
            *head += 1;
            assert_eq!(record.entity_seq(), *head, "in {}", record.entity());
        }
        assert_eq!(heads.len(), WRITERS * 15 + 1);
        let report = kiff::replay::verify(&runtime(store).export().await.unwrap());
        assert!(report.holds(), "{report:?}");
    });
}

/// One more event for the stream that all writers share.
async fn start_together(rt: &kiff::Runtime) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let id = format!("shared_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let kind = if id == "shared_0" { "STARTED" } else { "BUMPED" };
    let event = kiff::NewEvent::new(id, kind);
    // Whether the machine takes it depends on who came first; it is recorded in any case.
    let _ = rt.ingest(&kiff::Authority::service("host").unwrap(), "counter:shared", event).await.unwrap();
}
