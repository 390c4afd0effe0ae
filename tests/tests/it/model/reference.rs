//! The reference: the rules of authority as they are written in `kiff/docs/architecture.md`, decided on plain lists. It shares
//! no code with kiff and is slow on purpose.

use super::plan::{Action, Approval, EVENTS, Effect, Outcome, Person, ROLES, Rules, STATES, STEPS, Who, Wish};
use std::collections::BTreeMap;

/// What is asked for: two are the same request if they are equal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) by: Person,
    pub(crate) action: usize,
    pub(crate) entity: usize,
    pub(crate) cents: Option<u64>,
}

#[derive(Debug, Default)]
struct Entity {
    state: Option<usize>,
    version: u64,
    last: u64,
    denied: Vec<Request>,
    /// Executions without a settled outcome.
    open: Vec<usize>,
}

#[derive(Debug)]
struct Held {
    request: Request,
    version: u64,
    expires: u64,
    grants: Vec<Person>,
    escalated: Option<&'static str>,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Used(usize),
    Denied,
    Revoked,
    Expired,
    Stale,
}

#[derive(Debug)]
struct Execution {
    request: Request,
    attempt: u32,
    effect: Effect,
    deadline: Option<u64>,
    since: u64,
    doubt: Option<&'static str>,
    /// What came of it, once it is settled.
    told: Option<&'static str>,
}

/// What an idempotency key stands for.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Blocked(&'static str),
    Held(usize),
    Ran(usize),
}

/// What is decided of a proposal.
pub(crate) enum Ruled {
    /// Cleared: this execution.
    Run(usize),
    Said(String),
}

