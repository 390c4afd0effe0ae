//! Governed actions for AI agents: an agent *proposes*, the runtime *decides* against a declared contract,
//! and only what is cleared *runs*. Every step is a record in one append-only log, and the log alone
//! rebuilds everything.
//!
//! kiff is a library: link it, declare a domain as a state machine and a set of annotated functions, and
//! keep your server, your database and your async runtime.
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
//! /// The function's name is the reason code in the log.
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
//! // `Runtime` has an async face; `blocking()` is the same for code without an async runtime.
//! let rt = Runtime::builder(domain).build()?.blocking();
//!
//! let stripe = Authority::service("stripe");
//! rt.ingest(&stripe, "order:ord_1", NewEvent::new("evt_1", "ORDER_PLACED"))?.accepted()?;
//!
//! // Who acts is said by host code, never by the proposal.
//! let agent = Authority::agent("ops-agent", ["operator"]);
//! let refund = |cents: u64| Proposal::new("REFUND_ORDER", "order:ord_1").param("cents", cents);
//!
//! // Not paid yet: blocked, and the executor is never called.
//! let Answer::Blocked(blocked) = rt.execute(&agent, refund(999_00))? else { panic!() };
//! assert_eq!(blocked.reason, "state_not_allowed");
//!
//! // A large refund waits for a person.
//! rt.ingest(&stripe, "order:ord_1", NewEvent::new("evt_2", "ORDER_PAID"))?.accepted()?;
//! let Answer::Held(held) = rt.execute(&agent, refund(999_00))? else { panic!() };
//! assert_eq!(held.reason, "amount_above_threshold");
//!
//! let reviewer = Authority::human("ops-human", ["ops_operator"]);
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
//! human resolves it.
//!
//! # What is in doubt, and how it is settled
//!
//! A lost answer, a panic, a timeout or a process that died leaves an execution in doubt, and its entity blocked. Three
//! things settle it, each on the word of somebody who holds [`RESOLVE_PERMISSION`] and is neither the requester nor its
//! principal:
//!
//! - a **probe**: your code asks the provider what became of the execution, under its id
//!   ([`RuntimeBuilder::probe`], [`Runtime::probe`]);
//! - a **retry** under the same id, if the contract says `effect = Idempotent`, within `retry_within` of the clearance
//!   ([`Runtime::retry`]);
//! - a **person** who has looked ([`Runtime::resolve`]).
//!
//! [`Runtime::recover`] goes through all that is in doubt and does what is declared; call it at the start of a process
//! and now and then. By itself kiff does none of this, and nothing runs because a log is opened.
//!
//! ```
//! use kiff::{Authority, Failure, Outcome, Probed, Probing, Proposal, Recovered, Runtime};
#![doc = include_str!("../docs/shop.txt")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let domain = shop(|_| Err(Failure::unknown("no answer from the bank")))?.domain().clone();
//! // Ask the bank here for a payment under `asked.execution_id`, the key that the executor paid under.
//! let ask_the_bank = |asked: &Probing| {
//!     let found = Outcome::new(format!("payment under {}", asked.execution_id)).emit("ORDER_REFUNDED");
//!     Ok(Probed::Applied(found))
//! };
//! let rt = Runtime::builder(domain).probe("REFUND_ORDER", ask_the_bank).build()?.blocking();
//! # for (id, event) in [("evt_1", "ORDER_PLACED"), ("evt_2", "ORDER_PAID")] {
//! #     rt.ingest(&Authority::service("stripe"), "order:1", kiff::NewEvent::new(id, event))?.accepted()?;
//! # }
//! let agent = Authority::agent("bot", ["operator"]);
//! let answer = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00))?;
//! assert_eq!(answer.word(), "in_doubt");
//!
//! let watch = Authority::service("night-watch").with_roles(["lead"]);
//! let recovered = rt.recover(&watch)?;
//! assert!(recovered.iter().all(Recovered::is_settled));
//! assert!(rt.state("order:1")?.is_some_and(|order| order.state == "REFUNDED"));
//! # Ok(())
//! # }
//! ```
//!
//! # Names
//!
//! | what | form | such as |
//! |---|---|---|
//! | tenant | lower case, digits, `-` | `acme-de` |
//! | entity | `type:id`; the type in lower snake case | `order:ord_1` |
//! | action, event type, state | upper snake case | `REFUND_ORDER`, `ORDER_PAID`, `PAID` |
//! | reason code, parameter | lower snake case | `amount_above_threshold`, `cents` |
//! | permission | lower snake words with dots, at least two | `orders.refund` |
//! | ids of actors and events, roles, versions | letters, digits and `._~:@+-` | `ops-agent`, `evt_1`, `operator` |
//!
//! A domain with a malformed name is not built; a call with one returns an error, with a [`NameError`] behind it.
//!
//! # What to know before production
//!
//! - One execution at a time for each entity. While one is open, other proposals for the entity are blocked with
//!   `execution_open`: kiff is no queue, so propose again later. One in doubt blocks with `execution_in_doubt`
//!   until it is settled.
//! - The deadlines by which an attempt counts as abandoned are read by each process's own clock. Let [`Bounds::lease`]
//!   and timeouts be longer than clocks differ; no safety rests on them.
//! - Every accepted event ends the open approvals of its entity, because the reviewers saw another state. Where
//!   events come often, approvals never last: model a hot aggregate as one entity for each request, such as
//!   `refund:r_1` beside `account:a_1`.
//! - An idempotency key stands for one answer, and a block is an answer: the same key gets it again. Use a new key
//!   for a new try. Only refusals that pass by themselves (`execution_open`, `execution_in_doubt`,
//!   `too_many_open_approvals`, `signer_unavailable`) do not take the key.
//! - In a server, spawn the call on the async runtime and await its handle. A handler's future is dropped when its
//!   client disconnects, and a dropped execution is in doubt until a person resolves it; see [`Runtime`].
//!
//! # Where to read next
//!
//! - [`macro@action`] and [`macro@StateMachine`]: how a domain is written.
//! - [`Domain`]: what is checked before a runtime is built; [`Domain::lint`], [`Domain::describe`], [`Domain::tools`] and
//!   [`Domain::to_mermaid`]: what a reviewer would ask, and the domain as data, as tools of a model, as a drawing.
//! - [`Runtime`]: every call, and [`Answer`] for what comes back.
//! - `testing::Scenario`: a domain tried in a plain unit test (feature `testing`).
//! - [`Ed25519Signer`]: a receipt for every recorded decision, signed before anything runs.
//! - [`verify`]: receipts in the hands of those who have neither the log nor the domain.
//! - [`guard`]: a payment service that pays nobody without a receipt, and nobody twice.
//! - [`replay`]: verify a log, and ask yesterday's log what today's rules would have decided.
//! - [`Subscription`] and [`log_file`]: follow the log, take it out of one store and into another.
//! - [`ledger`]: sign the log, prove what is in it, and hand out evidence; [`log`] for those who check it.
//! - [`store`]: keep the log in a file (`.store(SqliteStore::open("refund.db")?)`), in PostgreSQL, or in a database of
//!   your own.
//! - `docs/DOMAINS.md` in the repository: a domain from an empty file to a tested one, with each key explained.
//! - `docs/SECURITY.md`: the trust boundary, what was tried against kiff, and what it does not protect against.
//! - `docs/VERIFY.md`: evidence checked without us, with the program and with Python, Node and openssl.
//! - Beside them `docs/ARCHITECTURE.md`, `docs/FORMATS.md` and `docs/SCALING.md`.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `macros` | yes | `#[action]`, `#[derive(StateMachine)]`, `#[derive(Param)]` |
//! | `decimal` | | `rust_decimal::Decimal` as a parameter type |
//! | `sqlite-bundled` | | [`store::SqliteStore`](store), the log in a file, and [`guard::SqliteReplayStore`](guard), used receipts in one, with a SQLite that is compiled in (rusqlite 0.39 or newer; what older ones bring is refused) |
//! | `sqlite` | | the same, with the system's SQLite (3.51.3 or newer; an older one is refused) |
//! | `postgres` | | `store::PostgresStore`, on the host's `sqlx::PgPool`; needs Rust 1.94 |
//! | `cli` | | the program `kiff`, which verifies logs, receipts and proofs from files: `cargo install kiff --features cli` |
//! | `testing` | | `testing`: scenarios, a manual clock, fixed ids, a store that fails, the store suite |
//!
//! A feature adds and never changes behaviour. The minimum supported Rust version is 1.88 for the default
//! features; raising it is a minor release.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod value;
mod base;
mod domain;
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

