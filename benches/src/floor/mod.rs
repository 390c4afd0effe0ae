//! The floor: the least that the records and digests of one execution can cost.
//!
//! It is given everything that the runtime has to find out, as typed data, and only writes the same five
//! records into a buffer that is used again, and computes the same hashes: five leaf hashes, six for the
//! three commitments, one request digest. It decides nothing, stores nothing, draws nothing, and allocates
//! nothing.
//!
//! There are two, which differ in how they write: [`plain::Floor`] with `serde_json` from derived structs, as
//! one would; [`bare::Floor`] by hand, for these records alone.

pub mod bare;
mod form;
pub mod plain;

/// What the records of one execution are made of.
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
    /// When it is recorded, in Unix milliseconds.
    pub recorded_at: i64,
    /// The ULIDs.
    pub trace: u128,
    /// Of the receipt.
    pub receipt: u128,
    /// Of the execution.
    pub execution: u128,
    /// The proposal's salt.
    pub salt: [u8; 16],
    /// The digest of the action's contract.
    pub contract: [u8; 32],
}
