//! Faults that readings of the kernel found, each held by a test that is named after the behaviour.

use super::kit::{
    Lab, ORDER, Plan, World, agent, blocked, domain, executed, held, noted, proposal, refund, reviewer, stranger,
};
use kiff::{
    Authority, Decision, Param, Permit, Proposal, Review, RuntimeError,
    admission::ProposalError,
    domain::{Contract, Definition},
    ids::Permission,
    keys::{Signer, SignerError},
    record::{Kind, Record},
    testing::ManualClock,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const REFUSED: &str = "kiff:refused";

pub(crate) fn contract(name: &str) -> Contract {
    Contract::new(name, "order").allowed_states(["PAID"]).permissions(["orders.refund"]).param("cents", u64::KIND)
}

fn permission(text: &str) -> Permission {
    Permission::new(text).unwrap()
}

pub(crate) fn permit(world: &World, proposal: Proposal) -> Permit {
    match world.rt.decide(&agent(), proposal).unwrap() {
        Decision::Allowed(allowed) => allowed.permit,
        other => panic!("{other:?}"),
    }
}

/// A signer that takes time, or fails, as it is told to.
#[derive(Clone, Default)]
pub(crate) struct Moody {
    pub(crate) slow: Option<(ManualClock, Duration)>,
    pub(crate) fails: Arc<AtomicBool>,
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
    let shape = |record: &Record| (super::kit::at(&super::kit::body(record), "state_version"), record.entity().clone());
    assert_eq!(shape(&records[1]), shape(&records[3]));
    world.verify();
}

#[test]
fn an_escalation_adds_a_permission_and_replaces_none() {
    let world = World::paid();
    let id = world.held(proposal("HELD_FOR_TWO", 1)).approval_id;
    world.grant(id, "nora");
    let review = world.rt.escalate(&reviewer("nora"), id, permission("orders.refund"), "").unwrap();
    assert!(matches!(review, Review::Recorded(status) if status.state == kiff::review::ApprovalState::Escalated));
    assert_eq!(world.rt.pending_approvals().unwrap()[0].reviewers, Some(permission("orders.refund")));
    // What the contract asks for is asked for as before; what the escalation names, as well.
    let clerk = Authority::human("clerk", ["operator"]).unwrap();
    assert_eq!(world.refused(world.rt.grant(&clerk, id, "")).code(), *"permission_denied");
    assert_eq!(world.refused(world.rt.grant(&reviewer("ann"), id, "")).code(), *"permission_denied");
    let chief = Authority::human("chief", ["operator", "reviewer"]).unwrap();
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
fn expired_approvals_do_not_count_and_are_closed_in_one_sweep() {
    let bounds = kiff::domain::Bounds::default().with_open_approvals(2);
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
fn a_review_looks_at_the_log_first() {
    let bounds = kiff::domain::Bounds::default().with_refusals(1);
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
    let judge = Authority::agent("judge", ["reviewer"]).unwrap();
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
    let _ = world.rt.record_outcome(open, Ok(noted())).unwrap();
    assert!(!executed(world.send(refund(5).idempotency_key("k"))).is_repeat);
    // What will not pass by itself does take it.
    let unlucky = || proposal("CHECKED", 13).idempotency_key("unlucky");
    assert!(!world.blocked(unlucky()).is_repeat);
    assert!(world.blocked(unlucky()).is_repeat);
    world.verify();

    let bounds = kiff::domain::Bounds::default().with_open_approvals(1);
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
fn an_authority_that_no_record_could_hold_is_refused_before_it_is_decided() {
    let names = |count: usize| (0..count).map(|number| format!("orders.p_{number}"));
    let world = World::with(|domain| domain.role("crowd", names(2_000)), |builder| builder).pay();
    let before = world.len();
    // Many roles, or many permissions behind one role.
    for authority in [Authority::agent("bot", names(2_000)).unwrap(), Authority::agent("bot", ["crowd"]).unwrap()] {
        let error = world.rt.execute(&authority, refund(5)).unwrap_err();
        assert!(
            matches!(error, RuntimeError::Proposal(ProposalError::AuthorityTooLarge { bytes, most }) if bytes > most)
        );
    }
    assert_eq!(world.len(), before);
    executed(
        world.rt.execute(&Authority::agent("bot", names(100).chain(["operator".into()])).unwrap(), refund(5)).unwrap(),
    );
    world.verify();
}

#[test]
fn explaining_costs_nothing_to_whoever_may_not_ask() {
    let store = kiff::testing::FaultStore::new(kiff::store::MemoryStore::new());
    let world = World::with(|domain| domain, |builder| builder.store(store.clone())).pay();
    let before = store.calls();
    for (action, entity, reason) in [
        ("REFUND", ORDER, "permission_denied"),
        ("REFUND", "order:none", "permission_denied"),
        ("NONE", ORDER, "action_unknown"),
    ] {
        let would = world.rt.explain(&stranger(), Proposal::new(action, entity).param("cents", 5)).unwrap();
        assert_eq!((would.reason.as_str(), would.decision), (reason, kiff::record::Verdict::Blocked));
    }
    assert_eq!(store.calls(), before);
    assert_eq!(world.rt.explain(&agent(), refund(5)).unwrap().decision, kiff::record::Verdict::Allowed);
}
