//! Verifying receipts with nothing but pinned keys: no log, no database, no domain.
//!
//! A service that acts on receipts, or an auditor, needs three things of the issuer's, once: the [`KeySet`], the name
//! under which it issues, and the tenant. All else is in the receipt.
//!
//! ```
//! use kiff::{Timestamp, verify::{KeySet, ReceiptVerifier}};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
#![doc = include_str!("../../../docs/receipt.txt")]
//! let verifier = ReceiptVerifier::new(KeySet::from_json(PUBLISHED_KEYS)?)
//!     .tenant("kiff-demo".parse()?)
//!     .issuer("kiff-cloud")
//!     .max_age(Duration::from_secs(300));
//!
//! let now: Timestamp = "2026-05-24T09:52:00.000Z".parse()?;
//! let verified = verifier.verify(RECEIPT, now)?;
//! assert_eq!(verified.receipt().decision().as_str(), "approval_required");
//! assert_eq!(verified.to_string(), "signed by key kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
//!
//! // One letter changed, and it is nobody's receipt.
//! let forged = String::from_utf8(RECEIPT.to_vec())?.replace("approval_required", "allowed");
//! let fault = verifier.verify(forged.as_bytes(), now).unwrap_err();
//! assert_eq!(fault.code(), "signature_wrong");
//! # Ok(())
//! # }
//! ```

mod key_set;
mod revocations;

pub use key_set::{KeySet, KeySetError};
pub use revocations::Revocations;

use crate::{
    base::{
        ids::{KeyId, TenantId},
        timestamp::Timestamp,
    },
    evidence::receipt::{Receipt, ReceiptFault, RecordMismatch},
    kernel::record::Record,
};
use std::{fmt, time::Duration};

/// How far the issuer's clock may be ahead by default.
const SKEW: Duration = Duration::from_secs(60);

/// Verifies receipts against pinned keys, and what else is expected of them.
///
/// The example of this [module](self) verifies one. Without an expectation of tenant, issuer or age, any is accepted.
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
    /// A verifier that trusts these keys.
    #[must_use]
    pub fn new(keys: KeySet) -> Self {
        let (tenant, issuer, max_age, revocations) = (None, None, None, Revocations::new());
        Self { keys, tenant, issuer, max_age, skew: SKEW, revocations }
    }

    /// Accepts receipts of this tenant alone.
    #[must_use]
    pub fn tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// Accepts receipts of this issuer alone.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Accepts no receipt that is older. The skew of the clocks is added.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// How far the issuer's clock and this one may be apart. A minute by default.
    #[must_use]
    pub fn skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// Keys that were revoked.
    #[must_use]
    pub fn revocations(mut self, revocations: Revocations) -> Self {
        self.revocations = revocations;
        self
    }

    /// Parses a receipt and verifies it.
    ///
    /// The signature comes first: of a receipt that nobody trusted has signed, nothing else is said.
    ///
    /// # Errors
    /// [`ReceiptFault`]; of a key that was revoked always, because the receipt's place in the log is not proved.
    pub fn verify(&self, text: &[u8], now: Timestamp) -> Result<Verified, ReceiptFault> {
        self.verify_receipt(Receipt::parse(text)?, now)
    }

    /// The same for a receipt whose record has this index in the tenant's log.
    ///
    /// The index must come from an inclusion proof that was verified for [`Receipt::record`] against a checkpoint that
    /// you trust. An index that the sender merely says proves nothing: a thief of the key could say any.
    ///
    /// # Errors
    /// [`ReceiptFault`]; of a key that was revoked if the index is not before the revocation.
    pub fn verify_at(&self, text: &[u8], now: Timestamp, index: u64) -> Result<Verified, ReceiptFault> {
        self.verify_receipt_at(Receipt::parse(text)?, now, index)
    }

    /// Verifies a receipt that was parsed, such as one out of a [DSSE envelope](Receipt::from_dsse).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_receipt(&self, receipt: Receipt, now: Timestamp) -> Result<Verified, ReceiptFault> {
        self.check(receipt, now, None)
    }

    /// The same with a proved index; see [`verify_at`](Self::verify_at).
    ///
    /// # Errors
    /// As [`verify_at`](Self::verify_at).
    pub fn verify_receipt_at(&self, receipt: Receipt, now: Timestamp, index: u64) -> Result<Verified, ReceiptFault> {
        self.check(receipt, now, Some(index))
    }

    fn check(&self, receipt: Receipt, now: Timestamp, index: Option<u64>) -> Result<Verified, ReceiptFault> {
        let key_id = receipt.key_id().clone();
        let key = self.keys.get(key_id.as_str()).ok_or_else(|| ReceiptFault::UnknownKey { key_id: key_id.clone() })?;
        if !key.has_signed(&receipt.claims().message(), receipt.signature()) {
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
        let most = self.max_age.map(|age| age.saturating_add(self.skew));
        if most.is_some_and(|most| now - issued_at > most) {
            return Err(ReceiptFault::TooOld { issued_at });
        }
        Ok(())
    }
}

/// A receipt that was verified, and what that proved.
///
/// Proved is that a trusted key has signed exactly these members, and that they are as expected. Not proved is that
/// the decision's record is in a log that others see: an inclusion proof does that.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what it says is yet to be compared with what is to be done"]
pub struct Verified {
    receipt: Receipt,
    index: Option<u64>,
}

impl Verified {
    /// What was signed.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The key that has signed it.
    #[must_use]
    pub fn signed_by(&self) -> &KeyId {
        self.receipt.key_id()
    }

    /// The index in the log, if the caller has proved one.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        self.index
    }

    /// Compares every member with what a record says.
    ///
    /// # Errors
    /// [`RecordMismatch`] if the receipt was issued for another record.
    pub fn matches(&self, record: &Record) -> Result<(), RecordMismatch> {
        self.receipt.matches(record)
    }
}

impl fmt::Display for Verified {
    /// What was proved, in a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signed by key {}", self.signed_by())
    }
}
