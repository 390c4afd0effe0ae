//! Governed actions for AI agents: an agent *proposes*, the runtime *decides* against a declared contract, and only
//! what is cleared *runs*. kiff is a library; it appends every step to one log, and that log alone rebuilds everything.
//!
//! ```
//! use kiff::{Answer, Authority, Ctx, Domain, ExecutionId, NewEvent, Outcome, Proposal, Runtime, StateMachine, action};
//!
//! /// An order, and the events that move it.
//! #[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
//! #[state_machine(entity = "order")]
//! enum Order {
//!     #[enter(on = "ORDER_PLACED")]
//!     Created,
//!     #[enter(from = Created, on = "ORDER_PAID", sources = ["stripe"])]
//!     Paid,
//!     #[enter(from = Paid, on = "ORDER_REFUNDED")]
//!     Refunded,
//! }
//!
//! /// Pays an order back.
//! #[action(
//!     allowed_states = [Paid],
//!     permissions = ["orders.refund"],
//!     risk = High,
//!     approval = When(amount_above_threshold(cents)),
//!     reviewers = "orders.approve",
//!     emits = ["ORDER_REFUNDED"],
//! )]
//! async fn refund_order(
//!     order: &Ctx<'_, Order>,
//!     execution: &ExecutionId,
//!     /// How much to pay back, in cents.
//!     cents: u64,
//! ) -> Outcome {
//!     // Call the payment provider here, with `execution` as its idempotency key.
//!     let _ = execution;
//!     Outcome::new(format!("{cents} cents paid back for {}", order.id())).emit("ORDER_REFUNDED")
//! }
//!
//! /// The log gives the function's name as the reason.
//! fn amount_above_threshold(_: &Ctx<'_, Order>, cents: u64) -> bool {
//!     cents > 100_00
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let domain = Domain::builder("refund-ops", "v2")
//!     .machine::<Order>()
//!     .action::<refund_order>()
//!     .role("operator", ["orders.refund"])
//!     .role("ops_operator", ["orders.approve"])
//!     .build()?;
//! // The calls of `Runtime` are async; `blocking()` gives the same calls without an async runtime.
//! let rt = Runtime::builder(domain).build()?.blocking();
//!
//! let stripe = Authority::service("stripe")?;
//! rt.ingest(&stripe, "order:ord_1", NewEvent::new("evt_1", "ORDER_PLACED"))?.accepted()?;
//!
//! // Host code says who acts, never the proposal.
//! let agent = Authority::agent("ops-agent", ["operator"])?;
//! let refund = |cents: u64| Proposal::new("REFUND_ORDER", "order:ord_1").param("cents", cents);
//!
//! // The order is not paid yet, so the proposal is blocked, and the executor is never called.
//! let Answer::Blocked(blocked) = rt.execute(&agent, refund(999_00))? else { panic!() };
//! assert_eq!(blocked.reason, "state_not_allowed");
//!
//! // A large refund waits for a person.
//! rt.ingest(&stripe, "order:ord_1", NewEvent::new("evt_2", "ORDER_PAID"))?.accepted()?;
//! let Answer::Held(held) = rt.execute(&agent, refund(999_00))? else { panic!() };
//! assert_eq!(held.reason, "amount_above_threshold");
//!
//! let reviewer = Authority::human("ops-human", ["ops_operator"])?;
//! rt.grant(&reviewer, held.approval_id, "verified with the customer")?.recorded()?;
//! let done = rt.resume(held.approval_id)?.executed()?;
//! assert_eq!(done.message, "99900 cents paid back for ord_1");
//!
//! assert_eq!(rt.rebuild("order:ord_1")?.to_string(), "materialized state matches replay");
//! println!("{}", rt.timeline("order:ord_1")?);
//! # Ok(())
//! # }
//! ```
//!
//! # The loop
//!
//! ```text
//! event -> state -> proposal -> decision -> (approval) -> execution -> events -> state ...
//!                   every arrow appends to one log, and the log alone rebuilds everything
//! ```
//!
//! # The guarantee
//!
//! kiff starts an executor at most once per durably recorded attempt, only after recording that exactly these
//! parameters were cleared; if it cannot record the outcome, the execution is reported in doubt and is never
//! rerun unless the effect was declared idempotent, a conclusive probe shows that it was not applied, or a
//! human resolves it. ([The tests of each part](_guide::security#2-the-guarantee))
//!
//! # Where to read next
//!
//! The [guide](_guide) has the longer pages:
//!
//! - [domains](_guide::domains): a domain from an empty file to a tested one, with each key explained.
//! - [production](_guide::production): executions in doubt, and what to know before real traffic.
//! - [security](_guide::security), [verify](_guide::verify), [scaling](_guide::scaling), [formats](_guide::formats) and
//!   [architecture](_guide::architecture).
//!
//! The items to begin with:
//!
//! - [`macro@action`] and [`macro@StateMachine`]: how a domain is written.
//! - [`Domain`]: the checks before a runtime is built; [`Domain::lint`], [`Domain::describe`], [`Domain::tools`] and
//!   [`Domain::to_mermaid`]: a reviewer's questions, and the domain as data, as tools of a model and as a drawing.
//! - [`Runtime`] and [`Blocking`]: every call; [`Answer`]: what comes back.
//! - `testing::Scenario`: a domain in a plain unit test (feature `testing`).
//! - [`store`]: the log in a file, in PostgreSQL, or in a database of your own. [`Subscription`](subscription::Subscription) and [`store::transfer`]: follow
//!   the log, and move it between stores.
//! - [`Ed25519Signer`](keys::Ed25519Signer): a signed receipt for every recorded decision. [`verify`]: receipts checked without the log.
//!   [`guard`]: a service that acts on receipts alone, once for each.
//! - [`ledger`]: sign the log, prove what is in it, hand out evidence. [`log`]: check such evidence.
//! - [`replay`]: verify a log, and ask yesterday's log what today's rules would have decided.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `macros` | yes | `#[action]`, `#[derive(StateMachine)]`, `#[derive(Param)]` |
//! | `decimal` | | `rust_decimal::Decimal` as a parameter type |
//! | `sqlite-bundled` | | [`store::SqliteStore`](store), the log in a file, and [`guard::SqliteReplayStore`](guard), used receipts in one, with a SQLite that is compiled in (rusqlite 0.39 or newer; the SQLite of an older one is refused at open) |
//! | `sqlite` | | the same, with the system's SQLite (3.51.3 or newer; an older one is refused) |
//! | `postgres` | | `store::PostgresStore`, on the host's `PgPool` of `sqlx` 0.9; needs Rust 1.94. The [README](https://github.com/kiffhq/kiff-rs#features) says what goes beside an older `sqlx` |
//! | `cli` | | the program `kiff`, which verifies logs, receipts and proofs from files: `cargo install kiff --features cli` |
//! | `testing` | | `testing`: scenarios, a manual clock, fixed ids, a store that fails, the store suite |
//!
//! A feature adds and never changes behaviour. The minimum supported Rust version is 1.88 for the default
//! features; raising it is a minor release.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod value;
mod base;
pub mod domain;
mod kernel;
mod evidence;
pub mod store;
mod runtime;
pub mod ledger;
pub mod guard;

