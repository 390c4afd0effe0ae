//! Events that a host takes in within its own transaction.

use super::{
    bump, cluster::Cluster, domain, new_schema, on_tokio, open::run, runtime, start, stream, tenant, waits::waiting,
};
use kiff::{
    Answer, Authority, Domain, Ingested, NewEvent, Outcome, Proposal, Runtime, RuntimeError,
    domain::{Contract, Definition, Machine},
    record::Record,
    store::{EventStore, MemoryStore, PostgresStore, StoreError},
    testing::{FixedIds, ManualClock},
};
use sqlx::{AssertSqlSafe, PgPool, PgTransaction, postgres::PgConnectOptions};

/// A host with rows of its own beside the log.
struct Host {
    rt: Runtime,
    store: PostgresStore,
    pool: PgPool,
    schema: String,
}

impl Host {
    async fn new(cluster: &Cluster) -> Self {
        let schema = new_schema();
        let pool = cluster.pool_with(PgConnectOptions::new().application_name(&schema), 8).await;
        let store = PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
        run(&pool, &format!("CREATE TABLE {schema}.notes (note text)")).await;
        Self { rt: runtime(store.clone()), store, pool, schema }
    }

    async fn begin(&self) -> PgTransaction<'static> {
        self.pool.begin().await.unwrap()
    }

    /// The host's own row.
    async fn note(&self, tx: &mut PgTransaction<'_>) {
        let text = format!("INSERT INTO {}.notes VALUES ('noted')", self.schema);
        sqlx::query(AssertSqlSafe(text)).execute(&mut **tx).await.unwrap();
    }

    async fn notes(&self) -> i64 {
        let text = format!("SELECT count(*) FROM {}.notes", self.schema);
        sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(&self.pool).await.unwrap()
    }

    async fn ingest_in(&self, tx: &mut PgTransaction<'_>, name: &str, id: &str, kind: &str) -> Ingested {
        self.try_ingest_in(tx, name, id, kind).await.unwrap()
    }

    async fn try_ingest_in(
        &self,
        tx: &mut PgTransaction<'_>,
        name: &str,
        id: &str,
        kind: &str,
    ) -> Result<Ingested, RuntimeError> {
        let (within, entity) = (self.store.within(tx), format!("counter:{name}"));
        self.rt.ingest_in(within, &host(), &entity, NewEvent::new(id, kind)).await
    }

    async fn ingest(&self, name: &str, id: &str, kind: &str) -> Ingested {
        self.rt.ingest(&host(), &format!("counter:{name}"), NewEvent::new(id, kind)).await.unwrap()
    }

    /// How many events the entity has had, as the runtime says it.
    async fn events(&self, name: &str) -> u64 {
        self.rt.state(&format!("counter:{name}")).await.unwrap().map_or(0, |state| state.state_version)
    }

    /// The log in its order, checked whole.
    async fn log(&self) -> Vec<Record> {
        let length = self.store.sequence(&tenant()).await.unwrap();
        let log = self.store.read_log(&tenant(), 0, usize::MAX).await.unwrap();
        assert_eq!(log.len() as u64, length);
        let report = kiff::replay::verify(&self.rt.export().await.unwrap());
        assert!(report.holds() && report.records == length, "{report:?}");
        log.into_iter().map(|bytes| Record::parse(bytes).unwrap()).collect()
    }
}

fn host() -> Authority {
    Authority::service("host").unwrap()
}

fn is_accepted(ingested: &Ingested) -> bool {
    matches!(ingested, Ingested::Accepted { .. })
}

#[test]
fn the_event_is_there_with_the_hosts_rows_and_not_before() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let host = Host::new(&cluster).await;
        let mut tx = host.begin().await;
        host.note(&mut tx).await;
        assert!(is_accepted(&host.ingest_in(&mut tx, "one", "evt_1", "STARTED").await));
        assert!(is_accepted(&host.ingest_in(&mut tx, "one", "evt_2", "BUMPED").await));
        assert!(is_accepted(&host.ingest_in(&mut tx, "two", "evt_3", "STARTED").await));
        assert_eq!((host.events("one").await, host.events("two").await, host.notes().await), (0, 0, 0));
        assert!(host.log().await.is_empty());
        tx.commit().await.unwrap();
        assert_eq!((host.events("one").await, host.events("two").await, host.notes().await), (2, 1, 1));
        assert_eq!(host.log().await.len(), 6);
        bump(&host.rt, "one").await;
        assert!(host.rt.rebuild("counter:one").await.unwrap().matches());
    });
}