pub use base::actor::{Actor, ActorType, Authority, Granted, PermissionPolicy, RolePolicy};
pub use base::code::Code;
pub use base::digest::{Digest, DigestError};
pub use base::event::{Event, NewEvent};
pub use base::ids::{
    ActionName, ActorId, ApprovalId, EntityId, EntityRef, EntityType, EventId, EventType, ExecutionId, IdempotencyKey,
    Ids, KeyId, NameError, ParamName, Permission, ReceiptId, Role, Salt, StateName, TenantId, TraceId, Ulid, Version,
};
pub use base::members::{AdmissionError, MemberFault, MemberFaults, MemberProblem};
pub use base::public_key::{PublicKey, PublicKeyError};
pub use base::timestamp::{Timestamp, TimestampError};
pub use domain::action::{
    ActionContract, BoxFuture, Call, Definition, Executor, Failure, IntoFailure, IntoOutcome, Outcome, Provided,
};
pub use domain::contract::{ApprovalRule, Contract, Declaration, Effect, Risk};
pub use domain::ctx::{Ctx, RuleError, Situation};
pub use domain::export::describe;
pub use domain::machine::{Facts, Machine, StateMachine, Transition};
pub use domain::param::{Param, ParamFault, ParamKind, ParamProblem, ParamRule, ParamSpec, Params, VariantSpec};
pub use domain::{Action, Bounds, Domain, DomainBuilder, DomainError, DomainFault, DomainWarning, Tool};
pub use evidence::receipt::{Receipt, ReceiptFault, RecordMismatch, Signer, SignerError};
pub use evidence::timeline::{Entry, Timeline};
pub use evidence::warrant::{Warrant, WarrantFault};
pub use evidence::{log, replay, verify};
pub use kernel::decision::Permit;
pub use kernel::doubt::{RESOLVE_PERMISSION, Resolution};
pub use kernel::ingest::EventRefusal;
pub use kernel::keys::{KEYS_PERMISSION, KeyRefusal};
pub use kernel::proposal::{Proposal, ProposalError};
pub use kernel::record::{CheckResult, KeyPurpose, Kind, MAX_RECORD, Record, RecordBytes, RecordError, Verdict};
pub use kernel::refusal::Refusal;
pub use kernel::review::{ApprovalState, PendingApproval, ReviewRefusal, ReviewRequest, ReviewVerdict};
pub use kernel::view::FoldError;
pub use runtime::answer::{Allowed, Answer, Blocked, Decision, Executed, Failed, Held, InDoubt, NotExecuted};
pub use runtime::blocking::{Blocking, BlockingSubscription};
pub use runtime::clock;
pub use runtime::probe::{Probe, Probed, Probing};
pub use runtime::signing::{Ed25519Signer, KeyFileError};
pub use runtime::{
    ApprovalStatus, BuildError, EntityState, Explanation, IngestError, Ingested, InputAdapter, KeyChange, KeyStatus,
    Logged, Rebuild, Recovered, Recovery, Resolved, Review, Runtime, RuntimeBuilder, RuntimeError, Subscription,
    SubscriptionError, Unrecorded,
};
pub use store::transfer as log_file;
pub use value::Value;

#[cfg(feature = "macros")]
#[doc = include_str!("../docs/action.md")]
pub use kiff_macros::action;

#[cfg(feature = "macros")]
#[doc = include_str!("../docs/state_machine.md")]
pub use kiff_macros::StateMachine;

#[cfg(feature = "macros")]
#[doc = include_str!("../docs/param.md")]
pub use kiff_macros::Param;

/// Compiles and runs what the README shows.
#[cfg(all(doctest, feature = "macros", feature = "decimal", feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;
