//! A crash is a test: every call to the store fails once, in every way, and every future is dropped at every
//! place where it waits.

use super::kit::{
    Lab, ManualTimer, ORDER, Plan, agent, call, domain, noted, proposal, refund, reviewer, verify, waits, yields,
};
use kiff::{
    Answer, Authority, Blocking, NewEvent, Review, Runtime, RuntimeError,
    domain::BoxFuture,
    record::{Kind, Record},
    store::{Append, Batch, EventStore, MemoryStore, StoreError},
    testing::{Fault, FaultStore, FixedIds, ManualClock, StoreLayer},
};
use std::collections::BTreeSet;

struct Setting {
    lab: Lab,
    store: FaultStore<MemoryStore>,
    rt: Blocking,
    domain: kiff::Domain,
    /// Executions whose outcome was handed back, because it could not be recorded.
    handed_back: BTreeSet<String>,
}

impl Setting {
    fn new() -> Self {
        let (lab, store, timer) = (Lab::default(), FaultStore::new(MemoryStore::new()), ManualTimer::default());
        timer.pass();
        let domain = domain(&lab, "v1").build().unwrap();
        let builder = Runtime::builder(domain.clone()).store(store.clone()).timer(timer);
        let rt = builder.clock(ManualClock::default()).ids(FixedIds::default()).build().unwrap().blocking();
        Self { lab, store, rt, domain, handed_back: BTreeSet::new() }
    }

    /// Makes a call, and repeats it as a caller would if it fails.
    fn insist<T>(&mut self, tries: usize, call: impl Fn(&Blocking) -> Result<T, RuntimeError>) -> Option<T> {
        for _ in 0..tries {
            match call(&self.rt) {
                Ok(done) => return Some(done),
                Err(RuntimeError::OutcomeNotRecorded(error)) => {
                    self.handed_back.insert(error.execution_id.to_string());
                }
                Err(_) => {}
            }
        }
        None
    }

    /// Events, an effect at once, a hold with its review, an effect after it, one more event.
    fn flow(&mut self, tries: usize) {
        let service = Authority::service("stripe").unwrap();
        for event in ["ORDER_PLACED", "ORDER_PAID"] {
            self.insist(tries, |rt| rt.ingest(&service, ORDER, NewEvent::new(event, event)));
        }
        self.insist(tries, |rt| rt.execute(&agent(), refund(5).idempotency_key("small")));
        let held = self.insist(tries, |rt| rt.execute(&agent(), refund(500).idempotency_key("large")));
        let pending = self.insist(2, Blocking::pending_approvals).unwrap_or_default();
        if let Some(pending) = pending.first() {
            let review = self.insist(tries, |rt| rt.grant(&reviewer("ann"), pending.id, ""));
            assert!(!matches!(review, Some(Review::Refused(ref it)) if it.code() != *"already_granted"), "{review:?}");
            self.insist(tries, |rt| rt.resume(pending.id));
        }
        drop(held);
        self.insist(tries, |rt| rt.ingest(&service, ORDER, NewEvent::new("note", "NOTE_ADDED")));
    }

    fn records(&self) -> Vec<Record> {
        self.rt.timeline(ORDER).unwrap().records().to_vec()
    }

    /// What must hold whatever failed.
    fn check(&self, what: &str) {
        verify(&self.rt, &self.domain);
        let records = self.records();
        let ids = |kinds: &[Kind]| -> BTreeSet<String> {
            let of = records.iter().filter(|record| kinds.contains(&record.kind()));
            of.map(|record| super::kit::at(&super::kit::body(record), "execution_id")).collect()
        };
        let started: Vec<String> = self.lab.started().into_iter().map(|(id, _)| id).collect();
        let once: BTreeSet<String> = started.iter().cloned().collect();
        assert_eq!(started.len(), once.len(), "{what}: an effect ran twice");
        let cleared = ids(&[Kind::ActionValidated]);
        assert!(once.is_subset(&cleared), "{what}: an effect ran without a clearance");
        let ended = ids(&[Kind::ActionExecuted]);
        let doubts: BTreeSet<String> =
            self.rt.in_doubt().unwrap().iter().map(|doubt| doubt.execution_id.to_string()).collect();
        assert!(doubts.is_disjoint(&ended), "{what}");
        for id in &cleared {
            assert!(ended.contains(id) || doubts.contains(id), "{what}: {id} is lost");
        }
        assert!(self.handed_back.is_subset(&doubts), "{what}: what was handed back is not in doubt");
        assert_eq!(ids(&[Kind::OutcomeConflict]).len(), 0, "{what}: a result contradicts itself");
    }
}

