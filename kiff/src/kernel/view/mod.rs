//! The view: the state of one entity's stream, and [`fold`], the only function that makes one.
//!
//! A view is bounded however long its stream is: it holds what is open, not the history. Two lists have no bound: the
//! denials at the present state version, each of which took a person and all of which the next event clears; and the
//! tenant's keys, in the stream of keys alone.

mod entity_view;
mod fold;
mod open;
mod refusals;
pub(crate) mod snapshot;

pub use fold::FoldError;

pub(crate) use entity_view::View;
pub(crate) use fold::{check_place, fold};
pub(crate) use open::{OpenApproval, OpenExecution};
pub(crate) use refusals::RefusalRecord;
