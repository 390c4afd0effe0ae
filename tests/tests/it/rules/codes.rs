//! Every reason code comes out of a real run.

use super::kinds::public_key;
use super::kit::{
    Lab, ORDER, Plan, World, agent, blocked, domain, noted, proposal, refund, resolver, reviewer, stranger,
};
use kiff::{
    Authority, Decision, Ingested, NewEvent, Proposal, Refusal, Review, Value,
    admission::{MemberProblem, ProposalError},
    domain::Bounds,
    doubt::{Resolution, Resolved},
    ingest::EventRefusal,
    keys::{KeyPurpose, KeyRefusal, Signer, SignerError},
    record::Kind,
    review::ReviewRefusal,
};
use std::{collections::BTreeSet, time::Duration};

/// Holds that an enum has exactly these codes: a new one needs a run that ends in it.
#[track_caller]
fn assert_all(codes: &[&str], known: &[&str]) {
    let sorted = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(sorted(codes), sorted(known), "the table does not know every code");
}

/// Runs that end in each code of a refusal.
fn refusals() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut take = |answer: kiff::Answer| {
        let blocked = blocked(answer);
        assert!(!blocked.is_recorded || blocked.is_repeat || !blocked.checks.is_empty());
        found.extend(blocked.refusals.iter().map(|refusal| refusal.code().to_string()));
    };
    let world = World::paid();
    take(world.send(Proposal::new("NO_SUCH", ORDER)));
    take(world.rt.execute(&stranger(), refund(5)).unwrap());
    take(world.send(Proposal::new("REFUND", "order:none").param("cents", 5)));
    take(world.send(Proposal::new("REFUND", ORDER)));
    take(world.send(refund(5).approval("appr_01J8Z9K3M4N5P6Q7R8S9T0V1W3")));
    let id = world.held(refund(500)).approval_id;
    take(world.send(refund(501).approval(id)));
    world.deny(id);
    take(world.send(refund(500)));
    let id = world.held(refund(501)).approval_id;
    let _ = world.rt.revoke(&reviewer("ann"), id, "").unwrap();
    take(world.send(refund(501).approval(id)));
    let id = world.held(proposal("ALWAYS_HELD", 1)).approval_id;
    world.clock.advance(Duration::from_secs(3600));
    take(world.rt.resume(id).unwrap());
    let id = world.held(refund(502)).approval_id;
    world.event("NOTE_ADDED");
    take(world.rt.resume(id).unwrap());
    let id = world.held(refund(503)).approval_id;
    world.grant(id, "ann");
    let _ = world.rt.resume(id).unwrap();
    take(world.send(refund(503).approval(id)));
    let _ = world.send(refund(5).idempotency_key("k"));
    take(world.send(refund(6).idempotency_key("k")));
    let permit = world.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap();
    take(world.send(refund(5)));
    drop(permit);
    world.verify();
    refusals_of_other_worlds(take);
    found.extend(unreliable());
    found
}

/// Those that an entity in doubt, a bound or a signer gives.
fn refusals_of_other_worlds(mut take: impl FnMut(kiff::Answer)) {
    let world = World::paid();
    world.lab.then(Plan::Error);
    let _ = world.send(refund(5));
    take(world.send(refund(5)));
    world.verify();

    let world = World::new();
    world.event("ORDER_PLACED");
    take(world.send(refund(5)));

    let mut bounds = Bounds::default();
    bounds.open_approvals = 0;
    let world = World::with(|domain| domain.bounds(bounds), |builder| builder).pay();
    take(world.send(refund(500)));

    let world = World::with(|domain| domain, |builder| builder.signer(NoSigner)).pay();
    take(world.send(refund(5)));
    let id = world.held(refund(500)).approval_id;
    world.grant(id, "ann");
    take(world.rt.resume(id).unwrap());
    assert_eq!(world.lab.runs(), 0, "what cannot be signed is not cleared");
    world.verify();
}

