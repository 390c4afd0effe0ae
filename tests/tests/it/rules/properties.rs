//! Laws that hold for every sequence of calls.

use super::kit::{Plan, World, at, body, domain, noted, refunded, reviewer, verify, whole};
use kiff::{
    Answer, ApprovalId, Authority, Blocking, NewEvent, Proposal,
    doubt::Resolution,
    record::{Kind, Record},
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

#[derive(Clone, Debug)]
enum Op {
    Ingest {
        entity: usize,
        kind: usize,
        id: u8,
    },
    Propose {
        who: usize,
        what: usize,
        entity: usize,
        cents: u64,
        key: Option<u8>,
        plan: usize,
    },
    /// Repeats a held call with the approval's id, perhaps with other parameters.
    Use {
        which: usize,
        who: usize,
        what: usize,
        entity: usize,
        cents: u64,
    },
    Grant {
        which: usize,
        by: usize,
    },
    Deny {
        which: usize,
        by: usize,
    },
    Revoke {
        which: usize,
        by: usize,
    },
    Resume {
        which: usize,
        plan: usize,
    },
    Resolve {
        which: usize,
        by: usize,
        how: bool,
    },
    Retry {
        which: usize,
        by: usize,
        plan: usize,
    },
    Forward(u64),
    /// The clock is set back to its start.
    Back,
    /// Another process, which has seen nothing, goes on.
    Reopen,
}

const ENTITIES: [&str; 2] = ["order:a", "order:b"];
const EVENTS: [&str; 4] = ["ORDER_PLACED", "ORDER_PAID", "NOTE_ADDED", "ORDER_REFUNDED"];
const ACTIONS: [&str; 7] =
    ["REFUND", "ALWAYS_HELD", "HELD_FOR_TWO", "REPEATABLE", "HARMLESS", "CHECKED", "HELD_FOR_ANY"];
const CENTS: [u64; 4] = [5, 13, 500, 501];

fn who(number: usize) -> Authority {
    match number % 4 {
        0 | 1 => super::kit::agent(),
        2 => Authority::human("hugo", ["operator", "reviewer", "resolver"]).unwrap(),
        _ => super::kit::stranger(),
    }
}

fn by(number: usize) -> Authority {
    match number % 5 {
        0 => reviewer("ann"),
        1 => reviewer("bea"),
        2 => Authority::human("hugo", ["operator", "reviewer", "resolver"]).unwrap(),
        3 => Authority::human("rita", ["resolver", "reviewer"]).unwrap(),
        _ => Authority::agent("judge", ["reviewer"]).unwrap().on_behalf_of("ann").unwrap(),
    }
}

fn plan(number: usize) -> Plan {
    match number % 7 {
        0..=2 => Plan::Succeed(noted()),
        3 => Plan::Succeed(refunded().emit("UNDECLARED")),
        4 => Plan::NotApplied,
        5 => Plan::Error,
        _ => Plan::Panic,
    }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let cents = || proptest::sample::select(&CENTS[..]);
    let small = || 0..8usize;
    let op = prop_oneof![
        3 => (small(), small(), any::<u8>()).prop_map(|(entity, kind, id)| Op::Ingest { entity, kind, id: id % 12 }),
        8 => (small(), small(), small(), cents(), proptest::option::weighted(0.3, 0..3u8), small())
            .prop_map(|(who, what, entity, cents, key, plan)| Op::Propose { who, what, entity, cents, key, plan }),
        2 => (small(), small(), small(), small(), cents())
            .prop_map(|(which, who, what, entity, cents)| Op::Use { which, who, what, entity, cents }),
        5 => (small(), small()).prop_map(|(which, by)| Op::Grant { which, by }),
        2 => (small(), small()).prop_map(|(which, by)| Op::Deny { which, by }),
        1 => (small(), small()).prop_map(|(which, by)| Op::Revoke { which, by }),
        5 => (small(), small()).prop_map(|(which, plan)| Op::Resume { which, plan }),
        3 => (small(), small(), any::<bool>()).prop_map(|(which, by, how)| Op::Resolve { which, by, how }),
        2 => (small(), small(), small()).prop_map(|(which, by, plan)| Op::Retry { which, by, plan }),
        1 => (0..5_000u64).prop_map(Op::Forward),
        1 => Just(Op::Back),
        1 => Just(Op::Reopen),
    ];
    proptest::collection::vec(op, 1..40)
}

/// One run of a sequence, with the approvals that were opened in it.
struct Run {
    world: World,
    rt: Blocking,
    approvals: Vec<ApprovalId>,
}

impl Run {
    fn of(ops: &[Op]) -> Self {
        Self::of_in(World::new(), ops)
    }

    fn of_in(world: World, ops: &[Op]) -> Self {
        let rt = world.rt.clone();
        let mut run = Self { world, rt, approvals: Vec::new() };
        for entity in ENTITIES {
            for event in &EVENTS[..2] {
                let first = NewEvent::new(format!("{entity}-{event}"), *event);
                let _ = run.rt.ingest(&Authority::service("stripe").unwrap(), entity, first).unwrap();
            }
        }
        ops.iter().for_each(|op| run.step(op));
        run
    }

    fn step(&mut self, op: &Op) {
        let lab = &self.world.lab;
        match *op {
            Op::Ingest { entity, kind, id } => {
                let event = NewEvent::new(format!("e{id}"), EVENTS[kind % 4]);
                let _ = self.rt.ingest(&Authority::service("stripe").unwrap(), ENTITIES[entity % 2], event).unwrap();
            }
            Op::Propose { who: asker, what, entity, cents, key, plan: next } => {
                let mut proposal = Proposal::new(ACTIONS[what % 7], ENTITIES[entity % 2]).param("cents", cents);
                if let Some(key) = key {
                    proposal = proposal.idempotency_key(format!("k{key}"));
                }
                self.with(plan(next), |rt| rt.execute(&who(asker), proposal).unwrap());
            }
            Op::Use { which, who: asker, what, entity, cents } => {
                let Some(id) = self.approval(which) else { return };
                let proposal = Proposal::new(ACTIONS[what % 7], ENTITIES[entity % 2]).param("cents", cents);
                self.with(plan(0), |rt| rt.execute(&who(asker), proposal.approval(id)).unwrap());
            }
            Op::Grant { which, by: reviewer } => {
                let Some(id) = self.approval(which) else { return };
                let _ = self.rt.grant(&by(reviewer), id, "").unwrap();
            }
            Op::Deny { which, by: reviewer } => {
                let Some(id) = self.approval(which) else { return };
                let _ = self.rt.deny(&by(reviewer), id, "").unwrap();
            }
            Op::Revoke { which, by: reviewer } => {
                let Some(id) = self.approval(which) else { return };
                let _ = self.rt.revoke(&by(reviewer), id, "").unwrap();
            }
            Op::Resume { which, plan: next } => {
                let Some(id) = self.approval(which) else { return };
                self.with(plan(next), |rt| rt.resume(id).unwrap());
            }
            Op::Resolve { which, by: resolver, how } => {
                let doubts = self.rt.in_doubt().unwrap();
                let Some(doubt) = doubts.get(which % doubts.len().max(1)) else { return };
                let resolution = if how { Resolution::Succeeded(refunded()) } else { Resolution::NotApplied };
                let _ = self.rt.resolve(&by(resolver), doubt.execution_id, resolution, "seen").unwrap();
            }
            Op::Retry { which, by: resolver, plan: next } => {
                let doubts = self.rt.in_doubt().unwrap();
                let Some(doubt) = doubts.get(which % doubts.len().max(1)) else { return };
                lab.then(plan(next));
                let _ = self.rt.retry(&by(resolver), doubt.execution_id).unwrap();
                lab.forget();
            }
            Op::Forward(seconds) => self.world.clock.advance(Duration::from_secs(seconds)),
            Op::Back => self.world.clock.set("2026-05-24T09:00:00Z"),
            Op::Reopen => self.rt = self.world.other(|lab| domain(lab, "v1")),
        }
    }

    fn with(&mut self, plan: Plan, call: impl FnOnce(&Blocking) -> Answer) {
        self.world.lab.then(plan);
        let answer = call(&self.rt);
        self.world.lab.forget();
        if let Answer::Held(held) = answer {
            self.approvals.push(held.approval_id);
        }
    }

    fn approval(&self, which: usize) -> Option<ApprovalId> {
        // The latest are the most interesting.
        self.approvals.iter().rev().nth(which % self.approvals.len().clamp(1, 4)).copied()
    }

    fn check(&self) {
        verify(&self.rt, &self.world.domain);
        verify(&self.world.rt, &self.world.domain);
        let started = self.world.lab.started();
        let mut permits = 0;
        for entity in ENTITIES {
            let records = self.world.records(entity);
            assert!(records.iter().map(Record::recorded_at).is_sorted(), "time went back in {entity}");
            permits += Laws::default().check(&records);
        }
        assert_eq!(started.len(), permits, "as many effects as clearances and retries");
        let once: BTreeSet<_> = started.iter().collect();
        assert_eq!(once.len(), started.len(), "no attempt ran twice");
    }
}

/// What one stream says, read as JSON and without the library's own fold.
#[derive(Default)]
struct Laws {
    asked: String,
    held: BTreeMap<String, String>,
    requesters: BTreeMap<String, String>,
    grants: BTreeMap<String, BTreeSet<String>>,
    denied: BTreeSet<String>,
    used: BTreeSet<String>,
    open: BTreeSet<String>,
}

impl Laws {
    /// Holds the laws for one stream; gives the number of clearances and retries in it.
    fn check(&mut self, records: &[Record]) -> usize {
        records.iter().map(|record| usize::from(self.take(record))).sum()
    }

    fn take(&mut self, record: &Record) -> bool {
        let (all, body) = (whole(record), body(record));
        let (approval, execution) = (at(&body, "approval_id"), at(&body, "execution_id"));
        match record.kind() {
            Kind::DecisionRecorded => {
                self.asked = format!("{} {} {}", at(&all, "actor"), at(&body, "action"), at(&body, "parameters"));
            }
            Kind::ApprovalRequired => {
                self.held.insert(approval.clone(), self.asked.clone());
                self.requesters.insert(approval, at(&all, "actor.id"));
            }
            Kind::ApprovalGranted => {
                assert_ne!(self.requesters[&approval], at(&all, "actor.id"), "a request of one's own");
                let person = if at(&all, "actor.id") == "judge" { "ann".to_owned() } else { at(&all, "actor.id") };
                assert!(self.grants.entry(approval).or_default().insert(person), "one person, one grant");
            }
            Kind::ApprovalDenied => {
                self.denied.insert(self.held[&approval].clone());
            }
            Kind::StateChanged => self.denied.clear(),
            Kind::ActionValidated => {
                if approval != "-" {
                    assert!(self.used.insert(approval.clone()), "one approval, one execution");
                    assert!(self.grants.get(&approval).is_some_and(|grants| !grants.is_empty()), "without a grant");
                    self.asked = self.held[&approval].clone();
                }
                assert!(!self.denied.contains(&self.asked), "denied stays denied");
                assert!(self.open.is_empty(), "one effect at a time");
                self.open.insert(execution);
                return true;
            }
            Kind::ExecutionRetried => {
                assert!(self.open.contains(&execution));
                return true;
            }
            Kind::ActionExecuted | Kind::ActionFailed | Kind::ExecutionResolved => {
                assert!(self.open.remove(&execution), "ended without a start");
            }
            Kind::OutcomeConflict => panic!("no result comes late here"),
            _ => {}
        }
        false
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_keeps_the_laws(ops in ops()) {
        Run::of(&ops).check();
    }

    #[test]
    fn the_same_calls_with_the_same_time_and_ids_give_the_same_bytes(ops in ops()) {
        let export = || Run::of(&ops).world.rt.export().unwrap();
        prop_assert_eq!(export(), export());
    }

    #[test]
    fn a_runtime_that_opens_from_snapshots_holds_and_decides_the_same(ops in ops(), every in 1..9u64) {
        let cold: Vec<Op> = ops.iter().flat_map(|op| [Op::Reopen, op.clone()]).collect();
        let warm: Vec<Op> = ops.iter().filter(|op| !matches!(op, Op::Reopen)).cloned().collect();
        let opened = Run::of_in(World::with_snapshots(every), &cold);
        prop_assert_eq!(opened.world.rt.export().unwrap(), Run::of(&warm).world.rt.export().unwrap());
        // Each view is compared where it stands, from a snapshot alone and with what came after it.
        opened.check();
        verify(&opened.world.other(|lab| domain(lab, "v1")), &opened.world.domain);
    }

    #[test]
    fn a_warm_cache_and_a_cold_one_decide_alike(ops in ops()) {
        let cold: Vec<Op> = ops.iter().flat_map(|op| [Op::Reopen, op.clone()]).collect();
        let warm: Vec<Op> = ops.iter().filter(|op| !matches!(op, Op::Reopen)).cloned().collect();
        prop_assert_eq!(Run::of(&cold).world.rt.export().unwrap(), Run::of(&warm).world.rt.export().unwrap());
    }
}
