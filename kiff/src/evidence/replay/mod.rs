//! Replay: checks what a log proves by itself, and what other rules would have decided.
//!
//! A log is a `log.jsonl`: one record on each line, in the order of the tenant's log, as
//! [`Runtime::export`](crate::Runtime::export) writes it.
//!
//! ```no_run
//! # fn domain() -> Result<kiff::Domain, kiff::DomainError> { kiff::Domain::builder("d", "v3").build() }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let log = std::fs::read("tests/golden/yesterday.jsonl")?;
//! let changes = kiff::replay::compare(&domain()?, &log);
//! assert!(changes.is_empty(), "{changes}");
//! # Ok(())
//! # }
//! ```

mod compare;
mod comparison;
mod consent;
mod entity_end;
mod lines;
mod report;
mod stream;
mod verifier;
mod verify;

pub use compare::compare;
pub use comparison::{Comparison, Difference, Outlook};
pub use entity_end::{EntityEnd, Followed};
pub use report::{Fault, Report};
pub use verifier::{Line, LogVerifier};
pub use verify::{verify, verify_with};

#[cfg(feature = "testing")]
pub(crate) use lines::entities;
