//! What an append answers when the database refuses, waits or goes away.

use super::{bump, cluster::Cluster, first_batch, new_schema, on_tokio, open::run, runtime, start, stream, tenant};
use kiff::store::{Append, EventStore, PostgresStore, StoreError};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgConnectOptions};

#[test]
fn an_append_that_fails_at_its_commit_is_not_acknowledged() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        let store = PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
        run(
            &pool,
            &format!(
                "CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE unique_violation; END $$; \
                 CREATE CONSTRAINT TRIGGER late AFTER INSERT ON {schema}.records DEFERRABLE INITIALLY DEFERRED \
                 FOR EACH ROW EXECUTE FUNCTION {schema}.refuse()"
            ),
        )
        .await;
        let batch = first_batch(&["one", "two"]).await;
        for _ in 0..2 {
            let error = store.append(&batch).await.unwrap_err();
            assert!(matches!(error, StoreError::Failed(_)), "{error:?}");
        }
        run(&pool, &format!("DROP TRIGGER late ON {schema}.records")).await;
        assert_eq!(store.append(&batch).await.unwrap(), Append::Done);
        assert_eq!(store.sequence(&tenant()).await.unwrap(), 2);
    });
}

#[test]
fn a_lost_answer_is_told_and_the_append_can_be_tried_again() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        let store = PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
        let batch = first_batch(&["one"]).await;
        let mut holder = hold(&pool, &schema).await;
        let waiting = tokio::spawn({
            let (store, batch) = (store.clone(), batch.clone());
            async move { store.append(&batch).await }
        });
        end_waiting(&pool, &schema).await;
        let error = waiting.await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Unknown(_)), "{error:?}");
        sqlx::query("ROLLBACK").execute(&mut *holder).await.unwrap();
        assert_eq!(store.append(&batch).await.unwrap(), Append::Done);
        let conflict = Append::Conflict { stream: stream("one"), actual: 1 };
        assert_eq!(store.append(&batch).await.unwrap(), conflict);
    });
}

#[test]
fn a_runtime_finds_out_after_a_lost_answer() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        let rt = runtime(PostgresStore::open_in(pool.clone(), &schema).await.unwrap());
        let mut holder = hold(&pool, &schema).await;
        let starting = tokio::spawn({
            let rt = rt.clone();
            async move { start(&rt, "one").await }
        });
        end_waiting(&pool, &schema).await;
        sqlx::query("ROLLBACK").execute(&mut *holder).await.unwrap();
        starting.await.unwrap();
        bump(&rt, "one").await;
        assert!(rt.rebuild("counter:one").await.unwrap().matches());
    });
}

#[test]
fn an_append_that_waits_too_long_has_certainly_not_happened() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        let options = PgConnectOptions::new().options([("statement_timeout", "300ms")]);
        // Who makes the tables is in no hurry.
        PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
        let hasty = PostgresStore::open_in(cluster.pool_with(options, 2).await, &schema).await.unwrap();
        let batch = first_batch(&["one"]).await;
        let mut holder = hold(&pool, &schema).await;
        let error = hasty.append(&batch).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed(_)), "{error:?}");
        sqlx::query("ROLLBACK").execute(&mut *holder).await.unwrap();
        assert_eq!(hasty.append(&batch).await.unwrap(), Append::Done);
    });
}

#[test]
fn an_append_waits_for_its_flush_whatever_the_session_says() {
    // Alone, so that nobody else moves or flushes the write-ahead log. Its own writer sleeps for ten seconds.
    let Some(cluster) = Cluster::new() else { return };
    on_tokio(async {
        let options = PgConnectOptions::new()
            .options([("synchronous_commit", "off"), ("default_transaction_isolation", "serializable")]);
        let pool = cluster.pool_with(options, 1).await;
        let store = PostgresStore::open(pool.clone()).await.unwrap();
        run(&pool, "CREATE TABLE lazy (n integer)").await;
        let mut lazy = 0;
        for number in 0..20 {
            run(&pool, "INSERT INTO lazy VALUES (1)").await;
            lazy += usize::from(!flushed(&pool).await);
            let batch = first_batch(&[&format!("s{number}")]).await;
            assert_eq!(store.append(&batch).await.unwrap(), Append::Done);
            assert!(flushed(&pool).await);
            store.sequence(&tenant()).await.unwrap();
            assert!(flushed(&pool).await);
            let kept: String = sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&pool).await.unwrap();
            assert_eq!(kept, "off");
        }
        assert!(lazy > 0, "the check never sees a commit that was not flushed");
    });
}

/// True if all that was written to the write-ahead log is flushed.
async fn flushed(pool: &PgPool) -> bool {
    let text = "SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()";
    sqlx::query_scalar(text).fetch_one(pool).await.unwrap()
}

/// Makes every append to the schema wait.
async fn hold(pool: &PgPool, schema: &str) -> sqlx::pool::PoolConnection<sqlx::Postgres> {
    let mut holder = pool.acquire().await.unwrap();
    let text = format!("BEGIN; LOCK TABLE {schema}.streams IN EXCLUSIVE MODE");
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *holder).await.unwrap();
    holder
}

/// Ends the connection that waits for a lock on the schema's streams, as soon as there is one.
async fn end_waiting(pool: &PgPool, schema: &str) {
    let text = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks \
         WHERE NOT granted AND relation = '{schema}.streams'::regclass"
    );
    while sqlx::query_scalar::<_, i64>(AssertSqlSafe(text.clone())).fetch_one(pool).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}
