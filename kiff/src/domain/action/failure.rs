//! Failures of executors.

use crate::base::debug::with_causes;
use std::{error::Error, fmt};

/// The failure of an executor: the effect certainly did not happen, or its result is unknown.
///
/// Every [`std::error::Error`] converts into an unknown result. So `?` works in an executor, and a plain error is never taken
/// for proof that nothing happened. `Failure` itself is therefore not an `Error`.
///
/// ```
/// use kiff::Failure;
///
/// /// The result of a payment, by the status of the provider's answer.
/// fn paid(status: u16) -> Result<&'static str, Failure> {
///     match status {
///         200 => Ok("paid"),
///         // The provider did nothing: the answer is `Failed`, and the proposal may be made again.
///         402 => Err(Failure::not_applied("the card was declined")),
///         // The provider may have paid: the answer is `InDoubt` until someone looks.
///         _ => Err(Failure::unknown(format_args!("the provider answered {status}"))),
///     }
/// }
/// assert_eq!(paid(402).map_err(|failure| failure.message().to_owned()), Err("the card was declined".to_owned()));
///
/// /// The result of a plain error, such as a lost connection, is unknown.
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

/// The knowledge about an effect that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    NotApplied,
    Unknown,
}

impl Failure {
    /// The effect certainly did not happen: the provider refused, or was never called.
    ///
    /// Return it only where that is proved, because the answer is [`Answer::Failed`](crate::Answer::Failed) and nobody looks at
    /// the execution again.
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

    /// The reason that the executor gave.
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

/// An error of an annotated function: any error type, or [`Failure`] itself. Sealed by its two implementations.
#[diagnostic::on_unimplemented(
    message = "an action cannot fail with `{Self}`",
    label = "not an error type",
    note = "use any `std::error::Error + Send + Sync + 'static`, or `kiff::Failure`, whose `Failure::not_applied(..)` says that nothing happened"
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

// Without this, rustc would report the bounds and not `IntoFailure`, whose note says what to use.
#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> IntoFailure for E {
    fn into_failure(self) -> Failure {
        self.into()
    }
}
