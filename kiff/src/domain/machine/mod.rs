//! State machines: which event moves an entity from which state to which, and which facts are folded beside the state.

mod facts;
mod state_machine;
mod table;

pub use facts::Facts;
pub use state_machine::{StateMachine, Transition};
pub use table::Machine;

pub(crate) use facts::FactsBox;
pub(in crate::domain) use facts::Upcast;
