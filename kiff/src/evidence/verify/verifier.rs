//! Verifies receipts against pinned keys.

use super::{key_set::KeySet, revocations::Revocations};
use crate::{
    base::{
        ids::{KeyId, TenantId},
        timestamp::Timestamp,
    },
    evidence::receipt::{Receipt, ReceiptFault, RecordMismatch},
    kernel::record::Record,
};
use std::{fmt, time::Duration};

/// By how much the issuer's clock may be ahead, unless the verifier says otherwise.
const SKEW: Duration = Duration::from_secs(60);

/// Verifies receipts against pinned keys, and against further expectations.
///
/// The example of this [module](super) verifies one. A verifier accepts any tenant, issuer or age that it was given no
/// expectation of.
#[derive(Clone, Debug)]
pub struct ReceiptVerifier {
    keys: KeySet,
    tenant: Option<TenantId>,
    issuer: Option<String>,
    max_age: Option<Duration>,
    skew: Duration,
    revocations: Revocations,
}

impl ReceiptVerifier {
    /// A verifier that trusts these keys and no others.
    #[must_use]
    pub fn new(keys: KeySet) -> Self {
        Self { keys, tenant: None, issuer: None, max_age: None, skew: SKEW, revocations: Revocations::new() }
    }

    /// Accepts only receipts of this tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// Accepts only receipts of this issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Refuses receipts that are older. The skew of the clocks is added to the age.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// By how much the issuer's clock and this one may differ. One minute by default.
    #[must_use]
    pub fn skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// Refuses receipts that revoked keys have signed.
    #[must_use]
    pub fn revocations(mut self, revocations: Revocations) -> Self {
        self.revocations = revocations;
        self
    }

    /// Parses a receipt and verifies it.
    ///
    /// The signature is checked first: without a trusted signature, no other fault means anything.
    ///
    /// # Errors
    /// [`ReceiptFault`]. Every receipt of a revoked key is refused, because its place in the log is not proved.
    pub fn verify(&self, text: &[u8], now: Timestamp) -> Result<Verified, ReceiptFault> {
        self.verify_receipt(Receipt::parse(text)?, now)
    }

    /// The same for a receipt whose record has this index in the tenant's log.
    ///
    /// The index must come from an inclusion proof that was verified for [`Receipt::record`] against a checkpoint that
    /// you trust. An index that the sender claims proves nothing: a thief of the key could claim any index.
    ///
    /// # Errors
    /// [`ReceiptFault`]. A receipt of a revoked key is refused unless its index is before the revocation.
    pub fn verify_at(&self, text: &[u8], now: Timestamp, index: u64) -> Result<Verified, ReceiptFault> {
        self.verify_receipt_at(Receipt::parse(text)?, now, index)
    }

    /// Verifies a parsed receipt, such as one from a [DSSE envelope](Receipt::from_dsse).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_receipt(&self, receipt: Receipt, now: Timestamp) -> Result<Verified, ReceiptFault> {
        self.check(receipt, now, None)
    }

    /// Verifies a parsed receipt whose index is proved; see [`verify_at`](Self::verify_at).
    ///
    /// # Errors
    /// As [`verify_at`](Self::verify_at).
    pub fn verify_receipt_at(&self, receipt: Receipt, now: Timestamp, index: u64) -> Result<Verified, ReceiptFault> {
        self.check(receipt, now, Some(index))
    }

    fn check(&self, receipt: Receipt, now: Timestamp, index: Option<u64>) -> Result<Verified, ReceiptFault> {
        let key_id = receipt.key_id().clone();
        let key = self.keys.get(key_id.as_str()).ok_or_else(|| ReceiptFault::UnknownKey { key_id: key_id.clone() })?;
        if !key.has_signed(&receipt.signed_message(), receipt.signature()) {
            return Err(ReceiptFault::SignatureWrong { key_id });
        }
        if let Some(from_index) = self.revocations.from_index(&key_id)
            && index.is_none_or(|index| index >= from_index)
        {
            return Err(ReceiptFault::KeyRevoked { key_id, from_index });
        }
        self.check_expected(&receipt)?;
        self.check_age(&receipt, now)?;
        Ok(Verified { receipt, index })
    }

    fn check_expected(&self, receipt: &Receipt) -> Result<(), ReceiptFault> {
        if self.tenant.as_ref().is_some_and(|tenant| tenant != receipt.tenant()) {
            return Err(ReceiptFault::OtherTenant { found: receipt.tenant().clone() });
        }
        if self.issuer.as_ref().is_some_and(|issuer| issuer != receipt.issued_by()) {
            return Err(ReceiptFault::OtherIssuer { found: receipt.issued_by().to_owned() });
        }
        Ok(())
    }

    fn check_age(&self, receipt: &Receipt, now: Timestamp) -> Result<(), ReceiptFault> {
        let issued_at = receipt.issued_at();
        if issued_at - now > self.skew {
            return Err(ReceiptFault::FromTheFuture { issued_at });
        }
        if self.max_age.is_some_and(|age| now - issued_at > age.saturating_add(self.skew)) {
            return Err(ReceiptFault::TooOld { issued_at });
        }
        Ok(())
    }
}

/// A verified receipt.
///
/// A trusted key has signed exactly these members, and they meet every expectation of the verifier. This does not prove
/// that the decision's record is in a log that others see; an inclusion proof does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "compare the receipt with the act before acting on it"]
pub struct Verified {
    receipt: Receipt,
    index: Option<u64>,
}

impl Verified {
    /// The receipt.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The id of the key that signed it.
    #[must_use]
    pub fn signed_by(&self) -> &KeyId {
        self.receipt.key_id()
    }

    /// The index in the log, if the caller proved one.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        self.index
    }

    /// Compares every member with a record.
    ///
    /// # Errors
    /// [`RecordMismatch`] if the receipt was issued for another record.
    pub fn matches(&self, record: &Record) -> Result<(), RecordMismatch> {
        self.receipt.matches(record)
    }
}

impl fmt::Display for Verified {
    /// Says what was proved, in a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signed by key {}", self.signed_by())
    }
}
