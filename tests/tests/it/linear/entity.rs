//! One entity as callers see it, step by step: its version, one open execution, its approvals.

use super::checker::Sequential;
use kiff::{ApprovalId, ExecutionId};
use std::collections::{BTreeMap, BTreeSet};

/// What a caller saw, as far as the entity has to do with it.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// An event was accepted.
    Moved,
    /// An execution was cleared: with a key, with an approval, or without both.
    Cleared {
        cents: u64,
        has_key: bool,
        used: Option<ApprovalId>,
        execution: ExecutionId,
    },
    Ended {
        execution: ExecutionId,
        moves: bool,
    },
    /// The answer that was recorded for the key, or for a used approval.
    Recorded {
        of: Option<ApprovalId>,
        execution: ExecutionId,
        has_ended: bool,
    },
    Held {
        cents: u64,
        approval: ApprovalId,
        is_repeat: bool,
        grants: u32,
    },
    /// Resumed, and waits still.
    Waits {
        approval: ApprovalId,
        grants: u32,
    },
    Blocked {
        cents: u64,
        reason: String,
    },
    NotResumed {
        approval: ApprovalId,
        reason: String,
    },
    Granted {
        approval: ApprovalId,
        by: usize,
        grants: u32,
    },
    Closed {
        approval: ApprovalId,
        end: End,
    },
    NotReviewed {
        approval: ApprovalId,
        by: usize,
        is_grant: bool,
        reason: String,
    },
    Looked {
        version: u64,
        approvals: BTreeSet<ApprovalId>,
        executions: Vec<ExecutionId>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    Used(ExecutionId),
    Denied,
    Revoked,
    Stale,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Approval {
    cents: u64,
    grants: Vec<usize>,
    end: Option<End>,
}

/// How many must consent to what is above [`FREE`].
pub(crate) const QUORUM: usize = 2;
/// What needs no consent.
pub(crate) const FREE: u64 = 100;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Entity {
    version: u64,
    open: Option<ExecutionId>,
    ended: BTreeSet<ExecutionId>,
    keyed: Option<ExecutionId>,
    approvals: BTreeMap<ApprovalId, Approval>,
    denied: BTreeSet<u64>,
}

impl Entity {
    pub(crate) fn new(version: u64) -> Self {
        Self { version, ..Self::default() }
    }

    fn moved(mut self) -> Self {
        self.version += 1;
        self.denied.clear();
        self.approvals.values_mut().filter(|it| it.end.is_none()).for_each(|it| it.end = Some(End::Stale));
        self
    }

    /// The same with this approval at its end.
    fn closed(&self, approval: ApprovalId, end: End) -> Option<Self> {
        let mut next = self.clone();
        let it = next.approvals.get_mut(&approval).filter(|it| it.end.is_none())?;
        it.end = Some(end);
        if end == End::Denied {
            next.denied.insert(it.cents);
        }
        Some(next)
    }

    fn waiting(&self, cents: u64) -> Option<ApprovalId> {
        self.approvals.iter().find(|(_, it)| it.cents == cents && it.end.is_none()).map(|(id, _)| *id)
    }

    fn cleared(&self, cents: u64, has_key: bool, used: Option<ApprovalId>, execution: ExecutionId) -> Option<Self> {
        if self.open.is_some() || (has_key && self.keyed.is_some()) {
            return None;
        }
        let mut next = match used {
            Some(id) if self.approvals.get(&id)?.grants.len() >= QUORUM => self.closed(id, End::Used(execution))?,
            Some(_) => return None,
            None if cents > FREE => return None,
            None => self.clone(),
        };
        next.open = Some(execution);
        if has_key {
            next.keyed = Some(execution);
        }
        Some(next)
    }

    fn is_held(&self, cents: u64, id: ApprovalId, is_repeat: bool, grants: u32) -> Option<Self> {
        let waiting = self.waiting(cents);
        if self.open.is_some() || cents <= FREE || self.denied.contains(&cents) || waiting.is_some() != is_repeat {
            return None;
        }
        if is_repeat {
            let is_it = waiting == Some(id) && self.approvals[&id].grants.len() == grants as usize;
            return is_it.then(|| self.clone());
        }
        let mut next = self.clone();
        let is_new = next.approvals.insert(id, Approval { cents, grants: Vec::new(), end: None }).is_none();
        is_new.then_some(next)
    }

    /// What a proposal is told that is neither cleared nor held.
    fn is_blocked(&self, cents: u64, reason: &str) -> bool {
        match reason {
            "execution_open" => self.open.is_some(),
            "approval_denied" => self.open.is_none() && self.denied.contains(&cents),
            _ => false,
        }
    }

    fn is_not_resumed(&self, id: ApprovalId, reason: &str) -> Option<bool> {
        let it = self.approvals.get(&id)?;
        Some(match it.end {
            Some(end) => reason == reason_of(end) && !matches!(end, End::Used(_)),
            None => reason == "execution_open" && self.open.is_some(),
        })
    }

    fn granted(&self, id: ApprovalId, by: usize, grants: u32) -> Option<Self> {
        let mut next = self.clone();
        let it = next.approvals.get_mut(&id).filter(|it| it.end.is_none() && !it.grants.contains(&by))?;
        it.grants.push(by);
        (it.grants.len() == grants as usize).then_some(next)
    }

    fn is_not_reviewed(&self, id: ApprovalId, by: usize, is_grant: bool, reason: &str) -> Option<bool> {
        let it = self.approvals.get(&id)?;
        Some(match it.end {
            Some(end) => reason == reason_of(end),
            None => is_grant && reason == "already_granted" && it.grants.contains(&by),
        })
    }
}

impl Sequential for Entity {
    type Seen = Seen;

    fn after(&self, seen: &Seen) -> Option<Self> {
        let unchanged = |holds: bool| holds.then(|| self.clone());
        match seen {
            Seen::Moved => Some(self.clone().moved()),
            Seen::Cleared { cents, has_key, used, execution } => self.cleared(*cents, *has_key, *used, *execution),
            Seen::Ended { execution, moves } => {
                let mut next = self.clone();
                next.open.take_if(|open| open == execution)?;
                next.ended.insert(*execution);
                Some(if *moves { next.moved() } else { next })
            }
            Seen::Recorded { of, execution, has_ended } => {
                let known = match of {
                    Some(id) => self.approvals.get(id)?.end == Some(End::Used(*execution)),
                    None => self.keyed == Some(*execution),
                };
                unchanged(known && self.ended.contains(execution) == *has_ended)
            }
            Seen::Held { cents, approval, is_repeat, grants } => self.is_held(*cents, *approval, *is_repeat, *grants),
            Seen::Waits { approval, grants } => {
                let it = self.approvals.get(approval)?;
                let waits = it.end.is_none() && it.grants.len() == *grants as usize && it.grants.len() < QUORUM;
                unchanged(waits && self.open.is_none())
            }
            Seen::Blocked { cents, reason } => unchanged(self.is_blocked(*cents, reason)),
            Seen::NotResumed { approval, reason } => unchanged(self.is_not_resumed(*approval, reason)?),
            Seen::Granted { approval, by, grants } => self.granted(*approval, *by, *grants),
            Seen::Closed { approval, end } => self.closed(*approval, *end),
            Seen::NotReviewed { approval, by, is_grant, reason } => {
                unchanged(self.is_not_reviewed(*approval, *by, *is_grant, reason)?)
            }
            Seen::Looked { version, approvals, executions } => {
                let open = self.approvals.iter().filter(|(_, it)| it.end.is_none()).map(|(id, _)| *id);
                let is_so = self.version == *version && executions.iter().eq(&self.open);
                unchanged(is_so && open.eq(approvals.iter().copied()))
            }
        }
    }
}

fn reason_of(end: End) -> &'static str {
    match end {
        End::Used(_) => "approval_consumed",
        End::Denied => "approval_denied",
        End::Revoked => "approval_revoked",
        End::Stale => "approval_stale",
    }
}
