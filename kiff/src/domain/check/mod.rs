//! The checks of a domain: each notes every fault that it finds.

mod names;
mod machine;
mod codes;
mod rules;
mod action;
mod reviewers;

pub(in crate::domain) use action::{check_action, check_unique_names};
pub(in crate::domain) use codes::{check_codes, check_functions};
pub(in crate::domain) use machine::{check_machine, check_unique_entities};
pub(in crate::domain) use names::named;
pub(in crate::domain) use reviewers::check_reviewers;
