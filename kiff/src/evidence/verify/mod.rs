//! Verifies receipts with pinned keys alone: no log, no database, no domain.
//!
//! A service that acts on receipts, or an auditor, needs three things from the issuer, once: the [`KeySet`], the name
//! under which it issues receipts, and the tenant. Everything else is in the receipt.
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
//! // After any edit the signature no longer holds.
//! let forged = String::from_utf8(RECEIPT.to_vec())?.replace("approval_required", "allowed");
//! let fault = verifier.verify(forged.as_bytes(), now).unwrap_err();
//! assert_eq!(fault.code(), "signature_wrong");
//! # Ok(())
//! # }
//! ```

mod key_set;
mod revocations;
mod verifier;

pub use key_set::{KeySet, KeySetError};
pub use revocations::Revocations;
pub use verifier::{ReceiptVerifier, Verified};
