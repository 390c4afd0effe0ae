//! What must hold for any bytes at all, as plain functions: `tests/tests/it/fuzzed.rs` calls them with random bytes, and
//! `tests/fuzz/` with those that a fuzzer looks for. Each panics if what it says does not hold.

mod admission;
mod evidence;
mod mutate;
mod seeds;

pub use admission::{event, proposal, review, value};
pub use evidence::{checkpoint, disclosure, key_set, proof, receipt, record, replay};
pub use mutate::Mutator;

/// A reader of bytes from outside, and what holds for it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, here and in `tests/fuzz/`.
    pub name: &'static str,
    /// Panics if it does not hold for these bytes; true if the reader admits them.
    pub run: fn(&[u8]) -> bool,
    /// Bytes that the reader admits, to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// How often random bytes are tried in a plain run of the tests.
    pub rounds: u32,
}

/// All targets.
pub const TARGETS: [Target; 11] = [
    Target { name: "value", run: value, seeds: seeds::json, rounds: 20_000 },
    Target { name: "proposal", run: proposal, seeds: seeds::proposal, rounds: 20_000 },
    Target { name: "event", run: event, seeds: seeds::event, rounds: 20_000 },
    Target { name: "review", run: review, seeds: seeds::review, rounds: 20_000 },
    Target { name: "record", run: record, seeds: seeds::records, rounds: 20_000 },
    // A whole log takes longer than one record.
    Target { name: "replay", run: replay, seeds: seeds::logs, rounds: 1_000 },
    Target { name: "receipt", run: receipt, seeds: seeds::receipts, rounds: 20_000 },
    Target { name: "checkpoint", run: checkpoint, seeds: seeds::checkpoints, rounds: 20_000 },
    Target { name: "proof", run: proof, seeds: seeds::proofs, rounds: 20_000 },
    Target { name: "key_set", run: key_set, seeds: seeds::key_sets, rounds: 20_000 },
    Target { name: "disclosure", run: disclosure, seeds: seeds::disclosures, rounds: 20_000 },
];
