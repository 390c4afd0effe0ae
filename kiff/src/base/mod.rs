//! Names, times, digests, actors and events: words without rules.

pub(crate) mod ids;
pub(crate) mod code;
pub(crate) mod boxed;
pub(crate) mod debug;
pub(crate) mod timestamp;
pub(crate) mod digest;
pub(crate) mod public_key;
pub(crate) mod few;
pub(crate) mod scratch;
pub(crate) mod unwind;
pub(crate) mod members;
pub(crate) mod actor;
pub(crate) mod event;
