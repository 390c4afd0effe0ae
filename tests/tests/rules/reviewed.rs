//! What reviews of the heart have found, each held by a test that is named after the behaviour.

use crate::kit::{
    Lab, ORDER, Plan, World, agent, blocked, call, domain, executed, held, in_doubt, noted, proposal, refund, resolver,
    reviewer, stranger, waits,
};
use kiff::{
    Authority, BoxFuture, Contract, Decision, Definition, Effect, ExecutionId, Failure, Kind, NewEvent, Param,
    Permission, Permit, Proposal, ProposalError, Record, Resolution, Resolved, Review, Runtime, RuntimeError, Signer,
    SignerError,
    clock::{Clock, Timer},
    store::MemoryStore,
    testing::{Fault, FaultStore, ManualClock},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const REFUSED: &str = "kiff:refused";

fn contract(name: &str) -> Contract {
    Contract::new(name, "order").allowed_states(["PAID"]).permissions(["orders.refund"]).param("cents", u64::KIND)
}

/// An effect that may be repeated and names no timeout.
fn untimed(lab: &Lab) -> Definition {
    Definition::new(contract("UNTIMED").effect(Effect::Idempotent).emits(["NOTE_ADDED"])).executor(lab.clone())
}

fn permission(text: &str) -> Permission {
    Permission::new(text).unwrap()
}

fn permit(world: &World, proposal: Proposal) -> Permit {
    match world.rt.decide(&agent(), proposal).unwrap() {
        Decision::Allowed(allowed) => allowed.permit,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn unsettled(resolved: Resolved, code: &str) {
    match resolved {
        Resolved::Refused(refusal) => assert_eq!(refusal.code(), *code),
        other => panic!("wanted {code}, got {other:?}"),
    }
}

#[track_caller]
fn settled(resolved: Resolved) -> kiff::Answer {
    resolved.settled().unwrap()
}

fn not_applied(rt: &kiff::Blocking, id: ExecutionId) -> Resolved {
    rt.resolve(&resolver(), id, Resolution::NotApplied, "seen at the provider").unwrap()
}

/// A signer that takes time, or fails, as it is told to.
#[derive(Clone, Default)]
struct Moody {
    slow: Option<(ManualClock, Duration)>,
    fails: Arc<AtomicBool>,
}

impl Signer for Moody {
    fn key_id(&self) -> &str {
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    }
    async fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignerError> {
        if let Some((clock, span)) = &self.slow {
            clock.advance(*span);
        }
        match self.fails.load(Ordering::SeqCst) {
            true => Err(SignerError::new("the key is out of reach")),
            false => Ok([0; 64]),
        }
    }
}

/// Notes how long it is asked to wait, and waits for good.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Vec<Duration>>>);

impl Timer for Spans {
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push(span);
        Box::pin(std::future::pending())
    }
}

#[test]
fn a_refusal_without_permission_does_not_tell_whether_the_entity_exists() {
    let world = World::with(|domain| domain, |builder| builder.signer(Moody::default())).pay();
    let before = world.len();
    for entity in [ORDER, "order:none"] {
        let answer = world.rt.execute(&stranger(), Proposal::new("REFUND", entity).param("cents", 5)).unwrap();
        assert_eq!(blocked(answer).reason, *"permission_denied");
    }
    assert_eq!(world.len(), before);
    let records = world.records(REFUSED);
    let kinds: Vec<Kind> = records.iter().map(Record::kind).collect();
    assert_eq!(kinds, [Kind::DecisionRecorded, Kind::ActionBlocked, Kind::DecisionRecorded, Kind::ActionBlocked]);
    let shape = |record: &Record| (crate::kit::at(&crate::kit::body(record), "state_version"), record.entity().clone());
    assert_eq!(shape(&records[1]), shape(&records[3]));
    world.verify();
}

#[test]
fn an_escalation_adds_a_permission_and_replaces_none() {
    let world = World::paid();
    let id = world.held(proposal("HELD_FOR_TWO", 1)).approval_id;
    world.grant(id, "nora");
    let review = world.rt.escalate(&reviewer("nora"), id, permission("orders.refund"), "").unwrap();
    assert!(matches!(review, Review::Recorded(status) if status.state == kiff::ApprovalState::Escalated));
    assert_eq!(world.rt.pending_approvals().unwrap()[0].reviewers, Some(permission("orders.refund")));
    // What the contract asks for is asked for as before; what the escalation names, as well.
    let clerk = Authority::human("clerk", ["operator"]);
    assert_eq!(world.refused(world.rt.grant(&clerk, id, "")).code(), *"permission_denied");
    assert_eq!(world.refused(world.rt.grant(&reviewer("ann"), id, "")).code(), *"permission_denied");
    let chief = Authority::human("chief", ["operator", "reviewer"]);
    assert!(matches!(world.rt.grant(&chief, id, "").unwrap(), Review::Recorded(_)));
    executed(world.rt.resume(id).unwrap());
    world.verify();
}

#[test]
fn nobody_escalates_what_is_granted_or_to_a_permission_that_nobody_holds() {
    let world = World::paid();
    let id = world.held(refund(500)).approval_id;
    let escalate = |to: &str| world.rt.escalate(&reviewer("ann"), id, permission(to), "");
    assert_eq!(world.refused(escalate("nobody.has")).code(), *"not_escalatable");
    world.grant(id, "ann");
    assert_eq!(world.refused(escalate("orders.refund")).code(), *"not_escalatable");
    executed(world.rt.resume(id).unwrap());
    world.verify();
}

#[test]
fn resuming_what_the_host_runs_uses_nothing_up() {
    let define = Definition::new(contract("HOST_HELD").approval_required("orders.approve"));
    let world = World::with(|domain| domain.define(define), |builder| builder).pay();
    let Decision::Held(held) = world.rt.decide(&agent(), proposal("HOST_HELD", 1)).unwrap() else { panic!() };
    world.grant(held.approval_id, "nora");
    let before = world.len();
    assert!(matches!(world.rt.resume(held.approval_id), Err(RuntimeError::NoExecutor { .. })));
    assert_eq!(world.len(), before);
    drop(permit(&world, proposal("HOST_HELD", 1).approval(held.approval_id)));
    world.verify();
}

#[test]
fn every_execution_records_when_it_counts_as_abandoned() {
    let lease = Duration::from_secs(60);
    let worlds = [
        (World::paid(), "BY_HOST", Duration::from_secs(30)),
        (World::paid(), "BY_HOST_REPEATABLE", Duration::from_secs(600)),
        (
            World::with(|domain| domain.bounds(kiff::Bounds::default().with_lease(lease)), |builder| builder).pay(),
            "BY_HOST_REPEATABLE",
            lease,
        ),
    ];
    for (world, action, span) in worlds {
        drop(permit(&world, proposal(action, 1)));
        let deadline = world.rt.in_doubt().unwrap()[0].deadline.unwrap();
        assert_eq!(deadline.since(world.clock.now()), span, "{action}");
        world.verify();
    }
}

#[test]
fn an_executor_may_take_what_is_left_until_the_deadline() {
    for (action, signing, starts, left) in [
        ("REPEATABLE", 20, 1, Some(Duration::from_secs(10))),
        ("REPEATABLE", 60, 0, None),
        ("UNTIMED", 20, 1, None),
        ("UNTIMED", 600, 0, None),
    ] {
        let (lab, spans, clock) = (Lab::default(), Spans::default(), ManualClock::default());
        clock.set("2026-05-24T09:00:00Z");
        let signer = Moody { slow: Some((clock.clone(), Duration::from_secs(signing))), ..Moody::default() };
        let build = |builder: kiff::RuntimeBuilder| builder.clock(clock.clone()).timer(spans.clone()).signer(signer);
        let world = World::with(|domain| domain.define(untimed(&lab)), build).pay();
        let mut running = (starts == 1).then(|| {
            [&lab, &world.lab].iter().for_each(|lab| lab.then(Plan::Hang));
            call(world.rt.runtime(), proposal(action, 1))
        });
        match &mut running {
            Some(call) => assert!(waits(call)),
            None => drop(crate::kit::failed(world.send(proposal(action, 1)))),
        }
        assert_eq!(lab.runs() + world.lab.runs(), starts, "{action} after {signing} s");
        assert_eq!(spans.0.lock().unwrap().first().copied(), left, "{action} after {signing} s");
        drop(running);
        world.verify();
    }
}

#[test]
fn nobody_says_that_an_attempt_did_nothing_before_its_deadline() {
    for (action, span) in [("REPEATABLE", 30), ("UNTIMED", 600)] {
        let lab = Lab::default();
        let world = World::with(|domain| domain.define(untimed(&lab)), |builder| builder).pay();
        [&lab, &world.lab].iter().for_each(|lab| lab.then(Plan::Hang));
        let mut running = call(world.rt.runtime(), proposal(action, 1));
        assert!(waits(&mut running));
        let other = world.other(|others| domain(others, "v1").define(untimed(&lab)));
        let id = other.in_doubt().unwrap()[0].execution_id;
        world.clock.advance(Duration::from_secs(span - 1));
        unsettled(not_applied(&other, id), "execution_still_running");
        unsettled(other.retry(&resolver(), id).unwrap(), "execution_still_running");
        world.clock.advance(Duration::from_secs(1));
        world.lab.forget();
        executed(settled(other.retry(&resolver(), id).unwrap()));
        world.verify();
    }
}

#[test]
fn an_attempt_that_ended_without_a_result_is_settled_at_once() {
    let world = World::paid();
    world.lab.then(Plan::Error);
    let id = in_doubt(world.send(proposal("REPEATABLE", 1))).execution_id;
    assert_eq!(world.rt.in_doubt().unwrap()[0].deadline, None);
    executed(settled(world.rt.retry(&resolver(), id).unwrap()));
    world.lab.then(Plan::Error);
    let id = in_doubt(world.send(refund(5))).execution_id;
    let _ = settled(not_applied(&world.rt, id));
    executed(world.send(refund(5)));
    world.verify();
}

#[test]
fn a_late_result_does_not_end_the_wait_for_the_attempt_that_runs() {
    let world = World::paid();
    let first = permit(&world, proposal("REPEATABLE", 1));
    let id = first.execution_id();
    world.clock.advance(Duration::from_secs(31));
    world.lab.then(Plan::Hang);
    let rt = world.rt.runtime().clone();
    let mut second: BoxFuture<'static, _> = Box::pin(async move { rt.retry(&resolver(), id).await });
    assert!(waits(&mut second));
    let other = world.other(|lab| domain(lab, "v1"));
    unsettled(not_applied(&other, id), "execution_still_running");
    let late = in_doubt(world.rt.settle(first, Err(Failure::not_applied("no"))).unwrap());
    assert_eq!(late.cause, *"outcome_conflict");
    unsettled(not_applied(&other, id), "execution_still_running");
    assert_eq!(blocked(other.execute(&agent(), refund(5)).unwrap()).reason, *"execution_in_doubt");
    assert!(waits(&mut second));
    world.clock.advance(Duration::from_secs(30));
    let _ = settled(not_applied(&other, id));
    world.verify();
}

#[test]
fn expired_approvals_do_not_count_and_are_closed_in_one_sweep() {
    let bounds = kiff::Bounds::default().with_open_approvals(2);
    let world = World::with(|domain| domain.bounds(bounds), |builder| builder).pay();
    (1..=2).for_each(|cents| drop(world.held(proposal("ALWAYS_HELD", cents))));
    assert_eq!(world.blocked(proposal("ALWAYS_HELD", 3)).reason, *"too_many_open_approvals");
    world.clock.advance(Duration::from_secs(3600));
    let id = world.held(proposal("ALWAYS_HELD", 3)).approval_id;
    assert_eq!(world.count(Kind::ApprovalExpired), 2);
    let pending: Vec<_> = world.rt.pending_approvals().unwrap().iter().map(|pending| pending.id).collect();
    assert_eq!(pending, [id]);
    assert_eq!(world.rt.state(ORDER).unwrap().unwrap().open_approvals.len(), 1);
    world.verify();
}

#[test]
fn a_review_looks_at_the_log_first_and_an_unrecorded_refusal_is_counted() {
    let bounds = kiff::Bounds::default().with_refusals(1);
    let rules = |lab: &Lab| domain(lab, "v1").bounds(bounds);
    let world = World::with(|domain| domain.bounds(bounds), |builder| builder).pay();
    let id = world.held(proposal("ALWAYS_HELD", 1)).approval_id;
    world.grant(id, "nora");
    let before = world.len();
    for _ in 0..4 {
        assert_eq!(world.refused(world.rt.grant(&reviewer("nora"), id, "")).code(), *"already_granted");
    }
    assert_eq!(world.since(before), [Kind::ReviewRejected, Kind::RefusalsSuppressed]);
    let other = world.other(rules);
    let _ = other.state(ORDER).unwrap();
    let id = world.held(proposal("ALWAYS_HELD", 2)).approval_id;
    assert!(matches!(other.grant(&reviewer("nora"), id, "").unwrap(), Review::Recorded(_)));
    // The next decision of the same actor tells how many were refused without a record of their own.
    executed(world.rt.execute(&Authority::human("nora", ["operator"]), refund(5)).unwrap());
    assert_eq!(crate::kit::at(&world.last(Kind::ActionValidated), "suppressed"), "3");
    world.verify();
}

#[test]
fn a_key_with_a_granted_approval_runs_in_another_process() {
    let world = World::paid();
    let other = world.other(|lab| domain(lab, "v1"));
    let _ = other.state(ORDER).unwrap();
    let id = world.held(refund(500).idempotency_key("k")).approval_id;
    world.grant(id, "nora");
    let again = || refund(500).idempotency_key("k").approval(id);
    assert!(!executed(other.execute(&agent(), again()).unwrap()).is_repeat);
    for rt in [&other, &world.rt] {
        assert!(executed(rt.execute(&agent(), again()).unwrap()).is_repeat);
    }
    assert_eq!(world.lab.runs(), 1);
    world.verify();
}

#[test]
fn an_outcome_whose_append_was_lost_is_found_behind_records_of_others() {
    let inner = MemoryStore::new();
    let store = FaultStore::new(inner.clone());
    let world = World::with(|domain| domain, |builder| builder.store(store.clone())).pay();
    world.lab.then(Plan::Wait(1, noted()));
    let mut running = call(world.rt.runtime(), proposal("CHECKED", 1));
    assert!(waits(&mut running));
    store.fail_at(1, Fault::Refused);
    assert!(waits(&mut running), "the outcome waits for the store");
    // Another process reports a fact at the place where the outcome was tried.
    let other = Runtime::builder(world.domain.clone()).clock(world.clock.clone()).ids(world.ids.clone()).store(inner);
    let note = NewEvent::new("note", "NOTE_ADDED");
    let _ = other.build().unwrap().blocking().ingest(&Authority::service("stripe"), ORDER, note).unwrap();
    // Behind it the outcome lands, and neither the answer nor the first look for it comes back.
    store.fail_at(3, Fault::Lost);
    store.fail_at(4, Fault::Refused);
    let calls = store.calls();
    world.timer.pass();
    let std::task::Poll::Ready(answer) =
        running.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
    else {
        panic!()
    };
    executed(answer.unwrap());
    assert!(store.calls() >= calls + 5, "the planned faults came");
    assert_eq!((world.count(Kind::ActionExecuted), world.count(Kind::OutcomeConflict)), (1, 0));
    assert_eq!(world.lab.runs(), 1);
    world.verify();
}

#[test]
fn resuming_a_used_approval_tells_what_came_of_it() {
    let world = World::paid();
    for (plan, word) in [(Plan::NotApplied, "failed"), (Plan::Succeed(noted()), "executed"), (Plan::Error, "in_doubt")]
    {
        let id = world.held(refund(500)).approval_id;
        world.grant(id, "nora");
        world.lab.then(plan);
        assert_eq!(world.rt.resume(id).unwrap().word(), word);
        let before = world.len();
        assert_eq!(world.rt.resume(id).unwrap().word(), word);
        assert_eq!(world.len(), before);
    }
    assert_eq!(world.lab.runs(), 3);
    world.verify();
}

#[test]
fn an_approval_of_an_action_that_left_the_domain_can_be_ended() {
    let define = Definition::new(contract("LEAVING").approval_required("orders.approve")).executor(Lab::default());
    let world = World::with(|domain| domain.define(define), |builder| builder).pay();
    let (one, two) = (world.held(proposal("LEAVING", 1)).approval_id, world.held(proposal("LEAVING", 2)).approval_id);
    let other = world.other(|lab| domain(lab, "v1"));
    assert_eq!(world.refused(other.grant(&reviewer("ann"), one, "")).code(), *"approval_stale");
    let judge = Authority::agent("judge", ["reviewer"]);
    assert_eq!(world.refused(other.deny(&judge, one, "")).code(), *"reviewer_kind");
    assert!(matches!(other.deny(&reviewer("ann"), one, "no").unwrap(), Review::Recorded(_)));
    assert!(matches!(other.revoke(&reviewer("ann"), two, "").unwrap(), Review::Recorded(_)));
    assert!(other.pending_approvals().unwrap().is_empty());
}

#[test]
fn a_refusal_that_passes_does_not_take_the_key() {
    let world = World::paid();
    let open = permit(&world, proposal("BY_HOST", 1));
    assert_eq!(world.blocked(refund(5).idempotency_key("k")).reason, *"execution_open");
    let _ = world.rt.settle(open, Ok(noted())).unwrap();
    assert!(!executed(world.send(refund(5).idempotency_key("k"))).is_repeat);
    // What will not pass by itself does take it.
    let unlucky = || proposal("CHECKED", 13).idempotency_key("unlucky");
    assert!(!world.blocked(unlucky()).is_repeat);
    assert!(world.blocked(unlucky()).is_repeat);
    world.verify();

    let bounds = kiff::Bounds::default().with_open_approvals(1);
    let world = World::with(|domain| domain.bounds(bounds), |builder| builder).pay();
    let first = world.held(proposal("ALWAYS_HELD", 1)).approval_id;
    let second = || proposal("ALWAYS_HELD", 2).idempotency_key("k");
    assert_eq!(world.blocked(second()).reason, *"too_many_open_approvals");
    let _ = world.rt.revoke(&reviewer("ann"), first, "").unwrap();
    assert!(!held(world.send(second())).is_repeat);
    world.verify();

    let signer = Moody::default();
    let world = World::with(|domain| domain, |builder| builder.signer(signer.clone())).pay();
    signer.fails.store(true, Ordering::SeqCst);
    assert_eq!(world.blocked(refund(5).idempotency_key("k")).reason, *"signer_unavailable");
    signer.fails.store(false, Ordering::SeqCst);
    assert!(!executed(world.send(refund(5).idempotency_key("k"))).is_repeat);
    assert_eq!(world.lab.runs(), 1);
    world.verify();
}

#[test]
fn what_a_record_cannot_hold_is_refused_before_it_is_decided() {
    let names = |count: usize| (0..count).map(|number| format!("orders.p_{number}"));
    let world = World::with(|domain| domain.role("crowd", names(2_000)), |builder| builder).pay();
    let before = world.len();
    // Many roles, many permissions behind one role, and a claim whose numbers grow when they become text.
    for authority in [Authority::agent("bot", names(2_000)), Authority::agent("bot", ["crowd"])] {
        let error = world.rt.execute(&authority, refund(5)).unwrap_err();
        assert!(
            matches!(error, RuntimeError::Proposal(ProposalError::AuthorityTooLarge { bytes, most }) if bytes > most)
        );
    }
    executed(world.rt.execute(&Authority::agent("bot", names(100).chain(["operator".into()])), refund(5)).unwrap());
    assert!(world.len() > before);
    let row = format!("[{}]", ["0"; 4_000].join(","));
    let rows = [row.as_str(); 4].join(",");
    let sent = format!(r#"{{"action":"CHECKED","entity":"order:o_1","parameters":{{"cents":1}},"actor":[{rows}]}}"#);
    let error = world.rt.execute(&agent(), Proposal::from_json(sent.as_bytes()).unwrap()).unwrap_err();
    assert_eq!(error.code(), "proposal_too_large");
    world.verify();
}
