//! Contracts with their rules and executors.

use super::executor::Executor;
use crate::domain::{
    contract::{Contract, Declaration},
    ctx::{RuleError, Situation},
    machine::StateMachine,
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// An annotated function: what `#[action]` implements for the type of the function's name.
pub trait ActionContract: 'static {
    /// The state machine of the entity that it acts on.
    type Entity: StateMachine;
    /// The contract, as data.
    const CONTRACT: Declaration;

    /// The contract with its rules and its executor, ready for a domain.
    fn definition() -> Definition;
}

/// A question about a [`Situation`] with a yes or no answer. It must be pure: it is asked again on replay.
pub(crate) type Ask = Arc<dyn for<'a> Fn(&Situation<'a>) -> Result<bool, RuleError> + Send + Sync>;

/// A contract with the rules that it names and the executor behind it: what a domain registers.
///
/// `#[action]` makes one; by hand:
///
/// ```
/// use kiff::{Call, Contract, Definition, Outcome};
///
/// let close = Definition::new(Contract::new("CLOSE_TICKET", "ticket").allowed_states(["RESOLVED"]).emits(["TICKET_CLOSED"]))
///     .check("opened_before_today", |at| at.state_version() > 0)
///     .executor(|call: Call<'_>| Ok(Outcome::new(format!("{} closed", call.situation().entity())).emit("TICKET_CLOSED")));
/// ```
///
/// A rule that asks about a parameter decodes it; with `try_` an error in it is never a yes to running:
///
/// ```
/// use kiff::{Call, Contract, Definition, Outcome, Param, Risk};
///
/// let refund = Contract::new("REFUND_ORDER", "order")
///     .allowed_states(["PAID"])
///     .risk(Risk::High)
///     .approval_when("amount_above_threshold", "orders.approve")
///     .param("cents", u64::KIND)
///     .emits(["ORDER_REFUNDED"]);
/// let refund = Definition::new(refund)
///     .try_check("amount_not_zero", |at| Ok(at.param::<u64>("cents")? > 0))
///     .try_approval_when("amount_above_threshold", |at| Ok(at.param::<u64>("cents")? > 100_00))
///     .executor(|call: Call<'_>| {
///         let cents: u64 = call.param("cents")?;
///         Ok(Outcome::new(format!("{cents} paid back")).emit("ORDER_REFUNDED"))
///     });
/// ```
#[derive(Clone)]
pub struct Definition {
    pub(crate) contract: Contract,
    pub(crate) checks: Vec<(String, Ask)>,
    pub(crate) approval: Option<(String, Ask)>,
    pub(crate) executor: Option<Arc<dyn Executor>>,
    /// The functions behind the codes, where they are known. No part of the contract's digest: a function may move.
    pub(crate) functions: BTreeMap<&'static str, RuleFunction>,
}

/// What is known of a function that an annotation names as a check or a policy.
#[derive(Clone, Copy)]
pub(crate) struct RuleFunction {
    pub(crate) path: &'static str,
    /// The parameters that it is given, by the names that agents write.
    pub(crate) asks: &'static [&'static str],
}

impl Definition {
    /// A definition without rules and without an executor.
    #[must_use]
    pub fn new(contract: Contract) -> Self {
        Self { contract, checks: Vec::new(), approval: None, executor: None, functions: BTreeMap::new() }
    }

    /// Adds a check: the proposal is refused with `code` unless it holds.
    #[must_use]
    pub fn check(
        self,
        code: impl Into<String>,
        holds: impl Fn(&Situation<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.try_check(code, move |at| Ok(holds(at)))
    }

    /// Adds a check that decodes what it asks about. An error counts as a no.
    #[must_use]
    pub fn try_check(
        mut self,
        code: impl Into<String>,
        holds: impl Fn(&Situation<'_>) -> Result<bool, RuleError> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push((code.into(), Arc::new(holds)));
        self
    }

    /// The policy that the contract's `approval_when` names: the proposal is held with `code` if it holds.
    #[must_use]
    pub fn approval_when(
        self,
        code: impl Into<String>,
        holds: impl Fn(&Situation<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.try_approval_when(code, move |at| Ok(holds(at)))
    }

    /// A policy that decodes what it asks about. An error counts as a yes.
    #[must_use]
    pub fn try_approval_when(
        mut self,
        code: impl Into<String>,
        holds: impl Fn(&Situation<'_>) -> Result<bool, RuleError> + Send + Sync + 'static,
    ) -> Self {
        self.approval = Some((code.into(), Arc::new(holds)));
        self
    }

    /// What runs when a proposal is cleared. Without one, the action can only be decided and settled by
    /// the host.
    #[must_use]
    pub fn executor(mut self, executor: impl Executor) -> Self {
        self.executor = Some(Arc::new(executor));
        self
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definition").field("contract", &self.contract).finish_non_exhaustive()
    }
}
