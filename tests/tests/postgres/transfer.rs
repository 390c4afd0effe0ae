//! Logs out of other stores and into PostgreSQL, and back; a log that is followed.

use super::{bump, cluster::Cluster, new_schema, on_tokio, runtime, start, tenant};
use kiff::{
    Answer, Authority, NewEvent, Proposal, Runtime, TenantId,
    store::{
        EventStore, MarkKind, MemoryStore, PostgresStore,
        transfer::{self, Imported},
    },
};
use kiff_examples::refund::{self, Stripe};
use std::path::Path;

#[test]
fn a_log_goes_in_and_comes_out_byte_for_byte() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/records.jsonl");
        for (log, tenant) in [(std::fs::read(path).unwrap(), TenantId::new("demo").unwrap()), (busy().await, tenant())]
        {
            let store = PostgresStore::open_in(cluster.pool().await, &new_schema()).await.unwrap();
            let memory = MemoryStore::new();
            let imported = transfer::import(&memory, log.as_slice()).await.unwrap();
            assert_eq!(transfer::import(&store, log.as_slice()).await.unwrap(), imported);
            let mut back = Vec::new();
            assert_eq!(transfer::export(&store, &tenant, &mut back).await.unwrap(), imported.records);
            assert_eq!(back, log);
            for kind in [MarkKind::Approval, MarkKind::Execution] {
                let open = store.open(&tenant, kind, None, 1_000).await.unwrap();
                assert_eq!(open, memory.open(&tenant, kind, None, 1_000).await.unwrap());
            }
            let again = transfer::import(&store, log.as_slice()).await.unwrap();
            assert_eq!(again, added(imported, 0));
        }
    });
}

#[test]
fn an_import_goes_on_behind_what_is_there_and_refuses_another_log() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let store = PostgresStore::open_in(cluster.pool().await, &new_schema()).await.unwrap();
        let log = busy().await;
        // Two events.
        let lines: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
        let imported = transfer::import(&store, lines[..4].concat().as_slice()).await.unwrap();
        assert_eq!(imported.added, 4);
        let imported = transfer::import(&store, log.as_slice()).await.unwrap();
        assert_eq!(imported.added, lines.len() as u64 - 4);
        let other = String::from_utf8(log.clone()).unwrap().replacen("evt_s0", "evt_x0", 1);
        let refused = transfer::import(&store, other.as_bytes()).await.unwrap_err();
        assert_eq!((refused.line(), refused.code().as_str()), (1, "other_log"));
        assert_eq!(runtime(store).export().await.unwrap(), log);
    });
}

#[test]
fn what_was_open_elsewhere_is_granted_and_used_here() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let from = orders(MemoryStore::new());
        let paid = NewEvent::new("evt_1", "ORDER_PAID");
        from.ingest(&Authority::service("stripe").unwrap(), "order:o_1", paid).await.unwrap().accepted().unwrap();
        let refund = Proposal::new("REFUND_ORDER", "order:o_1").param("amount", "999.00").param("reason", "broken");
        let answer = from.execute(&Authority::agent("ops-agent", ["operator"]).unwrap(), refund).await.unwrap();
        let Answer::Held(held) = answer else { panic!("held") };
        let to = orders(PostgresStore::open_in(cluster.pool().await, &new_schema()).await.unwrap());
        let _ = to.import_from(from.export().await.unwrap().as_slice()).await.unwrap();
        let human = Authority::human("ops-human", ["ops_operator"]).unwrap();
        let _ = to.grant(&human, held.approval_id, "fine").await.unwrap().recorded().unwrap();
        let _ = to.resume(held.approval_id).await.unwrap().executed().unwrap();
        assert!(to.rebuild("order:o_1").await.unwrap().matches());
    });
}

#[test]
fn a_subscription_sees_what_is_committed_and_keeps_its_position() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let store = PostgresStore::open_in(cluster.pool().await, &new_schema()).await.unwrap();
        let rt = runtime(store.clone());
        let mut feed = rt.subscribe("view").await.unwrap();
        assert!(feed.next(10).await.unwrap().is_empty());
        start(&rt, "one").await;
        // Nobody has called `sequence`; the feed does.
        let page = feed.next(10).await.unwrap();
        assert_eq!(page.iter().map(|logged| logged.index).collect::<Vec<_>>(), [0, 1]);
        feed.acknowledge().await.unwrap();
        bump(&rt, "one").await;
        let mut again = runtime(store).subscribe("view").await.unwrap();
        assert_eq!((again.position(), again.next(3).await.unwrap().len()), (2, 3));
        again.acknowledge().await.unwrap();
        let _ = feed.next(10).await.unwrap();
        assert_eq!(feed.acknowledge().await.unwrap_err().code(), "position_moved");
    });
}

/// A log of streams that take turns, so that an import makes many batches.
async fn busy() -> Vec<u8> {
    let rt = runtime(MemoryStore::new());
    let names = ["s0", "s1", "s2", "s3", "s4"];
    for name in names {
        start(&rt, name).await;
    }
    for round in 0..30 {
        bump(&rt, names[round * round % names.len()]).await;
    }
    rt.export().await.unwrap()
}

fn orders(store: impl EventStore) -> Runtime {
    Runtime::builder(refund::domain().unwrap()).provide(Stripe::fake()).store(store).build().unwrap()
}

fn added(mut imported: Imported, added: u64) -> Imported {
    imported.added = added;
    imported
}
