//! Whatever comes in through any door, what is stored can be read again. A record that cannot would make
//! its entity unreadable for good.

use super::kit::{ORDER, Plan, World, agent, json, proposal, refund, reviewer, stranger};
use kiff::{Authority, NewEvent, Outcome, Proposal, Value, doubt::Resolution};

/// Texts that a reader may stumble over.
fn texts() -> Vec<String> {
    vec![
        "\0".to_owned(),
        "\u{1}\u{7f}\u{85}\u{2028}\u{2029}\u{feff}".to_owned(),
        "\u{202e}\u{fffd}\u{ffff}\u{10ffff}".to_owned(),
        "\"\\/\u{8}\u{c}\n\r\t".to_owned(),
        "\u{e9}e\u{301}".to_owned(),
        String::new(),
    ]
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(Value::from(1), |inner, _| Value::from(vec![inner]))
}

/// Values that a record may not be able to hold.
fn values() -> Vec<Value> {
    let numbers = ["1.5", "1e400", "-0", "-0.0", "9007199254740991", "9007199254740992", "-9007199254740993", "1E2"];
    let mut all: Vec<Value> = numbers.iter().map(|text| json(text.as_bytes())).collect();
    all.extend(numbers.iter().map(|text| Value::object([("n", json(text.as_bytes()))])));
    all.extend(texts().into_iter().map(|text| Value::object([(text.clone(), Value::from(text))])));
    all.extend([Value::Null, Value::from("text"), Value::from(Vec::new()), Value::from(true)]);
    all.extend([55, 58, 60, 61, 62, 63, 64, 65, 200].map(deep));
    all
}

#[test]
fn what_an_agent_claims_can_be_read_again() {
    for claimed in values() {
        let world = World::paid();
        let sent = Value::object([
            ("action", Value::from("REFUND")),
            ("entity", Value::from(ORDER)),
            ("parameters", Value::object([("cents", 5)])),
            ("actor", claimed),
        ]);
        let Ok(sent) = Proposal::from_json(&sent.to_canonical()) else { continue };
        let _ = world.send(sent.clone());
        let _ = world.rt.execute(&stranger(), sent).unwrap();
        world.verify();
    }
}

#[test]
fn the_notes_of_a_proposal_can_be_read_again() {
    for text in texts() {
        let world = World::paid();
        let sent = refund(500).reasoning(&text).confidence(&text).evidence(&text).correlation(&text);
        let _ = world.rt.execute(&agent(), sent);
        let _ = world.rt.execute(&agent(), refund(500).param("note", text.as_str()));
        world.verify();
    }
}

#[test]
fn parameters_that_are_refused_leave_a_readable_log() {
    for value in values() {
        let world = World::paid();
        for name in ["cents", "note", "unknown", "\0"] {
            let _ = world.rt.execute(&agent(), refund(5).param(name, value.clone()));
        }
        for name in ["small", "wide", "amount", "names", "flag"] {
            let _ = world.rt.execute(&agent(), Proposal::new("EXACT", ORDER).param(name, value.clone()));
        }
        let _ = world.rt.execute(&agent(), Proposal::new("NO_SUCH", ORDER).param("x", value.clone()));
        world.verify();
    }
}

#[test]
fn an_event_can_be_read_again() {
    for payload in values() {
        let world = World::paid();
        let note = NewEvent::new("e", "NOTE_ADDED").payload(payload);
        let _ = world.rt.ingest(&Authority::service("stripe").unwrap(), ORDER, note);
        world.verify();
    }
    for text in texts().into_iter().chain(["x".repeat(255), "x".repeat(70_000), "\u{1}".repeat(20_000)]) {
        let world = World::paid();
        let note = NewEvent::new("e", "NOTE_ADDED").correlation(&text).causation(&text);
        let _ = world.rt.ingest(&Authority::service("stripe").unwrap(), ORDER, note);
        world.verify();
    }
}

#[test]
fn an_outcome_can_be_read_again_and_is_never_lost() {
    let mut outcomes: Vec<Outcome> = values()
        .into_iter()
        .flat_map(|value| {
            [
                Outcome::new("done").output(value.clone()),
                Outcome::new("done").event("NOTE_ADDED", value.clone()),
                Outcome::new("done").event("UNDECLARED", value),
            ]
        })
        .collect();
    outcomes.extend(texts().into_iter().map(|text| Outcome::new(text.clone()).emit(text)));
    outcomes.push(Outcome::new("\u{1}".repeat(100_000)).output(Value::from("\u{1}".repeat(100_000))));
    outcomes.push((0..200).fold(Outcome::new("many"), |outcome, _| outcome.emit("\u{1}".repeat(64))));
    outcomes.push(
        (0..80).fold(Outcome::new("many"), |outcome, _| outcome.event("NOTE_ADDED", Value::from("x".repeat(20_000)))),
    );
    for outcome in outcomes {
        let world = World::paid();
        world.lab.then(Plan::Succeed(outcome.clone()));
        let answer = world.rt.execute(&agent(), refund(5));
        assert!(answer.as_ref().is_ok_and(|answer| answer.word() == "executed"), "{outcome:?}: {answer:?}");
        world.verify();
    }
}

#[test]
fn a_resolution_and_a_late_outcome_can_be_read_again() {
    for value in values() {
        let world = World::paid();
        let allowed = match world.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap() {
            kiff::Decision::Allowed(allowed) => allowed,
            other => panic!("{other:?}"),
        };
        let outcome = Outcome::new("done").output(value.clone()).event("NOTE_ADDED", value);
        let id = allowed.permit.execution_id();
        let evidence = "\0\u{1}".repeat(3_000);
        let _ =
            world.rt.resolve(&super::kit::resolver(), id, Resolution::Succeeded(outcome.clone()), &evidence).unwrap();
        let _ = world.rt.record_outcome(allowed.permit, Ok(outcome)).unwrap();
        world.verify();
    }
}

#[test]
fn the_words_of_a_reviewer_can_be_read_again() {
    for text in texts().into_iter().chain(["\u{1}".repeat(100_000)]) {
        let world = World::paid();
        let two = world.held(proposal("HELD_FOR_TWO", 5));
        let _ = world.rt.grant(&reviewer("ann"), two.approval_id, &text);
        let permission = kiff::ids::Permission::new("orders.refund").unwrap();
        let _ = world.rt.escalate(&reviewer("ann"), two.approval_id, permission, &text);
        let one = world.held(proposal("ALWAYS_HELD", 5));
        let _ = world.rt.deny(&reviewer("ann"), one.approval_id, &text);
        let other = world.held(proposal("ALWAYS_HELD", 6));
        let _ = world.rt.revoke(&reviewer("ann"), other.approval_id, &text);
        world.verify();
    }
}

#[test]
fn what_an_executor_says_of_its_failure_can_be_read_again() {
    for text in texts().into_iter().chain(["\u{1}".repeat(100_000)]) {
        let world = World::paid();
        let allowed = match world.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap() {
            kiff::Decision::Allowed(allowed) => allowed,
            other => panic!("{other:?}"),
        };
        let _ = world.rt.record_outcome(allowed.permit, Err(kiff::Failure::unknown(&text))).unwrap();
        world.verify();
    }
}
