//! Compares one governed execution with its floor, and with itself on entities with longer histories.

use kiff::{
    Runtime, TenantId,
    record::Record,
    store::{EventStore, MemoryStore},
    testing::{FixedIds, ManualClock},
};
use kiff_benches::{
    floor::{Input, bare, plain},
    workload::{TENANT, agent, domain, execute, give_history, now, proposal, runtime},
};
use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

type Failed = Box<dyn Error>;

/// Executions in one round, and rounds of one comparison. Rounds of the sides alternate, because the machine has other
/// work. A round is shorter than a slice of the scheduler, so most rounds are not interrupted.
const ROUND: usize = 20;
const ROUNDS: usize = 2_500;
const HISTORIES: [usize; 4] = [10, 1_000, 100_000, 1_000_000];

/// A little more than the stores of one run grow to.
const HEAP: usize = 1 << 30;

fn main() -> Result<(), Failed> {
    let input = checked_floor()?;
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next().and_then(|count| count.parse().ok())) {
        (None, _) => {
            println!("memory fresh from the system, with a page fault for each new page of the store");
            against_the_floor(&input)?;
            let _pin = warm_heap();
            println!("memory that the process already has");
            against_the_floor(&input)?;
            flatness()
        }
        // One side alone, for an instruction counter.
        (Some("only-plain"), Some(count)) => told(plain_round(&input, count)),
        (Some("only-bare"), Some(count)) => told(bare_round(&input, count)),
        (Some("only-governed"), Some(count)) => only_governed(count),
        _ => Err("usage: governed [only-plain COUNT | only-bare COUNT | only-governed COUNT]".into()),
    }
}

/// The floor's input for a governed execution. Checks that the floors write the bytes of the log.
fn checked_floor() -> Result<Input, Failed> {
    let (entity, store) = ("order:ord_1", MemoryStore::new());
    let clock = ManualClock::at("2026-05-24T09:50:18.042Z".parse()?);
    let runtime = Runtime::builder(domain()?).tenant(TENANT).store(store.clone()).ids(FixedIds::default()).clock(clock);
    let runtime = runtime.build()?;
    give_history(&runtime, entity, 10)?;
    execute(&runtime, &agent(), proposal(entity))?;
    let log = now(store.read_log(&TenantId::new(TENANT)?, 9, 100))??;
    let records = log.into_iter().map(Record::parse).collect::<Result<Vec<_>, _>>()?;
    let [before, stored @ ..] = records.as_slice() else { return Err("the log is empty".into()) };
    let first = stored.first().ok_or("nothing was recorded")?;
    let contract = domain()?.action("CREDIT_ORDER").ok_or("the domain has no action")?.contract_digest();
    // `FixedIds` uses one ULID for all ids of a call, and its number as the salt.
    let ulid = (u128::try_from(first.recorded_at().unix_ms())? << 80) | 6;
    let input = Input {
        entity: entity.to_owned(),
        seq: first.entity_seq(),
        state_version: 5,
        prev: *before.leaf().as_bytes(),
        recorded_at: first.recorded_at().unix_ms(),
        trace: ulid,
        receipt: ulid,
        execution: ulid,
        salt: 6u128.to_be_bytes(),
        contract: *contract.as_bytes(),
    };
    let (mut plain, mut bare) = (plain::Floor::default(), bare::Floor::default());
    plain.run(&input);
    bare.run(&input);
    let expected: Vec<u8> = stored.iter().flat_map(|record| record.bytes().iter().copied()).collect();
    let last = stored.last().map(|record| *record.leaf().as_bytes());
    for (out, leaf) in [(&plain.out, plain.last), (&bare.out, bare.last)] {
        if *out != expected || Some(leaf) != last {
            let (floor, log) = (String::from_utf8_lossy(out), String::from_utf8_lossy(&expected));
            return Err(format!("the floor writes other bytes than the runtime:\n{floor}\n{log}").into());
        }
    }
    println!("{} records, {} bytes, the same as the floors'\n", stored.len(), expected.len());
    Ok(input)
}

