//! Evidence that others can check without trusting kiff.

pub(crate) mod receipt;
pub mod verify;
pub(crate) mod warrant;
pub mod log;
pub mod replay;
pub(crate) mod timeline;
