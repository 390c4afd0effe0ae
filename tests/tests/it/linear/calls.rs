//! Calls on runtimes that write down what was seen, and when.

use super::{
    checker::Step,
    entity::{End, FREE, QUORUM, Seen},
};
use kiff::{
    Answer, ApprovalId, Authority, Blocking, Domain, ExecutionId, Executor, Failure, Ingested, NewEvent, Outcome,
    Param, Proposal, Review, Runtime, RuntimeError,
    domain::{BoxFuture, Call, Contract, Definition, Machine},
    store::EventStore,
};
use std::{
    cell::Cell,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// At these cents the effect emits an event, and so moves the entity.
const MOVES: u64 = 7;

/// One clock for all threads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

thread_local! {
    /// When the executor was started on this thread and when it was through, and for what.
    static RAN: Cell<Option<(u64, u64, ExecutionId)>> = const { Cell::new(None) };
}

/// An executor that writes down when it ran, and lets others have their turn meanwhile.
struct Watched(Ticks);

impl Executor for Watched {
    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move {
            let from = self.0.next();
            (0..4).for_each(|_| thread::yield_now());
            RAN.set(Some((from, self.0.next(), call.execution_id())));
            let done = Outcome::new("done");
            Ok(if call.param::<u64>("cents").unwrap() == MOVES { done.emit("NOTE_ADDED") } else { done })
        })
    }
}

fn domain(ticks: &Ticks) -> Domain {
    let order = Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "NOTE_ADDED", "PAID");
    let refund = Contract::new("REFUND", "order")
        .allowed_states(["PAID"])
        .permissions(["orders.refund"])
        .param("cents", u64::KIND)
        .emits(["NOTE_ADDED"])
        .approval_when("above_what_is_free", "orders.approve")
        .quorum(QUORUM as u32);
    let refund = Definition::new(refund)
        .executor(Watched(ticks.clone()))
        .approval_when("above_what_is_free", |at| at.param::<u64>("cents").unwrap() > FREE);
    let domain = Domain::builder("linear", "v1").table(order).define(refund);
    domain.role("operator", ["orders.refund"]).role("reviewer", ["orders.approve"]).build().unwrap()
}

/// What a thread does next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Event,
    Execute { cents: u64, has_key: bool },
    Resume,
    Grant,
    Deny,
    Revoke,
    Look,
}

pub(crate) type History = Vec<Step<Seen>>;

/// Runtimes on one store, one entity in it, and what was seen.
pub(crate) struct Field {
    ticks: Ticks,
    runtimes: Vec<Blocking>,
    entity: String,
    approvals: Mutex<Vec<ApprovalId>>,
    events: AtomicU64,
    history: Mutex<History>,
}

impl Field {
    pub(crate) fn new(count: usize, store: impl EventStore + Clone + 'static, entity: &str) -> Self {
        let ticks = Ticks::default();
        let domain = domain(&ticks);
        let runtime = || Runtime::builder(domain.clone()).store(store.clone()).build().unwrap().blocking();
        let runtimes: Vec<_> = (0..count).map(|_| runtime()).collect();
        let paid = NewEvent::new(format!("{entity}.paid"), "ORDER_PAID");
        let _ = runtimes[0].ingest(&Authority::service("shop").unwrap(), entity, paid).unwrap();
        let (approvals, history) = (Mutex::default(), Mutex::default());
        Self { ticks, runtimes, entity: entity.to_owned(), approvals, events: AtomicU64::new(0), history }
    }

    pub(crate) fn history(self) -> History {
        self.history.into_inner().unwrap()
    }

