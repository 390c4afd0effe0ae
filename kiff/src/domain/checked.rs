//! Contracts and machines that a domain has checked.

use crate::{
    base::{
        actor::ActorType,
        code::Code,
        digest::Digest,
        ids::{ActionName, ActorId, EntityType, EventType, Permission, StateName},
    },
    domain::{
        action::{Ask, Executor, RuleFunction},
        contract::{Contract, Declaration, Effect, Risk},
        machine::FactsBox,
        param::{CheckedParam, ParamSpec},
    },
};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// A contract that a domain has checked, with its rules and its executor.
pub struct Action {
    pub(crate) name: ActionName,
    pub(crate) entity: EntityType,
    pub(crate) machine: Arc<CheckedMachine>,
    pub(crate) allowed: Vec<StateName>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) approval: CheckedApproval,
    pub(crate) reviewers: Option<Permission>,
    pub(crate) checks: Vec<(Code, Ask)>,
    pub(crate) emits: Vec<EventType>,
    /// Sorted by name.
    pub(crate) params: Vec<CheckedParam>,
    pub(crate) digest: Digest,
    pub(crate) executor: Option<Arc<dyn Executor>>,
    /// The functions of the codes, where they are known.
    pub(in crate::domain) functions: BTreeMap<&'static str, RuleFunction>,
    pub(crate) contract: Contract,
}

/// When a person must approve, with the policy.
#[derive(Clone)]
pub(crate) enum CheckedApproval {
    Never,
    Required,
    When(Code, Ask),
}

impl Action {
    /// The action's name.
    #[must_use]
    pub fn name(&self) -> &ActionName {
        &self.name
    }

    /// The entity type that it acts on.
    #[must_use]
    pub fn entity(&self) -> &EntityType {
        &self.entity
    }

    /// The documentation of the function.
    #[must_use]
    pub fn doc(&self) -> &str {
        &self.contract.doc
    }

    /// How much harm it could do.
    #[must_use]
    pub fn risk(&self) -> Risk {
        self.contract.risk
    }

    /// The result of running it twice.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.contract.effect
    }

    /// How long the executor may take.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.contract.timeout
    }

    /// How long after its clearance another attempt may start; `None` unless the effect is idempotent.
    #[must_use]
    pub fn retry_within(&self) -> Option<Duration> {
        let default = Duration::from_millis(Declaration::DEFAULT_RETRY_WITHIN_MS);
        (self.contract.effect == Effect::Idempotent).then(|| self.contract.retry_within.unwrap_or(default))
    }

    /// The states in which it may run.
    #[must_use]
    pub fn allowed_states(&self) -> &[StateName] {
        &self.allowed
    }

    /// The permissions that the requester must hold, all of them.
    #[must_use]
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// The permission that a reviewer must hold, if the action ever asks for approval.
    #[must_use]
    pub fn reviewers(&self) -> Option<&Permission> {
        self.reviewers.as_ref()
    }

    /// The event types that the executor may emit.
    #[must_use]
    pub fn emits(&self) -> &[EventType] {
        &self.emits
    }

    /// The parameters, in the order of their names. A parameter's name is the first part of the pair.
    pub fn params(&self) -> impl ExactSizeIterator<Item = (&str, &ParamSpec)> {
        self.params.iter().map(|param| (param.name.as_str(), &param.spec))
    }

    /// The digest of the contract and its machine ([formats](crate::_guide::formats) §7).
    #[must_use]
    pub fn contract_digest(&self) -> Digest {
        self.digest
    }

    /// Where the contract is declared: `src/orders.rs:12`.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.contract.location
    }

    pub(crate) fn reviewer_kinds(&self) -> &[ActorType] {
        &self.contract.reviewer_kinds
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("contract", &self.contract).finish_non_exhaustive()
    }
}

/// A state machine whose names have been checked.
#[derive(Debug)]
pub(crate) struct CheckedMachine {
    pub(crate) entity: EntityType,
    pub(crate) states: Vec<StateName>,
    pub(crate) steps: Vec<CheckedStep>,
    pub(crate) blank: Option<FactsBox>,
    /// The events that have an upcast, sorted.
    pub(crate) upcasts: Vec<EventType>,
    /// Where it was added to the domain, or made as a table.
    pub(in crate::domain) place: String,
    /// The states that no event reaches. A domain that was built has none.
    pub(in crate::domain) unreached: Vec<StateName>,
}

#[derive(Debug)]
pub(crate) struct CheckedStep {
    pub(crate) from: Option<StateName>,
    pub(crate) on: EventType,
    pub(crate) to: StateName,
    pub(crate) sources: Vec<ActorId>,
}

impl CheckedMachine {
    /// The step that the event takes from the state, if there is one.
    pub(crate) fn step(&self, from: Option<&StateName>, on: &EventType) -> Option<&CheckedStep> {
        self.steps.iter().find(|step| step.from.as_ref() == from && step.on == *on)
    }

    /// Whether nothing leaves the state. A step back to the state does not leave it.
    pub(in crate::domain) fn is_end(&self, state: &StateName) -> bool {
        !self.steps.iter().any(|step| step.from.as_ref() == Some(state) && step.to != *state)
    }
}
