//! What a user declares: machines, contracts and actions, checked against each other.
//!
//! [`DomainBuilder::build`] is the only door to a [`Domain`], and it refuses an unsound one with every fault at once. So the
//! kernel can ask a domain anything and never meets a state that no machine has.

pub(crate) mod param;
pub(crate) mod contract;
pub(crate) mod machine;
pub(crate) mod ctx;
pub(crate) mod action;
mod bounds;
mod fault;
mod checked;
mod built;
mod digest;
mod check;
mod build;
mod lint;
pub(crate) mod export;

pub use bounds::Bounds;
pub use build::DomainBuilder;
pub use built::Domain;
pub use checked::Action;
pub use export::tool::Tool;
pub use fault::{DomainError, DomainFault};
pub use lint::DomainWarning;

pub(crate) use checked::{CheckedApproval, CheckedStep};
