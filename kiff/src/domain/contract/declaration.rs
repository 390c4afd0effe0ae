//! Contracts as constants.

use super::risk::{Effect, Risk};
use crate::{base::actor::ActorType, domain::param::ParamSpec};

/// When an action needs approval, in the words of the macro.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning: the macro has these three words")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApprovalRule {
    /// Never.
    #[default]
    Never,
    /// Always.
    Required,
    /// When the policy function of this name returns true. The name is the reason code.
    When(&'static str),
}

/// An action's contract as a constant, which `#[action]` makes from its arguments and the signature.
///
/// Every field is plain data, so that a contract can be printed, compared and hashed without running anything. To write a
/// contract by hand use [`Contract`](crate::domain::Contract): a minor release may add fields here.
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
    /// When a person must approve.
    pub approval: ApprovalRule,
    /// The permission that a reviewer must hold; empty if the action never asks for approval.
    pub reviewers: &'static str,
    /// How many different reviewers must grant.
    pub quorum: u32,
    /// How long an approval is valid, in seconds.
    pub expires_secs: u64,
    /// Whether the requester and its principal are barred from reviewing.
    pub separate_reviewer: bool,
    /// Which kinds of actor may review.
    pub reviewer_kinds: &'static [ActorType],
    /// The names of the custom checks, in their order.
    pub checks: &'static [&'static str],
    /// The event types that the executor may emit.
    pub emits: &'static [&'static str],
    /// The result of running it twice.
    pub effect: Effect,
    /// How long the executor may take, in milliseconds; 0 for no limit.
    pub timeout_ms: u64,
    /// For an idempotent effect, how long after its clearance another attempt may start, in milliseconds.
    pub retry_within_ms: u64,
    /// The text for a reviewer, with `{parameter}` and `{entity}` filled in; empty for a plain list of the parameters.
    pub summary: &'static str,
    /// Why a high or critical risk needs no approval; empty if it is not waived.
    pub waiver: &'static str,
    /// The parameters, in the order of the signature.
    pub params: &'static [ParamSpec],
    /// The place of the function: `src/orders.rs:12`.
    pub location: &'static str,
}

impl Declaration {
    /// How long an approval is valid by default: seven days.
    pub const DEFAULT_EXPIRY_SECS: u64 = 7 * 24 * 60 * 60;

    /// How long an idempotent effect may be retried by default: a day. Providers forget idempotency keys, many of them after
    /// a day.
    pub const DEFAULT_RETRY_WITHIN_MS: u64 = 24 * 60 * 60 * 1_000;

    /// A contract with every key at its default, for struct update syntax.
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
