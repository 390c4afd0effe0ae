//! Sixty-four threads at one approval, one key, one hold: one effect.

use super::kit::{Lab, Plan, agent, domain, held, noted, refunded, reviewer, verify};
use kiff::{
    Answer, ApprovalId, Authority, Blocking, NewEvent, Proposal, Review, Runtime, domain::Bounds, record::Kind,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

const THREADS: usize = 64;
/// Thousands where the build is fast enough for them; `KIFF_RACE_ROUNDS` asks for more.
const ROUNDS: usize = if cfg!(debug_assertions) { 25 } else { 2_000 };
/// After so many rounds the log is verified and a new one begun, so that it stays within the memory.
const BATCH: usize = 2_000;

/// Runs all rounds, each batch on a field of its own, whose log is verified at the end.
fn in_batches(batch: impl Fn(&Field, usize)) {
    let mut left = std::env::var("KIFF_RACE_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    while left > 0 {
        let (field, rounds) = (Field::new(), left.min(BATCH));
        batch(&field, rounds);
        verify(&field.rt, &field.domain);
        left -= rounds;
    }
}

struct Field {
    lab: Lab,
    rt: Blocking,
    domain: kiff::Domain,
}

impl Field {
    fn new() -> Self {
        let lab = Lab::default();
        // What is refused in a race is recorded a few times and no more: the log is not what is tried here.
        let domain = domain(&lab, "v1").bounds(Bounds::default().with_refusals(2)).build().unwrap();
        let rt = Runtime::builder(domain.clone()).build().unwrap().blocking();
        Self { lab, rt, domain }
    }

    fn paid(&self, round: usize) -> String {
        let entity = format!("order:{round}");
        for event in ["ORDER_PLACED", "ORDER_PAID"] {
            let event = NewEvent::new(format!("{round}-{event}"), event);
            let _ = self.rt.ingest(&Authority::service("stripe").unwrap(), &entity, event).unwrap();
        }
        entity
    }

    fn held(&self, entity: &str) -> ApprovalId {
        held(self.rt.execute(&agent(), Proposal::new("REFUND", entity).param("cents", 500)).unwrap()).approval_id
    }

    fn count(&self, entity: &str, kind: Kind) -> usize {
        self.rt.timeline(entity).unwrap().records().iter().filter(|record| record.kind() == kind).count()
    }
}

/// Runs every round on all threads at once: `prepare` once, `act` on each thread, `check` once.
fn race<T: Sync + Send>(
    rounds: usize,
    prepare: impl Fn(usize) -> T + Sync,
    act: impl Fn(usize, &T) + Sync,
    check: impl Fn(usize, &T) + Sync,
) {
    let (start, end) = (Barrier::new(THREADS), Barrier::new(THREADS));
    let round: Mutex<Option<Arc<T>>> = Mutex::new(None);
    // A thread that panics must not leave the others waiting.
    let failure: Mutex<Option<String>> = Mutex::new(None);
    let watched = |step: &dyn Fn()| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(step)) {
            let text = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
            failure.lock().unwrap().get_or_insert(text);
        }
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (start, end, round, failure, watched) = (&start, &end, &round, &failure, &watched);
            let (prepare, act, check) = (&prepare, &act, &check);
            scope.spawn(move || {
                for number in 0..rounds {
                    if thread == 0 {
                        watched(&|| *round.lock().unwrap() = Some(Arc::new(prepare(number))));
                    }
                    start.wait();
                    if failure.lock().unwrap().is_some() {
                        return;
                    }
                    let it = round.lock().unwrap().clone().unwrap();
                    // Nobody looks at the failure of this round before everybody has looked at the last one.
                    end.wait();
                    watched(&|| act(thread, &it));
                    end.wait();
                    if thread == 0 {
                        watched(&|| check(number, &it));
                    }
                }
            });
        }
    });
    if let Some(text) = failure.into_inner().unwrap() {
        panic!("{text}");
    }
}

#[test]
fn one_approval_clears_one_execution() {
    in_batches(|field, rounds| {
        let executed = AtomicUsize::new(0);
        race(
            rounds,
            |round| {
                let entity = field.paid(round);
                let id = field.held(&entity);
                let _ = field.rt.grant(&reviewer("ann"), id, "").unwrap();
                (entity, id)
            },
            |thread, (entity, id)| {
                let answer = if thread % 16 != 0 {
                    field.rt.resume(*id).unwrap()
                } else {
                    field
                        .rt
                        .execute(&agent(), Proposal::new("REFUND", entity).param("cents", 500).approval(id))
                        .unwrap()
                };
                match answer {
                    Answer::Executed(it) if !it.is_repeat => drop(executed.fetch_add(1, Ordering::SeqCst)),
                    Answer::Executed(_) | Answer::Blocked(_) => {}
                    // It still ran when this call looked.
                    Answer::InDoubt(it) => assert!(it.is_repeat && it.cause == *"running", "{it:?}"),
                    other => panic!("{other:?}"),
                }
            },
            |round, (entity, _)| {
                assert_eq!(field.lab.runs(), round + 1);
                assert_eq!(executed.load(Ordering::SeqCst), round + 1);
                assert_eq!(field.count(entity, Kind::ActionValidated), 1);
            },
        );
    });
}

