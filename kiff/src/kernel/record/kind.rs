//! The kinds of records, and which body each has.

use super::{
    body::{
        Closing, Conflict, Escalation, Executed, Grant, KeyPublished, KeyRevoked, RejectedEvent, RejectedReview,
        Resolved, Retry, Ruling, Sender, StateChange, Suppressed, Unsuccessful,
    },
    envelope::Envelope,
    error::RecordError,
    reader,
    verdict::Verdict,
    writer,
};
use crate::{
    base::{code::words, event::EventBody},
    kernel::request::StoredProposal,
};
use std::sync::Arc;

/// Declares each kind with its word and its body. What the body's writer and reader are given stands in parentheses.
macro_rules! kinds {
    (
        ($envelope:ident, $sender:ident)
        $(
            $(#[$doc:meta])*
            $Variant:ident = $word:literal: $Struct:ident $(in $Shared:ident)? $(($write:expr; $read:expr))?,
        )*
    ) => {
        words! {
            /// What a record is about. The words never change their meaning; the set may grow.
            #[non_exhaustive]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum Kind {
                $($(#[$doc])* $Variant = $word,)*
            }
        }

        impl Kind {
            /// All kinds, in the order of `docs/formats.md`.
            pub const ALL: &[Self] = &[$(Self::$Variant),*];
        }

        /// A record's body, by kind. What is large and rare is boxed, so that the rest stays small.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) enum Body {
            $($Variant(kinds!(@type $Struct $($Shared)?)),)*
        }

        impl Body {
            pub(crate) fn kind(&self) -> Kind {
                match self {
                    $(Self::$Variant(_) => Kind::$Variant,)*
                }
            }

            pub(super) fn write(&self, out: &mut writer::Members<'_>, $envelope: &Envelope) {
                match self {
                    $(Self::$Variant(body) => body.write(out, $($write)?),)*
                }
            }

            pub(super) fn read(
                kind: Kind,
                it: &mut reader::Members<'_>,
                $sender: Sender<'_>,
            ) -> Result<Self, RecordError> {
                Ok(match kind {
                    $(Kind::$Variant => Self::$Variant($Struct::read(it, $($read)?)?.into()),)*
                })
            }
        }

        /// The members of each kind's body, for the format page.
        #[cfg(test)]
        pub(super) fn rows() -> Vec<(Kind, Vec<$crate::kernel::record::row::Row>)> {
            vec![$((Kind::$Variant, $Struct::rows())),*]
        }
    };
    (@type $Struct:ident) => { $Struct };
    (@type $Struct:ident $Shared:ident) => { $Shared<$Struct> };
}

kinds! {
    (envelope, sender)
    /// A source's event was accepted.
    EventIngested = "event_ingested": EventBody,
    /// An accepted event moved the entity.
    StateChanged = "state_changed": StateChange,
    /// A proposal, with its parameters and its commitments.
    DecisionRecorded = "decision_recorded": StoredProposal in Arc (&envelope.entity; sender),
    /// A proposal was cleared. Written before the executor starts.
    ActionValidated = "action_validated": Ruling in Arc (Verdict::Allowed; Verdict::Allowed),
    /// A proposal is held for its reviewers.
    ApprovalRequired = "approval_required": Ruling in Arc (Verdict::ApprovalRequired; Verdict::ApprovalRequired),
    /// A proposal was refused.
    ActionBlocked = "action_blocked": Ruling in Arc (Verdict::Blocked; Verdict::Blocked),
    /// One person's grant.
    ApprovalGranted = "approval_granted": Grant in Box,
    /// One person's denial, which is final.
    ApprovalDenied = "approval_denied": Closing,
    /// An approval was withdrawn before it was used.
    ApprovalRevoked = "approval_revoked": Closing,
    /// An approval was found past its time.
    ApprovalExpired = "approval_expired": Closing,
    /// An event moved the entity on, or its rules changed, so that the approval can no longer be used.
    ApprovalSuperseded = "approval_superseded": Closing,
    /// An approval was handed to other reviewers.
    ApprovalEscalated = "approval_escalated": Escalation,
    /// A review or a resolution was refused.
    ReviewRejected = "review_rejected": RejectedReview,
    /// The effect happened.
    ActionExecuted = "action_executed": Executed,
    /// Certainly no effect.
    ActionFailed = "action_failed": Unsuccessful,
    /// Nobody knows whether the effect happened.
    ActionUnknown = "action_unknown": Unsuccessful,
    /// Another attempt of the same execution. Written before it starts.
    ExecutionRetried = "execution_retried": Retry,
    /// Someone with the permission settled an execution in doubt.
    ExecutionResolved = "execution_resolved": Resolved,
    /// A result that contradicts what was recorded for its execution.
    OutcomeConflict = "outcome_conflict": Conflict,
    /// An executor's event that could not be accepted.
    EventRejected = "event_rejected": RejectedEvent,
    /// From here on, this actor's refusals are not recorded one by one.
    RefusalsSuppressed = "refusals_suppressed": Suppressed,
    /// A key of the tenant's is in use.
    KeyPublished = "key_published": KeyPublished in Box,
    /// A key of the tenant's no longer counts.
    KeyRevoked = "key_revoked": KeyRevoked,
}

impl Body {
    /// The decision in the record, if it carries one.
    pub(crate) fn ruling(&self) -> Option<&Arc<Ruling>> {
        match self {
            Self::ActionValidated(ruling) | Self::ApprovalRequired(ruling) | Self::ActionBlocked(ruling) => {
                Some(ruling)
            }
            _ => None,
        }
    }
}
