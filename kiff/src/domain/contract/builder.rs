//! Contracts that are built by hand.

use super::{
    declaration::{ApprovalRule, Declaration},
    risk::{Effect, Risk},
};
use crate::{
    base::actor::ActorType,
    domain::param::{ParamKind, ParamSpec},
};
use std::{panic::Location, time::Duration};

/// An action's contract built by hand, from text that need not be known at compile time.
///
/// Nothing is checked here: [`DomainBuilder::build`](crate::domain::DomainBuilder::build) checks all of it and reports every fault.
///
/// ```
/// use kiff::{Risk, domain::{Contract, param::ParamKind}};
///
/// let contract = Contract::new("CLOSE_TICKET", "ticket")
///     .allowed_states(["RESOLVED"])
///     .permissions(["tickets.close"])
///     .risk(Risk::Low)
///     .param("note", ParamKind::STRING)
///     .param_doc("The message for the customer.")
///     .emits(["TICKET_CLOSED"]);
/// ```
///
/// With approval, and a text for the reviewer:
///
/// ```
/// use kiff::{Effect, Param, Risk, domain::Contract};
/// use std::time::Duration;
///
/// let contract = Contract::new("REFUND_ORDER", "order")
///     .doc("Pays an order back.")
///     .allowed_states(["PAID"])
///     .permissions(["orders.refund"])
///     .risk(Risk::High)
///     .param("cents", u64::KIND)
///     .approval_when("amount_above_threshold", "orders.approve")
///     .quorum(2)
///     .expires(Duration::from_secs(24 * 60 * 60))
///     .summary("refund {cents} cents of {entity}")
///     .effect(Effect::Idempotent)
///     .timeout(Duration::from_secs(30))
///     .retry_within(Duration::from_secs(12 * 60 * 60))
///     .emits(["ORDER_REFUNDED"]);
/// ```
#[derive(Clone, Debug)]
pub struct Contract {
    pub(crate) name: String,
    pub(crate) entity: String,
    pub(crate) doc: String,
    pub(crate) allowed_states: Vec<String>,
    pub(crate) permissions: Vec<String>,
    pub(crate) risk: Risk,
    pub(crate) approval: ApprovalNeed,
    pub(crate) reviewers: String,
    pub(crate) quorum: u32,
    pub(crate) expires: Duration,
    pub(crate) separate_reviewer: bool,
    pub(crate) reviewer_kinds: Vec<ActorType>,
    pub(crate) emits: Vec<String>,
    pub(crate) effect: Effect,
    pub(crate) timeout: Option<Duration>,
    /// `None` at its default, so that one given for another effect is noticed.
    pub(crate) retry_within: Option<Duration>,
    pub(crate) summary: String,
    pub(crate) waiver: String,
    pub(crate) params: Vec<(String, ParamSpec)>,
    pub(crate) location: String,
}

/// An [`ApprovalRule`] with owned text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApprovalNeed {
    Never,
    Required,
    When(String),
}

impl Contract {
    /// A contract for this action on this entity type, with every key at its default.
    #[track_caller]
    pub fn new(name: impl Into<String>, entity: impl Into<String>) -> Self {
        let place = Location::caller();
        let mut contract = Self::from(&Declaration::DEFAULT);
        contract.name = name.into();
        contract.entity = entity.into();
        contract.location = format!("{}:{}", place.file(), place.line());
        contract
    }