#[test]
fn one_key_is_one_execution() {
    in_batches(|field, rounds| {
        let first = AtomicUsize::new(0);
        race(
            rounds,
            |round| field.paid(round),
            |_, entity| {
                let proposal = Proposal::new("REFUND", entity).param("cents", 5).idempotency_key(format!("k-{entity}"));
                match field.rt.execute(&agent(), proposal).unwrap() {
                    Answer::Executed(it) if !it.is_repeat => drop(first.fetch_add(1, Ordering::SeqCst)),
                    Answer::Executed(it) => assert_eq!(it.message, noted().message()),
                    // It still ran when this call looked.
                    Answer::InDoubt(it) => assert!(it.is_repeat && it.cause == *"running", "{it:?}"),
                    other => panic!("{other:?}"),
                }
            },
            |round, entity| {
                assert_eq!(field.lab.runs(), round + 1);
                assert_eq!(first.load(Ordering::SeqCst), round + 1);
                assert_eq!(field.count(entity, Kind::DecisionRecorded), 1);
            },
        );
    });
}

#[test]
fn a_hold_ends_in_one_way() {
    in_batches(|field, rounds| {
        race(
            rounds,
            |round| {
                let entity = field.paid(round);
                let id = field.held(&entity);
                (entity, id, AtomicUsize::new(0), AtomicUsize::new(0))
            },
            |thread, (_, id, granted, ended)| {
                let by = reviewer(&format!("r{thread}"));
                let (review, count) = match thread % 4 {
                    0 => (field.rt.grant(&by, *id, ""), granted),
                    1 => (field.rt.deny(&by, *id, ""), ended),
                    2 => (field.rt.revoke(&by, *id, ""), ended),
                    _ => {
                        let answer = field.rt.resume(*id).unwrap();
                        match answer {
                            Answer::Executed(it) if !it.is_repeat => drop(ended.fetch_add(1, Ordering::SeqCst)),
                            Answer::Executed(_) | Answer::Held(_) | Answer::Blocked(_) => {}
                            // It still ran when this call looked.
                            Answer::InDoubt(it) => assert!(it.is_repeat && it.cause == *"running", "{it:?}"),
                            other => panic!("{other:?}"),
                        }
                        return;
                    }
                };
                if let Review::Recorded(_) = review.unwrap() {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            },
            |_, (entity, id, granted, ended)| {
                // What nobody ended yet can be ended now, once.
                if ended.load(Ordering::SeqCst) == 0 {
                    assert_eq!(field.rt.resume(*id).unwrap().word(), "executed");
                    ended.fetch_add(1, Ordering::SeqCst);
                }
                assert_eq!(ended.load(Ordering::SeqCst), 1);
                let count = |kind| field.count(entity, kind);
                assert_eq!(count(Kind::ApprovalGranted), granted.load(Ordering::SeqCst));
                let ends = [Kind::ApprovalDenied, Kind::ApprovalRevoked, Kind::ActionValidated];
                assert_eq!(ends.map(count).iter().sum::<usize>(), 1, "denied, revoked or used");
                assert_eq!(count(Kind::ActionValidated), count(Kind::ActionExecuted));
            },
        );
    });
}

#[test]
fn one_entity_runs_one_effect() {
    in_batches(|field, rounds| {
        let executed = AtomicUsize::new(0);
        race(
            rounds,
            |round| {
                // It ends the order, so that the others come too late, now or in a moment.
                field.lab.then(Plan::Succeed(refunded()));
                field.paid(round)
            },
            |thread, entity| {
                let proposal = Proposal::new("REFUND", entity).param("cents", 1 + thread as u64);
                match field.rt.execute(&agent(), proposal).unwrap() {
                    Answer::Executed(it) => {
                        assert!(!it.is_repeat);
                        executed.fetch_add(1, Ordering::SeqCst);
                    }
                    Answer::Blocked(it) => {
                        assert!(["execution_open", "state_not_allowed"].contains(&it.reason.as_str()), "{it}");
                    }
                    other => panic!("{other:?}"),
                }
            },
            |round, entity| {
                assert_eq!(field.lab.runs(), round + 1);
                assert_eq!(executed.load(Ordering::SeqCst), round + 1);
                assert_eq!(field.count(entity, Kind::ActionValidated), 1);
            },
        );
    });
}
