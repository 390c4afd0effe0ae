//! Receipts: what is handed out for a decision (`docs/formats.md` §8), and the trait for what signs them.
//!
//! A receipt is a projection of the record of its decision, and a signature over it. It can be issued again from the
//! log.

mod claims;
mod dsse;
mod fault;
mod parse;
mod projection;
mod signed;
mod signer;

pub use fault::ReceiptFault;
pub use projection::RecordMismatch;
pub use signed::Receipt;
pub use signer::{Signer, SignerError};

pub(crate) use projection::Unsigned;
pub(crate) use signer::DynSigner;

pub(in crate::evidence) use parse::read_object;
