//! Threads that meet in the runtime, in thousands of orders that a scheduler chooses.

use super::{Mutex, thread};
use crate::{
    Answer, ApprovalId, Authority, Blocking, Domain, ExecutionId, Failure, NewEvent, Outcome, Param, Proposal, Review,
    Runtime,
    domain::{Call, Contract, Definition, Machine},
    kernel::view::{View, fold},
    record::{Kind, Record},
    runtime::{
        clock::{ThreadTimer, Timer, block_on},
        views::Views,
    },
};
use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How many orders of each meeting; `KIFF_ORDERS` asks for more.
fn orders() -> usize {
    std::env::var("KIFF_ORDERS").map_or(200, |orders| orders.parse().unwrap())
}

pub(crate) fn in_every_order(meeting: impl Fn() + Send + Sync + 'static) {
    // Half of them change threads at random, half keep to priorities: each finds what the other misses.
    let meeting = Arc::new(meeting);
    let again = Arc::clone(&meeting);
    Runner::new(RandomScheduler::new(orders()), config()).run(move || meeting());
    Runner::new(PctScheduler::new(3, orders()), config()).run(move || again());
}

fn config() -> Config {
    let mut config = Config::new();
    // A call of the runtime needs as much, unoptimised.
    config.stack_size = 1 << 20;
    config
}

const ORDER: &str = "order:1";

/// A runtime, and what its executor saw.
#[derive(Clone)]
struct Field {
    rt: Blocking,
    runs: Arc<AtomicUsize>,
}

impl Field {
    fn new() -> Self {
        let runs = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&runs);
        let inside = AtomicUsize::new(0);
        let executor = move |_: Call<'_>| -> Result<Outcome, Failure> {
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two effects at once on one entity");
            thread::yield_now();
            count.fetch_add(1, Ordering::SeqCst);
            inside.fetch_sub(1, Ordering::SeqCst);
            Ok(Outcome::new("done"))
        };
        let contract = Contract::new("REFUND", "order")
            .allowed_states(["PAID"])
            .permissions(["orders.refund"])
            .param("cents", u64::KIND)
            .approval_when("large", "orders.approve");
        let refund = Definition::new(contract)
            .executor(executor)
            .approval_when("large", |at| at.param::<u64>("cents").unwrap_or(0) > 100);
        let order = Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "NOTE_ADDED", "PAID");
        let domain = Domain::builder("meeting", "v1").table(order).define(refund);
        let domain = domain.role("operator", ["orders.refund"]).role("reviewer", ["orders.approve"]).build().unwrap();
        let rt = Runtime::builder(domain).build().unwrap().blocking();
        let field = Self { rt, runs };
        field.event("paid", "ORDER_PAID");
        field
    }

    fn event(&self, id: &str, kind: &str) {
        assert!(
            self.rt
                .ingest(&Authority::service("shop").unwrap(), ORDER, NewEvent::new(id, kind))
                .unwrap()
                .is_in_the_log()
        );
    }

    fn ask(&self, cents: u64, key: Option<&str>) -> Answer {
        let proposal = Proposal::new("REFUND", ORDER).param("cents", cents);
        let proposal = key.map_or_else(|| proposal.clone(), |key| proposal.clone().idempotency_key(key));
        self.rt.execute(&Authority::agent("bot", ["operator"]).unwrap(), proposal).unwrap()
    }

    fn held(&self) -> ApprovalId {
        match self.ask(500, None) {
            Answer::Held(held) => held.approval_id,
            other => panic!("{other:?}"),
        }
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    /// Checks that the runtime holds what its log has.
    fn check(&self) {
        assert!(crate::evidence::replay::verify(&self.rt.export().unwrap()).holds());
        assert!(self.rt.rebuild(ORDER).unwrap().matches());
        assert!(self.rt.in_doubt().unwrap().is_empty());
        assert_eq!(self.count(Kind::ActionValidated), self.runs());
    }

    fn count(&self, kind: Kind) -> usize {
        self.rt.timeline(ORDER).unwrap().records().iter().filter(|record| record.kind() == kind).count()
    }
}

/// Runs these at once; returns the answer of each.
fn together<T: Send + 'static>(all: Vec<Box<dyn FnOnce() -> T + Send>>) -> Vec<T> {
    let threads: Vec<_> = all.into_iter().map(thread::spawn).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn new_executions(answers: &[Answer]) -> Vec<ExecutionId> {
    let new = answers.iter().filter_map(|answer| match answer {
        Answer::Executed(it) if !it.is_repeat => Some(it.execution_id),
        _ => None,
    });
    new.collect()
}

/// The orders are enough to find what is wrong.
#[test]
#[should_panic(expected = "an update is lost")]
fn interleavings_find_a_lost_update() {
    in_every_order(|| {
        let count = Arc::new(Mutex::new(0));
        let add = |count: Arc<Mutex<u32>>| -> Box<dyn FnOnce() + Send> {
            Box::new(move || {
                let seen = *count.lock().unwrap();
                *count.lock().unwrap() = seen + 1;
            })
        };
        together((0..2).map(|_| add(Arc::clone(&count))).collect());
        assert_eq!(*count.lock().unwrap(), 2, "an update is lost");
    });
}

#[test]
fn interleavings_of_one_approval() {
    in_every_order(|| {
        let field = Field::new();
        let id = field.held();
        let _ = field.rt.grant(&Authority::human("ann", ["reviewer"]).unwrap(), id, "").unwrap();
        let resume =
            |field: Field| -> Box<dyn FnOnce() -> Answer + Send> { Box::new(move || field.rt.resume(id).unwrap()) };
        let answers = together((0..3).map(|_| resume(field.clone())).collect());
        assert_eq!((new_executions(&answers).len(), field.runs()), (1, 1), "{answers:?}");
        field.check();
    });
}

