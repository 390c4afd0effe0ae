//! Contracts: what an action needs before it may run, as data.

use crate::{
    base::{actor::ActorType, code::words},
    domain::param::{ParamKind, ParamSpec},
};
use std::time::Duration;

words! {
    /// How much harm a wrong execution could do. It is recorded with every proposal.
    #[expect(clippy::exhaustive_enums, reason = "complete by meaning: the contract's digest names these four")]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Risk {
        /// Little, or easily undone.
        #[default]
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much, or hard to undone; the contract must ask for approval or waive it in words.
        High = "high",
        /// So much that the contract must ask for approval or waive it in words.
        Critical = "critical",
    }
}

/// What running an action twice would do.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning: the contract's digest names these three")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It would happen twice. An unknown result is settled by a probe or a person, never by a retry.
    #[default]
    Once,
    /// The provider deduplicates by the execution's id, so a retry is safe for as long as it remembers that: see
    /// [`Contract::retry_within`].
    Idempotent,
    /// Nothing outside happens: a panic or an error is a failure, not a doubt.
    None,
}

impl Effect {
    /// The word that the log uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Idempotent => "idempotent",
            Self::None => "none",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Once, Self::Idempotent, Self::None].into_iter().find(|effect| effect.as_str() == word)
    }
}

/// When an action needs a person's consent, in a [`Declaration`] and in the words of the macro.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning: the macro has these three words")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApprovalRule {
    /// Never.
    #[default]
    Never,
    /// Always.
    Required,
    /// When the policy function of this name says so. The name is the reason code.
    When(&'static str),
}

/// An action's contract as a constant: what `#[action]` makes of its arguments and of the signature.
///
/// Every field is plain data, so that a contract can be printed, compared and hashed without running
/// anything. By hand, write a [`Contract`] instead: fields may be added here in a minor release.
#[expect(clippy::exhaustive_structs, reason = "written as a literal by the macro, which is pinned to this version")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The action's name, such as `REFUND_ORDER`.
    pub name: &'static str,
    /// The entity type that it acts on.
    pub entity: &'static str,
    /// The function's documentation.
    pub doc: &'static str,
    /// The states in which it may run.
    pub allowed_states: &'static [&'static str],
    /// The permissions that the requester must hold, all of them.
    pub permissions: &'static [&'static str],
    /// How much harm it could do.
    pub risk: Risk,
    /// When a person must consent.
    pub approval: ApprovalRule,
    /// The permission that a reviewer must hold; empty if no approval is ever asked for.
    pub reviewers: &'static str,
    /// How many different reviewers must grant.
    pub quorum: u32,
    /// How long an approval stands, in seconds.
    pub expires_secs: u64,
    /// Whether the requester and its principal are barred from reviewing.
    pub separate_reviewer: bool,
    /// Which kinds of actor may review.
    pub reviewer_kinds: &'static [ActorType],
    /// The names of the custom checks, in the order in which they are asked.
    pub checks: &'static [&'static str],
    /// The event types that the executor may emit.
    pub emits: &'static [&'static str],
    /// What running it twice would do.
    pub effect: Effect,
    /// How long the executor may take, in milliseconds; 0 for no limit.
    pub timeout_ms: u64,
    /// For an idempotent effect, how long after its clearance another attempt may start, in milliseconds.
    pub retry_within_ms: u64,
    /// What a reviewer is shown, with `{parameter}` and `{entity}` filled in; empty for a plain listing.
    pub summary: &'static str,
    /// Why a high or critical risk needs no approval; empty if it is not waived.
    pub waiver: &'static str,
    /// The parameters, in the order of the signature.
    pub params: &'static [ParamSpec],
    /// Where the function stands: `src/orders.rs:12`.
    pub location: &'static str,
}

impl Declaration {
    /// How long an approval stands where the contract does not say: seven days.
    pub const DEFAULT_EXPIRY_SECS: u64 = 7 * 24 * 60 * 60;

    /// How long an idempotent effect may be retried where the contract does not say: a day. Providers forget
    /// idempotency keys, and many do after no more than that.
    pub const DEFAULT_RETRY_WITHIN_MS: u64 = 24 * 60 * 60 * 1_000;

    /// A contract with the defaults of every key, for struct update syntax.
    pub const DEFAULT: Self = Self {
        name: "",
        entity: "",
        doc: "",
        allowed_states: &[],
        permissions: &[],
        risk: Risk::Low,
        approval: ApprovalRule::Never,
        reviewers: "",
        quorum: 1,
        expires_secs: Self::DEFAULT_EXPIRY_SECS,
        separate_reviewer: true,
        reviewer_kinds: &[ActorType::Human],
        checks: &[],
        emits: &[],
        effect: Effect::Once,
        timeout_ms: 0,
        retry_within_ms: Self::DEFAULT_RETRY_WITHIN_MS,
        summary: "",
        waiver: "",
        params: &[],
        location: "",
    };
}

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
        let place = std::panic::Location::caller();
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
