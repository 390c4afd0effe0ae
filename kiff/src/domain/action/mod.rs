//! Actions: a contract, the rules that it names, and the executor that runs the effect.

mod failure;
mod outcome;
mod executor;
mod definition;

pub use definition::{ActionContract, Definition};
pub use executor::{BoxFuture, Call, Executor, Provided};
pub use failure::{Failure, IntoFailure};
pub use outcome::{IntoOutcome, Outcome};

pub(crate) use definition::{Ask, RuleFunction};
pub(crate) use executor::Providers;
pub(crate) use failure::Certainty;
