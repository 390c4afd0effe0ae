//! Rule 5: who may review, and what a denial and an expiry mean.

use super::kit::{World, agent, at, blocked, executed, held, proposal, refund, reviewer, stranger};
use kiff::{Authority, Review, ids::Permission, record::Kind};
use std::time::Duration;

#[track_caller]
fn refused(world: &World, by: &Authority, id: kiff::ApprovalId, code: &str) {
    let before = world.len();
    for review in [world.rt.grant(by, id, ""), world.rt.deny(by, id, ""), world.rt.revoke(by, id, "")] {
        assert_eq!(world.refused(review).code(), *code, "{by:?}");
    }
    assert_eq!(world.since(before), [Kind::ReviewRejected; 3]);
    assert_eq!(at(&world.last(Kind::ReviewRejected), "reason"), code);
    assert_eq!(at(&world.last(Kind::ReviewRejected), "approval_id"), id.to_string());
}

#[test]
fn rule_5_a_reviewer_is_a_human_with_the_permission_of_the_contract() {
    let world = World::paid();
    let id = world.held(refund(500)).approval_id;
    refused(&world, &Authority::human("hugo", ["operator"]).unwrap(), id, "permission_denied");
    refused(&world, &Authority::agent("judge", ["reviewer"]).unwrap(), id, "reviewer_kind");
    refused(&world, &Authority::service("svc").unwrap().with_roles(["reviewer"]).unwrap(), id, "reviewer_kind");
    refused(&world, &Authority::system("job").unwrap().with_roles(["reviewer"]).unwrap(), id, "reviewer_kind");
    world.grant(id, "ann");
    executed(world.rt.resume(id).unwrap());
    world.verify();
}

#[test]
fn rule_5_a_contract_may_admit_other_kinds() {
    let world = World::paid();
    let id = world.held(proposal("HELD_FOR_ANY", 5)).approval_id;
    let judge = Authority::agent("judge", ["reviewer"]).unwrap();
    assert!(matches!(world.rt.grant(&judge, id, "").unwrap(), Review::Recorded(_)));
    refused(&world, &Authority::service("svc").unwrap().with_roles(["reviewer"]).unwrap(), id, "reviewer_kind");
}

#[test]
fn rule_5_nobody_reviews_a_request_of_their_own() {
    let world = World::paid();
    let id = world.held(refund(500)).approval_id;
    for own in [
        reviewer("alice"),
        reviewer("Alice"),
        reviewer("bot"),
        reviewer("BOT"),
        reviewer("carl").on_behalf_of("alice").unwrap(),
        reviewer("carl").on_behalf_of("ALICE").unwrap(),
        reviewer("carl").on_behalf_of("bot").unwrap(),
    ] {
        refused(&world, &own, id, "self_review");
    }
    assert_eq!(world.count(Kind::ApprovalGranted), 0);
    world.verify();
}

#[test]
fn rule_5_a_quorum_wants_different_people() {
    for (action, quorum) in [("HELD_FOR_TWO", 2), ("HELD_FOR_THREE", 3)] {
        let world = World::paid();
        let id = world.held(proposal(action, 5)).approval_id;
        for (number, person) in ["ann", "bea", "cat"].into_iter().take(quorum).enumerate() {
            assert_eq!(held(world.rt.resume(id).unwrap()).grants as usize, number);
            world.grant(id, person);
            for again in [reviewer(person), reviewer(&person.to_uppercase())] {
                if number + 1 < quorum {
                    let refusal = world.refused(world.rt.grant(&again, id, ""));
                    assert_eq!(refusal.code(), *"already_granted");
                }
            }
        }
        let body = world.last(Kind::ApprovalGranted);
        assert_eq!((at(&body, "complete"), at(&body, "grants")), ("true".to_owned(), quorum.to_string()));
        executed(world.rt.resume(id).unwrap());
        assert_eq!(world.lab.runs(), 1);
        world.verify();
    }
}

