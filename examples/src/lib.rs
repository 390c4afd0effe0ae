//! The domains of the examples. Each file can be read from top to bottom. The programs are in `src/bin`.

pub mod database;
pub mod demo_key;
pub mod evidence;
pub mod file_store;
pub mod payables;
pub mod refund;
pub mod refunds_per_day;
pub mod returns;
pub mod scenarios;
pub mod support;
mod wire;
