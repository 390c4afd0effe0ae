//! Contracts with their rules and executors.

use super::executor::Executor;
use crate::domain::{
    contract::{Contract, Declaration},
    ctx::{RuleError, Situation},
    machine::StateMachine,
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// An annotated function. `#[action]` implements it for a type of the function's name.
pub trait ActionContract: 'static {
    /// The state machine of the entity that it acts on.
    type Entity: StateMachine;
    /// The contract, as data.
    const CONTRACT: Declaration;

    /// The contract with its rules and its executor, ready for a domain.
    fn definition() -> Definition;
}

/// A check or policy: a question about a [`Situation`]. It must be pure, because a replay asks it again.
pub(crate) type Ask = Arc<dyn for<'a> Fn(&Situation<'a>) -> Result<bool, RuleError> + Send + Sync>;

/// A contract with the rules that it names and the executor that runs the effect, as a domain registers it.
///
/// `#[action]` makes one. By hand:
///
/// ```
/// use kiff::{Outcome, domain::{Call, Contract, Definition}};
///
/// let close = Definition::new(Contract::new("CLOSE_TICKET", "ticket").allowed_states(["RESOLVED"]).emits(["TICKET_CLOSED"]))
///     .check("opened_before_today", |at| at.state_version() > 0)
///     .executor(|call: Call<'_>| Ok(Outcome::new(format!("{} closed", call.situation().entity())).emit("TICKET_CLOSED")));
/// ```
///
/// A rule that reads a parameter decodes it. The functions with `try_` take an error as a reason not to run:
///
/// ```
/// use kiff::{Outcome, Param, Risk, domain::{Call, Contract, Definition}};
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
    /// The functions of the codes, where they are known. They are not in the digest of the contract, because a function may
    /// move.
    pub(crate) functions: BTreeMap<&'static str, RuleFunction>,
}

/// A function that an annotation names as a check or a policy.
#[derive(Clone, Copy)]
pub(crate) struct RuleFunction {
    pub(crate) path: &'static str,
    /// The parameters that it reads, by the names that agents write.
    pub(crate) asks: &'static [&'static str],
}

impl Definition {
    /// A definition without rules and without an executor.
    #[must_use]
    pub fn new(contract: Contract) -> Self {
        Self { contract, checks: Vec::new(), approval: None, executor: None, functions: BTreeMap::new() }
    }

    /// Adds a check: the proposal is blocked with `code` unless it returns true.
    #[must_use]
    pub fn check(
        self,
        code: impl Into<String>,
        holds: impl Fn(&Situation<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.try_check(code, move |at| Ok(holds(at)))
    }

    /// Adds a check that may fail, such as one that decodes a parameter. An error blocks the proposal.
    #[must_use]
    pub fn try_check(
        mut self,
        code: impl Into<String>,
        holds: impl Fn(&Situation<'_>) -> Result<bool, RuleError> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push((code.into(), Arc::new(holds)));
        self
    }

    /// Sets the policy that the contract's `approval_when` names: the proposal is held with `code` if it returns true.
    #[must_use]
    pub fn approval_when(
        self,
        code: impl Into<String>,
        holds: impl Fn(&Situation<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.try_approval_when(code, move |at| Ok(holds(at)))
    }

    /// Sets a policy that may fail, such as one that decodes a parameter. An error holds the proposal.
    #[must_use]
    pub fn try_approval_when(
        mut self,
        code: impl Into<String>,
        holds: impl Fn(&Situation<'_>) -> Result<bool, RuleError> + Send + Sync + 'static,
    ) -> Self {
        self.approval = Some((code.into(), Arc::new(holds)));
        self
    }

    /// Sets the executor that runs when a proposal is cleared. Without one, the host runs the effect itself and records the
    /// outcome.
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
