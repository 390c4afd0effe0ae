//! Who acts, and on what authority.
//!
//! Only an [`Authority`] says who acts. Host code makes it, after it has authenticated its caller. Nothing that an agent
//! sends can become one, so it cannot be deserialised.

mod identity;
mod authority;
mod policy;

pub use authority::Authority;
pub use identity::{Actor, ActorType};
pub use policy::{Granted, PermissionPolicy, RolePolicy};
