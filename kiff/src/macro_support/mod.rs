//! What generated code uses. Not part of the public interface: it may change in any release.
//!
//! The `is_*` functions ask the type checker, or a constant evaluation, about what a macro cannot see.
//! Each call carries a span of the user's code, so that the error points there.

mod message;
mod states;
mod rules;
mod param;

// Under names that no user imports: generated code that carries the user's spans must not look like a needlessly qualified
// path to rustc's lint.
pub use crate::domain::{action::IntoOutcome as IsOutcome, param::decode::Param as IsParam};
pub use param::{
    Bounds, IsTried, bounded, content, has_length, inside, is_bound, is_length, is_number, item, member, members,
    refused, variant, within,
};
pub use rules::{
    Argument, IsCtx, IsProvided, Slot, Verdict, argument, asked, boxed, definition, function, proposed, verdict,
};
pub use states::{Unchecked, is_accepted, is_state, state_name};
pub use std::vec::Vec;
