//! What generated code uses. Not part of the public interface: it may change in any release.
//!
//! The `is_*` functions ask the type checker, or a constant evaluation, about what a macro cannot see.
//! Each is called from a place in the user's own code, so that the answer is told there.

mod param;

use crate::{
    domain::{
        action::{ActionContract, BoxFuture, Call, Definition, Failure, Provided, RuleFunction},
        contract::Contract,
        ctx::{Ctx, RuleError, Situation},
        machine::{StateMachine, Transition},
        param::{ParamFault, decode_at},
    },
    value::Value,
};
use std::any::{Any, type_name};

// Under names that no user imports: generated code that carries the user's spans must not look like a
// needlessly qualified path to rustc's lint.
pub use crate::domain::{action::IntoOutcome as IsOutcome, param::Param as IsParam};
pub use param::{
    Bounds, IsTried, bounded, content, has_length, inside, is_bound, is_length, is_number, item, member, members,
    refused, variant, within,
};
pub use std::vec::Vec;

/// What the first parameter of an action refers to.
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

/// What a check or an approval policy returns.
#[diagnostic::on_unimplemented(
    message = "a check or an approval policy must be a plain `fn(..) -> bool`: it is asked again on replay, so it may not await",
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

/// What the host can provide.
pub trait IsProvided: Any + Send + Sync + Sized {
    /// What can be done with it.
    #[must_use]
    fn slot() -> Slot<Self> {
        Slot { take: |call| call.provided(), need: Provided::of::<Self> }
    }
}

impl<T: Any + Send + Sync> IsProvided for T {}

/// What the bounds of [`IsProvided`] allow, so that they are asked for in one way only.
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

    /// The type, for the list of what an executor needs.
    #[must_use]
    pub fn need(&self) -> Provided {
        (self.need)()
    }
}

/// Decodes a parameter for an executor. The two functions are those of [`Param`](crate::Param): this has
/// no bound, so that a type that is none is told once, where the user wrote it.
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

/// Asks that the entity has this state.
#[track_caller]
pub const fn is_state<M: StateMachine>(action: &str, name: &str) {
    if !is_sound::<M>() || contains(M::STATES, name) {
        return;
    }
    let mut text = Text::about("action", action);
    text.push("unknown state `");
    text.push(name);
    text.push("`; the states of `");
    text.push(M::ENTITY);
    text.push("` are ");
    text.push_list(M::STATES);
    refuse(&text);
}

/// Asks that the event has a transition from every state in which the action may run.
#[track_caller]
pub const fn is_accepted<M: StateMachine, A: ActionContract>(action: &str, event: &str) {
    let mut left = A::CONTRACT.allowed_states;
    while let [state, rest @ ..] = left {
        left = rest;
        // An unknown state has its own message.
        if !is_sound::<M>() || !contains(M::STATES, state) || accepts(M::TRANSITIONS, state, event) {
            continue;
        }
        let mut text = Text::about("action", action);
        text.push("event `");
        text.push(event);
        text.push("` has no transition from state `");
        text.push(state);
        text.push("` of `");
        text.push(M::ENTITY);
        text.push("`; events with one: ");
        text.push_events(M::TRANSITIONS, state);
        refuse(&text);
    }
}

/// The name of the state whose variant stands at this place.
#[must_use]
pub const fn state_name<M: StateMachine>(place: usize) -> &'static str {
    let mut left = M::STATES;
    let mut at = 0;
    while let [name, rest @ ..] = left {
        if at == place {
            return name;
        }
        left = rest;
        at += 1;
    }
    ""
}

/// A definition with the contract and the functions that its codes name: the code, the path, and the parameters that it
/// asks about.
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
    // A trait's method begins with the type that it is of.
    if path.starts_with('<') { path } else { path.split('<').next().unwrap_or(path) }
}

/// Boxes the future of an executor.
pub fn boxed<'a, T>(future: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
    Box::pin(future)
}

/// The entity of an action whose annotation has a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unchecked {}

impl StateMachine for Unchecked {
    type Data = ();
    const ENTITY: &'static str = "";
    const STATES: &'static [&'static str] = &[];
    const TRANSITIONS: &'static [Transition] = &[];

    fn state(self) -> &'static str {
        match self {}
    }

    fn from_state(_: &str) -> Option<Self> {
        None
    }
}

/// False for a machine whose own derive has told a mistake.
const fn is_sound<M: StateMachine>() -> bool {
    !M::ENTITY.is_empty()
}

const fn accepts(steps: &[Transition], state: &str, event: &str) -> bool {
    let mut left = steps;
    while let [step, rest @ ..] = left {
        if let Some(from) = step.from
            && same(from, state)
            && same(step.on, event)
        {
            return true;
        }
        left = rest;
    }
    false
}

const fn contains(all: &[&str], wanted: &str) -> bool {
    let mut left = all;
    while let [text, rest @ ..] = left {
        if same(text, wanted) {
            return true;
        }
        left = rest;
    }
    false
}

const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([x, a_rest @ ..], [y, b_rest @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (a_rest, b_rest);
    }
    a.is_empty() && b.is_empty()
}

#[track_caller]
#[expect(clippy::panic, reason = "evaluated at compile time only: the panic is the compiler's message")]
const fn refuse(text: &Text) -> ! {
    panic!("{}", text.as_str())
}

/// A message put together in a constant evaluation, where nothing can be allocated. What does not fit is
/// left out.
struct Text {
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Text {
    const ROOM: usize = 1024;

    const fn about(what: &str, name: &str) -> Self {
        let mut text = Self { bytes: [0; Self::ROOM], len: 0 };
        text.push(what);
        text.push(" `");
        text.push(name);
        text.push("`: ");
        text
    }

    const fn push(&mut self, text: &str) {
        if self.len + text.len() > Self::ROOM {
            return;
        }
        let mut left = text.as_bytes();
        let (_, mut free) = self.bytes.split_at_mut(self.len);
        while let ([byte, rest @ ..], [slot, slots @ ..]) = (left, free) {
            *slot = *byte;
            left = rest;
            free = slots;
        }
        self.len += text.len();
    }

    const fn push_list(&mut self, all: &[&str]) {
        let mut left = all;
        while let [text, rest @ ..] = left {
            self.push(text);
            self.push(if rest.is_empty() { "" } else { ", " });
            left = rest;
        }
    }

    const fn push_events(&mut self, steps: &[Transition], state: &str) {
        let before = self.len;
        let mut left = steps;
        while let [step, rest @ ..] = left {
            if let Some(from) = step.from
                && same(from, state)
            {
                self.push(if self.len == before { "" } else { ", " });
                self.push(step.on);
            }
            left = rest;
        }
        self.push(if self.len == before { "none" } else { "" });
    }

    const fn as_str(&self) -> &str {
        let (used, _) = self.bytes.split_at(self.len);
        match std::str::from_utf8(used) {
            Ok(text) => text,
            Err(_) => "a name is not UTF-8",
        }
    }
}
