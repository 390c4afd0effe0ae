//! Contracts: what an action needs before it may run, as data.

mod risk;
mod declaration;
mod builder;

pub use builder::Contract;
pub use declaration::{ApprovalRule, Declaration};
pub use risk::{Effect, Risk};

pub(in crate::domain) use builder::ApprovalNeed;
