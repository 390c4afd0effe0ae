//! Decisions on effects that the host runs itself.

use super::{
    answers::Answer,
    refusal::{Blocked, Held},
};
use crate::{
    base::{actor::Actor, ids::TraceId},
    evidence::{receipt::Receipt, warrant::Warrant},
    kernel::decision::Permit,
};

/// The decision on an effect that the host runs itself.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning, so that a caller's match is")]
#[derive(Debug)]
#[must_use = "it may be a refusal, or a permit whose outcome must be recorded"]
pub enum Decision {
    /// Cleared, once. Run the effect and [record its outcome](crate::Runtime::record_outcome).
    Allowed(Allowed),
    /// The same idempotency key was cleared before: do not run the effect again.
    AlreadyCleared(Box<Answer>),
    /// It waits for its reviewers.
    Held(Held),
    /// It was refused.
    Blocked(Blocked),
}

/// A clearance for an effect that the host runs itself.
#[non_exhaustive]
#[derive(Debug)]
pub struct Allowed {
    /// The right to run the effect, once.
    pub permit: Permit,
    /// The receipt, if the runtime has a signer.
    pub receipt: Option<Receipt>,
    /// The call that it belongs to.
    pub trace_id: TraceId,
}

impl Allowed {
    /// The warrant to show to a service that acts only on cleared proposals. `None` without a signer.
    #[must_use]
    pub fn warrant(&self) -> Option<Warrant> {
        self.receipt.as_ref().map(|receipt| self.permit.warrant(receipt))
    }
}

impl Permit {
    /// The warrant of the clearance, to show to others.
    pub(crate) fn warrant(&self, receipt: &Receipt) -> Warrant {
        let proposal = &self.cleared.proposal;
        Warrant::new(receipt.clone(), proposal.salt, Actor::clone(&proposal.actor))
    }
}