#[test]
fn rule_5_one_person_behind_two_reviewers_is_one_person() {
    let world = World::paid();
    let id = world.held(proposal("HELD_FOR_ANY", 5)).approval_id;
    world.grant(id, "ann");
    for same in [
        Authority::agent("anns-helper", ["reviewer"]).unwrap().on_behalf_of("ann").unwrap(),
        Authority::agent("anns-helper", ["reviewer"]).unwrap().on_behalf_of("ANN").unwrap(),
    ] {
        assert_eq!(world.refused(world.rt.grant(&same, id, "")).code(), *"already_granted");
    }
    // The other way round, and two helpers of one person.
    let world = World::paid();
    let id = world.held(proposal("HELD_FOR_ANY", 5)).approval_id;
    let helper = |name| Authority::agent(name, ["reviewer"]).unwrap().on_behalf_of("ann").unwrap();
    assert!(matches!(world.rt.grant(&helper("h1"), id, "").unwrap(), Review::Recorded(_)));
    for same in [reviewer("ann"), helper("h2")] {
        assert_eq!(world.refused(world.rt.grant(&same, id, "")).code(), *"already_granted");
    }
}

#[test]
fn rule_5_denied_is_terminal_while_the_state_version_stands() {
    let world = World::paid();
    let id = world.held(refund(500)).approval_id;
    let before = world.len();
    world.deny(id);
    assert_eq!(world.since(before), [Kind::ApprovalDenied, Kind::ActionBlocked]);
    for _ in 0..3 {
        assert_eq!(world.blocked(refund(500)).reason, *"approval_denied");
        assert_eq!(world.blocked(refund(500).approval(id)).reason, *"approval_denied");
        assert_eq!(blocked(world.rt.resume(id).unwrap()).reason, *"approval_denied");
        let late = world.refused(world.rt.grant(&reviewer("ann"), id, ""));
        assert_eq!(late.code(), *"approval_denied");
    }
    // A year does not lift it, an event does.
    world.clock.advance(Duration::from_secs(365 * 24 * 3600));
    assert_eq!(world.blocked(refund(500)).reason, *"approval_denied");
    world.event("NOTE_ADDED");
    let again = world.held(refund(500));
    assert_ne!(again.approval_id, id);
    assert_eq!(blocked(world.rt.resume(id).unwrap()).reason, *"approval_denied");
    assert_eq!(world.lab.runs(), 0);
    world.verify();
}

#[test]
fn rule_5_other_parameters_open_a_new_hold_that_shows_the_denials() {
    let world = World::paid();
    let id = world.held(refund(500)).approval_id;
    world.deny(id);
    let next = world.held(refund(501));
    assert_eq!(next.earlier_denials.len(), 1);
    assert_eq!(next.earlier_denials[0].0, id);
    assert_eq!(next.earlier_denials[0].1.decode::<u64>("cents").unwrap(), 500);
    let pending = world.rt.pending_approvals().unwrap();
    assert_eq!(pending[0].earlier_denials.len(), 1);
    // The resend shows them too.
    assert_eq!(world.held(refund(501)).earlier_denials.len(), 1);
}

#[test]
fn rule_5_expired_stays_expired() {
    let world = World::paid();
    let id = world.held(proposal("ALWAYS_HELD", 5)).approval_id;
    world.grant(id, "ann");
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(blocked(world.rt.resume(id).unwrap()).reason, *"approval_expired");
    assert_eq!(world.count(Kind::ApprovalExpired), 1);
    // The clock goes back, the log does not.
    world.clock.set("2026-05-24T09:00:00Z");
    assert_eq!(blocked(world.rt.resume(id).unwrap()).reason, *"approval_expired");
    assert_eq!(world.blocked(proposal("ALWAYS_HELD", 5).approval(id)).reason, *"approval_expired");
    let late = world.refused(world.rt.grant(&reviewer("bea"), id, ""));
    assert_eq!(late.code(), *"approval_expired");
    assert_eq!(world.count(Kind::ApprovalExpired), 1);
    assert_eq!(world.lab.runs(), 0);
    // The same request may be asked anew.
    assert_ne!(world.held(proposal("ALWAYS_HELD", 5)).approval_id, id);
    world.verify();
}

#[test]
fn rule_5_a_clock_that_goes_back_brings_no_approval_back() {
    let world = World::paid();
    let id = world.held(proposal("ALWAYS_HELD", 5)).approval_id;
    world.grant(id, "ann");
    world.clock.advance(Duration::from_secs(3600));
    // Something else is recorded at the later time, and nothing closes the approval.
    world.held(refund(500));
    world.clock.set("2026-05-24T09:00:01Z");
    assert_eq!(blocked(world.rt.resume(id).unwrap()).reason, *"approval_expired");
    let times: Vec<_> = world.records(super::kit::ORDER).iter().map(kiff::record::Record::recorded_at).collect();
    assert!(times.is_sorted());
    world.verify();
}

