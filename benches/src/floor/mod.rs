//! The floor: the least that the records and digests of one execution can cost.
//!
//! It gets as typed data everything that the runtime has to find out. It only writes the same five records into a
//! reused buffer, and computes the same hashes: five leaf hashes, six for the three commitments, and one request
//! digest. It does not decide, store, draw random numbers or allocate.
//!
//! There are two floors, which differ in how they write: [`plain::Floor`] uses `serde_json` and derived structs, as
//! most people would, and [`bare::Floor`] writes exactly these records by hand.

pub mod bare;
mod form;
pub mod plain;

/// The data in the records of one execution.
#[expect(clippy::exhaustive_structs, reason = "the benches make it")]
#[derive(Clone, Debug)]
pub struct Input {
    /// The entity, as `order:ord_1`.
    pub entity: String,
    /// The sequence of the first record.
    pub seq: u64,
    /// The state version before.
    pub state_version: u64,
    /// The leaf hash of the record before the first.
    pub prev: [u8; 32],
    /// The time of the records, in Unix milliseconds.
    pub recorded_at: i64,
    /// The ULID of the trace.
    pub trace: u128,
    /// The ULID of the receipt.
    pub receipt: u128,
    /// The ULID of the execution.
    pub execution: u128,
    /// The proposal's salt.
    pub salt: [u8; 16],
    /// The digest of the action's contract.
    pub contract: [u8; 32],
}
