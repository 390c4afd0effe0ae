//! Every operation, broken off between every two steps of it: its future is dropped wherever it waits, and every call
//! that it makes to the store fails, in every way.

use super::{
    faults::Yielding,
    kit::{
        Lab, ManualTimer, ORDER, Plan, agent, at, body, domain, held, in_doubt, noted, proposal, refund, resolver,
        reviewer, verify, waits,
    },
};
use kiff::{
    ApprovalId, Authority, Blocking, Decision, Domain, ExecutionId, NewEvent, Permit, Runtime, RuntimeError,
    domain::BoxFuture,
    doubt::{Probed, Probing, Resolution},
    record::{Kind, Record},
    testing::{Fault, FaultStore, FixedIds, ManualClock},
};
use std::collections::BTreeSet;

/// An operation, what must be there before it, and what of it may be in the log once and no more.
struct Operation {
    name: &'static str,
    prepare: fn(&Stage) -> Named,
    start: fn(Runtime, Named) -> Doing,
    /// What is there when it is done. None for what runs an effect: the laws of effects say it all.
    leaves: Option<Kind>,
}

type Doing = BoxFuture<'static, Result<(), RuntimeError>>;

/// What an operation is about.
#[derive(Default)]
struct Named {
    approval: Option<ApprovalId>,
    execution: Option<ExecutionId>,
    permit: Option<Permit>,
}

impl Named {
    fn again(&self) -> Self {
        Self { approval: self.approval, execution: self.execution, permit: None }
    }
}

struct Stage {
    lab: Lab,
    store: FaultStore<Yielding>,
    domain: Domain,
    rt: Blocking,
}

impl Stage {
    fn new() -> Self {
        let (lab, timer, store) = (Lab::default(), ManualTimer::default(), FaultStore::new(Yielding::default()));
        timer.pass();
        let domain = domain(&lab, "v1").build().unwrap();
        let builder = Runtime::builder(domain.clone()).store(store.clone()).timer(timer).ids(FixedIds::default());
        let builder = builder.clock(ManualClock::default());
        let builder = builder.probe("REFUND", |_: &Probing| Ok(Probed::Applied(noted())));
        let rt = builder.build().unwrap().blocking();
        let stage = Self { lab, store, domain, rt };
        for event in ["ORDER_PLACED", "ORDER_PAID"] {
            let _ =
                stage.rt.ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
        }
        stage
    }

    fn held(&self) -> Named {
        let held = held(self.rt.execute(&agent(), refund(500)).unwrap());
        Named { approval: Some(held.approval_id), ..Named::default() }
    }

    fn doubt(&self, action: &str) -> Named {
        self.lab.then(Plan::Error);
        let doubt = in_doubt(self.rt.execute(&agent(), proposal(action, 5)).unwrap());
        Named { execution: Some(doubt.execution_id), ..Named::default() }
    }

    fn records(&self) -> Vec<Record> {
        self.rt.timeline(ORDER).unwrap().records().to_vec()
    }

    fn count(&self, kind: Kind) -> usize {
        self.records().iter().filter(|record| record.kind() == kind).count()
    }

    /// What holds whatever was broken off where.
    fn check(&self, what: &str) {
        verify(&self.rt, &self.domain);
        let records = self.records();
        let attempts = |kind: Kind| {
            let of = records.iter().filter(move |record| record.kind() == kind).map(body);
            of.map(|body| (at(&body, "execution_id"), at(&body, "attempt").parse().unwrap_or(1)))
        };
        let started = self.lab.started();
        let once: BTreeSet<(String, u32)> = started.iter().cloned().collect();
        assert_eq!(started.len(), once.len(), "{what}: an attempt was started twice");
        let cleared: BTreeSet<_> = attempts(Kind::ActionValidated).chain(attempts(Kind::ExecutionRetried)).collect();
        assert!(once.is_subset(&cleared), "{what}: an attempt was started without a clearance");
        let ends = [Kind::ActionExecuted, Kind::ActionFailed, Kind::ExecutionResolved];
        let ended: BTreeSet<_> = ends.into_iter().flat_map(attempts).map(|(id, _)| id).collect();
        let doubts = self.rt.in_doubt().unwrap();
        let doubts: BTreeSet<_> = doubts.iter().map(|doubt| doubt.execution_id.to_string()).collect();
        let executions: BTreeSet<_> = cleared.into_iter().map(|(id, _)| id).collect();
        assert!(ended.is_disjoint(&doubts), "{what}: settled and in doubt");
        assert_eq!(&ended | &doubts, executions, "{what}: an execution is lost");
        assert_eq!(self.count(Kind::OutcomeConflict), 0, "{what}: a result contradicts itself");
    }

