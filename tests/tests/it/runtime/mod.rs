//! The runtime's own promises, beside the rules of authority.

mod old_events;
mod promises;
mod subscription;
