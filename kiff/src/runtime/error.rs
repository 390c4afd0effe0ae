//! The errors of calls. A refusal is not among them.

use crate::{
    base::{
        code::coded,
        debug::debug_as_display,
        ids::{ActionName, ApprovalId, EntityRef, ExecutionId, NameError},
    },
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
    /// A call that could not be carried out. A refusal is not an error: it is an answer.
    ///
    /// `Debug` prints the text with its causes, because that is what a `main` that returns an error shows.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum RuntimeError {
        /// The proposal cannot be admitted. Nothing was recorded.
        #[error(transparent)]
        Proposal(#[from] ProposalError) => error,
        /// A name breaks its alphabet. Nothing was recorded.
        #[error(transparent)]
        Name(#[from] NameError) => "name_malformed",
        /// The system has no randomness for ids. Nothing was recorded.
        #[error(transparent)]
        Entropy(#[from] EntropyError) => "no_randomness",
        /// The store failed, and no executor was started. If the failure is [`StoreError::Unknown`], the records of the call
        /// may have been stored.
        #[error("the store failed")]
        Store(#[from] StoreError) => error,
        /// Others kept changing the entity. Nothing was recorded; the call may be repeated.
        #[error("`{entity}` is contended: {tries} tries met a conflict")]
        Contended {
            /// The entity.
            entity: EntityRef,
            /// How often the append was tried.
            tries: u32,
        } => "contended",
        /// A stored record cannot be read.
        #[error("record {seq} of `{entity}` cannot be read")]
        Record {
            /// The entity.
            entity: EntityRef,
            /// The record's sequence.
            seq: u64,
            /// The fault.
            source: RecordError,
        } => {source},
        /// A record of the tenant's log cannot be read.
        #[error("record {index} of the log cannot be read")]
        LogRecord {
            /// Its index in the log; 0 is the first.
            index: u64,
            /// The fault.
            source: RecordError,
        } => {source},
        /// A stored record cannot be the next one of its stream.
        #[error("record {seq} of `{entity}` does not follow the one before")]
        Fold {
            /// The entity.
            entity: EntityRef,
            /// The record's sequence.
            seq: u64,
            /// The fault.
            source: FoldError,
        } => {source},
        /// The action has no executor. Call [`decide`](crate::Runtime::decide), run the effect, and call
        /// [`record_outcome`](crate::Runtime::record_outcome) instead.
        #[error("action `{action}` has no executor; call `decide`, run the effect, and call `record_outcome`")]
        NoExecutor {
            /// The action.
            action: ActionName,
        } => "no_executor",
        /// The runtime has no probe for the action. Resolve or retry the execution instead.
        #[error("action `{action}` has no probe; give the runtime one, or resolve the execution")]
        NoProbe {
            /// The action.
            action: ActionName,
        } => "no_probe",
        /// The log has no such approval.
        #[error("there is no approval `{approval}`")]
        ApprovalUnknown {
            /// The approval that was named.
            approval: ApprovalId,
        } => "approval_unknown",
        /// The log has no such execution.
        #[error("there is no execution `{execution}`")]
        ExecutionUnknown {
            /// The execution that was named.
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
        /// An effect has ended, and its outcome could not be recorded. The log has the execution in doubt, and the error has
        /// the outcome.
        #[error(transparent)]
        OutcomeNotRecorded(Box<Unrecorded>) => "outcome_not_recorded",
        /// The log or its index contradicts itself, or holds something that this version of the runtime cannot read.
        #[error("the log gives no answer for `{entity}`: {what}")]
        Inconsistent {
            /// The entity.
            entity: EntityRef,
            /// The contradiction.
            what: &'static str,
        } => "log_inconsistent",
    }
}

debug_as_display!(RuntimeError, Unrecorded, BuildError);

impl RuntimeError {
    /// True if the caller sent something that cannot be admitted or found, so that over HTTP a status of 4xx fits. All other
    /// errors are the host's or its store's.
    #[must_use]
    pub fn is_caller_error(&self) -> bool {
        matches!(self, Self::Proposal(_) | Self::Name(_) | Self::ApprovalUnknown { .. } | Self::ExecutionUnknown { .. })
    }
}

/// The outcome of an effect that could not be recorded, handed back so that it is not lost.
#[non_exhaustive]
pub struct Unrecorded {
    /// The execution, which the log has as open.
    pub execution_id: ExecutionId,
    /// Its entity.
    pub entity: EntityRef,
    /// The outcome that the executor reported.
    pub result: Result<Outcome, Failure>,
    /// Why it could not be recorded.
    pub source: Box<RuntimeError>,
}

impl fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ended, message) = match &self.result {
            Ok(outcome) => ("succeeded", outcome.message()),
            Err(failure) => ("failed", failure.message()),
        };
        let Self { execution_id, entity, .. } = self;
        // Quoted, because the executor's words must not forge lines of a log.
        write!(
            f,
            "execution `{execution_id}` of `{entity}` {ended} ({message:?}), and its outcome could not be recorded"
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
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
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
            /// The action that was named.
            action: String,
        } => "probe_without_action",
        /// An executor wants the receipt of its clearance, and the runtime has no signer.
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
            /// Which of the two.
            what: &'static str,
        } => "issue_malformed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{actor::ActorType, ids::Permission},
        kernel::{keys::KeyRefusal, refusal::Refusal, review::ReviewRefusal},
        runtime::{IngestError, SubscriptionError},
    };

    /// What a `main` prints that returns the error.
    fn check(error: &dyn Error, expected: &str) {
        assert_eq!(format!("{error:?}"), expected);
    }

    #[test]
    fn a_main_that_returns_an_error_prints_its_text_and_its_causes() {
        let full = || RuntimeError::Store(StoreError::failed("the disk is full"));
        let failed = format!("the store failed: {}: the disk is full", StoreError::failed("the disk is full"));
        check(&full(), &failed);
        check(&SubscriptionError::Log(full()), &failed);
        check(&IngestError::Runtime(full()), &failed);
        check(
            &IngestError::Adapter("no such event".into()),
            "the input is not one that the adapter knows: no such event",
        );

        let unrecorded = RuntimeError::OutcomeNotRecorded(Box::new(Unrecorded {
            execution_id: "exec_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            entity: "order:1".parse().unwrap(),
            result: Ok(Outcome::new("paid\nback")),
            source: Box::new(full()),
        }));
        check(
            &unrecorded,
            &format!(
                "execution `exec_01ARZ3NDEKTSV4RRFFQ69G5FAV` of `order:1` succeeded (\"paid\\nback\"), and its outcome could \
                 not be recorded: {failed}"
            ),
        );
    }

    #[test]
    fn a_cause_that_the_text_has_already_is_not_repeated() {
        let malformed = crate::Proposal::from_json(b"[]").unwrap_err();
        check(&malformed, &malformed.to_string());
        check(&RuntimeError::from(malformed.clone()), &malformed.to_string());
    }

    #[test]
    fn refusals_print_as_sentences() {
        check(&Refusal::SignerUnavailable, "the signer is unavailable, so nothing is cleared");
        check(&ReviewRefusal::SelfReview, "nobody may review their own request");
        check(&KeyRefusal::ActorKind { kind: ActorType::Agent }, "an actor of kind `agent` may not change keys");
        let permission = Permission::new("kiff.keys").unwrap();
        check(&KeyRefusal::PermissionDenied { permission }, "changing keys needs permission `kiff.keys`");
        let named = BuildError::ProbeWithoutAction { action: "REFUND".to_owned() };
        check(&named, "a probe is given for action `REFUND`, which the domain does not have");
    }
}
