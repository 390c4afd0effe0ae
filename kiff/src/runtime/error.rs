//! What can go wrong in a call, beside a refusal.

use crate::{
    base::code::coded,
    base::ids::{ActionName, ApprovalId, EntityRef, ExecutionId, NameError},
    domain::action::{Failure, Outcome},
    kernel::{
        proposal::ProposalError,
        record::{Kind, RecordError},
        view::FoldError,
    },
    runtime::clock::EntropyError,
    store::StoreError,
};
use std::{error::Error, fmt};

coded! {
    /// A call that could not be carried out. A refusal is not among these: it is an answer.
    #[non_exhaustive]
    #[derive(Debug, thiserror::Error)]
    pub enum RuntimeError {
        /// The proposal cannot be admitted at all. Nothing was recorded.
        #[error(transparent)]
        Proposal(#[from] ProposalError) => error,
        /// A name breaks its alphabet. Nothing was recorded.
        #[error(transparent)]
        Name(#[from] NameError) => "name_malformed",
        /// The system has no randomness for ids. Nothing was recorded.
        #[error(transparent)]
        Entropy(#[from] EntropyError) => "no_randomness",
        /// The store failed. If the failure is [`StoreError::Unknown`], what was to be recorded may have been;
        /// no executor was started.
        #[error("the store did not answer")]
        Store(#[from] StoreError) => error,
        /// Others kept changing the entity. Nothing was recorded; the call may be repeated.
        #[error("`{entity}` is contended: {tries} tries met a conflict")]
        Contended {
            /// The entity.
            entity: EntityRef,
            /// How often it was tried.
            tries: u32,
        } => "contended",
        /// A stored record cannot be read.
        #[error("record {seq} of `{entity}` cannot be read")]
        Record {
            /// The entity.
            entity: EntityRef,
            /// The record's sequence, or the one before where it cannot be told.
            seq: u64,
            /// What is wrong with it.
            source: RecordError,
        } => {source},
        /// A record of the tenant's log cannot be read.
        #[error("record {index} of the log cannot be read")]
        LogRecord {
            /// Its index in the log; 0 is the first.
            index: u64,
            /// What is wrong with it.
            source: RecordError,
        } => {source},
        /// A stored record cannot be the next one of its stream.
        #[error("record {seq} of `{entity}` does not follow the one before")]
        Fold {
            /// The entity.
            entity: EntityRef,
            /// The record's sequence.
            seq: u64,
            /// What is wrong with it.
            source: FoldError,
        } => {source},
        /// The action has no executor. Call [`decide`](crate::Runtime::decide), run the effect, and call
        /// [`record_outcome`](crate::Runtime::record_outcome) instead.
        #[error("action `{action}` has no executor; call `decide`, run the effect, and call `record_outcome`")]
        NoExecutor {
            /// The action.
            action: ActionName,
        } => "no_executor",
        /// The action has no probe here: resolve what is in doubt, or retry it.
        #[error("action `{action}` has no probe; give the runtime one, or resolve the execution")]
        NoProbe {
            /// The action.
            action: ActionName,
        } => "no_probe",
        /// The log has no such approval.
        #[error("there is no approval `{approval}`")]
        ApprovalUnknown {
            /// What was named.
            approval: ApprovalId,
        } => "approval_unknown",
        /// The log has no such execution.
        #[error("there is no execution `{execution}`")]
        ExecutionUnknown {
            /// What was named.
            execution: ExecutionId,
        } => "execution_unknown",
        /// A record would be larger than the format allows.
        #[error("a record of kind {kind} would have {bytes} bytes")]
        RecordTooLarge {
            /// The record's kind.
            kind: Kind,
            /// Its size.
            bytes: usize,
        } => "record_too_large",
        /// An effect has ended and its outcome could not be recorded. The log has the execution in doubt; here
        /// is what it came to.
        #[error(transparent)]
        OutcomeNotRecorded(Box<Unrecorded>) => "outcome_not_recorded",
        /// The log holds something that this version of the runtime cannot make an answer of.
        #[error("the log gives no answer for `{entity}`: {what}")]
        Inconsistent {
            /// The entity.
            entity: EntityRef,
            /// What is missing.
            what: &'static str,
        } => "log_inconsistent",
    }
}

impl RuntimeError {
    /// True if the caller sent something that cannot be admitted: in HTTP, a status of the four hundreds. All
    /// else is the host's, or its store's.
    #[must_use]
    pub fn is_caller_error(&self) -> bool {
        matches!(self, Self::Proposal(_) | Self::Name(_) | Self::ApprovalUnknown { .. } | Self::ExecutionUnknown { .. })
    }
}

/// The outcome of an effect that could not be recorded, handed back so that it is not lost.
#[non_exhaustive]
#[derive(Debug)]
pub struct Unrecorded {
    /// The execution, which the log has as open.
    pub execution_id: ExecutionId,
    /// Its entity.
    pub entity: EntityRef,
    /// What the executor reported.
    pub result: Result<Outcome, Failure>,
    /// Why it could not be recorded.
    pub source: Box<RuntimeError>,
}

impl fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = if self.result.is_ok() { "succeeded" } else { "ended" };
        write!(
            f,
            "execution `{}` of `{}` {ended} and its outcome could not be recorded",
            self.execution_id, self.entity
        )
    }
}

impl Error for Unrecorded {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

coded! {
    /// A runtime that cannot be built.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum BuildError {
        /// An executor wants something that the host did not provide.
        #[error("action `{action}` needs a `{wanted}` from the host; add `.provide(..)`")]
        NotProvided {
            /// The action.
            action: ActionName,
            /// The type that is missing.
            wanted: &'static str,
        } => "not_provided",
        /// An executor wants something that the host provided in an `Arc`.
        #[error(
            "action `{action}` takes `&{wanted}`, and an `Arc` of it is provided; take `&Arc<..>`, or provide the value"
        )]
        ProvidedInArc {
            /// The action.
            action: ActionName,
            /// The type that it takes.
            wanted: &'static str,
        } => "not_provided",
        /// A probe is for an action that the domain does not have.
        #[error("a probe is given for action `{action}`, which the domain does not have")]
        ProbeWithoutAction {
            /// What was named.
            action: String,
        } => "probe_without_action",
        /// An executor wants the receipt of its clearance, and nobody signs any.
        #[error("action `{action}` needs a `{wanted}`, which a runtime without a signer does not have; add `.signer(..)`")]
        NoSigner {
            /// The action.
            action: ActionName,
            /// The type that it takes.
            wanted: &'static str,
        } => "no_signer",
        /// The tenant's name breaks its alphabet.
        #[error(transparent)]
        Tenant(#[from] NameError) => "name_malformed",
        /// The signer's key id is no thumbprint.
        #[error("the signer's key has no id that a receipt could name")]
        KeyId(#[source] NameError) => "key_id_malformed",
        /// The issuer or the anchor does not fit a receipt.
        #[error("{what} must be 1 to 512 bytes without control characters")]
        Issue {
            /// Which of them.
            what: &'static str,
        } => "issue_malformed",
    }
}
