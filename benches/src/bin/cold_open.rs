//! Measures the first call for an entity with a long history, with and without a snapshot.
//!
//! `cargo run --release -p kiff-benches --bin cold_open [records]`

use kiff::{
    EntityRef, NewEvent, Runtime, TenantId,
    record::Record,
    store::{Append, Batch, EventStore, SqliteStore},
    testing::store_suite::block_on,
};
use kiff_benches::workload::{ENTITY, TENANT, domain, give_history, runtime};
use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The length of the history in the published figure.
const RECORDS: usize = 1_000_000;
/// The number of records in one batch.
const BATCH: usize = 1_000;
/// The number of measured openings. The median counts.
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let records: usize = env::args().nth(1).map_or(Ok(RECORDS), |records| records.parse())?;
    let folder = Folder::new()?;
    let (path, entity) = (folder.0.join("log.db"), format!("{ENTITY}:cold"));
    write_history(&path, &entity, records)?;
    let snapped = open(&path, 1)?.blocking();
    let event = NewEvent::new("last", "ORDER_NOTED");
    snapped.ingest(&kiff::Authority::service("shop")?, &entity, event)?.accepted()?;
    drop(snapped);
    let folded = median(&path, &entity, 0)?;
    let opened = median(&path, &entity, 1)?;
    println!("cold open of an entity of {records} records in SQLite");
    println!("  from its first record  {:>12.3} ms", folded.as_secs_f64() * 1e3);
    println!("  from its snapshot      {:>12.3} ms", opened.as_secs_f64() * 1e3);
    println!("  ratio                  {:>12.1}", folded.as_secs_f64() / opened.as_secs_f64());
    Ok(())
}

fn open(path: &Path, snapshots: u64) -> Result<Runtime, Box<dyn Error>> {
    Ok(Runtime::builder(domain()?).tenant(TENANT).store(SqliteStore::open(path)?).snapshots(snapshots).build()?)
}

/// The time from an open file to the answer. Opening the file costs the same in both cases.
fn median(path: &Path, entity: &str, snapshots: u64) -> Result<Duration, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let runtime = open(path, snapshots)?.blocking();
        let start = Instant::now();
        let state = runtime.state(entity)?;
        times.push(start.elapsed());
        state.ok_or("the entity is not there")?;
    }
    times.sort_unstable();
    Ok(times.get(ROUNDS / 2).copied().unwrap_or_default())
}

/// Writes the history that a runtime would write, but with many records in each batch.
fn write_history(path: &Path, entity: &str, records: usize) -> Result<(), Box<dyn Error>> {
    let (runtime, memory) = runtime()?;
    give_history(&runtime, entity, records)?;
    let (store, tenant, stream) = (SqliteStore::open(path)?, TenantId::new(TENANT)?, entity.parse::<EntityRef>()?);
    let mut after = 0;
    loop {
        let page = block_on(memory.read(&tenant, &stream, after, BATCH))?;
        let page = page.into_iter().map(Record::parse).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = page.last().map(Record::entity_seq) else { return Ok(()) };
        let batch = Batch::new(tenant.clone()).with(stream.clone(), after, page)?;
        if block_on(store.append(&batch))? != Append::Done {
            return Err("the history was refused".into());
        }
        after = last;
    }
}

/// A folder that is removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, std::io::Error> {
        let path = env::temp_dir().join(format!("kiff-cold-open-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
