//! Checks a log that is in memory as a whole.

use super::{lines::lines, report::Report, verifier::LogVerifier};
use crate::domain::Domain;

/// Checks a log without a domain:
///
/// - the form of each record, and the sequence, chain and time of each stream;
/// - each step continues from the last one, and has its event;
/// - approvals and executions are opened before they are used, and used once;
/// - nothing was cleared on an approval without its grants;
/// - each decision is about the proposal before it.
///
/// ```
/// use kiff::replay;
#[doc = include_str!("../../../docs/refunds.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // One refund, as `Runtime::export` writes its records.
/// let log = log(domain("v1", 100_00)?)?;
/// let report = replay::verify(&log);
/// assert!(report.holds(), "{report}");
/// assert_eq!(report.records, 7);
///
/// // Any edit of a record breaks the chain after it.
/// let changed = String::from_utf8(log)?.replacen("stripe", "striPe", 1);
/// let report = replay::verify(changed.as_bytes());
/// assert!(!report.holds());
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn verify(log: &[u8]) -> Report {
    verify_lines(None, log)
}

/// Checks a log as [`verify`] does, and recomputes every step and every fact with the domain's machines.
///
/// ```
/// use kiff::{Domain, domain::Machine, replay};
#[doc = include_str!("../../../docs/refunds.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let log = log(domain("v1", 100_00)?)?;
/// assert!(replay::verify_with(&domain("v1", 100_00)?, &log).holds());
///
/// // The machine of this domain cannot have taken these steps.
/// let other = Domain::builder("shop", "v2").table(Machine::new("order").starts("ORDER_PLACED", "PLACED")).build()?;
/// let report = replay::verify_with(&other, &log);
/// assert!(report.faults.iter().any(|fault| fault.reason == "transition_not_in_domain"));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn verify_with(domain: &Domain, log: &[u8]) -> Report {
    verify_lines(Some(domain), log)
}

fn verify_lines(domain: Option<&Domain>, log: &[u8]) -> Report {
    let mut verifier = domain.map_or_else(LogVerifier::new, LogVerifier::with);
    let mut faults: Vec<_> = lines(log).filter_map(|line| verifier.take(line).fault).collect();
    let mut report = verifier.finish();
    faults.append(&mut report.faults);
    Report { faults, ..report }
}
