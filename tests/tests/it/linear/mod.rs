//! Calls that overlap are told what they could have been told one by one: each entity is linearizable.

mod calls;
mod checker;
mod entity;

use self::{
    calls::{Field, History, Op},
    checker::order,
    entity::Entity,
};
use kiff::{
    store::{Append, Batch, EventStore, MemoryStore, SqliteStore, StoreError},
    testing::StoreLayer,
};
use std::{sync::Barrier, thread};

const THREADS: usize = 4;
const CALLS: usize = 8;
/// How often the threads race; `KIFF_LINEAR_ROUNDS` asks for more.
const ROUNDS: u64 = 90;

fn rounds() -> u64 {
    std::env::var("KIFF_LINEAR_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

fn is_linear(history: &History) -> bool {
    order(&Entity::new(1), history).is_some()
}

/// Calls as a seed gives them: it chooses what is called, the scheduler when.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn op(&mut self) -> Op {
        let cents = [5, 7, 500, 500, 501][self.below(5) as usize];
        match self.below(16) {
            0 => Op::Event,
            1..=4 => Op::Execute { cents, has_key: false },
            5 => Op::Execute { cents: 5, has_key: true },
            6..=8 => Op::Resume,
            9..=12 => Op::Grant,
            13 => Op::Deny,
            14 => Op::Revoke,
            _ => Op::Look,
        }
    }
}

/// Lets the threads race on one entity; gives what they saw.
fn race(field: Field, runtimes: usize, seed: u64) -> History {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (field, start) = (&field, &start);
            let mut chance = Chance((seed * THREADS as u64 + number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            scope.spawn(move || {
                start.wait();
                for _ in 0..CALLS {
                    field.call(number % runtimes, number, chance.op());
                }
            });
        }
    });
    field.history()
}

fn every_history_is_linear(runtimes: usize, store: impl EventStore + Clone + 'static, rounds: u64) {
    for seed in 0..rounds {
        // Another entity each time: what one of them holds does not depend on the others.
        let history = race(Field::new(runtimes, store.clone(), &format!("order:{seed}")), runtimes, seed);
        assert!(is_linear(&history), "seed {seed}, {runtimes} runtimes: no order of these steps: {history:#?}");
    }
}

#[test]
fn threads_on_one_runtime_see_one_order() {
    every_history_is_linear(1, MemoryStore::new(), rounds());
}

#[test]
fn threads_on_two_runtimes_see_one_order() {
    every_history_is_linear(2, MemoryStore::new(), rounds());
}

#[test]
fn threads_on_two_runtimes_and_a_file_see_one_order() {
    let folder = std::env::temp_dir().join(format!("kiff-linear-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // Each append waits for the disk.
    every_history_is_linear(2, SqliteStore::open(folder.join("log.db")).unwrap(), rounds() / 15);
    let _ = std::fs::remove_dir_all(folder);
}

/// A store that says of a conflict that all is well.
#[derive(Clone, Default)]
struct Careless(MemoryStore);

impl StoreLayer for Careless {
    type Inner = MemoryStore;

    fn inner(&self) -> &MemoryStore {
        &self.0
    }

    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        self.0.append(batch).await.map(|_| Append::Done)
    }
}

/// A granted approval is used through one runtime, and then through another, which has not looked since.
fn used_twice(store: impl EventStore + Clone + 'static) -> History {
    let field = Field::new(2, store, "order:1");
    field.call(0, 0, Op::Execute { cents: 500, has_key: false });
    field.call(0, 1, Op::Grant);
    field.call(0, 2, Op::Grant);
    field.call(1, 0, Op::Look);
    field.call(0, 0, Op::Resume);
    field.call(1, 0, Op::Resume);
    field.history()
}

#[test]
fn a_store_that_hides_conflicts_is_found_out() {
    assert!(is_linear(&used_twice(MemoryStore::new())));
    assert!(!is_linear(&used_twice(Careless::default())));
}
