//! A service that acts only on receipts: what it refuses, and that nothing runs twice.

use super::kit::SEED;
use super::payments::{MINUTE, World, guard, keys, request};
use crate::folder::Folder;
use kiff::{
    Authority, Decision, Proposal,
    guard::{Begun, Guard, GuardError, MemoryReplayStore, ReplayError, ReplayStore, Request, SqliteReplayStore, Usage},
    keys::Ed25519Signer,
    testing::ManualClock,
    verify::Revocations,
};
use std::{sync::atomic::Ordering, time::Duration};

#[test]
fn the_effect_runs_once_and_a_repeat_gets_its_outcome() {
    let world = World::new();
    let (guard, warrant) = (world.guard(MemoryReplayStore::new()), world.warrant());
    assert_eq!(world.pay(&guard, &warrant, &request()), Ok(("payment 1".to_owned(), false)));
    for _ in 0..2 {
        assert_eq!(world.pay(&guard.clone(), &warrant, &request()), Ok(("payment 1".to_owned(), true)));
    }
    let next = world.warrant_for("o_2", "REFUND_ORDER", "49.00").to_json();
    let other = Request::new("acme", "order:o_2", "REFUND_ORDER").unwrap().param("amount", "49.00");
    assert_eq!(world.pay(&guard, &next, &other), Ok(("payment 2".to_owned(), false)));
}

#[test]
fn whatever_the_service_would_do_otherwise_is_refused() {
    let world = World::new();
    let (guard, warrant) = (world.guard(MemoryReplayStore::new()), world.warrant());
    let new = |tenant, entity, action| Request::new(tenant, entity, action).unwrap();
    let own = || new("acme", "order:o_1", "REFUND_ORDER");
    for (request, code) in [
        (new("acne", "order:o_1", "REFUND_ORDER").param("amount", "49.00"), "other_tenant"),
        (new("acme", "order:o_2", "REFUND_ORDER").param("amount", "49.00"), "other_entity"),
        (new("acme", "orders:o_1", "REFUND_ORDER").param("amount", "49.00"), "other_entity"),
        (new("acme", "order:o_1", "CANCEL_ORDER").param("amount", "49.00"), "other_action"),
        (own().param("amount", "49.01"), "other_request"),
        (own().param("amount", "49.0"), "other_request"),
        (own().param("amount", 49), "other_request"),
        (own(), "other_request"),
        (own().param("amount", "49.00").param("note", "x"), "other_request"),
        (own().param("amount", "49.00").param("No Name", "x"), "other_request"),
        (own().param("sum", "49.00"), "other_request"),
    ] {
        world.refused(&guard, &warrant, &request, code);
    }
    assert!(world.pay(&guard, &warrant, &request()).is_ok());
}

#[test]
fn a_warrant_that_was_tampered_with_is_refused() {
    let world = World::new();
    let (guard, warrant) = (world.guard(MemoryReplayStore::new()), world.warrant());
    for (from, to, code) in [
        ("\"id\":\"bot\"", "\"id\":\"bob\"", "other_request"),
        ("\"type\":\"agent\"", "\"type\":\"human\"", "other_request"),
        (",\"on_behalf_of\":\"alice\"", "", "other_request"),
        ("\"alice\"", "\"mallory\"", "other_request"),
        ("\"salt\":\"A", "\"salt\":\"B", "other_request"),
        ("order:o_1", "order:o_2", "signature_wrong"),
        ("\"decision\":\"allowed\"", "\"decision\":\"blocked\"", "signature_wrong"),
        ("\"issued_by\":\"shop\"", "\"issued_by\":\"shep\"", "signature_wrong"),
        ("{\"actor\"", "{\"actor\":{},\"actor\"", "duplicate_member"),
        ("{\"actor\"", "{\"more\":1,\"actor\"", "warrant_malformed"),
        ("\"salt\"", "\"sale\"", "warrant_malformed"),
        ("\"type\":\"agent\"", "\"type\":\"robot\"", "warrant_malformed"),
        ("\"reason\":\"none\",", "", "missing_member"),
    ] {
        let tampered = warrant.replace(from, to);
        assert_ne!(tampered, warrant, "{from}");
        world.refused(&guard, &tampered, &request(), code);
    }
    world.refused(&guard, "", &request(), "no_receipt");
    world.refused(&guard, "null", &request(), "not_an_object");
    assert!(world.pay(&guard, &warrant, &request()).is_ok());
}

