//! The repository itself: which file may use which, what the pages name, and which tests are left out.

mod imports;
mod invariants;
mod left_out;
mod pages;
mod sources;