    /// Makes a call through a runtime, and writes down what is seen.
    pub(crate) fn call(&self, runtime: usize, person: usize, op: Op) {
        let (rt, from) = (&self.runtimes[runtime], self.ticks.next());
        RAN.set(None);
        let latest = self.approvals.lock().unwrap().last().copied();
        let seen = match (op, latest) {
            (Op::Execute { cents, has_key }, _) => {
                let mut proposal = Proposal::new("REFUND", &self.entity).param("cents", cents);
                if has_key {
                    proposal = proposal.idempotency_key(format!("once-{}", self.entity));
                }
                self.answered(
                    from,
                    rt.execute(&Authority::agent("bot", ["operator"]).unwrap(), proposal),
                    cents,
                    has_key,
                    None,
                )
            }
            (Op::Resume, Some(id)) => self.answered(from, rt.resume(id), 0, false, Some(id)),
            (Op::Event, _) => {
                let id = format!("{}.{}", self.entity, self.events.fetch_add(1, Ordering::SeqCst));
                match rt
                    .ingest(&Authority::service("shop").unwrap(), &self.entity, NewEvent::new(id, "NOTE_ADDED"))
                    .unwrap()
                {
                    Ingested::Accepted { .. } => Some(Seen::Moved),
                    other => panic!("{other:?}"),
                }
            }
            (Op::Grant | Op::Deny | Op::Revoke, Some(id)) => Some(reviewed(rt, id, person, op)),
            (Op::Look, _) => rt.state(&self.entity).unwrap().map(|state| Seen::Looked {
                version: state.state_version,
                approvals: state.open_approvals.into_iter().collect(),
                executions: state.open_executions,
            }),
            (Op::Resume | Op::Grant | Op::Deny | Op::Revoke, None) => None,
        };
        if let Some(seen) = seen {
            self.saw(from, self.ticks.next(), seen);
        }
    }

    /// An effect is two steps: it was cleared before its executor started, and ended behind that.
    fn answered(
        &self,
        from: u64,
        answer: Result<Answer, RuntimeError>,
        cents: u64,
        has_key: bool,
        resumed: Option<ApprovalId>,
    ) -> Option<Seen> {
        if let Some((started, through, execution)) = RAN.take() {
            self.saw(from, started, Seen::Cleared { cents, has_key, used: resumed, execution });
            match answer {
                Ok(Answer::Executed(it)) if !it.is_repeat && it.execution_id == execution => {
                    self.saw(through, self.ticks.next(), Seen::Ended { execution, moves: cents == MOVES });
                }
                // Its end is not in the log, or not known to be.
                Err(_) => {}
                Ok(other) => panic!("it ran, and the answer is {other:?}"),
            }
            return None;
        }
        let recorded = |execution, has_ended| Seen::Recorded { of: resumed, execution, has_ended };
        Some(match (answer.unwrap(), resumed) {
            (Answer::Executed(it), _) => recorded(it.execution_id, true),
            (Answer::InDoubt(it), _) => recorded(it.execution_id, false),
            (Answer::Held(it), Some(approval)) => Seen::Waits { approval, grants: it.grants },
            (Answer::Held(it), None) => {
                let (approval, is_repeat, grants) = (it.approval_id, it.is_repeat, it.grants);
                self.approvals.lock().unwrap().push(approval);
                Seen::Held { cents, approval, is_repeat, grants }
            }
            (Answer::Blocked(it), None) => Seen::Blocked { cents, reason: it.reason.to_string() },
            (Answer::Blocked(it), Some(approval)) => Seen::NotResumed { approval, reason: it.reason.to_string() },
            (other, _) => panic!("{other:?}"),
        })
    }

    fn saw(&self, from: u64, to: u64, seen: Seen) {
        self.history.lock().unwrap().push(Step { from, to, seen });
    }
}

fn reviewed(rt: &Blocking, approval: ApprovalId, by: usize, op: Op) -> Seen {
    let person = Authority::human(format!("person{by}"), ["reviewer"]).unwrap();
    let review = match op {
        Op::Grant => rt.grant(&person, approval, ""),
        Op::Deny => rt.deny(&person, approval, ""),
        _ => rt.revoke(&person, approval, ""),
    };
    match (review.unwrap(), op) {
        (Review::Refused(refusal), _) => {
            let reason = refusal.code().to_string();
            Seen::NotReviewed { approval, by, is_grant: matches!(op, Op::Grant), reason }
        }
        (Review::Recorded(status), Op::Grant) => Seen::Granted { approval, by, grants: status.grants },
        (Review::Recorded(_), Op::Deny) => Seen::Closed { approval, end: End::Denied },
        (Review::Recorded(_), _) => Seen::Closed { approval, end: End::Revoked },
    }
}
