//! The tests of kiff that need more than kiff itself, in one program: linking is what most of a build goes to. A folder
//! or a file is run alone by its name: `cargo test -p kiff-tests --test it rules::races`.

#![cfg(test)]

mod attacks;
mod domain;
mod folder;
mod formats;
mod fuzzed;
mod golden;
mod linear;
mod log;
mod model;
mod receipt;
mod repository;
mod rules;
mod runtime;
mod store;
mod value;
