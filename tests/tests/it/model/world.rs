//! kiff as the model sees it: two runtimes on one store, and what they say in the words of the reference.

use super::plan::{Action, Approval, ENTITIES, Effect, Outcome, Person, REVIEW, ROLES, Rules, STATES, STEPS, Who};
use kiff::{
    Answer, ApprovalId, Authority, Blocking, Decision, Domain, ExecutionId, Executor, Failure, Ingested, Param, Permit,
    Proposal, Review, Runtime, RuntimeError,
    actor::ActorType,
    clock::Timer,
    domain::{Bounds, BoxFuture, Call, Contract, Definition, Machine},
    doubt::Resolved,
    store::{MemoryStore, StoreError},
    testing::{FixedIds, ManualClock, StoreLayer},
};
use std::{
    future::{pending, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

/// When the model's time is zero.
pub(crate) const START: &str = "2026-05-24T09:00:00Z";

pub(crate) struct World {
    pub(crate) domain: Domain,
    pub(crate) clock: ManualClock,
    pub(crate) store: Switch,
    pub(crate) lab: Lab,
    pub(crate) runtimes: [Blocking; 2],
    /// Sees everything from the store anew, so that it does not bring the others' views up to date.
    pub(crate) witness: Blocking,
    pub(crate) permits: Vec<(usize, u32, Permit)>,
    approvals: Vec<ApprovalId>,
    executions: Vec<ExecutionId>,
}

impl World {
    pub(crate) fn new(rules: &Rules) -> Self {
        let (lab, store, clock, ids) = (Lab::default(), Switch::default(), ManualClock::default(), FixedIds::default());
        clock.set(START);
        let domain = domain(rules, &lab);
        let runtime = || {
            let builder = Runtime::builder(domain.clone()).clock(clock.clone()).ids(ids.clone());
            builder.store(store.clone()).timer(AtOnce(lab.clone())).build().unwrap().blocking()
        };
        let (runtimes, witness) = ([runtime(), runtime()], runtime());
        Self {
            domain,
            clock,
            store,
            lab,
            runtimes,
            witness,
            permits: Vec::new(),
            approvals: Vec::new(),
            executions: Vec::new(),
        }
    }

    pub(crate) fn approval(&self, at: usize) -> ApprovalId {
        self.approvals[at]
    }

    pub(crate) fn execution(&self, at: usize) -> ExecutionId {
        self.executions[at]
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.approvals.len(), self.executions.len())
    }

    fn approval_number(&mut self, id: ApprovalId) -> usize {
        number(&mut self.approvals, id)
    }

    pub(crate) fn execution_number(&mut self, id: ExecutionId) -> usize {
        number(&mut self.executions, id)
    }

    /// Polls a call once and drops it, if it does not end there.
    pub(crate) fn dropped(&mut self, runtime: usize, by: &Person, proposal: Proposal) -> String {
        let (runtime, by) = (self.runtimes[runtime].runtime().clone(), authority(by));
        let mut call: BoxFuture<'_, _> = Box::pin(async { runtime.execute(&by, proposal).await });
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => self.told(answer.unwrap()),
            Poll::Pending => {
                let id = self.lab.started().last().copied().unwrap();
                let number = self.execution_number(id);
                format!("dropped:#{number}")
            }
        }
    }

    pub(crate) fn told(&mut self, answer: Answer) -> String {
        let star = |is_repeat: bool| if is_repeat { "*" } else { "" };
        match answer {
            Answer::Executed(it) => {
                format!("executed:#{}{}", self.execution_number(it.execution_id), star(it.is_repeat))
            }
            Answer::Failed(it) => format!("failed:#{}{}", self.execution_number(it.execution_id), star(it.is_repeat)),
            Answer::InDoubt(it) => {
                let at = self.execution_number(it.execution_id);
                format!("in_doubt:{}:{}:#{at}{}", it.cause, it.attempt, star(it.is_repeat))
            }
            Answer::Blocked(it) => format!("blocked:{}{}", it.reason, star(it.is_repeat)),
            Answer::Held(it) => {
                let at = self.approval_number(it.approval_id);
                format!("held:{}:{}/{}:#{at}{}", it.reason, it.grants, it.quorum, star(it.is_repeat))
            }
        }
    }

    pub(crate) fn told_decision(&mut self, decision: Decision) -> String {
        match decision {
            Decision::Allowed(allowed) => {
                let at = self.execution_number(allowed.permit.execution_id());
                self.permits.push((at, allowed.permit.attempt(), allowed.permit));
                format!("allowed:#{at}")
            }
            Decision::AlreadyCleared(answer) => self.told(*answer),
            Decision::Held(held) => self.told(Answer::Held(held)),
            Decision::Blocked(blocked) => self.told(Answer::Blocked(blocked)),
        }
    }

    pub(crate) fn told_resolved(&mut self, resolved: Resolved) -> String {
        match resolved {
            Resolved::Settled(answer) => self.told(*answer),
            Resolved::Refused(refusal) => format!("refused:{}", refusal.code()),
        }
    }

    pub(crate) fn state(&mut self, entity: usize) -> Option<String> {
        let state = self.witness.state(ENTITIES[entity].0).unwrap()?;
        let mut open: Vec<_> = state.open_approvals.iter().map(|id| self.approval_number(*id)).collect();
        open.sort_unstable();
        let running: Vec<_> = state.open_executions.iter().map(|id| self.execution_number(*id)).collect();
        Some(format!("{} {} {open:?} {running:?}", state.state, state.state_version))
    }

    pub(crate) fn pending(&mut self) -> Vec<usize> {
        let pending = self.witness.pending_approvals().unwrap();
        let mut pending: Vec<_> = pending.iter().map(|it| self.approval_number(it.id)).collect();
        pending.sort_unstable();
        pending
    }

    pub(crate) fn in_doubt(&mut self) -> Vec<String> {
        let doubts = self.witness.in_doubt().unwrap();
        let mut told: Vec<_> = doubts.into_iter().map(|it| self.told(Answer::InDoubt(it)).replace('*', "")).collect();
        told.sort();
        told
    }
}

