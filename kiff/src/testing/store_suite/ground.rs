//! Where a check runs, and what it does to a store.

use super::{
    broken::{Broken, same},
    drafts::Stream,
};
use crate::{
    base::ids::TenantId,
    domain::action::BoxFuture,
    kernel::record::RecordBytes,
    store::{Append, Batch, EventStore},
};
use std::sync::Arc;

/// Where a check runs.
pub(super) struct Ground<'a, S> {
    pub(super) store: &'a Arc<S>,
    pub(super) spawn: &'a dyn Fn(BoxFuture<'static, ()>),
}

/// Where a check runs that spawns nobody.
pub(super) fn check_on<S>(store: &Arc<S>) -> Ground<'_, S> {
    Ground { store, spawn: &drop }
}

/// Appends what must succeed.
pub(super) async fn done<S: EventStore>(ground: &Ground<'_, S>, batch: &Batch) -> Result<(), Broken> {
    same("the answer to an append", &ground.store.append(batch).await?, &Append::Done)
}

pub(super) async fn whole_stream<S: EventStore>(
    ground: &Ground<'_, S>,
    stream: &Stream,
) -> Result<Vec<RecordBytes>, Broken> {
    Ok(ground.store.read(stream.tenant(), stream.name(), 0, usize::MAX).await?)
}

pub(super) fn bytes_of(batch: &Batch) -> Vec<RecordBytes> {
    batch.parts().iter().flat_map(|part| part.records()).map(|record| record.bytes().clone()).collect()
}

/// Gives every record its place, then reads the log.
pub(super) async fn read_whole_log<S: EventStore>(
    ground: &Ground<'_, S>,
    tenant: &TenantId,
) -> Result<Vec<RecordBytes>, Broken> {
    let length = ground.store.sequence(tenant).await?;
    let log = ground.store.read_log(tenant, 0, usize::MAX).await?;
    same("the log's length as `sequence` tells it", &length, &(log.len() as u64))?;
    Ok(log)
}
