//! Which keys no longer count, and from where in the log on.

use crate::{
    base::ids::KeyId,
    kernel::record::{Record, body::Body},
};
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

    /// Those in a tenant's log. Records that revoke nothing are passed over, and so are revocations outside the
    /// stream of the tenant's keys.
    ///
    /// They are as good as the records: verify the log that they come from, up to a head that you trust.
    ///
    /// ```
    /// use kiff::{Authority, Domain, Ed25519Signer, Machine, Record, Runtime, verify::Revocations};
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

    /// Adds what one record of a log revokes, if it does: for a log that is read line by line.
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
