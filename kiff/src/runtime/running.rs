//! Which executions run in this process now.

use super::{Inner, lock};
use crate::base::ids::ExecutionId;
use std::sync::Arc;

/// Marks an execution as running in this process, for as long as it lives.
pub(super) struct Running {
    inner: Arc<Inner>,
    execution: ExecutionId,
}

impl Running {
    pub(super) fn enter(inner: &Arc<Inner>, execution: ExecutionId) -> Self {
        *lock(&inner.running).entry(execution).or_default() += 1;
        Self { inner: Arc::clone(inner), execution }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = lock(&self.inner.running);
        match running.get_mut(&self.execution) {
            Some(calls) if *calls > 1 => *calls -= 1,
            _ => drop(running.remove(&self.execution)),
        }
    }
}
