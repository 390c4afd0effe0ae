//! What every record says beside its body.

use crate::base::{
    actor::Actor,
    digest::Digest,
    ids::{EntityRef, TenantId, TraceId},
    timestamp::Timestamp,
};
use std::sync::Arc;

/// What every record says beside its body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Envelope {
    pub(crate) tenant: TenantId,
    pub(crate) entity: EntityRef,
    pub(crate) seq: u64,
    pub(crate) prev: Digest,
    pub(crate) recorded_at: Timestamp,
    pub(crate) trace: TraceId,
    pub(crate) actor: Arc<Actor>,
}
