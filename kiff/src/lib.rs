//! kiff
pub mod value;
