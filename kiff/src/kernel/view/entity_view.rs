//! The state of one entity's stream.

use super::{
    open::{Denial, KnownKey, OpenApproval, OpenExecution},
    refusals::{RefusalRecord, RefusalRuns, Refused, RunsEnd},
};
use crate::{
    base::{
        ids::{ActionName, ActorId, ApprovalId, EntityRef, ExecutionId, StateName, TenantId},
        timestamp::Timestamp,
    },
    domain::{Domain, machine::FactsBox, param::Params},
    kernel::{record::Head, request::StoredProposal},
};
use std::sync::Arc;

/// The state of one entity's stream, folded from its records.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) head: Head,
    pub(crate) state: Option<StateName>,
    /// The number of accepted events. Counted, and not taken from the domain's code, so that no later code changes it.
    pub(crate) state_version: u64,
    pub(crate) facts: Option<FactsBox>,
    /// The domain's own code failed to fold an event; the facts cannot be relied on.
    pub(crate) facts_failed: bool,
    /// An executor's event was rejected, and no event has been accepted since.
    pub(crate) flagged: bool,
    /// Open approvals, in the order in which they were opened.
    pub(crate) approvals: Vec<OpenApproval>,
    /// Denials at this state version.
    pub(crate) denials: Vec<Denial>,
    /// Executions without a settled outcome. More than one only after a late result.
    pub(crate) executions: Vec<OpenExecution>,
    /// The tenant's keys, in the stream of keys alone. A person or a service recorded each.
    pub(crate) keys: Vec<KnownKey>,
    pub(super) refusals: RefusalRuns,
    /// A proposal whose decision is the next record.
    pub(super) proposal: Option<Arc<StoredProposal>>,
    /// Where the last snapshot was made. It is no part of the stream's state.
    pub(crate) snapshot: SnapshotMark,
}

/// The last snapshot of a view, as far as is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SnapshotMark {
    /// The sequence of the view; 0 if there was none.
    pub(crate) seq: u64,
    /// The revision of the cell.
    pub(crate) revision: u64,
}

impl View {
    /// The view of a stream without records.
    pub(crate) fn empty(domain: &Domain, tenant: TenantId, entity: EntityRef) -> Self {
        let facts = domain.machine(entity.kind()).and_then(|machine| machine.blank.clone());
        Self { facts, ..Self::bare(tenant, entity) }
    }

    /// The view of a stream without records and without facts, for a log that is read without a domain.
    pub(crate) fn bare(tenant: TenantId, entity: EntityRef) -> Self {
        Self {
            head: Head::empty(tenant, entity),
            state: None,
            state_version: 0,
            facts: None,
            facts_failed: false,
            flagged: false,
            approvals: Vec::new(),
            denials: Vec::new(),
            executions: Vec::new(),
            keys: Vec::new(),
            refusals: RefusalRuns::default(),
            proposal: None,
            snapshot: SnapshotMark::default(),
        }
    }

    pub(crate) fn approval(&self, id: ApprovalId) -> Option<&OpenApproval> {
        self.approvals.iter().find(|approval| approval.id == id)
    }

    pub(crate) fn execution(&self, id: ExecutionId) -> Option<&OpenExecution> {
        self.executions.iter().find(|open| open.execution == id)
    }

    /// Denied approvals of this action since the entity's last event, with their parameters.
    pub(crate) fn earlier_denials(&self, action: &ActionName) -> Vec<(ApprovalId, Params)> {
        let of_action = self.denials.iter().filter(|denial| denial.proposed.action == *action);
        of_action.map(|denial| (denial.approval, denial.proposed.params.clone())).collect()
    }

    /// Describes where another view of the same stream differs.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let facts = |view: &Self| view.facts.as_ref().map(FactsBox::to_json);
        let approvals = |view: &Self| {
            format!(
                "{:?}",
                view.approvals.iter().map(|open| (open.id, open.grants.len(), open.complete)).collect::<Vec<_>>()
            )
        };
        let executions = |view: &Self| {
            format!(
                "{:?}",
                view.executions.iter().map(|open| (open.execution, open.attempt, &open.doubt)).collect::<Vec<_>>()
            )
        };
        let denials =
            |view: &Self| format!("{:?}", view.denials.iter().map(|denial| denial.approval).collect::<Vec<_>>());
        let mut found = Vec::new();
        let mut compare = |what: &str, held: String, replayed: String| {
            if held != replayed {
                found.push(format!("{what} is {held}, and the log says {replayed}"));
            }
        };
        compare("the last record", self.head.leaf.to_string(), other.head.leaf.to_string());
        compare("the state", format!("{:?}", self.state), format!("{:?}", other.state));
        compare("the state version", self.state_version.to_string(), other.state_version.to_string());
        compare("the facts", format!("{:?}", facts(self)), format!("{:?}", facts(other)));
        compare("the flag", self.flagged.to_string(), other.flagged.to_string());
        compare("the set of open approvals", approvals(self), approvals(other));
        compare("the set of open executions", executions(self), executions(other));
        compare("the set of denials", denials(self), denials(other));
        compare("the set of keys", format!("{:?}", self.keys), format!("{:?}", other.keys));
        compare("the count of refusals", format!("{:?}", self.refusals), format!("{:?}", other.refusals));
        found
    }

    /// How the next refusal of `actor` is recorded, with `most` recorded one by one.
    pub(crate) fn next_refusal(&self, actor: &ActorId, most: u64, now: Timestamp) -> RefusalRecord {
        self.refusals.next(actor, most, now, self.runs_end())
    }

    pub(super) fn count_refusal(&mut self, actor: &ActorId, at: Timestamp, refused: Refused) {
        let end = self.runs_end();
        self.refusals.count(actor, at, refused, end);
    }

    fn runs_end(&self) -> RunsEnd {
        if self.state_version == 0 { RunsEnd::AfterADay } else { RunsEnd::WithTheNextEvent }
    }
}