#[test]
fn rule_5_an_approval_stands_until_its_last_millisecond() {
    let world = World::paid();
    let id = world.held(proposal("ALWAYS_HELD", 5)).approval_id;
    world.clock.advance(Duration::from_millis(3_599_999));
    world.grant(id, "ann");
    executed(world.rt.resume(id).unwrap());
}

#[test]
fn rule_5_an_expired_hold_is_closed_by_whoever_finds_it() {
    for find in 0..4 {
        let world = World::paid();
        let id = world.held(proposal("ALWAYS_HELD", 5)).approval_id;
        world.clock.advance(Duration::from_secs(3600));
        match find {
            0 => drop(world.rt.grant(&reviewer("ann"), id, "").unwrap()),
            1 => drop(world.rt.resume(id).unwrap()),
            2 => drop(world.send(proposal("ALWAYS_HELD", 5).approval(id))),
            _ => drop(world.send(proposal("ALWAYS_HELD", 5))),
        }
        assert_eq!(world.count(Kind::ApprovalExpired), 1, "{find}");
        let open = world.rt.pending_approvals().unwrap();
        assert!(open.iter().all(|pending| pending.id != id), "{find}");
        world.verify();
    }
}

#[test]
fn rule_5_a_revoked_approval_clears_nothing() {
    let world = World::paid();
    let id = world.held(refund(500)).approval_id;
    world.grant(id, "ann");
    assert!(matches!(world.rt.revoke(&reviewer("bea"), id, "").unwrap(), Review::Recorded(_)));
    assert_eq!(blocked(world.rt.resume(id).unwrap()).reason, *"approval_revoked");
    assert_eq!(world.blocked(refund(500).approval(id)).reason, *"approval_revoked");
    assert_eq!(world.lab.runs(), 0);
    world.verify();
}

#[test]
fn rule_5_a_grant_records_what_was_shown_and_what_it_is_bound_to() {
    let world = World::paid();
    let held = world.held(refund(500).param("note", "line\u{2028}break \u{202e}cod"));
    let pending = world.rt.pending_approvals().unwrap().remove(0);
    assert!(pending.shown.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{}", pending.shown);
    world.grant(held.approval_id, "ann");
    let (grant, required) = (world.last(Kind::ApprovalGranted), world.last(Kind::ApprovalRequired));
    for bound in ["request_digest", "contract_digest", "state_version"] {
        assert_eq!(at(&grant, bound), at(&required, bound));
    }
    assert_eq!(at(&grant, "shown_digest"), kiff::record::Digest::of(pending.shown.as_bytes()).to_string());
}

#[test]
fn rule_5_ids_are_made_by_the_runtime() {
    let world = World::paid();
    let chosen = "appr_01J8Z9K3M4N5P6Q7R8S9T0V1W3";
    assert_eq!(world.blocked(refund(500).approval(chosen)).reason, *"approval_unknown");
    assert_eq!(
        world.refused(world.rt.grant(&reviewer("ann"), chosen.parse().unwrap(), "")).code(),
        *"approval_unknown"
    );
    let rejected = world.records("kiff:refused");
    assert_eq!(rejected.last().unwrap().kind(), Kind::ReviewRejected);
}

#[test]
fn rule_5_an_escalation_asks_for_more_and_the_kinds_still_count() {
    let world = World::paid();
    let id = world.held(proposal("HELD_FOR_TWO", 5)).approval_id;
    world.grant(id, "ann");
    let more = Permission::new("orders.refund").unwrap();
    assert!(matches!(world.rt.escalate(&reviewer("bea"), id, more, "").unwrap(), Review::Recorded(_)));
    // Whoever goes on holds what the escalation names besides the contract's, and the kinds still count.
    assert_eq!(world.refused(world.rt.grant(&reviewer("cat"), id, "")).code(), *"permission_denied");
    assert_eq!(world.refused(world.rt.grant(&agent(), id, "")).code(), *"permission_denied");
    let judge = Authority::agent("judge", ["reviewer", "operator"]).unwrap();
    assert_eq!(world.refused(world.rt.grant(&judge, id, "")).code(), *"reviewer_kind");
    assert_eq!(world.refused(world.rt.grant(&stranger(), id, "")).code(), *"permission_denied");
    world.verify();
}
