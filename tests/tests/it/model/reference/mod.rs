//! The reference: the rules of authority as they are written in `kiff/docs/architecture.md`, decided on plain lists. It shares
//! no code with kiff and is slow on purpose.

mod propose;
mod review;
mod settle;

use super::plan::{Action, EVENTS, Effect, Person, ROLES, Rules, STATES, STEPS, Who};
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