enum Consent {
    Given(Option<usize>),
    Waiting(usize),
    Needed,
    Refused(&'static str),
}

/// How long an attempt may take whose action has no timeout of its own.
const LEASE: u64 = 600;

pub(crate) struct Reference {
    rules: Rules,
    pub(crate) now: u64,
    entities: Vec<Entity>,
    approvals: Vec<Held>,
    executions: Vec<Execution>,
    keys: BTreeMap<(&'static str, u8), (Request, Kept)>,
    events: Vec<(&'static str, u8, usize, usize, bool)>,
    /// How often an executor must have been started.
    pub(crate) effects: usize,
}

impl Reference {
    pub(crate) fn new(rules: Rules, entities: usize) -> Self {
        Self {
            rules,
            now: 0,
            entities: (0..entities).map(|_| Entity::default()).collect(),
            approvals: Vec::new(),
            executions: Vec::new(),
            keys: BTreeMap::new(),
            events: Vec::new(),
            effects: 0,
        }
    }

    /// State, version, open approvals and open executions of an entity; nothing before its first event.
    pub(crate) fn state(&self, entity: usize) -> Option<String> {
        let it = &self.entities[entity];
        let open = (0..self.approvals.len()).filter(|at| self.is_open(*at, entity)).collect::<Vec<_>>();
        it.state.map(|state| format!("{} {} {open:?} {:?}", STATES[state], it.version, it.open))
    }

    /// The approvals that wait for their reviewers or their use.
    pub(crate) fn pending(&self) -> Vec<usize> {
        let waits = |at: &usize| self.approvals[*at].end.is_none() && !self.has_expired(*at);
        (0..self.approvals.len()).filter(waits).collect()
    }

    pub(crate) fn in_doubt(&self) -> Vec<String> {
        let open = self.entities.iter().flat_map(|entity| entity.open.iter().copied());
        let mut told: Vec<_> = open.map(|at| self.again(at).replace('*', "")).collect();
        told.sort();
        told
    }

    // Rule 10: an event is checked against the machine, comes from a source that may report it, and counts once.
    pub(crate) fn ingest(
        &mut self,
        entity: usize,
        known: bool,
        event: usize,
        id: u8,
        other: bool,
        by: Person,
    ) -> String {
        if let Some(earlier) = self.events.iter().find(|it| it.0 == by.id && it.1 == id) {
            let is_same = (earlier.2, earlier.3, earlier.4) == (entity, event, other);
            return if is_same { "known" } else { "refused:event_id_reused" }.to_owned();
        }
        if !known {
            return "refused:entity_type_unknown".to_owned();
        }
        let is_for_another = self.rules.one_source && EVENTS[event] == "GO" && by.id != "stripe";
        if by.who == Who::Agent || is_for_another {
            return "refused:source_not_allowed".to_owned();
        }
        let Some(to) = step(self.entities[entity].state, EVENTS[event]) else {
            return "refused:no_transition".to_owned();
        };
        self.events.push((by.id, id, entity, event, other));
        self.touch(entity);
        self.moves(entity, to);
        self.supersede(entity);
        format!("accepted:{}", STATES[to])
    }

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
    fn checks(&self, request: &Request) -> Option<&'static str> {
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

    fn consent(&self, request: &Request, named: Option<usize>) -> Consent {
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

    fn needs_consent(&self, request: &Request) -> Option<&'static str> {
        match self.action(request)?.approval {
            Approval::Never => None,
            Approval::Required => Some("approval_required"),
            Approval::When => request.cents.is_some_and(|cents| cents > 100).then_some("above_a_hundred"),
        }
    }

    fn usable(&self, at: usize) -> Consent {
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

    fn hold(&mut self, request: &Request, key: Option<u8>) -> String {
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
    fn clear(&mut self, request: &Request, used: Option<usize>, key: Option<u8>) -> usize {
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

    pub(crate) fn attempt(&self, at: usize) -> u32 {
        self.executions[at].attempt
    }

    /// Which execution has how many seconds for its answer.
    pub(crate) fn timeout(&self, at: usize) -> Option<u64> {
        self.of(&self.executions[at].request).timeout
    }

    // Rules 7 and 8: three results, and a late one is never lost.
    pub(crate) fn end(&mut self, at: usize, attempt: u32, outcome: Outcome) -> String {
        let (entity, present) = (self.executions[at].request.entity, self.executions[at].attempt);
        let cause = match outcome {
            Outcome::Error => Some("error"),
            Outcome::Panic => Some("panicked"),
            Outcome::Late if self.timeout(at).is_some() => Some("timed_out"),
            Outcome::Late => Some("error"),
            _ => None,
        };
        let is_open = self.entities[entity].open.contains(&at);
        if !is_open || present != attempt {
            if cause.is_some() {
                return self.again(at);
            }
            self.touch(entity);
            let since = self.time(entity);
            self.entities[entity].open.retain(|open| *open != at);
            self.entities[entity].open.push(at);
            let it = &mut self.executions[at];
            if !is_open || present <= attempt {
                (it.attempt, it.deadline) = (attempt, None);
            }
            (it.effect, it.since, it.doubt, it.told) = (Effect::Once, since, Some("outcome_conflict"), None);
            return format!("in_doubt:outcome_conflict:{attempt}:#{at}");
        }
        self.touch(entity);
        let effect = self.executions[at].effect;
        let cause = cause.or((outcome == Outcome::NotApplied && attempt > 1).then_some("earlier_attempt"));
        match (outcome.events(), cause) {
            (Some(events), _) => self.settle(at, "executed", events),
            (None, Some(cause)) if effect != Effect::None => {
                let it = &mut self.executions[at];
                (it.doubt, it.deadline) = (Some(cause), None);
                format!("in_doubt:{cause}:{attempt}:#{at}")
            }
            _ => self.settle(at, "failed", &[]),
        }
    }

    fn settle(&mut self, at: usize, told: &'static str, events: &[&str]) -> String {
        let entity = self.executions[at].request.entity;
        self.executions[at].told = Some(told);
        self.entities[entity].open.retain(|open| *open != at);
        let ends = !self.of(&self.executions[at].request).allowed.contains(&2);
        let mut moved = false;
        for event in events.iter().filter(|event| **event == "NOTE" || (**event == "END" && ends)) {
            if let Some(to) = step(self.entities[entity].state, event) {
                self.moves(entity, to);
                moved = true;
            }
        }
        if moved {
            self.supersede(entity);
        }
        format!("{told}:#{at}")
    }

    // Rule 5: somebody else, with the permission for it, and each a different person.
    pub(crate) fn review(&mut self, at: usize, by: Person, wish: Wish) -> String {
        let entity = self.approvals[at].request.entity;
        let refusal = self.may_review(at, &by, wish);
        self.touch(entity);
        if let Some(refusal) = refusal {
            if refusal == "approval_expired" && self.approvals[at].end.is_none() {
                self.approvals[at].end = Some(End::Expired);
            }
            return format!("refused:{refusal}");
        }
        let quorum = self.quorum(at);
        let held = &mut self.approvals[at];
        let state = match wish {
            Wish::Grant => {
                held.grants.push(by);
                if held.grants.len() >= quorum { "granted" } else { "pending" }
            }
            Wish::Deny => {
                held.end = Some(End::Denied);
                self.entities[entity].denied.push(held.request.clone());
                "denied"
            }
            Wish::Revoke => {
                held.end = Some(End::Revoked);
                "revoked"
            }
            Wish::Escalate(to) => {
                held.escalated = Some(to);
                "escalated"
            }
        };
        format!("{state}:{}/{quorum}", held.grants.len())
    }

    fn may_review(&self, at: usize, by: &Person, wish: Wish) -> Option<&'static str> {
        let held = &self.approvals[at];
        let action = self.of(&held.request);
        let is_grant = matches!(wish, Wish::Grant);
        let lacks_more = held.escalated.is_some_and(|more| held.end.is_none() && is_grant && !holds(by, more));
        if !holds(by, super::plan::REVIEW) || lacks_more {
            return Some("permission_denied");
        }
        if let Some(end) = held.end {
            return Some(reason_of(end));
        }
        let is_complete = held.grants.len() >= self.quorum(at);
        match wish {
            _ if by.who != Who::Human && !(action.agents_review && by.who == Who::Agent) => Some("reviewer_kind"),
            _ if !action.self_review && is_same_person(by, &held.request.by) => Some("self_review"),
            _ if self.has_expired(at) => Some("approval_expired"),
            Wish::Escalate(to) if is_complete || to == super::plan::NOBODY => Some("not_escalatable"),
            Wish::Grant if held.version != self.entities[held.request.entity].version => Some("approval_stale"),
            Wish::Grant if held.grants.iter().any(|earlier| is_same_person(by, earlier)) => Some("already_granted"),
            _ => None,
        }
    }

    // Rule 7: who settles what is in doubt, and when nobody may say that it did nothing.
    fn may_settle(&mut self, at: usize, by: &Person) -> Option<&'static str> {
        let request = &self.executions[at].request;
        let is_open = self.entities[request.entity].open.contains(&at);
        let refusal = match by {
            _ if !holds(by, "kiff.resolve") => Some("permission_denied"),
            _ if !is_open => Some("execution_not_open"),
            _ if by.who == Who::Agent => Some("reviewer_kind"),
            _ if is_same_person(by, &request.by) => Some("self_review"),
            _ => None,
        };
        self.touch(self.executions[at].request.entity);
        refusal
    }

    fn may_land(&self, at: usize) -> bool {
        let it = &self.executions[at];
        it.deadline.is_some_and(|deadline| self.time(it.request.entity) < deadline)
    }

    pub(crate) fn resolve(&mut self, at: usize, by: &Person, outcome: Outcome) -> String {
        match self.may_settle(at, by) {
            Some(refusal) => format!("refused:{refusal}"),
            None => match outcome.events() {
                Some(events) => self.settle(at, "executed", events),
                None if self.may_land(at) => "refused:execution_still_running".to_owned(),
                None => self.settle(at, "failed", &[]),
            },
        }
    }

    /// A retry is another attempt under the same id; the answer is what comes of it.
    pub(crate) fn retry(&mut self, at: usize, by: &Person, outcome: Outcome) -> String {
        let refusal = self.may_settle(at, by);
        let now = self.time(self.executions[at].request.entity);
        let action = self.of(&self.executions[at].request);
        let (timeout, end) = (action.timeout, self.executions[at].since + action.window);
        let refusal = refusal.or_else(|| match &self.executions[at] {
            it if it.effect != Effect::Idempotent => Some("execution_not_retryable"),
            _ if self.may_land(at) => Some("execution_still_running"),
            _ if end <= now => Some("execution_not_retryable"),
            _ => None,
        });
        if let Some(refusal) = refusal {
            return format!("refused:{refusal}");
        }
        let it = &mut self.executions[at];
        it.attempt += 1;
        it.deadline = Some(now + timeout.map_or(LEASE, |timeout| timeout.min(end - now)));
        it.doubt = None;
        self.effects += 1;
        self.end(at, self.executions[at].attempt, outcome)
    }

    /// What the log says of an execution.
    fn again(&self, at: usize) -> String {
        let it = &self.executions[at];
        match it.told {
            Some(told) => format!("{told}:#{at}*"),
            None => format!("in_doubt:{}:{}:#{at}*", it.doubt.unwrap_or("unfinished"), it.attempt),
        }
    }

    fn answer_again(&self, kept: Kept) -> String {
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

    fn held(&self, at: usize, is_repeat: bool) -> String {
        let held = &self.approvals[at];
        let reason = self.needs_consent(&held.request).unwrap_or("?");
        let star = if is_repeat { "*" } else { "" };
        format!("held:{reason}:{}/{}:#{at}{star}", held.grants.len(), self.quorum(at))
    }

    fn action(&self, request: &Request) -> Option<&Action> {
        let machine = super::plan::ENTITIES[request.entity].1;
        self.rules.actions.get(request.action).filter(|action| action.machine == machine)
    }

    /// The action of a request that was admitted.
    fn of(&self, request: &Request) -> &Action {
        &self.rules.actions[request.action]
    }

    fn quorum(&self, at: usize) -> usize {
        self.of(&self.approvals[at].request).quorum as usize
    }

    fn is_open(&self, at: usize, entity: usize) -> bool {
        self.approvals[at].end.is_none() && self.approvals[at].request.entity == entity
    }

    fn has_expired(&self, at: usize) -> bool {
        self.approvals[at].expires <= self.time(self.approvals[at].request.entity)
    }

    /// Time never goes back within a stream.
    fn time(&self, entity: usize) -> u64 {
        self.now.max(self.entities[entity].last)
    }

    fn touch(&mut self, entity: usize) {
        self.entities[entity].last = self.time(entity);
    }

    fn moves(&mut self, entity: usize, to: usize) {
        let it = &mut self.entities[entity];
        (it.state, it.version) = (Some(to), it.version + 1);
        it.denied.clear();
    }

    /// An event ends what was open: the reviewers saw another state.
    fn supersede(&mut self, entity: usize) {
        let open = self.approvals.iter_mut().filter(|held| held.request.entity == entity && held.end.is_none());
        open.for_each(|held| held.end = Some(End::Stale));
    }
}

fn step(from: Option<usize>, event: &str) -> Option<usize> {
    STEPS.iter().find(|(on, state, _)| *on == event && *state == from).map(|(_, _, to)| *to)
}

fn holds(person: &Person, permission: &str) -> bool {
    let given = |role: &str| ROLES.iter().find(|(name, _)| *name == role).map_or(&[][..], |(_, given)| given);
    person.roles.iter().any(|role| given(role).contains(&permission))
}

/// One of them is the other, or acts for the other, or both act for a third.
fn is_same_person(one: &Person, other: &Person) -> bool {
    let names = |person: &Person| [Some(person.id), person.principal].map(|name| name.map(str::to_lowercase));
    names(one).iter().flatten().any(|name| names(other).iter().flatten().any(|other| name == other))
}

fn reason_of(end: End) -> &'static str {
    match end {
        End::Used(_) => "approval_consumed",
        End::Denied => "approval_denied",
        End::Revoked => "approval_revoked",
        End::Expired => "approval_expired",
        End::Stale => "approval_stale",
    }
}