#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

#[doc(hidden)]
#[path = "macro_support/mod.rs"]
pub mod __private;

// What a first domain and its service need stands at the root. Everything else has one path, in one of the modules.

pub use base::actor::Authority;
pub use base::code::Code;
pub use base::event::{Event, NewEvent};
pub use base::ids::{ActionName, ApprovalId, EntityRef, ExecutionId, TenantId};
pub use base::timestamp::Timestamp;
pub use domain::action::{ActionContract, Executor, Failure, Outcome};
pub use domain::built::Domain;
pub use domain::contract::{Effect, Risk};
pub use domain::ctx::Ctx;
pub use domain::fault::DomainError;
pub use domain::machine::{Facts, StateMachine};
pub use domain::param::decode::Param;
pub use evidence::receipt::Receipt;
pub use evidence::{log, replay, verify};
pub use kernel::decision::Permit;
pub use kernel::proposal::Proposal;
pub use kernel::refusal::Refusal;
pub use runtime::answer::{Allowed, Answer, Blocked, Decision, Executed, Failed, Held, InDoubt, NotExecuted};
pub use runtime::blocking::Blocking;
pub use runtime::clock;
pub use runtime::{BuildError, Ingested, Review, Runtime, RuntimeBuilder, RuntimeError, Unrecorded};
pub use value::json::Value;

/// Names and ids, each a type of its own that is checked once, when it is made.
pub mod ids {
    pub use crate::base::ids::{
        ActorId, EntityId, EntityType, EventId, EventType, IdempotencyKey, Ids, KeyId, NameError, ParamName,
        Permission, ReceiptId, Role, Salt, StateName, TraceId, Ulid, Version,
    };
}

/// Actors, their roles and permissions, and the policy that resolves them.
pub mod actor {
    pub use crate::base::actor::{Actor, ActorType, Granted, PermissionPolicy, RolePolicy};
}