#[test]
fn interleavings_of_one_key() {
    in_every_order(|| {
        let field = Field::new();
        let ask = |field: Field| -> Box<dyn FnOnce() -> Answer + Send> { Box::new(move || field.ask(5, Some("k"))) };
        let answers = together((0..3).map(|_| ask(field.clone())).collect());
        assert_eq!((new_executions(&answers).len(), field.runs()), (1, 1), "{answers:?}");
        field.check();
    });
}

#[test]
fn interleavings_of_one_entity() {
    in_every_order(|| {
        let field = Field::new();
        let ask =
            |field: Field| -> Box<dyn FnOnce() -> Option<Answer> + Send> { Box::new(move || Some(field.ask(5, None))) };
        let noting = field.clone();
        let looking = field.clone();
        let mut all = vec![ask(field.clone()), ask(field.clone())];
        all.push(Box::new(move || {
            noting.event("note", "NOTE_ADDED");
            None
        }));
        all.push(Box::new(move || {
            assert!(looking.rt.state(ORDER).unwrap().is_some_and(|state| state.open_executions.len() <= 1));
            None
        }));
        let answers: Vec<_> = together(all).into_iter().flatten().collect();
        for answer in &answers {
            let is_open = matches!(answer, Answer::Blocked(it) if it.reason == "execution_open");
            assert!(is_open || matches!(answer, Answer::Executed(_)), "{answer:?}");
        }
        assert_eq!(new_executions(&answers).len(), field.runs());
        field.check();
    });
}

#[test]
fn interleavings_of_grant_deny_and_revoke() {
    in_every_order(|| {
        let field = Field::new();
        let id = field.held();
        let of = |name: &'static str| Authority::human(name, ["reviewer"]).unwrap();
        let [granting, denying, revoking] = [0; 3].map(|_| field.rt.clone());
        let reviews = together::<Review>(vec![
            Box::new(move || granting.grant(&of("ann"), id, "").unwrap()),
            Box::new(move || denying.deny(&of("bea"), id, "").unwrap()),
            Box::new(move || revoking.revoke(&of("cora"), id, "").unwrap()),
        ]);
        let recorded = |at: usize| usize::from(matches!(reviews[at], Review::Recorded(_)));
        assert_eq!(recorded(1) + recorded(2), 1, "{reviews:?}");
        assert_eq!(field.count(Kind::ApprovalGranted), recorded(0));
        assert!(matches!(field.rt.resume(id).unwrap(), Answer::Blocked(_)));
        assert_eq!(field.runs(), 0);
        field.check();
    });
}

/// The entity's records, and its view after each number of them.
fn story(field: &Field) -> (Vec<Record>, Vec<Arc<View>>) {
    field.event("note-1", "NOTE_ADDED");
    field.event("note-2", "NOTE_ADDED");
    let records = field.rt.timeline(ORDER).unwrap().records().to_vec();
    let rt = field.rt.runtime();
    let mut view = View::empty(rt.domain(), rt.tenant_id().clone(), ORDER.parse().unwrap());
    let mut views = vec![Arc::new(view.clone())];
    for record in &records {
        fold(&mut view, record).unwrap();
        views.push(Arc::new(view.clone()));
    }
    (records, views)
}

#[test]
fn interleavings_of_kept_views() {
    in_every_order(|| {
        let (records, views) = story(&Field::new());
        let kept = Arc::new(Views::new(4));
        let tenant = views[0].head.tenant.clone();
        let entity = views[0].head.entity.clone();
        let seen = move |kept: &Views, views: &[Arc<View>]| {
            kept.get(&tenant, &entity).map_or(0, |view| {
                let seq = usize::try_from(view.head.seq).unwrap();
                assert_eq!(view.differences(&views[seq]), Vec::<String>::new());
                seq
            })
        };
        kept.put(&views[2]);
        let advancing = (Arc::clone(&kept), Arc::clone(&views[2]), records[2..4].to_vec());
        let putting = (Arc::clone(&kept), Arc::clone(&views[3]));
        let forgetting = (Arc::clone(&kept), views[2].head.clone());
        let looking = (Arc::clone(&kept), views.clone(), seen.clone());
        together::<()>(vec![
            Box::new(move || advancing.0.advance(advancing.1, &advancing.2).unwrap()),
            Box::new(move || putting.0.put(&putting.1)),
            Box::new(move || forgetting.0.forget(&forgetting.1.tenant, &forgetting.1.entity)),
            Box::new(move || {
                let (kept, views, seen) = looking;
                let first = seen(&kept, &views);
                let then = seen(&kept, &views);
                // A view that was forgotten is not there, or was put anew; nothing else goes back.
                assert!(then >= first || then == 0 || then == 3, "{first}, then {then}");
            }),
        ]);
        kept.put(&views[6]);
        assert_eq!(seen(&kept, &views), 6);
    });
}

#[test]
fn interleavings_of_deadlines() {
    in_every_order(|| {
        let timer = ThreadTimer::default();
        let waits = timer.clone();
        let waiting = thread::spawn(move || block_on(waits.sleep(Duration::from_micros(20))));
        let drops = timer.clone();
        let dropping = thread::spawn(move || {
            let polled = Arc::new(Mutex::new(drops.sleep(Duration::from_secs(3_600))));
            let waker = std::task::Waker::noop();
            let mut sleep = polled.lock().unwrap();
            assert!(sleep.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
        });
        block_on(timer.sleep(Duration::from_micros(10)));
        waiting.join().unwrap();
        dropping.join().unwrap();
    });
}
