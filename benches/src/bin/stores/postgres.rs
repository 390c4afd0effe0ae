//! PostgreSQL: compares 1, 8 and 32 clients with pgbench, which inserts the same rows and reads nothing.

use super::{
    batches::{Source, tenant},
    cluster::Cluster,
    rounds::{ROUNDS, Side, TOO_FEW, TURN, tell},
};
use kiff::store::{Append, Batch, EventStore, PostgresStore};
use sqlx::{
    AssertSqlSafe, PgPool, SqlSafeStr,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// The numbers of concurrent clients, each with the batches that a client has ready for a turn.
const CLIENTS: [(usize, usize); 3] = [(1, 8_000), (8, 2_500), (32, 800)];

/// All rows of an append in one statement that reads nothing, and the records alone. Each client has a stream of its
/// own, as the store's clients have.
const ALL_ROWS: &str = "
WITH s AS (
    INSERT INTO floor.streams (tenant, stream, seq, clock) VALUES ('bench', STREAM, SEQ, SEQ)
    ON CONFLICT (tenant, stream) DO UPDATE SET seq = excluded.seq, clock = excluded.clock
), c AS (
    INSERT INTO floor.claims (tenant, claim, stream, seq)
    VALUES ('bench', 'event shop evt_' || STREAM || '_' || SEQ::text, STREAM, SEQ - 1)
), r AS (
    INSERT INTO floor.records (tenant, stream, seq, bytes)
    VALUES ('bench', STREAM, SEQ - 1, FIRST), ('bench', STREAM, SEQ, SECOND)
)
INSERT INTO floor.pending (tenant, clock, stream, streams, afters, heads)
VALUES ('bench', SEQ, STREAM, ARRAY[STREAM], ARRAY[SEQ - 2], ARRAY[SEQ])";
const RECORDS: &str = "
INSERT INTO floor.records (tenant, stream, seq, bytes)
VALUES ('bench', 'plain' || STREAM, SEQ - 1, FIRST), ('bench', 'plain' || STREAM, SEQ, SECOND)";

/// Turns a statement into a script for pgbench. A client's variables live as long as the client.
fn script(statement: &str) -> String {
    let stream = "(:round::text || '_' || :client_id::text)";
    let statement = statement.replace("STREAM", stream).replace("SEQ", ":seq::bigint");
    let statement = statement.replace("FIRST", ":first::bytea").replace("SECOND", ":second::bytea");
    format!("\\set seq :seq + 2{statement};\n")
}

pub(crate) fn measure(folder: &Path, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let Some(cluster) = Cluster::start(folder)? else {
        writeln!(out, "\nPostgreSQL was left out: install Debian's package `postgresql`")?;
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for (clients, ready) in CLIENTS {
        let pool = runtime.block_on(connect(&cluster, clients))?;
        let floor = Floor::new(&runtime, &cluster, &pool, folder, clients)?;
        let store = runtime.block_on(PostgresStore::open(pool.clone()))?;
        let names =
            ["pgbench, the same rows", "pgbench, the records alone", "the pool's client, the same rows", "the store"];
        let mut sides = names.map(Side::new);
        let (mut placed, mut length) = (Vec::new(), runtime.block_on(store.sequence(&tenant()?))?);
        for round in 0..ROUNDS {
            let [all, records, bare, ours] = &mut sides;
            all.rates.push(floor.turn(round, "all.sql")?);
            records.rates.push(floor.turn(round, "records.sql")?);
            bare_turn(&runtime, &pool, &floor, round, bare)?;
            turn(&runtime, &store, &format!("{clients}_{round}"), clients, ready, ours)?;
            placed.push(sequence(&runtime, &store, &mut length)?);
            runtime.block_on(sqlx::query("TRUNCATE floor.pending").execute(&pool))?;
        }
        tell(out, &format!("PostgreSQL, {clients} clients"), &sides)?;
        placed.sort_by(f64::total_cmp);
        let middle = placed.get(placed.len() / 2).copied().unwrap_or_default();
        writeln!(out, "\nplaces in the log: {middle:.0} batches/s, by one sequencer afterwards")?;
        runtime.block_on(pool.close());
    }
    Ok(())
}

async fn connect(cluster: &Cluster, clients: usize) -> Result<PgPool, Box<dyn Error>> {
    let count = u32::try_from(clients)?;
    let options = PgConnectOptions::new().socket(cluster.socket()).username("postgres").database("postgres");
    let pool = PgPoolOptions::new().min_connections(count).max_connections(count).test_before_acquire(false);
    Ok(pool.connect_with(options).await?)
}

/// The work of pgbench, on tables like the store's.
struct Floor<'a> {
    cluster: &'a Cluster,
    folder: &'a Path,
    clients: usize,
    /// Two of the store's own records, so that the number of bytes is the same.
    records: [String; 2],
}

impl<'a> Floor<'a> {
    fn new(
        runtime: &Runtime,
        cluster: &'a Cluster,
        pool: &PgPool,
        folder: &'a Path,
        clients: usize,
    ) -> Result<Self, Box<dyn Error>> {
        runtime.block_on(PostgresStore::open_in(pool.clone(), "floor"))?;
        fs::write(folder.join("all.sql"), script(ALL_ROWS))?;
        fs::write(folder.join("records.sql"), script(RECORDS))?;
        let batch = Source::new("floor")?.take(2)?.pop().ok_or(TOO_FEW)?;
        let mut hex = batch.parts().iter().flat_map(|part| part.records()).map(|record| {
            record.bytes().iter().fold("\\x".to_owned(), |mut hex, byte| {
                // Writing into a string cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            })
        });
        let records = [hex.next().ok_or(TOO_FEW)?, hex.next().ok_or(TOO_FEW)?];
        Ok(Self { cluster, folder, clients, records })
    }

    fn turn(&self, round: usize, script: &str) -> Result<f64, Box<dyn Error>> {
        let [first, second] = &self.records;
        let clients = self.clients.to_string();
        let threads = self.clients.min(2).to_string();
        let seconds = TURN.max(Duration::from_secs(1)).as_secs().to_string();
        let named = [
            format!("round={}_{round}", self.clients),
            "seq=0".to_owned(),
            format!("first={first}"),
            format!("second={second}"),
        ];
        let mut arguments = vec!["-c".to_owned(), clients, "-j".to_owned(), threads, "-T".to_owned(), seconds];
        arguments.extend(named.into_iter().flat_map(|named| ["-D".to_owned(), named]));
        arguments.extend(["-f".to_owned(), self.folder.join(script).display().to_string()]);
        self.cluster.pgbench(arguments)
    }
}

/// The work of pgbench, through the store's own client library and pool.
fn bare_turn(
    runtime: &Runtime,
    pool: &PgPool,
    floor: &Floor<'_>,
    round: usize,
    side: &mut Side,
) -> Result<(), Box<dyn Error>> {
    let statement = ALL_ROWS.replace("STREAM", "$1::text").replace("SEQ", "$2::bigint");
    let statement = statement.replace("FIRST", "$3::text::bytea").replace("SECOND", "$4::text::bytea");
    let statement: Arc<str> = statement.into();
    let start = Instant::now();
    let time = TURN.max(Duration::from_secs(1));
    let insert = |client: usize| {
        let (pool, statement, [first, second]) = (pool.clone(), Arc::clone(&statement), floor.records.clone());
        let stream = format!("bare_{}_{round}_{client}", floor.clients);
        async move {
            let mut count = 0;
            while start.elapsed() < time {
                count += 1;
                let query = sqlx::query(AssertSqlSafe(Arc::clone(&statement)).into_sql_str());
                let query = query.bind(&stream).bind(i64::from(count) * 2).bind(&first).bind(&second);
                query.execute(&pool).await?;
            }
            Ok::<u32, sqlx::Error>(count)
        }
    };
    let running: Vec<_> = (0..floor.clients).map(|client| runtime.spawn(insert(client))).collect();
    let mut count = 0;
    for running in running {
        count += runtime.block_on(running)??;
    }
    side.took(count, start.elapsed());
    Ok(())
}

/// Each client appends one batch after the other to a stream of its own, for as long as pgbench ran.
fn turn(
    runtime: &Runtime,
    store: &PostgresStore,
    name: &str,
    clients: usize,
    ready: usize,
    side: &mut Side,
) -> Result<(), Box<dyn Error>> {
    let batches = |client| {
        let mut batches = Source::new(&format!("{name}_{client}"))?.take(ready)?;
        batches.reverse();
        Ok(batches)
    };
    let all = (0..clients).map(batches).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let start = Instant::now();
    let time = TURN.max(Duration::from_secs(1));
    let append = |mut batches: Vec<Batch>| {
        let store = store.clone();
        async move {
            let mut count = 0;
            while start.elapsed() < time {
                let Some(batch) = batches.pop() else { return Err(TOO_FEW.to_owned()) };
                match store.append(&batch).await {
                    Ok(Append::Done) => count += 1,
                    other => return Err(format!("{other:?}")),
                }
            }
            Ok(count)
        }
    };
    let running: Vec<_> = all.into_iter().map(|batches| runtime.spawn(append(batches))).collect();
    let mut count = 0;
    for running in running {
        count += runtime.block_on(running)??;
    }
    side.took(count, start.elapsed());
    Ok(())
}

/// Assigns the places of all batches, and prints the rate.
fn sequence(runtime: &Runtime, store: &PostgresStore, length: &mut u64) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    let now = runtime.block_on(store.sequence(&tenant()?))?;
    // Two records each.
    let placed = u32::try_from(now - *length)? / 2;
    *length = now;
    Ok(f64::from(placed) / start.elapsed().as_secs_f64())
}