    /// Nothing that was broken off may be there in part, and what is made again must come to its end.
    fn finish(&self, operation: &Operation, named: Named, what: &str) {
        self.check(what);
        let Some(kind) = operation.leaves else { return };
        let before = self.count(kind);
        assert!(before <= 1, "{what}: {kind} is there {before} times");
        self.rt.block_on((operation.start)(self.rt.runtime().clone(), named)).unwrap();
        assert_eq!(self.count(kind), 1, "{what}: {kind} after it was made again");
        self.check(what);
    }
}

/// A way to drive a future of the test's own.
trait BlockOn {
    fn block_on<T>(&self, doing: BoxFuture<'static, T>) -> T;
}

impl BlockOn for Blocking {
    fn block_on<T>(&self, mut doing: BoxFuture<'static, T>) -> T {
        use std::task::{Context, Poll, Waker};
        loop {
            if let Poll::Ready(done) = doing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return done;
            }
        }
    }
}

const OPERATIONS: &[Operation] = &[
    Operation {
        name: "ingest",
        prepare: |_| Named::default(),
        start: |rt, _| {
            Box::pin(async move {
                let note = NewEvent::new("late", "NOTE_ADDED");
                assert!(rt.ingest(&Authority::service("stripe").unwrap(), ORDER, note).await?.is_in_the_log());
                Ok(())
            })
        },
        // The two events before it are of other kinds; what it moves is counted by its note.
        leaves: None,
    },
    Operation {
        name: "execute",
        prepare: |stage| {
            stage.lab.then(Plan::Wait(2, noted()));
            Named::default()
        },
        start: |rt, _| Box::pin(async move { rt.execute(&agent(), refund(5).idempotency_key("k")).await.map(drop) }),
        leaves: None,
    },
    Operation {
        name: "execute, and hold",
        prepare: |_| Named::default(),
        start: |rt, _| Box::pin(async move { rt.execute(&agent(), refund(500)).await.map(drop) }),
        leaves: Some(Kind::ApprovalRequired),
    },
    Operation {
        name: "execute, and block",
        prepare: |_| Named::default(),
        start: |rt, _| {
            Box::pin(async move { rt.execute(&agent(), proposal("CHECKED", 13).idempotency_key("k")).await.map(drop) })
        },
        leaves: Some(Kind::ActionBlocked),
    },
    Operation {
        name: "resume",
        prepare: |stage| {
            let named = stage.held();
            let _ = stage.rt.grant(&reviewer("ann"), named.approval.unwrap(), "").unwrap();
            stage.lab.then(Plan::Wait(2, noted()));
            named
        },
        start: |rt, named| Box::pin(async move { rt.resume(named.approval.unwrap()).await.map(drop) }),
        leaves: None,
    },
    Operation {
        name: "decide",
        prepare: |_| Named::default(),
        start: |rt, _| {
            Box::pin(async move { rt.decide(&agent(), proposal("BY_HOST", 5).idempotency_key("k")).await.map(drop) })
        },
        leaves: Some(Kind::ActionValidated),
    },
    Operation {
        name: "record_outcome",
        prepare: |stage| match stage.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap() {
            Decision::Allowed(allowed) => Named { permit: Some(allowed.permit), ..Named::default() },
            other => panic!("{other:?}"),
        },
        start: |rt, named| {
            Box::pin(async move { rt.record_outcome(named.permit.unwrap(), Ok(noted())).await.map(drop) })
        },
        leaves: None,
    },
    Operation {
        name: "grant",
        prepare: Stage::held,
        start: |rt, named| {
            Box::pin(async move { rt.grant(&reviewer("ann"), named.approval.unwrap(), "").await.map(drop) })
        },
        leaves: Some(Kind::ApprovalGranted),
    },
    Operation {
        name: "deny",
        prepare: Stage::held,
        start: |rt, named| {
            Box::pin(async move { rt.deny(&reviewer("ann"), named.approval.unwrap(), "").await.map(drop) })
        },
        leaves: Some(Kind::ApprovalDenied),
    },
    Operation {
        name: "revoke",
        prepare: Stage::held,
        start: |rt, named| {
            Box::pin(async move { rt.revoke(&reviewer("ann"), named.approval.unwrap(), "").await.map(drop) })
        },
        leaves: Some(Kind::ApprovalRevoked),
    },
    Operation {
        name: "escalate",
        prepare: Stage::held,
        start: |rt, named| {
            Box::pin(async move {
                let to = "orders.admin".parse()?;
                rt.escalate(&reviewer("ann"), named.approval.unwrap(), to, "").await.map(drop)
            })
        },
        // To ask for more again is not refused, so it may be there twice.
        leaves: None,
    },
    Operation {
        name: "a refused review",
        prepare: Stage::held,
        start: |rt, named| Box::pin(async move { rt.grant(&agent(), named.approval.unwrap(), "").await.map(drop) }),
        leaves: None,
    },
    Operation {
        name: "resolve, as done",
        prepare: |stage| stage.doubt("REFUND"),
        start: |rt, named| {
            Box::pin(async move {
                let done = Resolution::Succeeded(noted());
                rt.resolve(&resolver(), named.execution.unwrap(), done, "seen").await.map(drop)
            })
        },
        leaves: Some(Kind::ExecutionResolved),
    },
    Operation {
        name: "resolve, as not done",
        prepare: |stage| stage.doubt("REFUND"),
        start: |rt, named| {
            Box::pin(async move {
                rt.resolve(&resolver(), named.execution.unwrap(), Resolution::NotApplied, "seen").await.map(drop)
            })
        },
        leaves: Some(Kind::ExecutionResolved),
    },
    Operation {
        name: "probe",
        prepare: |stage| stage.doubt("REFUND"),
        start: |rt, named| Box::pin(async move { rt.probe(&resolver(), named.execution.unwrap()).await.map(drop) }),
        leaves: Some(Kind::ExecutionResolved),
    },
    Operation {
        name: "retry",
        prepare: |stage| {
            let named = stage.doubt("REPEATABLE");
            stage.lab.then(Plan::Wait(2, noted()));
            named
        },
        start: |rt, named| Box::pin(async move { rt.retry(&resolver(), named.execution.unwrap()).await.map(drop) }),
        leaves: None,
    },
    Operation {
        name: "recover, by a probe",
        prepare: |stage| stage.doubt("REFUND"),
        start: |rt, _| Box::pin(async move { rt.recover(&resolver()).await.map(drop) }),
        leaves: Some(Kind::ExecutionResolved),
    },
    Operation {
        name: "recover, by a retry",
        prepare: |stage| {
            let named = stage.doubt("REPEATABLE");
            stage.lab.then(Plan::Wait(2, noted()));
            named
        },
        start: |rt, _| Box::pin(async move { rt.recover(&resolver()).await.map(drop) }),
        leaves: None,
    },
];