/// Faults of texts that come from outside: proposals, events and reviews that cannot be admitted.
pub mod admission {
    pub use crate::base::members::{AdmissionError, MemberFault, MemberFaults, MemberProblem};
    pub use crate::kernel::proposal::ProposalError;
}

/// Events from outside: adapters for raw inputs, and why an event is refused.
pub mod ingest {
    pub use crate::kernel::ingest::EventRefusal;
    pub use crate::runtime::{IngestError, InputAdapter};
}

/// Records, and the timeline of one entity.
pub mod record {
    pub use crate::base::digest::{Digest, DigestError};
    pub use crate::base::timestamp::TimestampError;
    pub use crate::evidence::timeline::{Entry, Timeline};
    pub use crate::kernel::record::{CheckResult, Kind, MAX_RECORD, Record, RecordBytes, RecordError, Verdict};
    pub use crate::kernel::view::FoldError;
}

/// Reviews of held proposals.
pub mod review {
    pub use crate::kernel::review::{ApprovalState, PendingApproval, ReviewRefusal, ReviewRequest, ReviewVerdict};
    pub use crate::runtime::ApprovalStatus;
}

/// Executions in doubt: probes, resolutions, and recovery.
pub mod doubt {
    pub use crate::kernel::doubt::{RESOLVE_PERMISSION, Resolution};
    pub use crate::runtime::probe::{Probe, Probed, Probing};
    pub use crate::runtime::{Recovered, Recovery, Resolved};
}

/// Keys: signing receipts, and the tenant's record of its keys.
pub mod keys {
    pub use crate::base::public_key::{PublicKey, PublicKeyError};
    pub use crate::evidence::receipt::{Signer, SignerError};
    pub use crate::kernel::keys::{KEYS_PERMISSION, KeyRefusal};
    pub use crate::kernel::record::KeyPurpose;
    pub use crate::runtime::signing::{Ed25519Signer, KeyFileError};
    pub use crate::runtime::{KeyChange, KeyStatus};
}

/// Receipts in other hands: warrants, and why a receipt does not hold.
pub mod receipt {
    pub use crate::evidence::receipt::{ReceiptFault, RecordMismatch};
    pub use crate::evidence::warrant::{Warrant, WarrantFault};
}

/// What a runtime says of an entity without writing anything.
pub mod inspect {
    pub use crate::runtime::{EntityState, Explanation, Rebuild};
}

/// Subscriptions, which follow a tenant's log.
pub mod subscription {
    pub use crate::runtime::blocking::BlockingSubscription;
    pub use crate::runtime::{Logged, Subscription, SubscriptionError};
}

#[cfg(feature = "macros")]
#[doc = include_str!("../docs/action.md")]
pub use kiff_macros::action;

#[cfg(feature = "macros")]
#[doc = include_str!("../docs/state_machine.md")]
pub use kiff_macros::StateMachine;

#[cfg(feature = "macros")]
#[doc = include_str!("../docs/param.md")]
pub use kiff_macros::Param;

/// The guide: pages that are longer than the documentation of one item. There is nothing to import here.
///
/// The same pages are files in `docs/` of the package.
// A page links to another as `[formats]` and says at its end that this is the file. The first definition of a link counts:
// `links.txt` stands before each page and leads to the module instead.
pub mod _guide {
    // Its blocks are one program, so none compiles alone: the package `kiff-examples` compiles and tests it.
    #[doc = include_str!("../docs/links.txt")]
    #[cfg_attr(not(doctest), doc = include_str!("../docs/domains.md"))]
    pub mod domains {}

    #[doc = include_str!("../docs/links.txt")]
    #[doc = include_str!("../docs/production.md")]
    pub mod production {}

    #[doc = include_str!("../docs/links.txt")]
    #[doc = include_str!("../docs/security.md")]
    pub mod security {}

    #[doc = include_str!("../docs/links.txt")]
    #[doc = include_str!("../docs/verify.md")]
    pub mod verify {}

    #[doc = include_str!("../docs/links.txt")]
    #[doc = include_str!("../docs/scaling.md")]
    pub mod scaling {}

    #[doc = include_str!("../docs/links.txt")]
    #[doc = include_str!("../docs/formats.md")]
    pub mod formats {}

    #[doc = include_str!("../docs/links.txt")]
    #[doc = include_str!("../docs/architecture.md")]
    pub mod architecture {}
}

/// Compiles and runs what the README shows.
#[cfg(all(doctest, feature = "macros", feature = "decimal", feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;
