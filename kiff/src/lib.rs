//! Governed actions for AI agents.

mod action;
mod actor;
mod answer;
mod approval;
mod blocking;
mod cache;
pub mod clock;
mod contract;
mod ctx;
mod decide;
mod decision;
mod digest;
mod domain;
mod event;
mod executor;
mod finish;
mod ids;
mod ingest;
mod machine;
mod param;
mod proposal;
mod receipt;
mod record;
pub mod replay;
mod request;
mod runtime;
mod scratch;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod timeline;
mod timestamp;
pub mod value;
mod view;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use action::{ActionContract, BoxFuture, Call, Definition, Executor, Failure, IntoOutcome, Outcome, Provided};
pub use actor::{Actor, ActorType, Authority, Granted, PermissionPolicy, RolePolicy};
pub use answer::{Allowed, Answer, Blocked, Decision, Executed, Failed, Held, InDoubt, NotExecuted};
pub use approval::{PendingApproval, ReviewRefusal};
pub use blocking::Blocking;
pub use contract::{ApprovalRule, Contract, Declaration, Effect, Risk};
pub use ctx::{Ctx, RuleError, Situation};
pub use decision::{Permit, Refusal};
pub use digest::{Digest, DigestError};
pub use domain::{Action, Bounds, Domain, DomainBuilder, DomainError, DomainFault};
pub use event::{Event, NewEvent};
pub use finish::{RESOLVE_PERMISSION, Resolution};
pub use ids::{
    ActionName, ActorId, ApprovalId, Code, EntityId, EntityRef, EntityType, EventId, EventType, ExecutionId,
    IdempotencyKey, Ids, NameError, ParamName, Permission, ReceiptId, Role, Salt, StateName, TenantId, TraceId, Ulid,
    Version,
};
pub use ingest::EventRefusal;
pub use machine::{Facts, Machine, StateMachine, Transition};
pub use param::{Param, ParamFault, ParamKind, ParamProblem, ParamSpec, Params};
pub use proposal::{Proposal, ProposalError};
pub use receipt::{Receipt, Signer, SignerError};
pub use record::{CheckResult, Kind, MAX_RECORD, Record, RecordBytes, RecordError, Verdict};
pub use runtime::{
    ApprovalStatus, BuildError, EntityState, Explanation, IngestError, Ingested, InputAdapter, Rebuild, Resolved,
    Review, Runtime, RuntimeBuilder, RuntimeError, Unrecorded,
};
pub use timeline::{Entry, Timeline};
pub use timestamp::{Timestamp, TimestampError};
pub use value::Value;
pub use view::FoldError;

#[cfg(feature = "macros")]
#[doc = include_str!("../docs/action.md")]
pub use kiff_macros::action;

#[cfg(feature = "macros")]
#[doc = include_str!("../docs/state_machine.md")]
pub use kiff_macros::StateMachine;

#[cfg(feature = "macros")]
#[doc = include_str!("../docs/param.md")]
pub use kiff_macros::Param;