fn number<T: PartialEq>(known: &mut Vec<T>, id: T) -> usize {
    known.iter().position(|it| *it == id).unwrap_or_else(|| {
        known.push(id);
        known.len() - 1
    })
}

pub(crate) fn told_review(review: Review) -> String {
    match review {
        Review::Recorded(it) => format!("{}:{}/{}", it.state, it.grants, it.quorum),
        Review::Refused(refusal) => format!("refused:{}", refusal.code()),
    }
}

pub(crate) fn told_event(ingested: Ingested) -> String {
    match ingested {
        Ingested::Accepted { state, .. } => format!("accepted:{state}"),
        Ingested::AlreadyKnown => "known".to_owned(),
        Ingested::Refused(refusal) => format!("refused:{}", refusal.code()),
    }
}

/// An error in one word: the model knows of none but a store that is away.
pub(crate) fn told_error(error: &RuntimeError) -> String {
    match error {
        RuntimeError::Store(_) | RuntimeError::OutcomeNotRecorded(_) => "error".to_owned(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn action_name(at: usize) -> String {
    format!("ACTION_{at}")
}

pub(crate) fn authority(person: &Person) -> Authority {
    let of = match person.who {
        Who::Agent => Authority::agent(person.id, person.roles).unwrap(),
        Who::Human => Authority::human(person.id, person.roles).unwrap(),
        Who::Service => Authority::service(person.id).unwrap().with_roles(person.roles).unwrap(),
    };
    match person.principal {
        Some(principal) => of.on_behalf_of(principal).unwrap(),
        None => of,
    }
}

fn domain(rules: &Rules, lab: &Lab) -> Domain {
    let bounds = Bounds::default().with_open_approvals(rules.most_open);
    let mut builder = Domain::builder("model", "v1").bounds(bounds);
    let machines = rules.actions.iter().map(|action| action.machine).max().unwrap_or(0);
    for machine in 0..=machines {
        builder = builder.table(table(&format!("m{machine}"), rules.one_source));
    }
    for (at, action) in rules.actions.iter().enumerate() {
        builder = builder.define(definition(at, action, lab));
    }
    for (role, permissions) in ROLES {
        builder = builder.role(role, permissions);
    }
    builder.build().unwrap()
}

fn table(entity: &str, one_source: bool) -> Machine {
    STEPS.iter().fold(Machine::new(entity), |machine, (on, from, to)| {
        let machine = match from {
            None => machine.starts(on, STATES[*to]),
            Some(from) => machine.moves(STATES[*from], on, STATES[*to]),
        };
        if *on == "GO" && one_source { machine.sources(["stripe"]) } else { machine }
    })
}

fn definition(at: usize, action: &Action, lab: &Lab) -> Definition {
    let emits = if action.allowed.contains(&2) { &["NOTE"][..] } else { &["NOTE", "END"] };
    let mut contract = Contract::new(action_name(at), format!("m{}", action.machine))
        .allowed_states(action.allowed.iter().map(|state| STATES[*state]))
        .permissions([action.permission])
        .param("cents", u64::KIND)
        .emits(emits.iter().copied());
    contract = match action.effect {
        Effect::None => contract.effect(kiff::Effect::None),
        Effect::Idempotent => {
            contract.effect(kiff::Effect::Idempotent).retry_within(Duration::from_secs(action.window))
        }
        Effect::Once => contract.effect(kiff::Effect::Once),
    };
    if let Some(timeout) = action.timeout {
        contract = contract.timeout(Duration::from_secs(timeout));
    }
    contract = match action.approval {
        Approval::Never => contract,
        Approval::Required => contract.approval_required(REVIEW),
        Approval::When => contract.approval_when("above_a_hundred", REVIEW),
    };
    if action.approval != Approval::Never {
        contract = contract.quorum(action.quorum).expires(Duration::from_secs(action.expires));
        if action.agents_review {
            contract = contract.reviewer_kinds([ActorType::Human, ActorType::Agent]);
        }
        if action.self_review {
            contract = contract.allow_self_review();
        }
    }
    let executor = Executing { lab: lab.clone(), in_time: action.timeout.is_some() };
    let mut definition = Definition::new(contract).executor(executor);
    if action.approval == Approval::When {
        definition = definition.approval_when("above_a_hundred", |at| at.param::<u64>("cents").unwrap() > 100);
    }
    if action.is_checked {
        definition = definition.check("not_unlucky", |at| at.param::<u64>("cents").unwrap() != 13);
    }
    definition
}

/// What the executors do next, and what was started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lab {
    next: Arc<Mutex<Option<Outcome>>>,
    started: Arc<Mutex<Vec<ExecutionId>>>,
}

impl Lab {
    /// What comes of the next start; nothing at all, ever, if it is none.
    pub(crate) fn next(&self, outcome: Option<Outcome>) {
        *self.next.lock().unwrap() = outcome;
    }

    pub(crate) fn started(&self) -> Vec<ExecutionId> {
        self.started.lock().unwrap().clone()
    }
}

struct Executing {
    lab: Lab,
    in_time: bool,
}

impl Executor for Executing {
    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<kiff::Outcome, Failure>> {
        self.lab.started.lock().unwrap().push(call.execution_id());
        let next = *self.lab.next.lock().unwrap();
        let in_time = self.in_time;
        Box::pin(async move {
            match next {
                None => pending().await,
                Some(Outcome::Late) if in_time => pending().await,
                Some(Outcome::Panic) => panic!("the executor broke"),
                Some(outcome) => result(outcome),
            }
        })
    }
}

pub(crate) fn result(outcome: Outcome) -> Result<kiff::Outcome, Failure> {
    match (outcome.events(), outcome) {
        (Some(events), _) => Ok(events.iter().fold(kiff::Outcome::new("done"), |done, event| done.emit(*event))),
        (None, Outcome::NotApplied) => Err(Failure::not_applied("refused by the provider")),
        (None, _) => Err(Failure::unknown("connection reset")),
    }
}

/// A timer whose deadlines pass at once, but while a call is to be dropped.
#[derive(Debug)]
struct AtOnce(Lab);

impl Timer for AtOnce {
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        match *self.0.next.lock().unwrap() {
            None => Box::pin(pending()),
            Some(_) => Box::pin(ready(())),
        }
    }
}

/// A store that can be away: nothing is done then, and whoever asks is told so.
#[derive(Clone, Default)]
pub(crate) struct Switch {
    store: MemoryStore,
    is_away: Arc<AtomicBool>,
}

impl Switch {
    pub(crate) fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }
}

impl StoreLayer for Switch {
    type Inner = MemoryStore;

    fn inner(&self) -> &MemoryStore {
        &self.store
    }

    async fn before(&self) -> Result<(), StoreError> {
        if self.is_away.load(Ordering::SeqCst) { Err(StoreError::failed("the store is away")) } else { Ok(()) }
    }
}
