//! Governed actions for AI agents.

mod action;
mod actor;
pub mod clock;
mod contract;
mod ctx;
mod digest;
mod event;
mod ids;
mod machine;
mod param;
mod timestamp;
pub mod value;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use action::{ActionContract, BoxFuture, Call, Definition, Executor, Failure, IntoOutcome, Outcome, Provided};
pub use actor::{Actor, ActorType, Authority, PermissionPolicy, Resolved, RolePolicy};
pub use contract::{ApprovalRule, Contract, Declaration, Effect, Risk};
pub use ctx::{Ctx, RuleError, Situation};
pub use digest::{Digest, DigestError};
pub use event::{Event, NewEvent};
pub use ids::{
    ActionName, ActorId, ApprovalId, Code, EntityId, EntityRef, EntityType, EventId, EventType, ExecutionId, IdempotencyKey, Ids, NameError,
    ParamName, Permission, ReceiptId, Role, Salt, StateName, TenantId, TraceId, Ulid, Version,
};
pub use machine::{Facts, Machine, StateMachine, Transition};
pub use param::{Param, ParamFault, ParamKind, ParamProblem, ParamSpec, Params};
pub use timestamp::{Timestamp, TimestampError};
pub use value::Value;

#[cfg(feature = "macros")]
pub use kiff_macros::{Param, StateMachine, action};
