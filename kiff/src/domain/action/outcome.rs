//! Executions that succeeded.

use super::failure::{Failure, IntoFailure};
use crate::value::Value;

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
