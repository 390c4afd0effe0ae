//! Records stay as they are, whoever works in the database, and old tables are brought forward.

use super::{bump, cluster::Cluster, new_schema, on_tokio, open::run, runtime, start, tenant};
use kiff::store::{EventStore, PostgresStore};
use sqlx::{AssertSqlSafe, PgPool};

#[test]
fn records_and_their_places_are_not_changed_by_accident() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        let store = PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
        let rt = runtime(store.clone());
        start(&rt, "one").await;
        store.sequence(&tenant()).await.unwrap();
        refuses_changes(&pool, &schema).await;
        bump(&rt, "one").await;
        assert!(kiff::replay::verify(&rt.export().await.unwrap()).holds());
    });
}

#[test]
fn tables_of_the_first_version_are_brought_forward_with_what_is_in_them() {
    let Some(cluster) = Cluster::shared() else { return };
    on_tokio(async {
        let (schema, pool) = (new_schema(), cluster.pool().await);
        let first = concat!(
            include_str!("../../../kiff/src/store/postgres/tables.sql"),
            include_str!("../../../kiff/src/store/postgres/append.sql"),
            "CREATE TABLE kiff.schema_version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version integer NOT NULL);",
            "INSERT INTO kiff.schema_version (version) VALUES (1);",
            "INSERT INTO kiff.records VALUES ('other', 'counter:one', 1, 'kept');",
            "INSERT INTO kiff.log VALUES ('other', 0, 'counter:one', 1);",
        );
        run(&pool, &format!("CREATE SCHEMA {schema}; {}", first.replace("kiff.", &format!("{schema}.")))).await;
        let store = PostgresStore::open_in(pool.clone(), &schema).await.unwrap();
        let kept = store.read_log(&"other".parse().unwrap(), 0, 10).await.unwrap();
        assert_eq!(kept.iter().map(|bytes| &**bytes).collect::<Vec<_>>(), [b"kept"]);
        refuses_changes(&pool, &schema).await;
        let rt = runtime(store);
        start(&rt, "one").await;
        bump(&rt, "one").await;
        assert!(kiff::replay::verify(&rt.export().await.unwrap()).holds());
    });
}

/// Tries every way to change what is stored, as the owner of the tables.
async fn refuses_changes(pool: &PgPool, schema: &str) {
    for statement in [
        "UPDATE kiff.records SET bytes = 'x'",
        "DELETE FROM kiff.records",
        "TRUNCATE kiff.records",
        "UPDATE kiff.log SET idx = idx + 1",
        "DELETE FROM kiff.log",
        "TRUNCATE kiff.log",
        "INSERT INTO kiff.records SELECT * FROM kiff.records \
         ON CONFLICT (tenant, stream, seq) DO UPDATE SET bytes = excluded.bytes",
    ] {
        let text = statement.replace("kiff.", &format!("{schema}."));
        let error = sqlx::query(AssertSqlSafe(text)).execute(pool).await.unwrap_err();
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("KF002"), "{statement}: {error:?}");
    }
}