#[test]
fn nothing_of_the_event_is_left_after_a_rollback() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let host = Host::new(&cluster).await;
        start(&host.rt, "kept").await;
        for _ in 0..2 {
            let mut tx = host.begin().await;
            host.note(&mut tx).await;
            assert!(is_accepted(&host.ingest_in(&mut tx, "new", "evt_1", "STARTED").await));
            assert!(is_accepted(&host.ingest_in(&mut tx, "kept", "evt_2", "BUMPED").await));
            tx.rollback().await.unwrap();
            assert_eq!((host.events("new").await, host.events("kept").await, host.notes().await), (0, 1, 0));
        }
        // The source may report it again, and the entity goes on from where it was.
        assert!(is_accepted(&host.ingest("new", "evt_1", "STARTED").await));
        bump(&host.rt, "kept").await;
        assert!(host.rt.rebuild("counter:kept").await.unwrap().matches());
        host.log().await;
    });
}

#[test]
fn a_repeated_event_is_acknowledged_and_stored_once() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let host = Host::new(&cluster).await;
        start(&host.rt, "one").await;
        let mut tx = host.begin().await;
        assert_eq!(host.ingest_in(&mut tx, "one", "evt_one", "STARTED").await, Ingested::AlreadyKnown);
        assert!(is_accepted(&host.ingest_in(&mut tx, "one", "evt_2", "BUMPED").await));
        assert_eq!(host.ingest_in(&mut tx, "one", "evt_2", "BUMPED").await, Ingested::AlreadyKnown);
        // Another event under the same id is none, and the transaction goes on.
        let refused = host.ingest_in(&mut tx, "two", "evt_2", "STARTED").await.accepted().unwrap_err();
        assert_eq!(refused.code(), "event_id_reused");
        tx.commit().await.unwrap();
        assert_eq!(host.ingest("one", "evt_2", "BUMPED").await, Ingested::AlreadyKnown);
        let mut tx = host.begin().await;
        assert_eq!(host.ingest_in(&mut tx, "one", "evt_2", "BUMPED").await, Ingested::AlreadyKnown);
        tx.commit().await.unwrap();
        assert_eq!((host.events("one").await, host.log().await.len()), (2, 4));
    });
}

#[test]
fn a_refused_event_leaves_the_transaction_as_it_was() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let host = Host::new(&cluster).await;
        let mut tx = host.begin().await;
        host.note(&mut tx).await;
        let refused = host.ingest_in(&mut tx, "one", "evt_1", "BUMPED").await.accepted().unwrap_err();
        assert_eq!(refused.code(), "no_transition");
        let within = host.store.within(&mut tx);
        let error = host.rt.ingest_in(within, &self::host(), "no entity", NewEvent::new("evt_1", "STARTED")).await;
        assert_eq!(error.unwrap_err().code(), "name_malformed");
        assert!(is_accepted(&host.ingest_in(&mut tx, "one", "evt_1", "STARTED").await));
        tx.commit().await.unwrap();
        assert_eq!((host.events("one").await, host.notes().await), (1, 1));
    });
}

