//! Outcomes of executors.

use super::failure::{Failure, IntoFailure};
use crate::value::Value;

/// The report of an executor that succeeded: a message for the caller, and the events that follow.
///
/// ```
/// use kiff::{Outcome, Value};
///
/// let outcome = Outcome::new("refund of $49.00 issued")
///     .event("ORDER_REFUNDED", Value::object([("amount", "49.00")]));
/// ```
#[must_use = "an outcome counts only if the action returns it"]
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

    /// Emits an event of the action's entity. The contract must name its type.
    pub fn event(mut self, kind: impl Into<String>, payload: Value) -> Self {
        self.events.push((kind.into(), payload));
        self
    }

    /// Emits an event without a payload.
    pub fn emit(self, kind: impl Into<String>) -> Self {
        self.event(kind, Value::object::<&str, &str>([]))
    }

    /// Adds the output of the effect, for the caller and the log: any JSON. Output that does not fit into a record is recorded
    /// by its length and digest, and a number that is not an integer within ±(2^53−1) as text.
    pub fn output(mut self, output: Value) -> Self {
        self.output = Some(output);
        self
    }

    /// The message for the caller.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The output of the effect.
    #[must_use]
    pub fn returned(&self) -> Option<&Value> {
        self.output.as_ref()
    }
}

/// The result of an annotated function: [`Outcome`], or `Result<Outcome, E>` with any error.
#[diagnostic::on_unimplemented(
    message = "an action must return `Result<Outcome, E>` (or `Outcome`), not `{Self}`",
    label = "not an outcome",
    note = "`E` is any `std::error::Error + Send + Sync`, or `kiff::Failure`"
)]
pub trait IntoOutcome {
    /// The outcome, or the failure.
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
