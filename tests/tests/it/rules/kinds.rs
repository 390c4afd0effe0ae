//! Every kind of record comes out of a real run, and what was written reads back.

use super::kit::{Plan, World, agent, at, noted, proposal, refund, resolver, reviewer, stranger};
use kiff::{
    Authority, Decision, Outcome, Proposal, Value,
    domain::Bounds,
    doubt::Resolution,
    keys::KeyPurpose,
    record::{Kind, Record},
};
use proptest::prelude::*;
use std::{collections::BTreeSet, time::Duration};

/// A world whose log has every kind of record.
fn everything() -> World {
    let mut bounds = Bounds::default();
    bounds.refusals = 2;
    let world = World::with(|domain| domain.bounds(bounds), |builder| builder).pay();
    let settle = |resolution| {
        let id = world.rt.in_doubt().unwrap()[0].execution_id;
        let _ = world.rt.resolve(&resolver(), id, resolution, "seen").unwrap();
    };
    (0..3).for_each(|_| drop(world.send(proposal("CHECKED", 13))));
    let two = world.held(proposal("HELD_FOR_TWO", 1)).approval_id;
    world.grant(two, "ann");
    let _ = world
        .rt
        .escalate(&reviewer("bea"), two, kiff::ids::Permission::new("orders.approve").unwrap(), "over to you")
        .unwrap();
    world.refused(world.rt.grant(&reviewer("ann"), two, ""));
    let _ = world.rt.revoke(&reviewer("bea"), two, "").unwrap();
    world.deny(world.held(refund(500)).approval_id);
    world.held(proposal("ALWAYS_HELD", 1));
    world.clock.advance(Duration::from_secs(3600));
    world.held(proposal("ALWAYS_HELD", 1));
    world.lab.then(Plan::Succeed(noted().output(Value::from(Vec::from([Value::Null]))).emit("UNDECLARED")));
    let _ =
        world.send(refund(5).reasoning("why").confidence("0.9").evidence("m1").idempotency_key("k").correlation("c"));
    world.lab.then(Plan::NotApplied);
    let _ = world.send(refund(5));
    world.lab.then(Plan::Error);
    let _ = world.send(proposal("REPEATABLE", 5));
    let id = world.rt.in_doubt().unwrap()[0].execution_id;
    let _ = world.rt.retry(&resolver(), id).unwrap();
    let Decision::Allowed(allowed) = world.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap() else { panic!() };
    world.clock.advance(Duration::from_secs(31));
    settle(Resolution::NotApplied);
    let _ = world.rt.record_outcome(allowed.permit, Ok(Outcome::new("late"))).unwrap();
    settle(Resolution::Succeeded(noted()));
    let _ = world.rt.execute(&stranger(), Proposal::new("NO_SUCH", "order:x").param("y", 1)).unwrap();
    let (keeper, key) = (Authority::service("hsm").unwrap().with_roles(["keeper"]).unwrap(), public_key());
    world.rt.publish_key(&keeper, &key, KeyPurpose::Receipt).unwrap().recorded().unwrap();
    world.rt.revoke_key(&keeper, key.id(), u64::MAX, "lost").unwrap().recorded().unwrap();
    world
}

/// The first test key of RFC 8032 §7.1.
pub(super) fn public_key() -> kiff::keys::PublicKey {
    "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".parse().unwrap()
}

fn lines(world: &World) -> Vec<Vec<u8>> {
    let log = world.rt.export().unwrap();
    log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

#[test]
fn every_kind_of_record_comes_out_of_a_run_and_reads_back() {
    let world = everything();
    // Each line parses, and its canonical form is its bytes.
    world.verify();
    let found: BTreeSet<Kind> =
        lines(&world).into_iter().map(|line| Record::parse(line.into()).unwrap().kind()).collect();
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !found.contains(kind)).collect();
    assert!(missing.is_empty(), "no run makes {missing:?}");
    assert_eq!(at(&world.last(Kind::ApprovalEscalated), "reason"), "over to you");
}

#[test]
fn a_record_that_was_cut_or_whose_members_moved_is_refused_or_read() {
    for line in lines(&everything()) {
        for end in 0..line.len() {
            assert!(Record::parse(line[..end].into()).is_err(), "cut at {end}");
        }
        // Members in another order are another text of the same record: read, with other bytes.
        let Value::Object(members) = super::kit::json(&line) else { panic!() };
        let turned: Vec<String> =
            members.iter().rev().map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
        let turned = format!("{{{}}}", turned.join(","));
        let read = Record::parse(turned.as_bytes().into()).unwrap();
        assert_ne!(read.leaf(), Record::parse(line.as_slice().into()).unwrap().leaf());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(
        places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        words in proptest::collection::vec((any::<prop::sample::Index>(), 0..8usize), 0..3),
    ) {
        const WORDS: [&str; 8] = ["null", "-1", "[]", "{}", "\"\"", "1.5", "18446744073709551616", "\"\\ud800\""];
        thread_local!(static LINES: Vec<Vec<u8>> = lines(&everything()));
        let lines = LINES.with(Clone::clone);
        for line in lines {
            let mut bytes = line.clone();
            for (place, flip) in &places {
                let place = place.index(bytes.len());
                bytes[place] ^= flip;
            }
            let _ = Record::parse(bytes.into());
            // A value in the place of another.
            let mut text = String::from_utf8(line).unwrap();
            for (place, word) in &words {
                let colons: Vec<usize> = text.match_indices(':').map(|(at, _)| at).collect();
                let from = colons[place.index(colons.len())] + 1;
                let to = text[from..].find([',', '}']).map_or(text.len(), |at| from + at);
                text.replace_range(from..to, WORDS[*word]);
            }
            let _ = Record::parse(text.as_bytes().into());
            let mut log = text.into_bytes();
            log.push(b'\n');
            let _ = kiff::replay::verify(&log);
        }
    }
}