#[test]
fn only_what_was_cleared_runs() {
    let world = World::new();
    let guard = world.guard(MemoryReplayStore::new());
    let held = world.decide("o_1", "REFUND_ORDER", "499.00");
    let Decision::Held(held) = held else { panic!("{held:?}") };
    // Somebody puts the held receipt into the warrant of another decision.
    let warrant = world.warrant_for("o_2", "REFUND_ORDER", "49.00").to_json();
    let (head, tail) = warrant.split_once("\"receipt\":").unwrap();
    let tail = &tail[tail.find('}').unwrap() + 1..];
    let spliced = format!("{head}\"receipt\":{}{tail}", held.receipt.unwrap().to_json());
    let request = Request::new("acme", "order:o_1", "REFUND_ORDER").unwrap().param("amount", "499.00");
    world.refused(&guard, &spliced, &request, "not_allowed");
}

#[test]
fn what_a_person_granted_runs_with_the_receipt_of_its_clearance() {
    let world = World::new();
    let guard = world.guard(MemoryReplayStore::new());
    let held = world.decide("o_1", "REFUND_ORDER", "499.00");
    let Decision::Held(held) = held else { panic!("{held:?}") };
    let lead = Authority::human("lee", ["lead"]).unwrap();
    world.rt.grant(&lead, held.approval_id, "seen").unwrap().recorded().unwrap();
    let agent = Authority::agent("bot", ["operator"]).unwrap().on_behalf_of("alice").unwrap();
    let asked = Proposal::new("REFUND_ORDER", "order:o_1").param("amount", "499.00").approval(held.approval_id);
    let allowed = world.rt.decide(&agent, asked).unwrap();
    let Decision::Allowed(allowed) = allowed else { panic!("{allowed:?}") };
    let warrant = allowed.warrant().unwrap();
    assert_eq!(warrant.receipt().request_digest(), held.receipt.unwrap().request_digest());
    let request = Request::new("acme", "order:o_1", "REFUND_ORDER").unwrap().param("amount", "499.00");
    assert_eq!(world.pay(&guard, &warrant.to_json(), &request), Ok(("payment 1".to_owned(), false)));
}

#[test]
fn another_key_or_issuer_is_refused() {
    let mallory = World::of("shop", "acme", &[6; 32]);
    mallory.refused(&mallory.guard(MemoryReplayStore::new()), &mallory.warrant(), &request(), "unknown_key");
    let neighbour = World::of("hop", "acme", &SEED);
    neighbour.refused(&neighbour.guard(MemoryReplayStore::new()), &neighbour.warrant(), &request(), "other_issuer");
    let tenant = World::of("shop", "acne", &SEED);
    tenant.refused(&tenant.guard(MemoryReplayStore::new()), &tenant.warrant(), &request(), "other_tenant");
    let world = World::new();
    let revoked = Revocations::new().with(Ed25519Signer::from_seed(&SEED).key_id().clone(), 1_000_000);
    let guard = Guard::builder(keys(), "shop").clock(world.clock.clone()).revocations(revoked).build();
    world.refused(&guard, &world.warrant(), &request(), "key_revoked");
}

#[test]
fn a_receipt_is_good_for_its_age_and_remembered_for_longer() {
    let (world, store) = (World::new(), MemoryReplayStore::new());
    let guard = world.guard(store.clone());
    let warrant = world.warrant();
    assert!(world.pay(&guard, &warrant, &request()).is_ok());
    world.clock.advance(6 * MINUTE);
    assert_eq!(world.pay(&guard, &warrant, &request()), Ok(("payment 1".to_owned(), true)));
    world.clock.advance(Duration::from_millis(1));
    world.refused(&guard, &warrant, &request(), "too_old");
    // The use is forgotten after the age and the skew on either side, when another receipt is used.
    let later = |order: &str| {
        let warrant = world.warrant_for(order, "REFUND_ORDER", "49.00").to_json();
        let request = Request::new("acme", format!("order:{order}"), "REFUND_ORDER").unwrap().param("amount", "49.00");
        world.pay(&guard, &warrant, &request).unwrap();
    };
    world.clock.advance(MINUTE - Duration::from_millis(1));
    later("o_2");
    assert_eq!(store.len(), 2);
    world.clock.advance(Duration::from_millis(1));
    later("o_3");
    assert_eq!(store.len(), 2, "the first use is forgotten");
    // A guard that accepts older receipts, or has another time, does not take it for new.
    let patient = Guard::builder(keys(), "shop").max_age(100 * MINUTE).clock(world.clock.clone()).store(store).build();
    world.refused(&patient, &warrant, &request(), "too_old");
}

