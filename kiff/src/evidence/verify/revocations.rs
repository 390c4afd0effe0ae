//! Revoked keys.

use crate::{
    base::ids::KeyId,
    kernel::record::{Record, body::Body},
};
use std::collections::BTreeMap;

/// Revoked keys, each with the index in the tenant's log from which its receipts no longer count.
///
/// It is an index and not a time, because the holder of a stolen key can write any time into a receipt, but cannot
/// insert a record before those that are in the log already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations(BTreeMap<KeyId, u64>);

impl Revocations {
    /// No revocations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a revocation: receipts of the key at `from_index` and after it do not count. With 0 no receipt counts. If a
    /// key is revoked several times, the lowest index holds.
    #[must_use]
    pub fn with(mut self, key_id: KeyId, from_index: u64) -> Self {
        self.add(key_id, from_index);
        self
    }

    /// The index from which the key's receipts do not count; `None` if the key is not revoked.
    #[must_use]
    pub fn from_index(&self, key_id: &KeyId) -> Option<u64> {
        self.0.get(key_id).copied()
    }

    /// The revocations in a tenant's log. Only records in the stream of the tenant's keys count.
    ///
    /// They are as trustworthy as the records: verify the log first, up to a head that you trust.
    ///
    /// ```
    /// use kiff::{
    ///     Authority, Domain, Runtime, domain::Machine, keys::Ed25519Signer, record::Record,
    ///     verify::Revocations,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let table = Machine::new("order").starts("ORDER_PLACED", "CREATED");
    /// # let domain = Domain::builder("shop", "v1").table(table).role("key_keeper", ["kiff.keys"]).build()?;
    /// # let rt = Runtime::builder(domain).build()?.blocking();
    /// let stolen = Ed25519Signer::generate()?;
    /// rt.revoke_key(&Authority::human("kim", ["key_keeper"])?, stolen.key_id(), 4_711, "stolen")?.recorded()?;
    ///
    /// let log = rt.export()?;
    /// let lines = log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    /// let records = lines.map(|line| Record::parse(line.into())).collect::<Result<Vec<_>, _>>()?;
    /// let revocations = Revocations::of_log(&records);
    /// assert_eq!(revocations.from_index(stolen.key_id()), Some(4_711));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of_log<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut found = Self::new();
        records.into_iter().for_each(|record| found.observe(record));
        found
    }

    /// Adds the revocation in a record, if it is one. For a log that is read line by line.
    pub fn observe(&mut self, record: &Record) {
        if let Body::KeyRevoked(revoked) = &record.body
            && record.entity().as_str() == "kiff:keys"
        {
            self.add(revoked.key_id.clone(), revoked.from_index);
        }
    }

    fn add(&mut self, key_id: KeyId, from_index: u64) {
        self.0.entry(key_id).and_modify(|earliest| *earliest = from_index.min(*earliest)).or_insert(from_index);
    }
}
