//! Replay: what a log proves of itself, and what other rules would have decided.
//!
//! A log is `log.jsonl`: one record per line, in the order of the tenant's log, as
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
mod consent;
mod verifier;

pub use compare::{Comparison, Difference, Outlook, compare};
pub use verifier::{EntityEnd, Followed, Line, LogVerifier};

#[cfg(feature = "testing")]
use crate::kernel::record::Record;
use crate::{
    base::{
        code::Code,
        ids::{EntityRef, TenantId},
    },
    domain::Domain,
};
use std::fmt;

/// Checks a log without a domain: every record's form, the sequence, chain and time of each stream, that
/// each step goes on from the last and has its event, that approvals and executions are opened before they are
/// used and used once, that nothing was cleared on an approval without its grants, and that each decision is about
/// the proposal before it.
///
/// ```
/// use kiff::replay;
/// # fn domain(version: &str, threshold: u64) -> Result<kiff::Domain, kiff::DomainError> {
/// #     use kiff::{Call, Contract, Definition, Domain, Machine, Outcome, Param};
/// #     let refund = Contract::new("REFUND_ORDER", "order")
/// #         .allowed_states(["PAID"])
/// #         .approval_when("amount_above_threshold", "orders.approve")
/// #         .param("cents", u64::KIND)
/// #         .emits(["ORDER_REFUNDED"]);
/// #     let refund = Definition::new(refund)
/// #         .try_approval_when("amount_above_threshold", move |at| Ok(at.param::<u64>("cents")? > threshold))
/// #         .executor(|_: Call<'_>| Ok(Outcome::new("paid back").emit("ORDER_REFUNDED")));
/// #     Domain::builder("shop", version)
/// #         .table(Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED"))
/// #         .define(refund)
/// #         .role("approver", ["orders.approve"])
/// #         .build()
/// # }
/// # fn log(domain: kiff::Domain) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
/// #     use kiff::{Authority, NewEvent, Proposal, Runtime};
/// #     let rt = Runtime::builder(domain).build()?.blocking();
/// #     rt.ingest(&Authority::service("stripe")?, "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
/// #     let agent = Authority::agent("bot", [""; 0])?;
/// #     rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 80_00))?.executed()?;
/// #     Ok(rt.export()?)
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // One refund, as `Runtime::export` writes its records.
/// let log = log(domain("v1", 100_00)?)?;
/// let report = replay::verify(&log);
/// assert!(report.holds(), "{report}");
/// assert_eq!(report.records, 7);
///
/// // Whoever changes a record breaks the chain behind it.
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

/// The same, and recomputes every step and every fact with the domain's machines.
///
/// ```
/// use kiff::{Domain, Machine, replay};
/// # fn domain(version: &str, threshold: u64) -> Result<kiff::Domain, kiff::DomainError> {
/// #     use kiff::{Call, Contract, Definition, Domain, Machine, Outcome, Param};
/// #     let refund = Contract::new("REFUND_ORDER", "order")
/// #         .allowed_states(["PAID"])
/// #         .approval_when("amount_above_threshold", "orders.approve")
/// #         .param("cents", u64::KIND)
/// #         .emits(["ORDER_REFUNDED"]);
/// #     let refund = Definition::new(refund)
/// #         .try_approval_when("amount_above_threshold", move |at| Ok(at.param::<u64>("cents")? > threshold))
/// #         .executor(|_: Call<'_>| Ok(Outcome::new("paid back").emit("ORDER_REFUNDED")));
/// #     Domain::builder("shop", version)
/// #         .table(Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED"))
/// #         .define(refund)
/// #         .role("approver", ["orders.approve"])
/// #         .build()
/// # }
/// # fn log(domain: kiff::Domain) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
/// #     use kiff::{Authority, NewEvent, Proposal, Runtime};
/// #     let rt = Runtime::builder(domain).build()?.blocking();
/// #     rt.ingest(&Authority::service("stripe")?, "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
/// #     let agent = Authority::agent("bot", [""; 0])?;
/// #     rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 80_00))?.executed()?;
/// #     Ok(rt.export()?)
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let log = log(domain("v1", 100_00)?)?;
/// assert!(replay::verify_with(&domain("v1", 100_00)?, &log).holds());
///
/// // A domain whose machine cannot have taken these steps.
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

/// The lines of a log. A newline ends a line; the last may lack it.
fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    let log = log.strip_suffix(b"\n").unwrap_or(log);
    let nothing = log.is_empty();
    log.split(|byte| *byte == b'\n').filter(move |_| !nothing)
}

/// What a log proves of itself.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many lines the log has.
    pub records: u64,
    /// How many of them stand for an erased record: their hash is checked, their content is gone.
    pub pruned: u64,
    /// How many streams it has.
    pub entities: u64,
    /// What does not hold, in the order of the log. A stream is not followed beyond its first fault.
    pub faults: Vec<Fault>,
}

/// One record that does not hold.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its index in the log; 0 is the first.
    pub index: u64,
    /// Its entity; empty if it cannot be told.
    pub entity: String,
    /// Why it does not hold, as a stable word.
    pub reason: Code,
    /// The same for people.
    pub detail: String,
}

impl Report {
    /// True if everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records of {} entities", self.records, self.entities)?;
        if self.pruned > 0 {
            write!(f, ", {} of them pruned", self.pruned)?;
        }
        match self.faults.as_slice() {
            [] => f.write_str(": the log holds"),
            faults => faults.iter().try_for_each(|fault| write!(f, "\n{fault}")),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault: {} {} {}: {}", self.index, self.entity, self.reason, self.detail)
    }
}

/// The entities of a log, in the order of their names.
#[cfg(feature = "testing")]
pub(crate) fn entities(log: &[u8]) -> Vec<EntityRef> {
    let mut all: Vec<_> =
        lines(log).filter_map(|line| Record::entity_of(&line.into())).map(|(_, entity)| entity).collect();
    all.sort();
    all.dedup();
    all
}

type Key = (TenantId, EntityRef);

/// What does not hold, as a stable word and for people.
type Mismatch = (Code, String);
