//! Measurements of kiff. Unpublished; `README.md` says how to run them.

pub mod floor;
pub mod workload;
