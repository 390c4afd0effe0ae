//! The parameters of actions, checks and policies, and the definition that binds them.

use crate::{
    domain::{
        action::{ActionContract, BoxFuture, Call, Definition, Failure, Provided, RuleFunction},
        contract::Contract,
        ctx::{Ctx, RuleError, Situation},
        machine::StateMachine,
        param::{ParamFault, decode_at},
    },
    value::Value,
};
use std::any::{Any, type_name};

/// The type behind the reference of an action's first parameter.
#[diagnostic::on_unimplemented(
    message = "the first parameter of an action must be `&Ctx<'_, Entity>`, not `&{Self}`",
    label = "not the context of an entity",
    note = "what the host provides comes after it"
)]
pub trait IsCtx {
    /// The state machine of the entity.
    type Entity: StateMachine;

    /// The context of a rule.
    ///
    /// # Errors
    /// [`RuleError`] if the machine in the domain is another.
    fn asked<'a>(at: &Situation<'a>) -> Result<Ctx<'a, Self::Entity>, RuleError> {
        at.ctx()
    }

    /// The context of an execution.
    ///
    /// # Errors
    /// [`Failure::not_applied`] if the machine in the domain is another.
    fn called<'a>(call: &Call<'a>) -> Result<Ctx<'a, Self::Entity>, Failure> {
        call.ctx()
    }
}

impl<M: StateMachine> IsCtx for Ctx<'_, M> {
    type Entity = M;
}

/// The result of a check or an approval policy.
#[diagnostic::on_unimplemented(
    message = "a check or an approval policy must be a plain `fn(..) -> bool`: a replay calls it again, so it may not await",
    label = "returns `{Self}`, not `bool`"
)]
pub trait Verdict {
    /// The answer.
    fn holds(self) -> bool;
}

impl Verdict for bool {
    fn holds(self) -> bool {
        self
    }
}

/// How a check or an approval policy may take a parameter: by reference, as the slice behind it, or by
/// value if that is a copy.
#[diagnostic::on_unimplemented(
    message = "a check or an approval policy cannot take a parameter of type `{T}` as `{Self}`",
    label = "this parameter is `{T}`",
    note = "it takes `&{T}` (also `&str` for a `String`, `&[T]` for a `Vec<T>`, `Option<&T>` for an `Option<T>`), or a copy if `{T}` is `Copy`"
)]
pub trait Argument<'a, T>: Sized {
    /// The parameter as the function takes it.
    fn of(value: &'a T) -> Self;
}

impl<'a, T> Argument<'a, T> for &'a T {
    fn of(value: &'a T) -> Self {
        value
    }
}

impl<'a, T: Copy> Argument<'a, T> for T {
    fn of(value: &'a T) -> Self {
        *value
    }
}

impl<'a> Argument<'a, String> for &'a str {
    fn of(value: &'a String) -> Self {
        value
    }
}

impl<'a, T> Argument<'a, Vec<T>> for &'a [T] {
    fn of(value: &'a Vec<T>) -> Self {
        value
    }
}

impl<'a, T> Argument<'a, Option<T>> for Option<&'a T> {
    fn of(value: &'a Option<T>) -> Self {
        value.as_ref()
    }
}

impl<'a> Argument<'a, Option<String>> for Option<&'a str> {
    fn of(value: &'a Option<String>) -> Self {
        value.as_deref()
    }
}

/// A parameter as the function that asks about it takes it.
pub fn argument<'a, T, A: Argument<'a, T>>(value: &'a T) -> A {
    A::of(value)
}

/// The answer of a check or an approval policy.
pub fn verdict<V: Verdict>(verdict: V) -> bool {
    verdict.holds()
}

/// A type that the host can provide.
pub trait IsProvided: Any + Send + Sync + Sized {
    /// What can be done with it.
    #[must_use]
    fn slot() -> Slot<Self> {
        Slot { take: |call| call.provided(), need: Provided::of::<Self> }
    }
}

impl<T: Any + Send + Sync> IsProvided for T {}

/// The uses of a provided type, behind one bound, so that rustc reports an unmet bound in one way only.
#[derive(Debug)]
pub struct Slot<T> {
    take: for<'a> fn(&Call<'a>) -> Result<&'a T, Failure>,
    need: fn() -> Provided,
}

impl<T> Slot<T> {
    /// The value that the host provided.
    ///
    /// # Errors
    /// [`Failure::not_applied`] if it provided none.
    pub fn take<'a>(&self, call: &Call<'a>) -> Result<&'a T, Failure> {
        (self.take)(call)
    }

    /// The type, for the list of those that an executor needs.
    #[must_use]
    pub fn need(&self) -> Provided {
        (self.need)()
    }
}

/// Decodes a parameter for an executor. The two functions are those of [`Param`](crate::Param). There is no bound, so that
/// rustc reports a type without the trait once, where the user wrote it.
///
/// # Errors
/// [`Failure::not_applied`] if it is missing or of another kind.
pub fn proposed<T>(
    call: &Call<'_>,
    name: &str,
    decode: fn(&Value) -> Result<T, ParamFault>,
    absent: fn() -> Option<T>,
) -> Result<T, Failure> {
    asked(call.situation(), name, decode, absent).map_err(Failure::not_applied)
}

/// Decodes a parameter for a check or a policy; see [`proposed`].
///
/// # Errors
/// [`RuleError::Param`] if it is missing or of another kind.
pub fn asked<T>(
    at: &Situation<'_>,
    name: &str,
    decode: fn(&Value) -> Result<T, ParamFault>,
    absent: fn() -> Option<T>,
) -> Result<T, RuleError> {
    Ok(decode_at(name, at.params().get(name), decode, absent)?)
}

/// A definition with the contract and the functions of its codes: the code, the path, and the parameters that it reads.
#[must_use]
pub fn definition<A: ActionContract>(
    functions: &[(&'static str, &'static str, &'static [&'static str])],
) -> Definition {
    let functions = functions.iter().map(|&(code, path, asks)| (code, RuleFunction { path, asks })).collect();
    Definition { functions, ..Definition::new(Contract::from(&A::CONTRACT)) }
}

/// The path of a function, the same for every instance of a generic one.
#[must_use]
pub fn function<F>(_: &F) -> &'static str {
    let path = type_name::<F>();
    // The path of a trait's method begins with `<Type as Trait>`.
    if path.starts_with('<') { path } else { path.split('<').next().unwrap_or(path) }
}

/// Boxes the future of an executor.
pub fn boxed<'a, T>(future: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
    Box::pin(future)
}
