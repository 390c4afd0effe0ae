//! A domain shown to others: as data, as JSON Schema, as tools of a model, as a drawing.

pub mod describe;
mod mermaid;
pub(crate) mod pattern;
pub(crate) mod schema;
pub(crate) mod strict;
pub(crate) mod tool;
