//! How a store fails.

use crate::base::{code::coded, debug::debug_as_display};
use std::error::Error;

coded! {
    /// The store failed. The variant says whether the call may have had an effect, because that decides what may follow.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum StoreError {
        /// Certainly nothing was stored.
        #[error("the store failed")]
        Failed(#[source] Box<dyn Error + Send + Sync>) => "store_failed",
        /// The answer was lost: it may be stored or not.
        #[error("the store gave no answer, so the append may or may not have happened")]
        Unknown(#[source] Box<dyn Error + Send + Sync>) => "store_outcome_unknown",
    }
}

debug_as_display!(StoreError);

impl StoreError {
    /// Certainly nothing was stored.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }

    /// The answer was lost.
    pub fn unknown(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unknown(source.into())
    }
}