#[test]
fn a_receipt_from_a_clock_that_is_far_ahead_is_refused() {
    let world = World::new();
    let warrant = world.warrant();
    let behind = ManualClock::default();
    behind.set("2026-05-24T08:58:59.999Z");
    world.refused(&guard(&behind, MemoryReplayStore::new()), &warrant, &request(), "from_the_future");
    behind.set("2026-05-24T08:59:00.000Z");
    assert!(world.pay(&guard(&behind, MemoryReplayStore::new()), &warrant, &request()).is_ok());
}

#[test]
fn an_effect_without_an_outcome_is_in_doubt_for_good() {
    let world = World::new();
    let (guard, warrant) = (world.guard(MemoryReplayStore::new()), world.warrant());
    let failed = guard.require_blocking(warrant.as_bytes(), &request(), || Err(std::io::Error::other("no answer")));
    assert!(matches!(failed, Err(GuardError::Effect(error)) if error.to_string() == "no answer"));
    world.refused(&guard, &warrant, &request(), "in_doubt");

    let next = world.warrant_for("o_2", "REFUND_ORDER", "49.00").to_json();
    let other = Request::new("acme", "order:o_2", "REFUND_ORDER").unwrap().param("amount", "49.00");
    // A call in the middle of which another comes, and whose future is then dropped.
    let mut first = Box::pin(guard.require(next.as_bytes(), &other, std::future::pending::<Result<Vec<u8>, ()>>));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    world.refused(&guard, &next, &other, "in_doubt");
    drop(first);
    world.refused(&guard, &next, &other, "in_doubt");
}

/// Fails where it is told to.
#[derive(Clone)]
struct Failing {
    store: MemoryReplayStore,
    at_begin: bool,
}

impl ReplayStore for Failing {
    async fn begin(&self, usage: &Usage) -> Result<Begun, ReplayError> {
        if self.at_begin {
            Err(ReplayError::new("the disk is full"))
        } else {
            ReplayStore::begin(&self.store, usage).await
        }
    }

    async fn finish(&self, _: &Usage, _: &[u8]) -> Result<(), ReplayError> {
        Err(ReplayError::new("the disk is full"))
    }
}

#[test]
fn a_store_that_fails_runs_nothing_or_hands_the_outcome_back() {
    let (world, store) = (World::new(), MemoryReplayStore::new());
    let warrant = world.warrant();
    let failing = |at_begin| world.guard(Failing { store: store.clone(), at_begin });
    world.refused(&failing(true), &warrant, &request(), "replay_store_failed");
    let paid = failing(false).require_blocking(warrant.as_bytes(), &request(), || Ok::<_, ()>(b"re_1".to_vec()));
    assert!(matches!(paid, Err(GuardError::OutcomeNotKept { outcome, .. }) if outcome == b"re_1"));
    world.refused(&failing(false), &warrant, &request(), "in_doubt");
}

/// Shows another store every use that a guard makes of it, and holds that both answer the same.
#[derive(Clone)]
struct Both<A, B>(A, B);

impl<A: ReplayStore, B: ReplayStore> ReplayStore for Both<A, B> {
    async fn begin(&self, usage: &Usage) -> Result<Begun, ReplayError> {
        let (a, b) = (self.0.begin(usage).await?, self.1.begin(usage).await?);
        assert_eq!(a, b);
        Ok(a)
    }

    async fn finish(&self, usage: &Usage, outcome: &[u8]) -> Result<(), ReplayError> {
        self.0.finish(usage, outcome).await?;
        self.1.finish(usage, outcome).await
    }
}

