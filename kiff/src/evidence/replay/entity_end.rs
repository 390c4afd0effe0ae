//! Where a log leaves an entity.

use crate::base::{
    code::{Code, words},
    ids::{ApprovalId, EntityRef, ExecutionId, StateName, TenantId},
};

/// The end of one entity's stream.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityEnd {
    /// The tenant of the log.
    pub tenant: TenantId,
    /// The entity.
    pub entity: EntityRef,
    /// The sequence number of the last record that was followed.
    pub seq: u64,
    /// The state of the entity; `None` if it has no state, or if the state is not known.
    pub state: Option<StateName>,
    /// The number of accepted events.
    pub state_version: u64,
    /// Approvals that can still be used.
    pub open_approvals: Vec<ApprovalId>,
    /// Executions without an outcome. One that is in doubt has the cause of the doubt.
    pub open_executions: Vec<(ExecutionId, Option<Code>)>,
    /// How far the stream could be followed.
    pub followed: Followed,
}

words! {
    /// How far a stream could be followed.
    #[non_exhaustive]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Followed {
        /// To its end.
        Whole = "whole",
        /// To its end, but from an erased record on only by sequence and chain. The state and what is open are those
        /// before that record.
        ChainAlone = "chain_alone",
        /// Up to its first fault.
        ToFault = "to_fault",
    }
}
