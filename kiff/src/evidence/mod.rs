//! Evidence that others can check without kiff's own word for it.

pub(crate) mod receipt;
pub mod verify;
pub(crate) mod warrant;
pub mod log;
pub mod replay;
pub(crate) mod timeline;
