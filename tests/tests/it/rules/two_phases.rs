//! Rule 6: two phases round every effect.

use super::kit::{Lab, ORDER, Plan, World, agent, call, domain, executed, noted, proposal, refund, refunded, waits};
use kiff::{
    Authority, EntityRef, Ingested, NewEvent, Runtime, RuntimeError, TenantId,
    record::{Kind, Record, RecordBytes},
    store::{Append, Batch, EventStore, MemoryStore, StoreError},
    testing::{FixedIds, ManualClock, StoreLayer, store_suite::block_on},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

#[test]
fn rule_6_the_clearance_is_one_append_and_the_outcome_is_another() {
    let world = World::paid();
    let before = world.len();
    let done = executed(world.send(refund(5)));
    let cleared = [Kind::DecisionRecorded, Kind::ActionValidated];
    let ended = [Kind::ActionExecuted, Kind::EventIngested, Kind::StateChanged];
    assert_eq!(world.since(before), [&cleared[..], &ended[..]].concat());
    let id = super::kit::at(&world.last(Kind::ActionValidated), "execution_id");
    assert_eq!(id, done.execution_id.to_string());
    assert_eq!(world.lab.started(), [(id, 1)]);
}

#[test]
fn rule_6_the_executor_starts_only_after_the_append_is_acknowledged() {
    for lost in [false, true] {
        let store = Refusing::default();
        let lab = Lab::default();
        let rt = Runtime::builder(domain(&lab, "v1").build().unwrap()).store(store.clone()).build().unwrap().blocking();
        for event in ["ORDER_PLACED", "ORDER_PAID"] {
            let _ = rt.ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
        }
        store.refuse.store(true, Ordering::SeqCst);
        store.lose.store(lost, Ordering::SeqCst);
        assert!(matches!(rt.execute(&agent(), refund(5)), Err(RuntimeError::Store(_))));
        assert!(matches!(rt.decide(&agent(), proposal("BY_HOST", 5)), Err(RuntimeError::Store(_))));
        assert_eq!(lab.runs(), 0);
        store.refuse.store(false, Ordering::SeqCst);
        store.lose.store(false, Ordering::SeqCst);
        assert_eq!(rt.timeline(ORDER).unwrap().records().len(), 4);
        executed(rt.execute(&agent(), refund(5)).unwrap());
    }
}

#[test]
fn rule_6_events_that_arrive_meanwhile_are_accepted() {
    let world = World::paid();
    world.lab.then(Plan::Wait(1, noted()));
    let mut call = call(world.rt.runtime(), refund(5));
    assert!(waits(&mut call));
    world.event("NOTE_ADDED");
    let done = executed(block_on(call).unwrap());
    assert!(done.rejected_events.is_empty());
    let state = world.rt.state(ORDER).unwrap().unwrap();
    assert_eq!((state.state_version, state.is_flagged), (4, false));
    world.verify();
}

#[test]
fn rule_6_what_is_illegal_when_the_effect_ends_is_told_and_kept() {
    let world = World::paid();
    world.lab.then(Plan::Wait(1, refunded().emit("NOTE_ADDED")));
    let mut call = call(world.rt.runtime(), refund(5));
    assert!(waits(&mut call));
    world.event("ORDER_REFUNDED");
    let done = executed(block_on(call).unwrap());
    assert_eq!(done.rejected_events.len(), 2);
    assert!(done.rejected_events.iter().all(|(_, reason)| *reason == *"no_transition"));
    assert_eq!(world.count(Kind::EventRejected), 2);
    assert!(world.rt.state(ORDER).unwrap().unwrap().is_flagged);
    world.verify();
}

#[test]
fn rule_6_the_outcome_is_handed_back_if_it_cannot_be_recorded() {
    let store = Refusing::default();
    let lab = Lab::default();
    let (clock, timer) = (ManualClock::default(), super::kit::ManualTimer::default());
    timer.pass();
    let domain = domain(&lab, "v1").build().unwrap();
    let build = || {
        let builder = Runtime::builder(domain.clone()).store(store.clone()).ids(FixedIds::default());
        builder.clock(clock.clone()).timer(timer.clone()).build().unwrap()
    };
    let rt = build();
    for event in ["ORDER_PLACED", "ORDER_PAID"] {
        let _ =
            rt.blocking().ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
    }
    lab.then(Plan::Wait(1, noted()));
    let mut call = call(&rt, proposal("CHECKED", 5));
    assert!(waits(&mut call));
    store.refuse.store(true, Ordering::SeqCst);
    let error = match block_on(call) {
        Err(RuntimeError::OutcomeNotRecorded(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(error.result.as_ref().unwrap().message(), "done");
    store.refuse.store(false, Ordering::SeqCst);
    let doubts = rt.blocking().in_doubt().unwrap();
    assert_eq!(doubts.len(), 1);
    assert_eq!((doubts[0].execution_id, doubts[0].cause.as_str()), (error.execution_id, "unfinished"));
    assert_eq!(lab.runs(), 1);
}

#[test]
fn rule_6_an_outcome_whose_append_lost_its_answer_is_no_conflict_with_itself() {
    let store = Refusing::default();
    let lab = Lab::default();
    let timer = super::kit::ManualTimer::default();
    timer.pass();
    let domain = domain(&lab, "v1").build().unwrap();
    let rt = Runtime::builder(domain.clone()).store(store.clone()).timer(timer).build().unwrap();
    for event in ["ORDER_PLACED", "ORDER_PAID"] {
        let _ =
            rt.blocking().ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
    }
    for plan in [Plan::Wait(1, noted()), Plan::Wait(1, refunded())] {
        lab.then(plan);
        let mut call = call(&rt, proposal("CHECKED", 5));
        assert!(waits(&mut call));
        // The append lands, its answer is lost, and for a moment the store cannot be asked.
        store.lose_once.store(true, Ordering::SeqCst);
        let answer = block_on(call).unwrap();
        executed(answer);
    }
    let kinds: Vec<Kind> = rt.blocking().timeline(ORDER).unwrap().records().iter().map(Record::kind).collect();
    assert!(!kinds.contains(&Kind::OutcomeConflict), "{kinds:?}");
    assert!(rt.blocking().in_doubt().unwrap().is_empty());
    super::kit::verify(&rt.blocking(), &domain);
}

#[test]
fn rule_6_nothing_is_built_on_a_part_of_a_batch() {
    let store = Refusing::default();
    let lab = Lab::default();
    let rt = Runtime::builder(domain(&lab, "v1").build().unwrap()).store(store.clone()).build().unwrap().blocking();
    for event in ["ORDER_PLACED", "ORDER_PAID"] {
        let _ = rt.ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
    }
    store.tear_once.store(true, Ordering::SeqCst);
    let error = rt.execute(&agent(), refund(5)).unwrap_err();
    assert!(matches!(error, RuntimeError::Inconsistent { what: "the store holds a part of a batch", .. }), "{error}");
    assert_eq!(lab.runs(), 0);
}

#[test]
fn rule_6_an_executor_may_call_back_for_another_entity_and_not_for_its_own() {
    let world = World::paid();
    let _permit = world.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap();
    assert_eq!(world.blocked(refund(5)).reason, *"execution_open");
    let event = NewEvent::new("x", "ORDER_PLACED");
    let ingested = world.rt.ingest(&Authority::service("stripe").unwrap(), "order:o_2", event).unwrap();
    assert!(matches!(ingested, Ingested::Accepted { .. }));
}

/// A store that refuses appends while it is told to.
#[derive(Clone, Default)]
struct Refusing {
    inner: MemoryStore,
    refuse: Arc<AtomicBool>,
    /// Whether a refusal says that the answer was lost.
    lose: Arc<AtomicBool>,
    /// The next append is stored and its answer lost, and the read after it fails.
    lose_once: Arc<AtomicBool>,
    fail_read: Arc<AtomicBool>,
    /// The next append breaks the store's promise: it stores the first record alone, and its answer is lost.
    tear_once: Arc<AtomicBool>,
}

impl StoreLayer for Refusing {
    type Inner = MemoryStore;

    fn inner(&self) -> &MemoryStore {
        &self.inner
    }

    async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
        if self.lose_once.swap(false, Ordering::SeqCst) {
            assert_eq!(self.inner.append(batch).await.unwrap(), Append::Done);
            self.fail_read.store(true, Ordering::SeqCst);
            return Err(StoreError::unknown("the connection broke"));
        }
        if self.tear_once.swap(false, Ordering::SeqCst) {
            let (tenant, part) = (batch.tenant().clone(), &batch.parts()[0]);
            let torn = Batch::new(tenant).with(part.stream().clone(), part.expected(), part.records()[..1].to_vec());
            assert_eq!(self.inner.append(&torn.unwrap()).await.unwrap(), Append::Done);
            return Err(StoreError::unknown("the connection broke"));
        }
        match (self.refuse.load(Ordering::SeqCst), self.lose.load(Ordering::SeqCst)) {
            (false, _) => self.inner.append(batch).await,
            (true, false) => Err(StoreError::failed("refused")),
            (true, true) => Err(StoreError::unknown("lost")),
        }
    }

    async fn read(
        &self,
        tenant: &TenantId,
        stream: &EntityRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordBytes>, StoreError> {
        if self.fail_read.swap(false, Ordering::SeqCst) {
            return Err(StoreError::failed("not now"));
        }
        self.inner.read(tenant, stream, after, limit).await
    }
}

/// Polls once, to see that a call waits.
#[test]
fn rule_6_a_call_that_waits_is_running_and_not_in_doubt() {
    let world = World::paid();
    world.lab.then(Plan::Hang);
    let mut call = call(world.rt.runtime(), proposal("CHECKED", 5));
    assert!(waits(&mut call));
    assert!(world.rt.in_doubt().unwrap().is_empty());
    assert_eq!(world.rt.state(ORDER).unwrap().unwrap().open_executions.len(), 1);
    drop(call);
    assert_eq!(world.rt.in_doubt().unwrap()[0].cause, *"unfinished");
    world.verify();
}
