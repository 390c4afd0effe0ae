//! Who waits for whom, and who does not.

use super::{cluster::Cluster, first_batch, first_record, new_schema, on_tokio, open::run, stream, tenant};
use kiff::store::{Append, Batch, EventStore, PostgresStore};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgConnectOptions};

#[test]
fn nobody_waits_for_an_append_to_another_entity() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        let store = PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
        assert_eq!(store.append(&first_batch(&["held"]).await).await.unwrap(), Append::Done);
        let mut holder = pool.acquire().await.unwrap();
        let text = format!("BEGIN; SELECT FROM {schema}.streams WHERE stream = 'counter:held' FOR UPDATE");
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *holder).await.unwrap();
        // Each of these would wait for ever.
        assert_eq!(store.append(&first_batch(&["one", "two"]).await).await.unwrap(), Append::Done);
        assert_eq!(store.sequence(&tenant()).await.unwrap(), 3);
        assert_eq!(store.read(&tenant(), &stream("held"), 0, 9).await.unwrap().len(), 1);
        sqlx::query("ROLLBACK").execute(&mut *holder).await.unwrap();
    });
}

#[test]
fn who_moves_a_stream_waits_for_those_who_guard_it_and_they_for_nobody() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        let named = PgConnectOptions::new().application_name(&schema);
        let store = PostgresStore::open_in(cluster.pool_with(named, 4).await, &schema).await.unwrap();
        // An empty stream that has been guarded before: its row is there.
        let guard = Batch::new(tenant()).with(stream("guard"), 0, Vec::new()).unwrap();
        assert_eq!(store.append(&guard).await.unwrap(), Append::Done);
        // Those who guard stop where they store their records, with the locks that they have by then.
        let hold = format!(
            "CREATE FUNCTION {schema}.hold() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext('{schema}')); RETURN new; END $$; \
             CREATE TRIGGER hold BEFORE INSERT ON {schema}.records FOR EACH ROW \
             WHEN (new.stream <> 'counter:guard') EXECUTE FUNCTION {schema}.hold()"
        );
        run(&pool, &hold).await;
        let mut holder = pool.acquire().await.unwrap();
        let text = format!("BEGIN; SELECT pg_advisory_xact_lock(hashtext('{schema}'))");
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *holder).await.unwrap();
        let append = |batch| {
            let store = store.clone();
            tokio::spawn(async move { store.append(&batch).await.unwrap() })
        };
        let mut running = Vec::new();
        for name in ["one", "two"] {
            let batch = guard.clone().with(stream(name), 0, vec![first_record(name).await]).unwrap();
            running.push(append(batch));
        }
        assert_eq!(waiting(&pool, &schema, 2).await, ["advisory", "advisory"]);
        running.push(append(first_batch(&["guard"]).await));
        assert_eq!(waiting(&pool, &schema, 3).await, ["advisory", "advisory", "transactionid"]);
        sqlx::query("ROLLBACK").execute(&mut *holder).await.unwrap();
        for append in running {
            assert_eq!(append.await.unwrap(), Append::Done);
        }
        let conflict = Append::Conflict { stream: stream("guard"), actual: 1 };
        assert_eq!(store.append(&guard).await.unwrap(), conflict);
    });
}

/// What the connections with this name wait for, as soon as so many of them do.
pub(crate) async fn waiting(pool: &PgPool, name: &str, count: usize) -> Vec<String> {
    loop {
        let text = "SELECT locktype FROM pg_locks JOIN pg_stat_activity USING (pid) \
                    WHERE NOT granted AND application_name = $1 ORDER BY locktype";
        let found: Vec<String> = sqlx::query_scalar(text).bind(name).fetch_all(pool).await.unwrap();
        if found.len() == count {
            return found;
        }
        tokio::task::yield_now().await;
    }
}
