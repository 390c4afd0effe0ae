//! Decisions on proposals: [`Propose`] decides a new one, [`Resume`] a held one, and [`Explain`] says what would be decided.
//!
//! A decision is total: a refusal is a value. The checks run in a fixed order ([`checks`], then [`consent`]), and the
//! first that fails names the reason.

mod checks;
mod clear;
mod consent;
mod explain;
mod propose;
mod refuse;
mod resume;

pub(crate) use consent::changed_since;
pub(crate) use explain::{Explain, allowed_actions};
pub(crate) use propose::{EffectBy, Propose};
pub(crate) use resume::Resume;
