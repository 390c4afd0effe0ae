//! The situation in which checks, approval policies and executors are called.

use crate::{
    base::{
        actor::Actor,
        debug::debug_as_display,
        ids::{EntityRef, ExecutionId, TenantId},
        timestamp::Timestamp,
    },
    domain::{
        machine::{Facts, FactsBox, StateMachine},
        param::{Param, ParamFault, Params},
    },
};
use std::{any::Any, fmt};

/// One proposal for one entity, by names and values, as the rules of a hand-built contract see it. [`Ctx`] shows the same
/// through the entity's own types.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) entity: &'a EntityRef,
    pub(crate) state: &'a str,
    pub(crate) state_version: u64,
    pub(crate) facts: Option<&'a FactsBox>,
    pub(crate) actor: &'a Actor,
    pub(crate) now: Timestamp,
    pub(crate) params: &'a Params,
    pub(crate) execution: Option<ExecutionId>,
}

/// A mismatch between a [`Situation`] and the types of a rule.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A parameter is missing or of another kind.
    #[error(transparent)]
    Param(#[from] ParamFault),
    /// The entity is in a state that the type does not know.
    #[error("state `{state}` is not a state of `{entity}`")]
    UnknownState {
        /// The state in the log.
        state: String,
        /// The entity type that was asked for.
        entity: &'static str,
    },
    /// The machine folds facts of another type.
    #[error("the machine of `{entity}` folds facts of another type")]
    OtherFacts {
        /// The entity type that was asked for.
        entity: &'static str,
    },
}

debug_as_display!(RuleError);

impl<'a> Situation<'a> {
    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &'a TenantId {
        self.tenant
    }

    /// The entity.
    #[must_use]
    pub fn entity(&self) -> &'a EntityRef {
        self.entity
    }

    /// The entity's state, by name.
    #[must_use]
    pub fn state(&self) -> &'a str {
        self.state
    }

    /// How many events the log has accepted for the entity.
    #[must_use]
    pub fn state_version(&self) -> u64 {
        self.state_version
    }

    /// Who proposes.
    #[must_use]
    pub fn actor(&self) -> &'a Actor {
        self.actor
    }

    /// The time of the decision.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The proposed parameters.
    #[must_use]
    pub fn params(&self) -> &'a Params {
        self.params
    }

    /// Decodes a parameter.
    ///
    /// # Errors
    /// [`RuleError::Param`] if it is missing or of another kind.
    pub fn param<T: Param>(&self, name: &str) -> Result<T, RuleError> {
        Ok(self.params.decode(name)?)
    }

    /// The facts folded beside the state, if the machine folds facts of this type.
    #[must_use]
    pub fn facts<F: Facts>(&self) -> Option<&'a F> {
        self.facts.and_then(FactsBox::get)
    }

    /// The situation through the types of a state machine.
    ///
    /// # Errors
    /// [`RuleError`] if the domain has another machine for the entity.
    pub fn ctx<M: StateMachine>(&self) -> Result<Ctx<'a, M>, RuleError> {
        let unknown = || RuleError::UnknownState { state: self.state.to_owned(), entity: M::ENTITY };
        let state = M::from_state(self.state).ok_or_else(unknown)?;
        let facts = match self.facts {
            Some(facts) => facts.get::<M::Facts>(),
            // Nothing is kept for `()`.
            None => (&() as &dyn Any).downcast_ref::<M::Facts>(),
        };
        Ok(Ctx { situation: *self, state, facts: facts.ok_or(RuleError::OtherFacts { entity: M::ENTITY })? })
    }
}

/// An entity during a decision or an execution: its state, its facts, and the actor who proposes.
///
/// It is the first parameter of every action, check and approval policy. Everything in it comes from the log and from the
/// host, nothing from an agent.
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use kiff::{Ctx, Event, Facts, StateMachine, Timestamp};
/// use serde::{Deserialize, Serialize};
/// use std::time::Duration;
///
/// #[derive(Clone, Debug, Default, Serialize, Deserialize)]
/// struct OrderFacts {
///     paid_cents: u64,
///     paid_at_ms: i64,
/// }
///
/// impl Facts for OrderFacts {
///     fn apply(&mut self, event: &Event<'_>) {
///         if event.kind() == "ORDER_PAID" {
///             let cents = event.get("cents").and_then(|cents| cents.as_number()?.as_i64());
///             self.paid_cents = cents.and_then(|cents| cents.try_into().ok()).unwrap_or(0);
///             self.paid_at_ms = event.recorded_at().unix_ms();
///         }
///     }
/// }
///
/// /// An order.
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
/// #[state_machine(entity = "order", facts = OrderFacts)]
/// enum Order {
///     #[enter(on = "ORDER_PAID")]
///     Paid,
/// }
///
/// /// A check that reads the facts.
/// fn not_more_than_paid(order: &Ctx<'_, Order>, cents: u64) -> bool {
///     cents <= order.facts().paid_cents
/// }
///
/// /// A check that reads the time of the decision. The system's clock would give another time on replay.
/// fn within_thirty_days(order: &Ctx<'_, Order>) -> bool {
///     let paid_at = Timestamp::from_unix_ms(order.facts().paid_at_ms);
///     order.now() - paid_at <= Duration::from_secs(30 * 24 * 60 * 60)
/// }
/// # let _: (fn(&Ctx<'_, Order>, u64) -> bool, fn(&Ctx<'_, Order>) -> bool) = (not_more_than_paid, within_thirty_days);
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Ctx<'a, M: StateMachine> {
    situation: Situation<'a>,
    state: M,
    facts: &'a M::Facts,
}

impl<'a, M: StateMachine> Ctx<'a, M> {
    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &'a TenantId {
        self.situation.tenant
    }

    /// The entity, as `order:ord_002`.
    #[must_use]
    pub fn entity(&self) -> &'a EntityRef {
        self.situation.entity
    }

    /// The entity's id, as `ord_002`.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.situation.entity.id()
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> M {
        self.state
    }

    /// The facts folded from the entity's events.
    #[must_use]
    pub fn facts(&self) -> &'a M::Facts {
        self.facts
    }

    /// How many events the log has accepted for the entity.
    #[must_use]
    pub fn state_version(&self) -> u64 {
        self.situation.state_version
    }

    /// Who proposes.
    #[must_use]
    pub fn actor(&self) -> &'a Actor {
        self.situation.actor
    }

    /// The time of the decision. Checks and policies must take the time from here, because they are called again on replay.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.situation.now
    }

    /// The id of this execution, under which a provider should deduplicate the effect. `None` in checks and policies, which
    /// run before anything is cleared.
    #[must_use]
    pub fn execution_id(&self) -> Option<ExecutionId> {
        self.situation.execution
    }
}

impl<M: StateMachine> fmt::Debug for Ctx<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx").field("situation", &self.situation).finish_non_exhaustive()
    }
}