#[test]
fn every_operation_may_be_dropped_wherever_it_waits() {
    for operation in OPERATIONS {
        for polls in 0.. {
            let stage = Stage::new();
            let named = (operation.prepare)(&stage);
            let again = named.again();
            let mut doing = (operation.start)(stage.rt.runtime().clone(), named);
            let is_done = !(0..polls).all(|_| waits(&mut doing));
            drop(doing);
            stage.lab.forget();
            stage.finish(operation, again, &format!("{}, dropped after {polls} polls", operation.name));
            if is_done {
                assert!(polls > 2, "{}: it waits only {polls} times", operation.name);
                break;
            }
        }
    }
}

#[test]
fn every_call_of_every_operation_may_fail_in_every_way() {
    for operation in OPERATIONS {
        for fault in [Fault::Refused, Fault::Lost, Fault::Conflict] {
            for call in 1.. {
                let stage = Stage::new();
                let named = (operation.prepare)(&stage);
                let (again, before) = (named.again(), stage.store.calls());
                stage.store.fail_at(call, fault);
                // It may fail, and it may not: what counts is what is left.
                let done = stage.rt.block_on((operation.start)(stage.rt.runtime().clone(), named));
                let calls = stage.store.calls() - before;
                // A call that was never made does not fail the checks instead.
                (calls..call).for_each(|_| drop(stage.rt.state(ORDER)));
                stage.lab.forget();
                let what = format!("{}, {fault:?} at call {call}", operation.name);
                assert!(fault != Fault::Conflict || done.is_ok(), "{what}: a conflict that is over stops nothing");
                stage.finish(operation, again, &what);
                if calls < call {
                    assert!(calls > 0, "{what}: it makes no call");
                    break;
                }
            }
        }
    }
}