struct NoSigner;
impl Signer for NoSigner {
    fn key_id(&self) -> &str {
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    }
    async fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignerError> {
        Err(SignerError::new("the key is out of reach"))
    }
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Fragile;
impl kiff::Facts for Fragile {
    fn apply(&mut self, _: &kiff::Event<'_>) {
        panic!("a fold that panics");
    }
}

fn parcel() -> kiff::domain::Machine {
    kiff::domain::Machine::new("parcel").starts("PARCEL_SENT", "SENT")
}

/// The log is of a version that had no facts; this one cannot fold it.
fn unreliable() -> Vec<String> {
    let contract = kiff::domain::Contract::new("LOSE", "parcel").allowed_states(["SENT"]);
    let define = || kiff::domain::Definition::new(contract.clone()).executor(Lab::default());
    let world = World::with(|domain| domain.table(parcel()).define(define()), |builder| builder);
    let sent = NewEvent::new("e", "PARCEL_SENT");
    let _ = world.rt.ingest(&Authority::service("post").unwrap(), "parcel:p", sent).unwrap();
    let later = world.other(|lab| domain(lab, "v2").table(parcel().facts::<Fragile>()).define(define()));
    let answer = blocked(later.execute(&agent(), Proposal::new("LOSE", "parcel:p")).unwrap());
    answer.refusals.iter().map(|refusal: &Refusal| refusal.code().to_string()).collect()
}

#[test]
fn every_code_of_a_refusal_comes_out_of_a_run() {
    let expected: BTreeSet<String> = Refusal::CODES.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(refusals(), expected);
}

#[test]
fn every_code_of_a_refused_review_comes_out_of_a_run() {
    let known = [
        "approval_unknown",
        "approval_expired",
        "approval_stale",
        "permission_denied",
        "reviewer_kind",
        "self_review",
        "already_granted",
        "not_escalatable",
        "execution_not_open",
        "execution_still_running",
        "execution_not_retryable",
    ];
    assert_all(ReviewRefusal::CODES, &known);
    let world = World::paid();
    let mut found = BTreeSet::new();
    let mut take = |refusal: ReviewRefusal| {
        found.insert(refusal.code().to_string());
    };
    let refused = |review: Review| match review {
        Review::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    };
    let grant = |by: &Authority, id| refused(world.rt.grant(by, id, "").unwrap());
    take(grant(&reviewer("ann"), "appr_01J8Z9K3M4N5P6Q7R8S9T0V1W3".parse().unwrap()));
    let id = world.held(proposal("HELD_FOR_TWO", 1)).approval_id;
    take(grant(&stranger(), id));
    take(grant(&Authority::agent("judge", ["reviewer"]).unwrap(), id));
    take(grant(&reviewer("alice"), id));
    world.grant(id, "ann");
    take(grant(&reviewer("ann"), id));
    let nobodys = kiff::ids::Permission::new("orders.own").unwrap();
    take(refused(world.rt.escalate(&reviewer("ann"), id, nobodys, "").unwrap()));
    let other = world.other(|lab| domain(lab, "v2"));
    take(refused(other.grant(&reviewer("bea"), id, "").unwrap()));
    let id = world.held(proposal("ALWAYS_HELD", 1)).approval_id;
    world.clock.advance(Duration::from_secs(3600));
    take(grant(&reviewer("ann"), id));
    // The code of an approval that has ended is that of its end.
    let id = world.held(refund(500)).approval_id;
    world.deny(id);
    assert_eq!(grant(&reviewer("ann"), id).code(), *"approval_denied");

    let unsettled = |resolved: Resolved| match resolved {
        Resolved::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    };
    let Decision::Allowed(allowed) = world.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap() else { panic!() };
    let execution = allowed.permit.execution_id();
    take(unsettled(world.rt.resolve(&resolver(), execution, Resolution::NotApplied, "").unwrap()));
    take(unsettled(world.rt.retry(&resolver(), execution).unwrap()));
    let _ = world.rt.record_outcome(allowed.permit, Ok(noted())).unwrap();
    take(unsettled(world.rt.retry(&resolver(), execution).unwrap()));
    assert_eq!(found, known.iter().map(|code| (*code).to_owned()).collect());
    world.verify();
}

#[test]
fn every_code_of_a_refused_change_of_keys_comes_out_of_a_run() {
    let known = ["permission_denied", "actor_kind", "key_already_published", "key_revoked"];
    assert_all(KeyRefusal::CODES, &known);
    let (world, key) = (World::new(), public_key());
    let (hsm, agent) = (
        Authority::service("hsm").unwrap().with_roles(["keeper"]).unwrap(),
        Authority::agent("bot", ["keeper"]).unwrap(),
    );
    let publish = |by: &Authority| world.rt.publish_key(by, &key, KeyPurpose::Log).unwrap().recorded();
    let revoke = |by: &Authority| world.rt.revoke_key(by, key.id(), 7, "lost").unwrap().recorded();
    let mut found = Vec::new();
    for by in [
        Authority::human("ann", ["reviewer"]).unwrap(),
        agent,
        Authority::system("host").unwrap().with_roles(["keeper"]).unwrap(),
    ] {
        found.push(publish(&by).unwrap_err().code().to_string());
        assert_eq!(revoke(&by).unwrap_err().code(), *found.last().unwrap().as_str());
    }
    assert_eq!(publish(&hsm).unwrap().key_id, *key.id());
    found.push(publish(&hsm).unwrap_err().code().to_string());
    // A revocation may be made again, and a key that was never published may be revoked.
    assert_eq!([revoke(&hsm).unwrap().changed_by, revoke(&hsm).unwrap().changed_by], ["hsm", "hsm"]);
    found.push(publish(&hsm).unwrap_err().code().to_string());
    let other = kiff::keys::Ed25519Signer::generate().unwrap();
    assert!(world.rt.revoke_key(&hsm, other.key_id(), 0, "stolen").unwrap().recorded().is_ok());
    assert_eq!(found, ["permission_denied", "actor_kind", "actor_kind", "key_already_published", "key_revoked"]);
    // What was refused is in the log, and the runtime that reads it holds the same.
    let again = world.other(|lab| domain(lab, "v1"));
    assert!(again.publish_key(&hsm, &key, KeyPurpose::Log).unwrap().recorded().is_err());
    let kinds: Vec<Kind> = world.rt.timeline("kiff:keys").unwrap().entries().map(|entry| entry.kind).collect();
    let told = |kind| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!((told(Kind::ReviewRejected), told(Kind::KeyPublished), told(Kind::KeyRevoked)), (9, 1, 3));
    world.verify();
}

#[test]
fn every_code_of_a_refused_event_comes_out_of_a_run() {
    let known = [
        "entity_type_unknown",
        "no_transition",
        "source_not_allowed",
        "event_id_reused",
        "event_too_large",
        "payload_malformed",
        "facts_failed",
    ];
    assert_all(EventRefusal::CODES, &known);
    let fragile = kiff::domain::Machine::new("crate").starts("CRATE_SENT", "SENT").facts::<Fragile>();
    let world = World::with(|domain| domain.table(fragile), |builder| builder);
    let stripe = Authority::service("stripe").unwrap();
    let placed = || NewEvent::new("a", "ORDER_PLACED");
    let _ = world.rt.ingest(&stripe, ORDER, placed()).unwrap();
    let large = Value::from("x".repeat(40_000));
    let cases = [
        (&stripe, "parcel:p", NewEvent::new("b", "ORDER_PLACED")),
        (&stripe, ORDER, NewEvent::new("b", "ORDER_PLACED")),
        (&agent(), "order:o_2", NewEvent::new("b", "ORDER_PLACED")),
        (&stripe, ORDER, placed().payload(Value::Null)),
        (&stripe, "order:o_2", NewEvent::new("b", "ORDER_PLACED").payload(large)),
        (&stripe, "order:o_2", NewEvent::new("b", "ORDER_PLACED").payload(Value::from("\0"))),
        (&stripe, "crate:c", NewEvent::new("b", "CRATE_SENT")),
    ];
    let found: Vec<String> = cases
        .into_iter()
        .map(|(source, entity, event)| match world.rt.ingest(source, entity, event).unwrap() {
            Ingested::Refused(refusal) => refusal.code().to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(found, known);
}

#[test]
fn every_code_of_a_proposal_that_is_not_admitted_comes_out_of_a_run() {
    let own = [
        "json_malformed",
        "member_malformed",
        "name_malformed",
        "entity_reserved",
        "proposal_too_large",
        "authority_too_large",
    ];
    assert_all(ProposalError::CODES, &own);
    let of_members = ["member_missing", "unknown_member", "member_malformed", "name_malformed"];
    assert_all(MemberProblem::CODES, &of_members);
    let world = World::paid();
    let sent = |proposal: Result<Proposal, ProposalError>| -> String {
        let error = proposal.and_then(|proposal| match world.rt.execute(&agent(), proposal) {
            Err(kiff::RuntimeError::Proposal(error)) => Err(error),
            other => panic!("{other:?}"),
        });
        error.map(|(): ()| ()).unwrap_err().code().to_string()
    };
    let crowd = Authority::agent("bot", (0..2_000).map(|number| format!("role_{number}"))).unwrap();
    let crowded = match world.rt.execute(&crowd, refund(5)) {
        Err(kiff::RuntimeError::Proposal(error @ ProposalError::AuthorityTooLarge { .. })) => error.code().to_string(),
        other => panic!("{other:?}"),
    };
    let found = [
        sent(Proposal::from_json(b"{")),
        sent(Ok(refund(5).reasoning("\0"))),
        sent(Ok(Proposal::new("refund", ORDER))),
        sent(Ok(Proposal::new("REFUND", "kiff:refused"))),
        sent(Ok(refund(5).reasoning("x".repeat(40_000)))),
        crowded,
    ];
    assert_eq!(found, own);
    let texts = ["{}", r#"{"Action":"A","entity":"order:1"}"#, "[]", r#"{"action":"a","entity":"order:1"}"#];
    assert_eq!(texts.map(|text| sent(Proposal::from_json(text.as_bytes()))), of_members);
}