    /// Describes the action in a sentence.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = doc.into();
        self
    }

    /// Sets the states in which it may run.
    #[must_use]
    pub fn allowed_states<S: Into<String>>(mut self, states: impl IntoIterator<Item = S>) -> Self {
        self.allowed_states = owned(states);
        self
    }

    /// Sets the permissions that the requester must hold, all of them.
    #[must_use]
    pub fn permissions<S: Into<String>>(mut self, permissions: impl IntoIterator<Item = S>) -> Self {
        self.permissions = owned(permissions);
        self
    }

    /// Sets how much harm it could do.
    #[must_use]
    pub fn risk(mut self, risk: Risk) -> Self {
        self.risk = risk;
        self
    }

    /// Requires the approval of someone who holds this permission for every execution.
    #[must_use]
    pub fn approval_required(mut self, reviewers: impl Into<String>) -> Self {
        self.approval = ApprovalNeed::Required;
        self.reviewers = reviewers.into();
        self
    }

    /// Requires the approval of someone who holds this permission when the policy named `code` returns true. Give the policy
    /// with [`Definition::approval_when`](crate::domain::Definition::approval_when).
    #[must_use]
    pub fn approval_when(mut self, code: impl Into<String>, reviewers: impl Into<String>) -> Self {
        self.approval = ApprovalNeed::When(code.into());
        self.reviewers = reviewers.into();
        self
    }

    /// Sets how many different reviewers must grant. One by default.
    #[must_use]
    pub fn quorum(mut self, quorum: u32) -> Self {
        self.quorum = quorum;
        self
    }

    /// Sets how long an approval is valid. Seven days by default.
    #[must_use]
    pub fn expires(mut self, after: Duration) -> Self {
        self.expires = after;
        self
    }

    /// Lets the requester and its principal review too. By default nobody reviews a request of their own.
    #[must_use]
    pub fn allow_self_review(mut self) -> Self {
        self.separate_reviewer = false;
        self
    }

    /// Sets which kinds of actor may review. Humans by default.
    #[must_use]
    pub fn reviewer_kinds(mut self, kinds: impl IntoIterator<Item = ActorType>) -> Self {
        self.reviewer_kinds = kinds.into_iter().collect();
        self
    }

    /// Sets the event types that the executor may emit.
    #[must_use]
    pub fn emits<S: Into<String>>(mut self, events: impl IntoIterator<Item = S>) -> Self {
        self.emits = owned(events);
        self
    }

    /// Sets the result of running it twice. [`Effect::Once`] by default.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Limits how long the executor may take. No limit by default. At the deadline its future is dropped, and the outcome is
    /// unknown. An executor that does not await cannot be stopped: it runs to its end, and its result counts.
    #[must_use]
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = Some(after);
        self
    }

    /// Sets how long after its clearance another attempt of an idempotent effect may start. A day by default.
    ///
    /// Choose a little less than the time for which the provider remembers an idempotency key, because the processes that
    /// clear and retry each read the time by their own clock.
    #[must_use]
    pub fn retry_within(mut self, window: Duration) -> Self {
        self.retry_within = Some(window);
        self
    }

    /// Sets the text for a reviewer, with `{parameter}` and `{entity}` filled in.
    #[must_use]
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    /// Gives the reason why a high or critical risk needs no approval.
    #[must_use]
    pub fn waiver(mut self, reason: impl Into<String>) -> Self {
        self.waiver = reason.into();
        self
    }

    /// Adds a required parameter.
    #[must_use]
    pub fn param(self, name: impl Into<String>, kind: ParamKind) -> Self {
        self.with_param(name, ParamSpec { name: "", kind, required: true, doc: "" })
    }

    /// Adds a parameter that may be left out.
    #[must_use]
    pub fn optional_param(self, name: impl Into<String>, kind: ParamKind) -> Self {
        self.with_param(name, ParamSpec { name: "", kind, required: false, doc: "" })
    }

    /// Describes the parameter that was added last.
    #[must_use]
    pub fn param_doc(mut self, doc: &'static str) -> Self {
        if let Some((_, param)) = self.params.last_mut() {
            param.doc = doc;
        }
        self
    }

    fn with_param(mut self, name: impl Into<String>, spec: ParamSpec) -> Self {
        self.params.push((name.into(), spec));
        self
    }
}

impl From<&Declaration> for Contract {
    fn from(declared: &Declaration) -> Self {
        Self {
            name: declared.name.to_owned(),
            entity: declared.entity.to_owned(),
            doc: declared.doc.to_owned(),
            allowed_states: owned(declared.allowed_states.iter().copied()),
            permissions: owned(declared.permissions.iter().copied()),
            risk: declared.risk,
            approval: match declared.approval {
                ApprovalRule::Never => ApprovalNeed::Never,
                ApprovalRule::Required => ApprovalNeed::Required,
                ApprovalRule::When(code) => ApprovalNeed::When(code.to_owned()),
            },
            reviewers: declared.reviewers.to_owned(),
            quorum: declared.quorum,
            expires: Duration::from_secs(declared.expires_secs),
            separate_reviewer: declared.separate_reviewer,
            reviewer_kinds: declared.reviewer_kinds.to_vec(),
            emits: owned(declared.emits.iter().copied()),
            effect: declared.effect,
            timeout: (declared.timeout_ms > 0).then(|| Duration::from_millis(declared.timeout_ms)),
            retry_within: (declared.retry_within_ms != Declaration::DEFAULT_RETRY_WITHIN_MS)
                .then(|| Duration::from_millis(declared.retry_within_ms)),
            summary: declared.summary.to_owned(),
            waiver: declared.waiver.to_owned(),
            params: declared.params.iter().map(|param| (param.name.to_owned(), *param)).collect(),
            location: declared.location.to_owned(),
        }
    }
}

fn owned<S: Into<String>>(all: impl IntoIterator<Item = S>) -> Vec<String> {
    all.into_iter().map(Into::into).collect()
}