#[test]
fn the_stores_agree_on_every_use() {
    let (world, file) = (World::new(), Folder::new("both"));
    let both = Both(MemoryReplayStore::new(), SqliteReplayStore::open(file.0.join("used.db")).unwrap());
    let guard = world.guard(both.clone());
    let patient = Guard::builder(keys(), "shop").max_age(100 * MINUTE).clock(world.clock.clone()).store(both).build();
    let mut found = Vec::new();
    let mut warrants = Vec::new();
    for step in 0..24 {
        let order = format!("o_{step}");
        let request = |order: &str| {
            Request::new("acme", format!("order:{order}"), "REFUND_ORDER").unwrap().param("amount", "49.00")
        };
        warrants.push((world.warrant_for(&order, "REFUND_ORDER", "49.00").to_json(), request(&order)));
        let (warrant, own) = &warrants[step];
        if step % 3 == 0 {
            let failed = guard.require_blocking(warrant.as_bytes(), own, || Err::<Vec<u8>, _>(()));
            found.push(failed.unwrap_err().code().to_string());
        }
        for (warrant, request) in warrants.iter().rev().step_by(2).take(5) {
            found.push(world.pay(&guard, warrant, request).map_or_else(
                |code| code,
                |(_, is_repeat)| {
                    if is_repeat { "repeat".to_owned() } else { "paid".to_owned() }
                },
            ));
            found.push(world.pay(&patient, warrant, request).map_or_else(|code| code, |_| "repeat".to_owned()));
        }
        world.clock.advance(MINUTE);
    }
    for answer in ["paid", "repeat", "in_doubt", "too_old", "effect_failed"] {
        assert!(found.iter().any(|found| found == answer), "no use came out as {answer}");
    }
}

#[test]
fn another_decision_under_a_used_id_is_refused() {
    // Two issuers with one key and the same ids, as after a restore of the issuer's log.
    let (world, file) = (World::new(), Folder::new("reused"));
    for guard in
        [world.guard(MemoryReplayStore::new()), world.guard(SqliteReplayStore::open(file.0.join("used.db")).unwrap())]
    {
        let (one, two) = (World::new(), World::new());
        assert!(world.pay(&guard, &one.warrant(), &request()).is_ok());
        let other = two.warrant_for("o_1", "REFUND_ORDER", "50.00").to_json();
        let more = Request::new("acme", "order:o_1", "REFUND_ORDER").unwrap().param("amount", "50.00");
        world.refused(&guard, &other, &more, "receipt_id_reused");
    }
}

#[test]
fn a_file_of_another_program_is_refused() {
    let file = Folder::new("foreign");
    drop(kiff::store::SqliteStore::open(file.0.join("used.db")).unwrap());
    assert!(SqliteReplayStore::open(file.0.join("used.db")).is_err());
    let text = Folder::new("text");
    std::fs::write(text.0.join("used.db"), "no database at all, only some words that are long enough").unwrap();
    assert!(SqliteReplayStore::open(text.0.join("used.db")).is_err());
}

#[test]
fn the_file_remembers_what_another_process_did() {
    let (world, file) = (World::new(), Folder::new("shared"));
    let open = || SqliteReplayStore::open(file.0.join("used.db")).unwrap();
    let warrant = world.warrant();
    assert!(world.pay(&world.guard(open()), &warrant, &request()).is_ok());
    assert_eq!(world.pay(&world.guard(open()), &warrant, &request()), Ok(("payment 1".to_owned(), true)));
}

#[test]
fn of_many_at_once_one_runs() {
    let (world, file) = (World::new(), Folder::new("many"));
    let warrant = world.warrant();
    let memory = MemoryReplayStore::new();
    let other = world.warrant_for("o_2", "REFUND_ORDER", "49.00").to_json();
    let other_request = Request::new("acme", "order:o_2", "REFUND_ORDER").unwrap().param("amount", "49.00");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let shared = world.guard(SqliteReplayStore::open(file.0.join("used.db")).unwrap());
                let answer = world.pay(&shared, &warrant, &request());
                assert!(answer.is_ok() || answer == Err("in_doubt".to_owned()), "{answer:?}");
                let answer = world.pay(&world.guard(memory.clone()), &other, &other_request);
                assert!(answer.is_ok() || answer == Err("in_doubt".to_owned()), "{answer:?}");
            });
        }
    });
    assert_eq!(world.paid.load(Ordering::Relaxed), 2);
}