#[test]
fn whoever_comes_second_waits_and_then_decides_again() {
    let Some(cluster) = Cluster::shared() else { return };
    // Whether the entity was there before, and the id that the second one reports.
    let cases = [(false, "evt_a"), (false, "evt_b"), (true, "evt_a"), (true, "evt_b")];
    for (is_there, second) in cases {
        on_tokio(async {
            let host = Host::new(&cluster).await;
            let kind = if is_there { "BUMPED" } else { "STARTED" };
            if is_there {
                start(&host.rt, "one").await;
            }
            let mut first = host.begin().await;
            assert!(is_accepted(&host.ingest_in(&mut first, "one", "evt_a", kind).await));
            let host = std::sync::Arc::new(host);
            let running = tokio::spawn({
                let host = host.clone();
                async move {
                    let mut tx = host.begin().await;
                    host.note(&mut tx).await;
                    let came = host.ingest_in(&mut tx, "one", second, kind).await;
                    tx.commit().await.unwrap();
                    came
                }
            });
            waiting(&host.pool, &host.schema, 1).await;
            first.commit().await.unwrap();
            let came = running.await.unwrap();
            match (second, is_there) {
                ("evt_a", _) => assert_eq!(came, Ingested::AlreadyKnown),
                // Nothing starts twice.
                (_, false) => assert_eq!(came.accepted().unwrap_err().code(), "no_transition"),
                (_, true) => assert!(is_accepted(&came)),
            }
            assert_eq!(host.notes().await, 1, "the host's own row was lost with a try");
            let events = u64::from(is_there) + 1 + u64::from(is_there && second == "evt_b");
            assert_eq!((host.events("one").await, host.log().await.len() as u64), (events, 2 * events));
        });
    }
}

#[test]
fn a_transaction_that_sees_only_its_beginning_is_told_to_begin_again() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let host = Host::new(&cluster).await;
        start(&host.rt, "one").await;
        let mut tx = host.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
        host.note(&mut tx).await;
        bump(&host.rt, "one").await;
        let error = host.try_ingest_in(&mut tx, "one", "evt_2", "BUMPED").await.unwrap_err();
        assert!(matches!(error, RuntimeError::Store(StoreError::Failed(_))), "{error:?}");
        tx.rollback().await.unwrap();
        let mut tx = host.pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await.unwrap();
        assert!(is_accepted(&host.ingest_in(&mut tx, "one", "evt_2", "BUMPED").await));
        tx.commit().await.unwrap();
        assert_eq!(host.events("one").await, 3);
        host.log().await;
    });
}

#[test]
fn an_event_ends_the_open_approvals_with_the_commit() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let mut host = Host::new(&cluster).await;
        host.rt = Runtime::builder(reviewed()).tenant("acme").store(host.store.clone()).build().unwrap();
        let (agent, ann) =
            (Authority::agent("bot", ["operator"]).unwrap(), Authority::human("ann", ["approver"]).unwrap());
        start(&host.rt, "one").await;
        let answer = host.rt.execute(&agent, Proposal::new("CLOSE", "counter:one")).await.unwrap();
        let Answer::Held(held) = answer else { panic!("{answer:?}") };
        let pending = async || host.rt.pending_approvals().await.unwrap().len();
        for (is_committed, left) in [(false, 1), (true, 0)] {
            let mut tx = host.begin().await;
            assert!(is_accepted(&host.ingest_in(&mut tx, "one", "evt_2", "BUMPED").await));
            assert_eq!(pending().await, 1);
            if is_committed {
                tx.commit().await.unwrap();
            } else {
                tx.rollback().await.unwrap();
            }
            assert_eq!(pending().await, left);
        }
        assert!(host.rt.grant(&ann, held.approval_id, "too late").await.unwrap().recorded().is_err());
        assert!(matches!(host.rt.resume(held.approval_id).await.unwrap(), Answer::Blocked(_)));
        host.log().await;
    });
}

#[test]
fn a_transaction_that_commits_late_gets_a_later_place() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let host = Host::new(&cluster).await;
        let mut late = host.begin().await;
        assert!(is_accepted(&host.ingest_in(&mut late, "late", "evt_late", "STARTED").await));
        let mut followed = Vec::new();
        for round in 0..5 {
            start(&host.rt, &format!("s{round}")).await;
            followed = host.log().await.iter().map(|record| record.bytes().clone()).collect();
            assert_eq!(followed.len(), 2 * (round + 1));
        }
        assert!(is_accepted(&host.ingest_in(&mut late, "late", "evt_later", "BUMPED").await));
        late.commit().await.unwrap();
        let log = host.log().await;
        // Nobody who followed the log has missed it.
        assert_eq!(log.len(), 14);
        assert!(log.iter().zip(&followed).all(|(record, bytes)| record.bytes() == bytes));
        let seqs: Vec<_> = log[10..].iter().map(|record| (record.entity().clone(), record.entity_seq())).collect();
        assert_eq!(seqs, [1, 2, 3, 4].map(|seq| (stream("late"), seq)));
    });
}

