//! Any store, with points before and after each append.

use super::{Line, Points, Spot};
use kiff::{
    store::{Append, Batch, EventStore, StoreError},
    testing::StoreLayer,
};
use std::sync::Arc;

/// A store whose process can end around each append.
#[derive(Clone, Debug)]
pub struct CrashStore<S> {
    inner: S,
    points: Arc<Points>,
}

impl<S: EventStore> CrashStore<S> {
    /// The store with these points.
    #[must_use]
    pub fn new(inner: S, points: Arc<Points>) -> Self {
        Self { inner, points }
    }
}

impl<S: EventStore> StoreLayer for CrashStore<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.inner
    }

    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        self.points.pass(Spot::AppendBefore);
        let answer = self.inner.append(batch).await;
        if matches!(answer, Err(StoreError::Unknown(_))) {
            Line::Lost.tell().map_err(StoreError::unknown)?;
        }
        self.points.pass(Spot::AppendAfter);
        answer
    }
}
