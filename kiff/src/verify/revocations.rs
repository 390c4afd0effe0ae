//! Which keys no longer count, and from where in the log on.

use crate::ids::KeyId;
use std::collections::BTreeMap;

/// Keys that were revoked, each with the index in the tenant's log from which its receipts do not count.
///
/// An index and not a time: whoever has a stolen key can write any time into a receipt, but cannot put a record
/// into the log before others that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations(BTreeMap<KeyId, u64>);

impl Revocations {
    /// No revocations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds that receipts of the key at or behind `from_index` do not count; with 0, none does. Of several
    /// revocations of one key the earliest holds.
    #[must_use]
    pub fn with(mut self, key_id: KeyId, from_index: u64) -> Self {
        self.add(key_id, from_index);
        self
    }

    /// The index from which the key's receipts do not count; nothing if the key was not revoked.
    #[must_use]
    pub fn from_index(&self, key_id: &KeyId) -> Option<u64> {
        self.0.get(key_id).copied()
    }

    pub(crate) fn add(&mut self, key_id: KeyId, from_index: u64) {
        self.0.entry(key_id).and_modify(|earliest| *earliest = from_index.min(*earliest)).or_insert(from_index);
    }
}
