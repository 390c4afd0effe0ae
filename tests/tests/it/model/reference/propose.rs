//! What is decided of a proposal, and when an approval lets it run.

use super::{Consent, End, Execution, Held, Kept, LEASE, Reference, Request, Ruled, holds, reason_of};
use crate::model::plan::Approval;

impl Reference {
    // Rules 2, 3 and 4: the checks in their order, then whether a person must consent, and has.
    pub(crate) fn rule(&mut self, request: &Request, key: Option<u8>, approval: Option<usize>) -> Ruled {
        let blocked = |reason: &str| Ruled::Said(format!("blocked:{reason}"));
        let entity = request.entity;
        let Some(action) = self.action(request) else { return blocked("action_unknown") };
        if !holds(&request.by, action.permission) {
            return blocked("permission_denied");
        }
        let known = key.and_then(|key| self.keys.get(&(request.by.id, key)).cloned());
        let mut refusal = None;
        if let Some((earlier, kept)) = &known {
            if earlier != request {
                refusal = Some("idempotency_key_reused");
            } else if approval.is_none_or(|at| !self.is_open(at, entity)) {
                return Ruled::Said(self.answer_again(*kept));
            }
        }
        let refusal = match refusal.or_else(|| self.checks(request)) {
            Some(refusal) => refusal,
            None => match self.consent(request, approval) {
                Consent::Given(used) => return Ruled::Run(self.clear(request, used, key)),
                Consent::Waiting(at) => return Ruled::Said(self.held(at, true)),
                Consent::Needed => return Ruled::Said(self.hold(request, key)),
                Consent::Refused(refusal) => refusal,
            },
        };
        if self.entities[entity].state.is_some() {
            self.touch(entity);
        }
        if let Some(at) = approval.filter(|at| refusal == "approval_expired" && self.is_open(*at, entity)) {
            self.approvals[at].end = Some(End::Expired);
        }
        let passes = ["execution_open", "execution_in_doubt", "too_many_open_approvals"].contains(&refusal);
        if let Some(key) = key.filter(|_| known.is_none() && !passes) {
            self.keys.insert((request.by.id, key), (request.clone(), Kept::Blocked(refusal)));
        }
        blocked(refusal)
    }

    // Rule 4: what runs is the stored proposal, and every check is made again.
    pub(crate) fn resume(&mut self, at: usize) -> Ruled {
        let request = self.approvals[at].request.clone();
        if let Some(end) = self.approvals[at].end {
            return Ruled::Said(match end {
                End::Used(execution) => self.again(execution),
                end => format!("blocked:{}*", reason_of(end)),
            });
        }
        let refusal = match self.checks(&request) {
            Some(refusal) => refusal,
            None => match self.usable(at) {
                Consent::Refused(refusal) => refusal,
                Consent::Given(_) => return Ruled::Run(self.clear(&request, Some(at), None)),
                _ => return Ruled::Said(self.held(at, true)),
            },
        };
        self.touch(request.entity);
        if refusal == "approval_expired" {
            self.approvals[at].end = Some(End::Expired);
        }
        Ruled::Said(format!("blocked:{refusal}"))
    }

