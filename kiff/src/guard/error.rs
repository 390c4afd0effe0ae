//! Why a guard lets nothing run, and how an effect or a store fails.

use super::ReplayError;
use crate::{
    base::{
        code::{Code, coded},
        debug::debug_as_display,
        ids::{ActionName, EntityRef, ReceiptId},
    },
    evidence::{receipt::ReceiptFault, warrant::WarrantFault},
    kernel::record::Verdict,
};

coded! {
    /// Why a guard refused. Nothing ran.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum GuardRefusal {
        /// The call came without a warrant.
        #[error("there is no receipt")]
        NoReceipt => "no_receipt",
        /// The warrant cannot be read.
        #[error(transparent)]
        Warrant(#[from] WarrantFault) => fault,
        /// The receipt does not hold, or is not what was expected.
        #[error(transparent)]
        Receipt(#[from] ReceiptFault) => fault,
        /// It is for another entity.
        #[error("the receipt is for `{found}`")]
        OtherEntity {
            /// The entity in the receipt.
            found: EntityRef,
        } => "other_entity",
        /// It is for another action.
        #[error("the receipt is for action `{found}`")]
        OtherAction {
            /// The action in the receipt.
            found: ActionName,
        } => "other_action",
        /// It is the receipt of a decision that cleared nothing.
        #[error("the decision was `{decision}`")]
        NotAllowed {
            /// The decision.
            decision: Verdict,
        } => "not_allowed",
        /// Not exactly this was cleared, or not for whom the warrant says.
        #[error("another request was cleared")]
        OtherRequest => "other_request",
        /// The receipt was used, and its outcome is unknown.
        #[error("receipt `{receipt_id}` was used before, and its outcome is unknown")]
        InDoubt {
            /// The receipt.
            receipt_id: ReceiptId,
        } => "in_doubt",
        /// Another decision was used under the same id. The issuer is out of order.
        #[error("receipt id `{receipt_id}` was used for another decision")]
        ReceiptIdReused {
            /// The receipt.
            receipt_id: ReceiptId,
        } => "receipt_id_reused",
    }
}

debug_as_display!(GuardRefusal);

/// A guarded effect that was refused, or did not come to its end.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum GuardError<E> {
    /// Nothing ran.
    #[error(transparent)]
    Refused(GuardRefusal),
    /// The effect ran and failed. From now on the receipt is in doubt.
    #[error("the effect failed, and the receipt is in doubt")]
    Effect(#[source] E),
    /// The store failed before the effect, which did not run. The receipt may be in doubt.
    #[error("the used receipts cannot be looked up")]
    Store(#[source] ReplayError),
    /// The effect ran and its outcome was not kept: here it is. From now on the receipt is in doubt.
    #[error("the effect ran, and its outcome was not kept")]
    OutcomeNotKept {
        /// The effect's outcome.
        outcome: Vec<u8>,
        /// Why it was not kept.
        source: ReplayError,
    },
}

impl<E> GuardError<E> {
    /// A stable word for what happened.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Effect(_) => Code::fixed("effect_failed"),
            Self::Store(_) => Code::fixed("replay_store_failed"),
            Self::OutcomeNotKept { .. } => Code::fixed("outcome_not_kept"),
        }
    }
}

impl<E> From<GuardRefusal> for GuardError<E> {
    fn from(refusal: GuardRefusal) -> Self {
        Self::Refused(refusal)
    }
}