fn against_the_floor(input: &Input) -> Result<(), Failed> {
    let (runtime, _store) = runtime()?;
    give_history(&runtime, "order:ord_1", 10)?;
    let (mut plain, mut bare, mut governed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(plain_round(input, ROUND));
        bare.push(bare_round(input, ROUND));
        governed.push(governed_round(&runtime, "order:ord_1")?);
    }
    let [plain, bare, governed] = [plain, bare, governed].map(Spread::of);
    println!("ns per execution          least   median    ratios");
    println!("governed               {:>8.0} {:>8.0}", governed.least, governed.median);
    for (name, floor) in [("floor, serde_json", plain), ("floor, by hand", bare)] {
        let (least, median) = (governed.least / floor.least, governed.median / floor.median);
        println!("{name:<22} {:>8.0} {:>8.0} {least:>6.2} {median:>6.2}", floor.least, floor.median);
    }
    println!();
    Ok(())
}

/// Alternates rounds of entities with histories of different lengths, in one store.
fn flatness() -> Result<(), Failed> {
    let (runtime, _store) = runtime()?;
    let entities = HISTORIES.map(|records| (format!("order:with_{records}"), records));
    for (entity, records) in &entities {
        give_history(&runtime, entity, *records)?;
    }
    let mut rounds = entities.each_ref().map(|_| Vec::new());
    for _ in 0..ROUNDS / 2 {
        for (times, (entity, _)) in rounds.iter_mut().zip(&entities) {
            times.push(governed_round(&runtime, entity)?);
        }
    }
    println!("prior records     least ns   median ns   ratio of medians");
    let mut first = None;
    for (times, (_, records)) in rounds.into_iter().zip(&entities) {
        let Spread { least, median } = Spread::of(times);
        let ratio = median / *first.get_or_insert(median);
        println!("{records:>13} {least:>12.0} {median:>11.0} {ratio:>18.2}");
    }
    Ok(())
}

/// Takes memory from the system and frees it to the allocator, which keeps it. So the growth of a store causes no page
/// faults. The returned block holds the top of the heap in place.
fn warm_heap() -> Box<[u8]> {
    let blocks: Vec<Vec<u8>> = (0..HEAP / BLOCK).map(|_| vec![1; BLOCK]).collect();
    let pin = black_box(vec![1; BLOCK]).into_boxed_slice();
    drop(black_box(blocks));
    pin
}

/// Smaller than the size from which an allocator maps memory separately.
const BLOCK: usize = 64 * 1024;

/// Nanoseconds per execution. The time does not include making the proposal, which is the caller's work.
fn governed_round(runtime: &Runtime, entity: &str) -> Result<f64, Failed> {
    let (agent, mut spent) = (agent(), Duration::ZERO);
    for _ in 0..ROUND {
        let proposal = proposal(entity);
        let start = Instant::now();
        execute(runtime, &agent, proposal)?;
        spent += start.elapsed();
    }
    Ok(per_execution(spent, ROUND))
}

fn plain_round(input: &Input, count: usize) -> f64 {
    let (mut floor, mut input, mut spent) = (plain::Floor::default(), input.clone(), Duration::ZERO);
    for _ in 0..count {
        let start = Instant::now();
        floor.run(black_box(&input));
        spent += start.elapsed();
        follow(&mut input, black_box(&floor).last);
    }
    per_execution(spent, count)
}

fn bare_round(input: &Input, count: usize) -> f64 {
    let (mut floor, mut input, mut spent) = (bare::Floor::default(), input.clone(), Duration::ZERO);
    for _ in 0..count {
        let start = Instant::now();
        floor.run(black_box(&input));
        spent += start.elapsed();
        follow(&mut input, black_box(&floor).last);
    }
    per_execution(spent, count)
}

fn told(ns: f64) -> Result<(), Failed> {
    println!("{ns:.0} ns");
    Ok(())
}

/// Moves the input on to the next execution.
fn follow(input: &mut Input, last: [u8; 32]) {
    input.seq += 5;
    input.state_version += 1;
    input.prev = last;
}

fn only_governed(count: usize) -> Result<(), Failed> {
    let (runtime, _store) = runtime()?;
    let agent = agent();
    give_history(&runtime, "order:ord_1", 10)?;
    (0..count).try_for_each(|_| execute(&runtime, &agent, proposal("order:ord_1")))
}

#[expect(clippy::cast_precision_loss, reason = "a count of executions is small")]
fn per_execution(spent: Duration, count: usize) -> f64 {
    spent.as_secs_f64() * 1e9 / count as f64
}

struct Spread {
    least: f64,
    median: f64,
}

impl Spread {
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |place: usize| times.get(place).copied().unwrap_or(f64::NAN);
        Self { least: at(0), median: at(times.len() / 2) }
    }
}