    /// The first check that fails.
    pub(super) fn checks(&self, request: &Request) -> Option<&'static str> {
        let (entity, action) = (&self.entities[request.entity], self.action(request)?);
        let Some(state) = entity.state else { return Some("entity_unknown") };
        if !action.allowed.contains(&state) {
            return Some("state_not_allowed");
        }
        let Some(cents) = request.cents else { return Some("parameters_invalid") };
        if action.is_checked && cents == 13 {
            return Some("not_unlucky");
        }
        let in_doubt = |at: &usize| self.executions[*at].doubt.is_some();
        entity.open.first().map(|at| if in_doubt(at) { "execution_in_doubt" } else { "execution_open" })
    }

    pub(super) fn consent(&self, request: &Request, named: Option<usize>) -> Consent {
        if let Some(at) = named {
            return match (&self.approvals[at], self.approvals[at].end) {
                (held, _) if held.request != *request => Consent::Refused("approval_mismatch"),
                (_, Some(end)) => Consent::Refused(reason_of(end)),
                (_, None) => self.usable(at),
            };
        }
        // Rule 5: denied is final, while the entity does not move.
        if self.entities[request.entity].denied.contains(request) {
            return Consent::Refused("approval_denied");
        }
        if self.needs_consent(request).is_none() {
            return Consent::Given(None);
        }
        let open =
            || (0..self.approvals.len()).filter(|at| self.is_open(*at, request.entity) && !self.has_expired(*at));
        if let Some(at) = open().find(|at| self.approvals[*at].request == *request) {
            return Consent::Waiting(at);
        }
        if open().filter(|at| self.approvals[*at].request.by.id == request.by.id).count() >= self.rules.most_open {
            return Consent::Refused("too_many_open_approvals");
        }
        Consent::Needed
    }

    pub(super) fn needs_consent(&self, request: &Request) -> Option<&'static str> {
        match self.action(request)?.approval {
            Approval::Never => None,
            Approval::Required => Some("approval_required"),
            Approval::When => request.cents.is_some_and(|cents| cents > 100).then_some("above_a_hundred"),
        }
    }

    pub(super) fn usable(&self, at: usize) -> Consent {
        let held = &self.approvals[at];
        if self.has_expired(at) {
            Consent::Refused("approval_expired")
        } else if held.version != self.entities[held.request.entity].version {
            Consent::Refused("approval_stale")
        } else if held.grants.len() >= self.quorum(at) {
            Consent::Given(Some(at))
        } else {
            Consent::Waiting(at)
        }
    }

    pub(super) fn hold(&mut self, request: &Request, key: Option<u8>) -> String {
        self.touch(request.entity);
        for at in 0..self.approvals.len() {
            if self.is_open(at, request.entity) && self.has_expired(at) {
                self.approvals[at].end = Some(End::Expired);
            }
        }
        let expires = self.time(request.entity) + self.of(request).expires;
        let version = self.entities[request.entity].version;
        let (request, at) = (request.clone(), self.approvals.len());
        if let Some(key) = key {
            self.keys.insert((request.by.id, key), (request.clone(), Kept::Held(at)));
        }
        self.approvals.push(Held { request, version, expires, grants: Vec::new(), escalated: None, end: None });
        self.held(at, false)
    }

    // Rule 6: the clearance is stored, and uses the approval, before anything runs.
    pub(super) fn clear(&mut self, request: &Request, used: Option<usize>, key: Option<u8>) -> usize {
        self.touch(request.entity);
        let (since, at) = (self.time(request.entity), self.executions.len());
        let action = self.of(request);
        let (effect, deadline) = (action.effect, Some(since + action.timeout.unwrap_or(LEASE)));
        match (used, key) {
            (Some(held), _) => self.approvals[held].end = Some(End::Used(at)),
            (None, Some(key)) => drop(self.keys.insert((request.by.id, key), (request.clone(), Kept::Ran(at)))),
            (None, None) => {}
        }
        let request = request.clone();
        self.entities[request.entity].open.push(at);
        self.executions.push(Execution { request, attempt: 1, effect, deadline, since, doubt: None, told: None });
        at
    }

    /// What the log says of an execution.
    pub(super) fn again(&self, at: usize) -> String {
        let it = &self.executions[at];
        match it.told {
            Some(told) => format!("{told}:#{at}*"),
            None => format!("in_doubt:{}:{}:#{at}*", it.doubt.unwrap_or("unfinished"), it.attempt),
        }
    }

    pub(super) fn answer_again(&self, kept: Kept) -> String {
        match kept {
            Kept::Blocked(reason) => format!("blocked:{reason}*"),
            Kept::Ran(at) => self.again(at),
            Kept::Held(at) => match self.approvals[at].end {
                None => self.held(at, true),
                Some(End::Used(execution)) => self.again(execution),
                Some(end) => format!("blocked:{}*", reason_of(end)),
            },
        }
    }

    pub(super) fn held(&self, at: usize, is_repeat: bool) -> String {
        let held = &self.approvals[at];
        let reason = self.needs_consent(&held.request).unwrap_or("?");
        let star = if is_repeat { "*" } else { "" };
        format!("held:{reason}:{}/{}:#{at}{star}", held.grants.len(), self.quorum(at))
    }
}
