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
/// Nothing is checked here: [`Domain::build`](crate::DomainBuilder::build) checks all of it and names
/// every fault.
///
/// ```
/// use kiff::{Contract, ParamKind, Risk};
///
/// let contract = Contract::new("CLOSE_TICKET", "ticket")
///     .allowed_states(["RESOLVED"])
///     .permissions(["tickets.close"])
///     .risk(Risk::Low)
///     .param("note", ParamKind::STRING)
///     .param_doc("What the customer is told.")
///     .emits(["TICKET_CLOSED"]);
/// ```
///
/// Consent, and what a reviewer is shown:
///
/// ```
/// use kiff::{Contract, Effect, Param, Risk};
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
    /// Absent at its default, so that one given to another effect is seen.
    pub(crate) retry_within: Option<Duration>,
    pub(crate) summary: String,
    pub(crate) waiver: String,
    pub(crate) params: Vec<(String, ParamSpec)>,
    pub(crate) location: String,
}

/// [`ApprovalRule`] with text of any origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApprovalNeed {
    Never,
    Required,
    When(String),
}

impl Contract {
    /// A contract for this action on this entity type, with the defaults of every key.
    #[track_caller]
    pub fn new(name: impl Into<String>, entity: impl Into<String>) -> Self {
        let place = Location::caller();
        let mut contract = Self::from(&Declaration::DEFAULT);
        contract.name = name.into();
        contract.entity = entity.into();
        contract.location = format!("{}:{}", place.file(), place.line());
        contract
    }

    /// What the action does, in a sentence.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = doc.into();
        self
    }

    /// The states in which it may run.
    #[must_use]
    pub fn allowed_states<S: Into<String>>(mut self, states: impl IntoIterator<Item = S>) -> Self {
        self.allowed_states = owned(states);
        self
    }

    /// The permissions that the requester must hold, all of them.
    #[must_use]
    pub fn permissions<S: Into<String>>(mut self, permissions: impl IntoIterator<Item = S>) -> Self {
        self.permissions = owned(permissions);
        self
    }

    /// How much harm it could do.
    #[must_use]
    pub fn risk(mut self, risk: Risk) -> Self {
        self.risk = risk;
        self
    }

    /// Every execution needs the consent of someone who holds this permission.
    #[must_use]
    pub fn approval_required(mut self, reviewers: impl Into<String>) -> Self {
        self.approval = ApprovalNeed::Required;
        self.reviewers = reviewers.into();
        self
    }

    /// An execution needs the consent of someone who holds this permission when the rule named `code`
    /// says so. Give the rule with [`Definition::approval_when`](crate::Definition::approval_when).
    #[must_use]
    pub fn approval_when(mut self, code: impl Into<String>, reviewers: impl Into<String>) -> Self {
        self.approval = ApprovalNeed::When(code.into());
        self.reviewers = reviewers.into();
        self
    }

    /// How many different reviewers must grant. One by default.
    #[must_use]
    pub fn quorum(mut self, quorum: u32) -> Self {
        self.quorum = quorum;
        self
    }

    /// How long an approval stands. Seven days by default.
    #[must_use]
    pub fn expires(mut self, after: Duration) -> Self {
        self.expires = after;
        self
    }

    /// Lets the requester and its principal review too. Without it nobody reviews a request of their own.
    #[must_use]
    pub fn allow_self_review(mut self) -> Self {
        self.separate_reviewer = false;
        self
    }

    /// Which kinds of actor may review. Humans by default.
    #[must_use]
    pub fn reviewer_kinds(mut self, kinds: impl IntoIterator<Item = ActorType>) -> Self {
        self.reviewer_kinds = kinds.into_iter().collect();
        self
    }

    /// The event types that the executor may emit.
    #[must_use]
    pub fn emits<S: Into<String>>(mut self, events: impl IntoIterator<Item = S>) -> Self {
        self.emits = owned(events);
        self
    }

    /// What running it twice would do. [`Effect::Once`] by default.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// How long the executor may take. No limit by default. At the deadline its future is dropped and the
    /// outcome is unknown. An executor that does not await cannot be stopped: it runs to its end, and its
    /// result counts.
    #[must_use]
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = Some(after);
        self
    }

    /// How long after its clearance another attempt of an idempotent effect may start. A day by default.
    ///
    /// Say no more than the provider remembers an idempotency key, and a little less: the time is told by the
    /// clocks of the processes that clear and retry.
    #[must_use]
    pub fn retry_within(mut self, window: Duration) -> Self {
        self.retry_within = Some(window);
        self
    }

    /// What a reviewer is shown, with `{parameter}` and `{entity}` filled in.
    #[must_use]
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    /// Why a high or critical risk needs no approval.
    #[must_use]
    pub fn waiver(mut self, reason: impl Into<String>) -> Self {
        self.waiver = reason.into();
        self
    }

    /// A required parameter.
    #[must_use]
    pub fn param(self, name: impl Into<String>, kind: ParamKind) -> Self {
        self.with_param(name, kind, Need::Required)
    }

    /// A parameter that may be left out.
    #[must_use]
    pub fn optional_param(self, name: impl Into<String>, kind: ParamKind) -> Self {
        self.with_param(name, kind, Need::Optional)
    }

    /// Says what the parameter that was added last is for.
    #[must_use]
    pub fn param_doc(mut self, doc: &'static str) -> Self {
        if let Some((_, param)) = self.params.last_mut() {
            param.doc = doc;
        }
        self
    }

    fn with_param(mut self, name: impl Into<String>, kind: ParamKind, need: Need) -> Self {
        let required = matches!(need, Need::Required);
        self.params.push((name.into(), ParamSpec { name: "", kind, required, doc: "" }));
        self
    }
}

enum Need {
    Required,
    Optional,
}

impl From<&Declaration> for Contract {
    fn from(it: &Declaration) -> Self {
        Self {
            name: it.name.to_owned(),
            entity: it.entity.to_owned(),
            doc: it.doc.to_owned(),
            allowed_states: owned(it.allowed_states.iter().copied()),
            permissions: owned(it.permissions.iter().copied()),
            risk: it.risk,
            approval: match it.approval {
                ApprovalRule::Never => ApprovalNeed::Never,
                ApprovalRule::Required => ApprovalNeed::Required,
                ApprovalRule::When(code) => ApprovalNeed::When(code.to_owned()),
            },
            reviewers: it.reviewers.to_owned(),
            quorum: it.quorum,
            expires: Duration::from_secs(it.expires_secs),
            separate_reviewer: it.separate_reviewer,
            reviewer_kinds: it.reviewer_kinds.to_vec(),
            emits: owned(it.emits.iter().copied()),
            effect: it.effect,
            timeout: (it.timeout_ms > 0).then(|| Duration::from_millis(it.timeout_ms)),
            retry_within: (it.retry_within_ms != Declaration::DEFAULT_RETRY_WITHIN_MS)
                .then(|| Duration::from_millis(it.retry_within_ms)),
            summary: it.summary.to_owned(),
            waiver: it.waiver.to_owned(),
            params: it.params.iter().map(|param| (param.name.to_owned(), *param)).collect(),
            location: it.location.to_owned(),
        }
    }
}

fn owned<S: Into<String>>(all: impl IntoIterator<Item = S>) -> Vec<String> {
    all.into_iter().map(Into::into).collect()
}