#[test]
fn every_call_to_the_store_fails_once_in_every_way() {
    let mut whole = Setting::new();
    whole.flow(1);
    let calls = whole.store.calls();
    whole.check("no fault");
    assert_eq!(whole.lab.runs(), 2);
    for tries in [1, 3] {
        for fault in [Fault::Refused, Fault::Lost, Fault::Conflict] {
            for number in 1..=calls {
                let mut setting = Setting::new();
                setting.store.fail_at(number, fault);
                setting.flow(tries);
                setting.check(&format!("{fault:?} at call {number}, {tries} tries"));
                assert!(setting.lab.runs() <= 2);
                if fault == Fault::Conflict {
                    assert_eq!(setting.lab.runs(), 2, "a conflict that is over stops nothing (call {number})");
                }
            }
        }
    }
}

#[test]
fn faults_in_a_row_do_not_lose_or_repeat_an_effect() {
    let mut whole = Setting::new();
    whole.flow(1);
    for row in [&[Fault::Lost, Fault::Refused][..], &[Fault::Lost; 3], &[Fault::Refused; 8], &[Fault::Conflict; 4]] {
        for first in 1..=whole.store.calls() {
            let mut setting = Setting::new();
            for (number, fault) in (first..).zip(row) {
                setting.store.fail_at(number, *fault);
            }
            setting.flow(2);
            // What is left of the plan strikes now, and not the checks.
            (0..row.len()).for_each(|_| drop(setting.rt.state(ORDER)));
            setting.check(&format!("{row:?} from call {first}"));
        }
    }
}

/// Every call to it waits once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Yielding(MemoryStore);

impl StoreLayer for Yielding {
    type Inner = MemoryStore;

    fn inner(&self) -> &MemoryStore {
        &self.0
    }

    async fn before(&self) -> Result<(), StoreError> {
        yields(1).await;
        Ok(())
    }

    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        yields(1).await;
        let done = self.0.append(batch).await;
        yields(1).await;
        done
    }
}

type Answering = BoxFuture<'static, Result<Answer, RuntimeError>>;

/// Drops the call after every number of polls that leaves it waiting; gives the number that ends it.
fn drop_everywhere(start: impl Fn(&Runtime) -> Answering) {
    for polls in 0.. {
        let lab = Lab::default();
        let domain = domain(&lab, "v1").build().unwrap();
        let builder = Runtime::builder(domain.clone()).store(Yielding::default()).clock(ManualClock::default());
        let rt = builder.ids(FixedIds::default()).build().unwrap();
        let blocking = rt.blocking();
        for event in ["ORDER_PLACED", "ORDER_PAID"] {
            let _ =
                blocking.ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
        }
        let mut answering = start(&rt);
        let before = lab.runs();
        lab.then(Plan::Wait(3, noted()));
        let is_done = !(0..polls).all(|_| waits(&mut answering));
        drop(answering);
        verify(&blocking, &domain);
        let records = blocking.timeline(ORDER).unwrap().records().to_vec();
        let count = |kind| records.iter().filter(|record| record.kind() == kind).count();
        let (cleared, ended) = (count(Kind::ActionValidated), count(Kind::ActionExecuted));
        assert!(lab.runs() - before <= cleared, "after {polls} polls: an effect without a clearance");
        assert_eq!(blocking.in_doubt().unwrap().len(), cleared - ended, "after {polls} polls");
        // The runtime goes on: what is in doubt blocks, and nothing else does.
        let next = blocking.execute(&agent(), proposal("CHECKED", 6)).unwrap();
        assert_eq!(next.word(), if cleared == ended { "executed" } else { "blocked" }, "after {polls} polls");
        verify(&blocking, &domain);
        if is_done {
            assert_eq!((cleared, ended), (1, 1));
            return;
        }
    }
}

#[test]
fn a_future_that_is_dropped_anywhere_leaves_doubt_or_nothing() {
    drop_everywhere(|rt| call(rt, refund(5)));
    drop_everywhere(|rt| call(rt, refund(5).idempotency_key("k")));
}

#[test]
fn a_resume_that_is_dropped_anywhere_leaves_doubt_or_nothing() {
    drop_everywhere(|rt| {
        let held = super::kit::held(rt.blocking().execute(&agent(), refund(500)).unwrap());
        let _ = rt.blocking().grant(&reviewer("ann"), held.approval_id, "").unwrap();
        let rt = rt.clone();
        Box::pin(async move { rt.resume(held.approval_id).await })
    });
}

#[test]
fn a_settlement_that_is_dropped_anywhere_leaves_doubt_or_nothing() {
    drop_everywhere(|rt| {
        let rt = rt.clone();
        Box::pin(async move {
            match rt.decide(&agent(), proposal("BY_HOST", 5)).await? {
                kiff::Decision::Allowed(allowed) => rt.record_outcome(allowed.permit, Ok(noted())).await,
                other => panic!("{other:?}"),
            }
        })
    });
}
