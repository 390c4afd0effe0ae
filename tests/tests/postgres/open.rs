//! Opening: the tables are made once, and a server that is not fit is refused.

use super::{cluster::Cluster, first_batch, new_schema, on_tokio, stream, tenant};
use kiff::store::{Append, CellSet, Claim, EventStore, MarkKind, PostgresError, PostgresStore, StoreError};
use sqlx::{AssertSqlSafe, PgPool};

#[test]
fn the_tables_are_made_once_by_any_number_of_processes() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let schema = new_schema();
        let mut opening = Vec::new();
        for _ in 0..8 {
            let (pool, schema) = (cluster.pool().await, schema.clone());
            opening.push(tokio::spawn(async move { PostgresStore::open_in(pool, &schema).await }));
        }
        let mut stores = Vec::new();
        for store in opening {
            stores.push(store.await.unwrap().unwrap());
        }
        for (number, store) in stores.iter().enumerate() {
            let batch = first_batch(&[&format!("s{number}")]).await;
            assert_eq!(store.append(&batch).await.unwrap(), Append::Done);
        }
        let again = PostgresStore::open_in(cluster.pool().await, &schema).await.unwrap();
        assert_eq!(again.sequence(&tenant()).await.unwrap(), 8);
    });
}

#[test]
fn a_user_without_rights_on_the_schema_works_on_tables_that_are_there() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, owner) = (new_schema(), cluster.pool().await);
        PostgresStore::open_in(owner.clone(), &schema).await.unwrap();
        run(
            &owner,
            &format!(
                "CREATE ROLE app_{schema} LOGIN; GRANT USAGE ON SCHEMA {schema} TO app_{schema}; \
                 GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO app_{schema}"
            ),
        )
        .await;
        let app = cluster.pool_as(&format!("app_{schema}")).await;
        let store = PostgresStore::open_in(app, &schema).await.unwrap();
        assert_eq!(store.append(&first_batch(&["one"]).await).await.unwrap(), Append::Done);
        assert_eq!(store.sequence(&tenant()).await.unwrap(), 1);
    });
}

#[test]
fn older_tables_are_brought_up_to_date() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        let store = PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
        assert_eq!(store.append(&first_batch(&["one"]).await).await.unwrap(), Append::Done);
        // As the first version left them.
        let undone = format!(
            "DROP TABLE {schema}.cells; DROP FUNCTION {schema}.refuse_change CASCADE; \
             DROP FUNCTION {schema}.met_another; UPDATE {schema}.schema_version SET version = 1"
        );
        run(&pool, &undone).await;
        for revision in 0..3 {
            let store = PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
            assert_eq!(store.sequence(&tenant()).await.unwrap(), 1);
            assert_eq!(store.set_cell(&tenant(), "head:a", revision, b"1").await.unwrap(), CellSet::Done);
        }
    });
}

#[test]
fn newer_tables_are_refused() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
        run(&pool, &format!("UPDATE {schema}.schema_version SET version = 99")).await;
        let error = PostgresStore::open_in(pool, &schema).await.unwrap_err();
        assert!(matches!(error, PostgresError::Newer { found: 99, .. }), "{error:?}");
    });
}

#[test]
fn a_schema_that_could_not_stand_in_a_statement_is_refused() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let error = PostgresStore::open_in(cluster.pool().await, "kiff; drop").await.unwrap_err();
        assert!(matches!(error, PostgresError::Name { .. }), "{error:?}");
    });
}

#[test]
fn a_server_that_is_not_fit_is_refused() {
    let Some(cluster) = Cluster::new() else { return };
    on_tokio(async {
        // Each connection reads the settings when it gets to it, so the one that waits must be the one that opens.
        let pool = cluster.pool_with(Default::default(), 1).await;
        PostgresStore::open(pool.clone()).await.unwrap();
        for setting in ["fsync", "full_page_writes"] {
            set(&pool, setting, "off").await;
            let error = PostgresStore::open(pool.clone()).await.unwrap_err();
            assert!(matches!(&error, PostgresError::NotDurable { setting: s, .. } if *s == setting), "{error:?}");
            set(&pool, setting, "on").await;
        }
    });
}

#[test]
fn a_replica_is_refused_at_open_and_at_every_read() {
    let Some(cluster) = Cluster::new() else { return };
    on_tokio(async {
        let store = PostgresStore::open(cluster.pool_with(Default::default(), 1).await).await.unwrap();
        cluster.stop();
        cluster.become_replica();
        cluster.start();
        let error = PostgresStore::open(cluster.pool().await).await.unwrap_err();
        assert!(matches!(error, PostgresError::Replica), "{error:?}");
        // The one connection from before is found to be dead.
        assert!(store.sequence(&tenant()).await.is_err());
        let claim = Claim::Event("host".parse().unwrap(), "evt_one".parse().unwrap());
        for answer in [
            store.read(&tenant(), &stream("one"), 0, 1).await.err(),
            store.read_log(&tenant(), 0, 1).await.err(),
            store.find(&tenant(), &claim).await.err(),
            store.sequence(&tenant()).await.err(),
            EventStore::open(&store, &tenant(), MarkKind::Approval, None, 1).await.err(),
        ] {
            let Some(StoreError::Failed(source)) = answer else { panic!("{answer:?}") };
            assert!(matches!(source.downcast_ref(), Some(PostgresError::Replica)), "{source:?}");
        }
        let error = store.append(&first_batch(&["one"]).await).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed(_)), "{error:?}");
    });
}

#[test]
fn what_was_acknowledged_is_there_after_a_crash() {
    let Some(cluster) = Cluster::new() else { return };
    on_tokio(async {
        let mut stored = Vec::new();
        for round in 0..3 {
            let store = PostgresStore::open(cluster.pool().await).await.unwrap();
            for (place, bytes) in (0..).zip(&stored) {
                let log = store.read_log(&tenant(), place, 1).await.unwrap();
                assert_eq!(log.first(), Some(bytes));
            }
            for number in 0..20 {
                let name = format!("r{round}_{number}");
                let batch = first_batch(&[&name]).await;
                assert_eq!(store.append(&batch).await.unwrap(), Append::Done);
                assert_eq!(store.sequence(&tenant()).await.unwrap(), stored.len() as u64 + 1);
                stored.extend(store.read(&tenant(), &stream(&name), 0, 1).await.unwrap());
            }
            cluster.crash();
            cluster.start();
        }
        let store = PostgresStore::open(cluster.pool().await).await.unwrap();
        assert_eq!(store.read_log(&tenant(), 0, usize::MAX).await.unwrap(), stored);
    });
}

async fn set(pool: &PgPool, setting: &str, value: &str) {
    run(pool, &format!("ALTER SYSTEM SET {setting} = {value}")).await;
    run(pool, "SELECT pg_reload_conf()").await;
    // The server reads its settings when it gets to it.
    let text = format!("SELECT current_setting('{setting}')");
    while sqlx::query_scalar::<_, String>(AssertSqlSafe(text.clone())).fetch_one(pool).await.unwrap() != value {
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn run(pool: &PgPool, text: &str) {
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(pool).await.unwrap();
}
