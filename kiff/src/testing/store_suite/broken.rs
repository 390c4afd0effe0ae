//! Why a check ends early.

use crate::{
    base::ids::NameError,
    kernel::record::TooLarge,
    store::{BatchError, StoreError},
};
use std::fmt;

/// What is wrong with the store: a rule that it breaks, or its own error.
#[derive(Debug)]
pub(super) enum Broken {
    Rule(String),
    Store(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NameError> for Broken {
    fn from(error: NameError) -> Self {
        Self::Rule(error.to_string())
    }
}

impl From<BatchError> for Broken {
    fn from(error: BatchError) -> Self {
        Self::Rule(error.to_string())
    }
}

impl From<TooLarge> for Broken {
    fn from(error: TooLarge) -> Self {
        Self::Rule(format!("a record of {} bytes", error.bytes))
    }
}

/// Ends the check unless both are equal.
pub(super) fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), Broken> {
    if found == wanted {
        return Ok(());
    }
    Err(Broken::Rule(format!("{what} is {}, and should be {}", cut(found), cut(wanted))))
}

/// Long values are of no use in a message.
pub(super) fn cut(value: &impl fmt::Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{} ..", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
