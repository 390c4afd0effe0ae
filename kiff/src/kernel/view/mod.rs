//! The view: what one entity's stream amounts to, and [`fold`], the only way in which it comes to be.
//!
//! A view is bounded however long its stream is: it holds what is open, not what has been. Two exceptions
//! have no most: the denials at the present state version, of which each took a person and the next event clears them,
//! and the tenant's keys, in the stream of keys alone.

mod fold;
pub(crate) mod snapshot;

pub use fold::FoldError;
pub(crate) use fold::{check_place, fold};

use crate::{
    base::{
        actor::Actor,
        code::Code,
        ids::{ActionName, ActorId, ApprovalId, EntityRef, ExecutionId, KeyId, Permission, StateName, TenantId},
        timestamp::Timestamp,
    },
    domain::{Domain, contract::Effect, machine::FactsBox, param::Params},
    kernel::{
        record::{Head, body::Ruling},
        request::Proposed,
    },
};
use std::{sync::Arc, time::Duration};

/// What one entity's stream amounts to.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) head: Head,
    pub(crate) state: Option<StateName>,
    /// The number of events accepted, so that no later code can change it.
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
    /// The keys of the tenant, in the stream of keys alone. Each took a person or a service.
    pub(crate) keys: Vec<KnownKey>,
    refusals: Vec<RefusalRun>,
    /// A proposal whose decision is the next record.
    proposal: Option<Arc<Proposed>>,
    /// Where its last snapshot was made. Says nothing of the stream.
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

/// An approval that can still be granted, denied or used.
#[derive(Clone, Debug)]
pub(crate) struct OpenApproval {
    pub(crate) id: ApprovalId,
    pub(crate) proposed: Arc<Proposed>,
    pub(crate) ruling: Arc<Ruling>,
    pub(crate) opened_at: Timestamp,
    /// Who must consent, by the contract.
    pub(crate) reviewers: Option<Permission>,
    /// Who must consent besides, after an escalation.
    pub(crate) escalated: Option<Permission>,
    pub(crate) grants: Vec<Arc<Actor>>,
    pub(crate) complete: bool,
}

impl OpenApproval {
    pub(crate) fn grant_count(&self) -> u32 {
        // A quorum is a u32, and no grant is recorded after it is complete.
        u32::try_from(self.grants.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn quorum(&self) -> u32 {
        self.ruling.hold.as_ref().map_or(1, |hold| hold.quorum)
    }

    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.ruling.hold.as_ref().map(|hold| hold.expires_at)
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at().is_some_and(|at| at <= now)
    }
}

/// A denial that bars the same proposal while the state version stands.
#[derive(Clone, Debug)]
pub(crate) struct Denial {
    pub(crate) approval: ApprovalId,
    pub(crate) proposed: Arc<Proposed>,
    pub(crate) by: ActorId,
    pub(crate) reason: Option<String>,
}

/// An execution that was cleared and whose outcome is not settled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenExecution {
    pub(crate) execution: ExecutionId,
    pub(crate) action: ActionName,
    pub(crate) requester: Arc<Actor>,
    pub(crate) attempt: u32,
    pub(crate) effect: Effect,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) since: Timestamp,
    /// Why nobody knows its outcome; absent while it may still be running.
    pub(crate) doubt: Option<Code>,
    /// What was cleared; absent after a late result, which says only what came of it.
    pub(crate) proposed: Option<Arc<Proposed>>,
}

/// A key that was published or revoked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KnownKey {
    pub(crate) key_id: KeyId,
    pub(crate) is_revoked: bool,
}

/// How often one actor was refused since the last event.
#[derive(Clone, Debug)]
struct RefusalRun {
    actor: ActorId,
    count: u64,
    since: Timestamp,
    suppressed: bool,
}

/// How the next refusal of an actor is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalRecord {
    /// On its own.
    Single,
    /// As the one record that stands for the rest; so many came before.
    Suppression(u64),
    /// Not at all.
    Nothing,
}

/// Streams of the tenant's own have no events to end a run of refusals; a day ends it there.
const RUN_WITHOUT_EVENTS: Duration = Duration::from_secs(24 * 60 * 60);

/// How many actors' runs one view keeps. Actors are authenticated by the host, so there are few.
const MOST_RUNS: usize = 256;

impl View {
    /// The view of a stream without records.
    pub(crate) fn empty(domain: &Domain, tenant: TenantId, entity: EntityRef) -> Self {
        let facts = domain.machine(entity.kind()).and_then(|machine| machine.blank.clone());
        Self { facts, ..Self::bare(tenant, entity) }
    }

    /// The same without facts, for a log that is read without a domain.
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
            refusals: Vec::new(),
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

    /// Where another view of the same stream differs, in words.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let facts = |view: &Self| view.facts.as_ref().map(FactsBox::to_json);
        let approvals = |view: &Self| {
            format!("{:?}", view.approvals.iter().map(|it| (it.id, it.grants.len(), it.complete)).collect::<Vec<_>>())
        };
        let executions = |view: &Self| {
            format!("{:?}", view.executions.iter().map(|it| (it.execution, it.attempt, &it.doubt)).collect::<Vec<_>>())
        };
        let denials = |view: &Self| format!("{:?}", view.denials.iter().map(|it| it.approval).collect::<Vec<_>>());
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
        match self.refusals.iter().find(|run| run.actor == *actor && !self.is_over(run, now)) {
            None if most == 0 => RefusalRecord::Suppression(0),
            None => RefusalRecord::Single,
            Some(run) if run.count < most => RefusalRecord::Single,
            Some(run) if !run.suppressed => RefusalRecord::Suppression(run.count),
            Some(_) => RefusalRecord::Nothing,
        }
    }

    fn is_over(&self, run: &RefusalRun, now: Timestamp) -> bool {
        self.state_version == 0 && run.since.plus(RUN_WITHOUT_EVENTS) <= now
    }

    /// Counts a refusal; `None` notes that from here on they are not recorded.
    fn count_refusal(&mut self, actor: &ActorId, at: Timestamp, suppressed: bool) {
        let over: Vec<bool> = self.refusals.iter().map(|run| self.is_over(run, at)).collect();
        let mut over = over.into_iter();
        self.refusals.retain(|_| !over.next().unwrap_or(false));
        match self.refusals.iter_mut().find(|run| run.actor == *actor) {
            Some(run) => {
                run.count += u64::from(!suppressed);
                run.suppressed |= suppressed;
            }
            None => {
                if self.refusals.len() >= MOST_RUNS {
                    self.refusals.remove(0);
                }
                self.refusals.push(RefusalRun {
                    actor: actor.clone(),
                    count: u64::from(!suppressed),
                    since: at,
                    suppressed,
                });
            }
        }
    }
}