#[test]
fn the_records_are_those_that_a_plain_ingest_writes() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let host = Host::new(&cluster).await;
        let memory = MemoryStore::new();
        let fixed = |builder: kiff::RuntimeBuilder| {
            builder.tenant("acme").clock(ManualClock::default()).ids(FixedIds::default()).build().unwrap()
        };
        let plain = fixed(Runtime::builder(domain()).store(memory.clone()));
        let within = fixed(Runtime::builder(domain()).store(host.store.clone()));
        for (id, kind) in [("evt_1", "STARTED"), ("evt_2", "BUMPED"), ("evt_3", "BUMPED")] {
            let event = || NewEvent::new(id, kind).payload(kiff::Value::object([("n", 1)]));
            let _ = plain.ingest(&self::host(), "counter:one", event()).await.unwrap();
            let mut tx = host.begin().await;
            let _ = within.ingest_in(host.store.within(&mut tx), &self::host(), "counter:one", event()).await.unwrap();
            tx.commit().await.unwrap();
        }
        let read = memory.read(&tenant(), &stream("one"), 0, 100).await.unwrap();
        assert_eq!(read.len(), 6);
        assert_eq!(host.store.read(&tenant(), &stream("one"), 0, 100).await.unwrap(), read);
    });
}

#[test]
fn a_cold_entity_is_read_from_its_snapshot_in_the_transaction_too() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let mut host = Host::new(&cluster).await;
        let builder = || Runtime::builder(domain()).tenant("acme").store(host.store.clone());
        let (keeping, cold, bare) = (builder().snapshots(1), builder().snapshots(1), builder());
        let keeping = keeping.build().unwrap();
        start(&keeping, "one").await;
        bump(&keeping, "one").await;
        // Behind the snapshot, so that there is a tail. The first record is made unreadable: whoever needs it fails.
        bump(&host.rt, "one").await;
        let schema = &host.schema;
        run(&host.pool, &format!("ALTER TABLE {schema}.records DISABLE TRIGGER USER")).await;
        run(&host.pool, &format!("UPDATE {schema}.records SET bytes = 'gone' WHERE seq = 1")).await;
        for (runtime, is_read) in [(bare, false), (cold, true)] {
            host.rt = runtime.build().unwrap();
            let mut tx = host.begin().await;
            let came = host.try_ingest_in(&mut tx, "one", "evt_in", "BUMPED").await;
            assert_eq!(came.as_ref().is_ok_and(is_accepted), is_read, "{came:?}");
            tx.rollback().await.unwrap();
        }
        // One that stands on no record of the log is left aside, as anywhere: it is that of the first seven.
        run(&host.pool, &format!("UPDATE {schema}.records SET bytes = 'gone' WHERE seq = 7")).await;
        host.rt = Runtime::builder(domain()).tenant("acme").store(host.store.clone()).snapshots(1).build().unwrap();
        let mut tx = host.begin().await;
        assert!(host.try_ingest_in(&mut tx, "one", "evt_in", "BUMPED").await.is_err());
        tx.rollback().await.unwrap();
    });
}

#[test]
fn a_view_of_another_log_decides_nothing_here() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (host, other) = (Host::new(&cluster).await, Host::new(&cluster).await);
        // The runtime knows the entity from its own log; the transaction is one of another.
        start(&host.rt, "one").await;
        let mut tx = other.begin().await;
        let within = other.store.within(&mut tx);
        let came = host.rt.ingest_in(within, &self::host(), "counter:one", NewEvent::new("evt_2", "BUMPED")).await;
        assert_eq!(came.unwrap().accepted().unwrap_err().code(), "no_transition");
    });
}

/// Counters that are closed with somebody's consent.
fn reviewed() -> Domain {
    let contract = Contract::new("CLOSE", "counter").allowed_states(["ON"]).permissions(["counters.close"]);
    Domain::builder("counters", "v1")
        .table(Machine::new("counter").starts("STARTED", "ON").moves("ON", "BUMPED", "ON"))
        .define(
            Definition::new(contract.approval_required("counters.approve"))
                .executor(|_: kiff::domain::Call<'_>| Ok(Outcome::new("closed"))),
        )
        .role("operator", ["counters.close"])
        .role("approver", ["counters.approve"])
        .build()
        .unwrap()
}
