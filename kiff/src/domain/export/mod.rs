//! A domain as others see it: as data, as JSON Schema, as tools of a model, as a drawing.

pub mod describe;
mod mermaid;
mod pattern;
mod schema;
mod strict;
pub(super) mod tool;
