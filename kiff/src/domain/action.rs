//! Actions: a contract, the rules that it names, and the executor behind them.

use crate::{
    base::ids::ExecutionId,
    domain::{
        contract::{Contract, Declaration},
        ctx::{Ctx, RuleError, Situation},
        machine::StateMachine,
        param::Param,
    },
    value::Value,
};
use std::{
    any::{Any, TypeId, type_name},
    collections::{BTreeMap, HashMap},
    error::Error,
    fmt,
    pin::Pin,
    sync::Arc,
};

/// A future that can be sent between threads, boxed.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An annotated function: what `#[action]` implements for the type of the function's name.
pub trait ActionContract: 'static {
    /// The state machine of the entity that it acts on.
    type Entity: StateMachine;
    /// The contract, as data.
    const CONTRACT: Declaration;

    /// The contract with its rules and its executor, ready for a domain.
    fn definition() -> Definition;
}

/// What an executor reports: that the effect happened, a message for the caller, and the events that follow.
///
/// ```
/// use kiff::{Outcome, Value};
///
/// let outcome = Outcome::new("refund of $49.00 issued")
///     .event("ORDER_REFUNDED", Value::object([("amount", "49.00")]));
/// ```
#[must_use = "what an action reports counts only if it is returned"]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub(crate) message: String,
    pub(crate) output: Option<Value>,
    pub(crate) events: Vec<(String, Value)>,
}

impl Outcome {
    /// A success with a message for the caller.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), output: None, events: Vec::new() }
    }

    /// Emits an event of the executor's own entity. Its type must be one that the contract names.
    pub fn event(mut self, kind: impl Into<String>, payload: Value) -> Self {
        self.events.push((kind.into(), payload));
        self
    }

    /// Emits an event without a payload.
    pub fn emit(self, kind: impl Into<String>) -> Self {
        self.event(kind, Value::object::<&str, &str>([]))
    }

    /// What the effect returned, for the caller and the log: any JSON. What does not fit a record is
    /// recorded by its length and digest, and a number that is not an integer within ±(2^53−1) as text.
    pub fn output(mut self, output: Value) -> Self {
        self.output = Some(output);
        self
    }

    /// The message for the caller.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the effect returned.
    #[must_use]
    pub fn returned(&self) -> Option<&Value> {
        self.output.as_ref()
    }
}

/// Why an executor did not succeed: certainly without an effect, or not known.
///
/// Every [`std::error::Error`] turns into the second, so `?` works in an executor and a plain error is
/// never taken for proof that nothing happened. `Failure` itself is therefore not an `Error`.
///
/// ```
/// use kiff::Failure;
///
/// /// What became of a payment, by the provider's answer.
/// fn paid(status: u16) -> Result<&'static str, Failure> {
///     match status {
///         200 => Ok("paid"),
///         // The provider says that it did nothing: the answer is `Failed`, and the proposal may be made again.
///         402 => Err(Failure::not_applied("the card was declined")),
///         // It may have paid: the answer is `InDoubt`, until someone looks.
///         _ => Err(Failure::unknown(format_args!("the provider answered {status}"))),
///     }
/// }
/// assert_eq!(paid(402).map_err(|failure| failure.message().to_owned()), Err("the card was declined".to_owned()));
///
/// /// A plain error, such as a lost connection, is of the second kind.
/// fn sent(text: &str) -> Result<u16, Failure> {
///     Ok(text.parse::<u16>()?)
/// }
/// assert!(sent("no number").is_err());
/// ```
#[derive(Debug)]
pub struct Failure {
    pub(crate) certainty: Certainty,
    pub(crate) message: String,
}

/// What is known about an effect that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    NotApplied,
    Unknown,
}

impl Failure {
    /// Certainly nothing happened: the provider refused, or was never called.
    ///
    /// Say it only where it is proved: the answer is [`Answer::Failed`](crate::Answer::Failed), and nobody looks
    /// at the execution again.
    pub fn not_applied(reason: impl fmt::Display) -> Self {
        Self { certainty: Certainty::NotApplied, message: reason.to_string() }
    }

    /// The effect may or may not have happened.
    ///
    /// The answer is [`Answer::InDoubt`](crate::Answer::InDoubt), and nothing else runs on the entity until
    /// someone [resolves](crate::Runtime::resolve) it, has it [probed](crate::Runtime::probe), or
    /// [retries](crate::Runtime::retry) it.
    pub fn unknown(reason: impl fmt::Display) -> Self {
        Self { certainty: Certainty::Unknown, message: reason.to_string() }
    }

    /// What the executor said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::unknown(with_causes(&error))
    }
}

/// An error and what it came of, in one line.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}

/// What an annotated function may return: [`Outcome`], or `Result<Outcome, E>` with any error.
#[diagnostic::on_unimplemented(
    message = "an action must return `Result<Outcome, E>` (or `Outcome`), not `{Self}`",
    label = "not an outcome",
    note = "`E` is any `std::error::Error + Send + Sync`, or `kiff::Failure`"
)]
pub trait IntoOutcome {
    /// The outcome, or why there is none.
    ///
    /// # Errors
    /// [`Failure`] if the function failed.
    fn into_outcome(self) -> Result<Outcome, Failure>;
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Result<Outcome, Failure> {
        Ok(self)
    }
}

