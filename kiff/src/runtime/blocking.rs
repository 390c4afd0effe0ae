//! The runtime's calls without `async`, for code that has no async runtime.

use crate::{
    base::{
        actor::Authority,
        event::NewEvent,
        ids::{ActionName, ApprovalId, ExecutionId, KeyId, Permission},
        public_key::PublicKey,
    },
    domain::action::{Failure, Outcome},
    evidence::timeline::Timeline,
    kernel::{
        decision::Permit,
        doubt::Resolution,
        proposal::Proposal,
        record::KeyPurpose,
        review::{PendingApproval, ReviewRequest},
    },
    runtime::{
        EntityState, Explanation, IngestError, Ingested, InputAdapter, KeyChange, Logged, Rebuild, Recovered, Resolved,
        Review, Runtime, RuntimeError, Subscription, SubscriptionError,
        answer::{Answer, Decision, InDoubt},
        clock::block_on,
    },
    store::transfer::{ExportError, ImportError, Imported},
};
use std::io::{BufRead, Write};

/// The calls of a [`Runtime`], each run to its end on the caller's thread.
///
/// Do not use it inside an async runtime: it would block a worker thread. An executor that needs an async runtime, for its
/// timers or sockets, does not work here. The documentation of a store says whether it needs one.
#[derive(Clone, Debug)]
pub struct Blocking {
    runtime: Runtime,
}

macro_rules! calls {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $Arg:ty),*) -> $Ok:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        #[doc = concat!("As [`Runtime::", stringify!($name), "`].")]
        pub fn $name(&self, $($arg: $Arg),*) -> Result<$Ok, RuntimeError> {
            block_on(self.runtime.$name($($arg),*))
        }
    )*};
}

impl Runtime {
    /// The same calls without `async`, for code that has no async runtime.
    #[must_use]
    pub fn blocking(&self) -> Blocking {
        Blocking::new(self.clone())
    }
}

impl Blocking {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self { runtime }
    }

    /// The runtime itself, with the async calls.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    calls! {
        /// Takes in an event.
        fn ingest(source: &Authority, entity: &str, event: NewEvent) -> Ingested;
        /// Decides a proposal, and runs its effect if it is cleared.
        fn execute(authority: &Authority, proposal: Proposal) -> Answer;
        /// Decides a proposal whose effect the host runs itself.
        fn decide(authority: &Authority, proposal: Proposal) -> Decision;
        /// Records the outcome of an effect that the host ran itself.
        fn record_outcome(permit: Permit, result: Result<Outcome, Failure>) -> Answer;
        /// Runs the stored proposal of a granted approval.
        fn resume(approval: ApprovalId) -> Answer;
        /// Carries out a review that a reviewer has sent.
        fn review(reviewer: &Authority, request: &ReviewRequest) -> Review;
        /// Grants an approval.
        fn grant(reviewer: &Authority, approval: ApprovalId, note: &str) -> Review;
        /// Denies an approval, for good.
        fn deny(reviewer: &Authority, approval: ApprovalId, note: &str) -> Review;
        /// Withdraws an approval that has not been used.
        fn revoke(reviewer: &Authority, approval: ApprovalId, note: &str) -> Review;
        /// Escalates an approval: a reviewer who grants then needs another permission too.
        fn escalate(reviewer: &Authority, approval: ApprovalId, to: Permission, note: &str) -> Review;
        /// Settles an execution in doubt, on evidence.
        fn resolve(authority: &Authority, execution: ExecutionId, resolution: Resolution, evidence: &str) -> Resolved;
        /// Attempts an idempotent execution in doubt again.
        fn retry(authority: &Authority, execution: ExecutionId) -> Resolved;
        /// Asks the action's probe what became of an execution in doubt.
        fn probe(authority: &Authority, execution: ExecutionId) -> Resolved;
        /// Does for each execution in doubt what is declared for its action.
        fn recover(authority: &Authority) -> Vec<Recovered>;
        /// Records that a key is in use.
        fn publish_key(authority: &Authority, key: &PublicKey, purpose: KeyPurpose) -> KeyChange;
        /// Records that a key no longer counts, from an index of the log on.
        fn revoke_key(authority: &Authority, key_id: &KeyId, from_index: u64, reason: &str) -> KeyChange;
        /// Says what would be decided now.
        fn explain(authority: &Authority, proposal: Proposal) -> Explanation;
        /// Reads the state of an entity.
        fn state(entity: &str) -> Option<EntityState>;
        /// Lists the actions that this authority could propose now.
        fn allowed_actions(authority: &Authority, entity: &str) -> Vec<ActionName>;
        /// Reads every record of an entity.
        fn timeline(entity: &str) -> Timeline;
        /// Lists the approvals that can still be granted, denied or used.
        fn pending_approvals() -> Vec<PendingApproval>;
        /// Lists the executions without a settled outcome.
        fn in_doubt() -> Vec<InDoubt>;
        /// Folds an entity's stream, and compares the result with the view that the runtime holds.
        fn rebuild(entity: &str) -> Rebuild;
        /// Reads the log from the record with index `after` on.
        fn read_log(after: u64, limit: usize) -> Vec<Logged>;
        /// Exports the whole log as `log.jsonl`.
        fn export() -> Vec<u8>;
    }

    /// Follows the log from where the subscription was acknowledged last.
    ///
    /// # Errors
    /// As [`Runtime::subscribe`].
    pub fn subscribe(&self, name: &str) -> Result<BlockingSubscription, SubscriptionError> {
        block_on(self.runtime.subscribe(name)).map(|inner| BlockingSubscription { inner })
    }

    /// Writes the whole log to a file.
    ///
    /// # Errors
    /// As [`Runtime::export_to`].
    pub fn export_to(&self, writer: impl Write + Send) -> Result<u64, ExportError> {
        block_on(self.runtime.export_to(writer))
    }

    /// Imports a log from a file.
    ///
    /// # Errors
    /// As [`Runtime::import_from`].
    pub fn import_from(&self, reader: impl BufRead + Send) -> Result<Imported, ImportError> {
        block_on(self.runtime.import_from(reader))
    }

    /// Takes in all events of a raw input.
    ///
    /// # Errors
    /// As [`Runtime::ingest_raw`].
    pub fn ingest_raw(
        &self,
        source: &Authority,
        adapter: &impl InputAdapter,
        raw: &[u8],
    ) -> Result<Vec<Ingested>, IngestError> {
        block_on(self.runtime.ingest_raw(source, adapter, raw))
    }
}

/// A [`Subscription`] without `async`. Made by [`Blocking::subscribe`].
#[derive(Debug)]
pub struct BlockingSubscription {
    inner: Subscription,
}

impl BlockingSubscription {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.name()
    }

    /// How many records of the log are acknowledged.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.inner.position()
    }

    /// The records after those handed out before.
    ///
    /// # Errors
    /// As [`Subscription::next`].
    pub fn next(&mut self, limit: usize) -> Result<Vec<Logged>, SubscriptionError> {
        block_on(self.inner.next(limit))
    }

    /// Goes back to the first record that is not acknowledged.
    pub fn rewind(&mut self) {
        self.inner.rewind();
    }

    /// Stores that everything handed out so far is done.
    ///
    /// # Errors
    /// As [`Subscription::acknowledge`].
    pub fn acknowledge(&mut self) -> Result<(), SubscriptionError> {
        block_on(self.inner.acknowledge())
    }
}
