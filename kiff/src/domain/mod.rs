//! What a user declares: machines, contracts and actions, checked against each other.
//!
//! [`DomainBuilder::build`] is the only door to a [`Domain`], and it refuses an unsound one with every fault at once. So the
//! kernel can ask a domain anything and never meets a state that no machine has.

pub mod param;
pub(crate) mod contract;
pub(crate) mod machine;
pub(crate) mod ctx;
pub(crate) mod action;
mod bounds;
pub(crate) mod fault;
mod checked;
pub(crate) mod built;
mod digest;
mod check;
mod build;
mod lint;
pub(crate) mod export;

pub use action::{BoxFuture, Call, Definition, IntoFailure, IntoOutcome, Provided};
pub use bounds::Bounds;
pub use build::DomainBuilder;
pub use checked::Action;
pub use contract::{ApprovalRule, Contract, Declaration};
pub use ctx::{RuleError, Situation};
pub use export::describe;
pub use export::tool::Tool;
pub use fault::DomainFault;
pub use lint::DomainWarning;
pub use machine::{Machine, Transition};

// It stands at the crate's root, and each public item has one path.
pub(crate) use built::Domain;

pub(crate) use checked::{CheckedApproval, CheckedStep};