impl<E: IntoFailure> IntoOutcome for Result<Outcome, E> {
    fn into_outcome(self) -> Result<Outcome, Failure> {
        self.map_err(IntoFailure::into_failure)
    }
}

/// What an annotated function may fail with: any error, or [`Failure`] itself. Sealed by its two
/// implementations.
#[diagnostic::on_unimplemented(
    message = "an action cannot fail with `{Self}`",
    label = "not an error type",
    note = "use any `std::error::Error + Send + Sync + 'static`, or `kiff::Failure`, whose `Failure::not_applied(..)` says that certainly nothing happened"
)]
pub trait IntoFailure {
    /// The failure.
    fn into_failure(self) -> Failure;
}

impl IntoFailure for Failure {
    fn into_failure(self) -> Failure {
        self
    }
}

// Whoever misses it is told of `IntoFailure`, whose note says what to use.
#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> IntoFailure for E {
    fn into_failure(self) -> Failure {
        self.into()
    }
}

/// Runs the effect of a cleared proposal. Users may implement it; `#[action]` does, and so does every
/// closure from [`Call`] to `Result<Outcome, Failure>`.
///
/// A [`Call`] cannot be made outside the runtime, so an executor cannot be run without a clearance.
pub trait Executor: Send + Sync + 'static {
    /// Runs the effect.
    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Outcome, Failure>>;

    /// What the host must provide. Checked when the runtime is built.
    fn needs(&self) -> Vec<Provided> {
        Vec::new()
    }
}

impl<F> Executor for F
where
    F: for<'a> Fn(Call<'a>) -> Result<Outcome, Failure> + Send + Sync + 'static,
{
    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(std::future::ready(self(call)))
    }
}

/// One cleared execution: what an [`Executor`] is given.
#[derive(Debug)]
pub struct Call<'a> {
    situation: Situation<'a>,
    execution: &'a ExecutionId,
    attempt: u32,
    providers: &'a Providers,
    /// What shows to others that this was cleared.
    shown: &'a [&'a (dyn Any + Send + Sync)],
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        situation: Situation<'a>,
        execution: &'a ExecutionId,
        attempt: u32,
        providers: &'a Providers,
        shown: &'a [&'a (dyn Any + Send + Sync)],
    ) -> Self {
        let situation = Situation { execution: Some(*execution), ..situation };
        Self { situation, execution, attempt, providers, shown }
    }

    /// The entity, its state, who proposed, the parameters.
    #[must_use]
    pub fn situation(&self) -> &Situation<'a> {
        &self.situation
    }

    /// The same, seen through the types of a state machine.
    ///
    /// # Errors
    /// [`Failure::not_applied`] if the machine in the domain is not the one of this type.
    pub fn ctx<M: StateMachine>(&self) -> Result<Ctx<'a, M>, Failure> {
        self.situation.ctx().map_err(Failure::not_applied)
    }

    /// Decodes a parameter.
    ///
    /// # Errors
    /// [`Failure::not_applied`] if it is missing or of another kind.
    pub fn param<T: Param>(&self, name: &str) -> Result<T, Failure> {
        self.situation.param(name).map_err(Failure::not_applied)
    }

    /// What the host provided of this type. An [`ExecutionId`] is always there: the one of this execution. Where the
    /// runtime has a signer, the [`Receipt`](crate::Receipt) of the clearance and a [`Warrant`](crate::Warrant) are too.
    ///
    /// # Errors
    /// [`Failure::not_applied`] if it provided none. Name the type in [`Executor::needs`] and the runtime
    /// is not even built then.
    pub fn provided<T: Any + Send + Sync>(&self) -> Result<&'a T, Failure> {
        let own: &'a (dyn Any + Send + Sync) = self.execution;
        own.downcast_ref()
            .or_else(|| self.shown.iter().find_map(|shown| shown.downcast_ref()))
            .or_else(|| self.providers.get())
            .ok_or_else(|| Failure::not_applied(format_args!("the host provides no `{}`", type_name::<T>())))
    }

    /// The id under which the provider should deduplicate the effect. A retry has the same one.
    #[must_use]
    pub fn execution_id(&self) -> ExecutionId {
        *self.execution
    }

    /// 1 for the first attempt.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// A type that the host must provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provided {
    pub(crate) id: TypeId,
    /// The same in an `Arc`, which hosts often provide by mistake.
    arc: TypeId,
    pub(crate) name: &'static str,
}

impl Provided {
    /// Names a type.
    #[must_use]
    pub fn of<T: Any + Send + Sync>() -> Self {
        Self { id: TypeId::of::<T>(), arc: TypeId::of::<Arc<T>>(), name: type_name::<T>() }
    }
}

/// What the host provides to executors, by type.
#[derive(Clone, Default)]
pub(crate) struct Providers(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Providers {
    pub(crate) fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
    }

    pub(crate) fn has(&self, wanted: &Provided) -> bool {
        wanted.id == TypeId::of::<ExecutionId>() || self.0.contains_key(&wanted.id)
    }

    /// True if only an `Arc` of the type is provided.
    pub(crate) fn has_arc(&self, wanted: &Provided) -> bool {
        self.0.contains_key(&wanted.arc)
    }

    fn get<T: Any>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} provided", self.0.len())
    }
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
