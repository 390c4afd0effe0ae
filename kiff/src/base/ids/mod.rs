//! The names of things: tenants, entities, actors, actions, and the ids that the runtime makes.
//!
//! Every name is checked once, when it is made, against the alphabet of `docs/formats.md` §1. A value of one of these types
//! is therefore always safe to store, to hash and to show. Cloning is cheap: the text is shared.

mod alphabet;
mod name_error;
mod names;
mod entity;
mod made;

pub use entity::EntityRef;
pub use made::{ApprovalId, ExecutionId, Ids, ReceiptId, Salt, TraceId, Ulid};
pub use name_error::NameError;
pub use names::{
    ActionName, ActorId, EntityId, EntityType, EventId, EventType, IdempotencyKey, KeyId, ParamName, Permission, Role,
    StateName, TenantId, Version,
};

pub(in crate::base) use alphabet::is_snake;
