//! Probes: what one is shown, what counts of what it says, and what does not.

use super::kit::{
    Lab, ORDER, Plan, World, agent, at, blocked, domain, executed, failed, in_doubt, noted, proposal, refund, refunded,
    resolver, reviewer, stranger,
};
use super::oracle::{Oracle, Says};
use kiff::{
    Authority, Blocking, BuildError, Decision, ExecutionId, NewEvent, Outcome, Permit, Runtime, RuntimeError,
    doubt::{Probed, Probing, Resolution, Resolved},
    record::Kind,
};
use std::time::Duration;

/// A paid order whose actions can be probed.
fn world() -> (World, Oracle) {
    let oracle = Oracle::default();
    let build = |builder: kiff::RuntimeBuilder| {
        ["REFUND", "REPEATABLE", "BY_HOST", "BY_HOST_REPEATABLE"]
            .into_iter()
            .fold(builder, |builder, action| builder.probe(action, oracle.clone()))
    };
    (World::with(|domain| domain, build).pay(), oracle)
}

/// The same with an execution of this action in doubt.
fn doubtful(action: &str) -> (World, Oracle, ExecutionId) {
    let (world, oracle) = world();
    world.lab.then(Plan::Error);
    let id = in_doubt(world.send(proposal(action, 5))).execution_id;
    (world, oracle, id)
}

fn permit(world: &World, action: &str) -> Permit {
    match world.rt.decide(&agent(), proposal(action, 5)).unwrap() {
        Decision::Allowed(allowed) => allowed.permit,
        other => panic!("{other:?}"),
    }
}

fn probe(world: &World, id: ExecutionId) -> Resolved {
    world.rt.probe(&resolver(), id).unwrap()
}

#[track_caller]
fn refused(resolved: Resolved, code: &str) {
    match resolved {
        Resolved::Refused(refusal) => assert_eq!(refusal.code(), *code),
        other => panic!("wanted {code}, got {other:?}"),
    }
}

#[test]
fn what_a_probe_says_is_recorded_as_a_probes() {
    let found = || refunded().output("reference 9".into());
    let cases = [
        (Says::Applied(found()), "executed", "succeeded", "refunded", "reference 9", "REFUNDED"),
        (Says::NotApplied, "failed", "not_applied", "the probe found no effect", "-", "PAID"),
    ];
    for (says, word, result, evidence, output, state) in cases {
        let (world, oracle) = world();
        world.lab.then(Plan::Error);
        let sent = || refund(5).idempotency_key("k");
        let id = in_doubt(world.send(sent())).execution_id;
        oracle.then(says);
        let answer = probe(&world, id).settled().unwrap();
        assert_eq!(answer.word(), word);
        let body = world.last(Kind::ExecutionResolved);
        let told = ["result", "evidence", "means", "output"].map(|member| at(&body, member));
        assert_eq!(told, [result, evidence, "probe", output]);
        assert_eq!(world.rt.state(ORDER).unwrap().unwrap().state, *state);
        assert!(world.rt.in_doubt().unwrap().is_empty());
        // Whoever asks again is told the same, from the log.
        let message = format!("probed as {result}: {evidence}");
        match (answer, world.send(sent())) {
            (kiff::Answer::Executed(now), kiff::Answer::Executed(later)) => {
                assert_eq!((now.message, now.output.clone()), (message.clone(), later.output));
                assert_eq!(later.message, message);
            }
            (kiff::Answer::Failed(now), kiff::Answer::Failed(later)) => {
                assert_eq!((now.message, later.message), (message.clone(), message));
            }
            other => panic!("{other:?}"),
        }
        world.verify();
    }
}

#[test]
fn a_probe_that_cannot_say_leaves_the_doubt_and_no_record() {
    let cases = [
        (Says::Unknown, "the probe could not say"),
        (Says::Error, "the probe failed: the provider is out of reach"),
        (Says::Panic, "the probe panicked: the probe broke"),
        (Says::Hang, "the probe gave no answer within 30000 ms"),
    ];
    for (says, message) in cases {
        let (world, oracle, id) = doubtful("REFUND");
        let before = world.len();
        world.timer.pass();
        oracle.then(says);
        let doubt = in_doubt(probe(&world, id).settled().unwrap());
        assert_eq!((doubt.message.as_str(), doubt.cause.as_str()), (message, "error"));
        assert_eq!((doubt.execution_id, doubt.attempt), (id, 1));
        assert_eq!(world.len(), before, "nothing is recorded of it");
        assert_eq!(blocked(world.send(refund(5))).reason, *"execution_in_doubt");
        // It may be asked again.
        oracle.then(Says::NotApplied);
        failed(probe(&world, id).settled().unwrap());
        world.verify();
    }
}

#[test]
fn a_probe_is_shown_what_was_cleared() {
    let (world, oracle) = world();
    let held = world.held(refund(500)).approval_id;
    world.grant(held, "ann");
    world.clock.advance(Duration::from_secs(60));
    world.lab.then(Plan::Error);
    let id = in_doubt(world.rt.resume(held).unwrap()).execution_id;
    let since = world.rt.in_doubt().unwrap()[0].since;
    let _ = probe(&world, id);
    let asked = oracle.asked().remove(0);
    assert_eq!((asked.execution_id, asked.attempt, asked.since), (id, 1, since));
    assert_eq!((asked.entity.as_str(), asked.action.as_str(), asked.tenant.as_str()), (ORDER, "REFUND", "default"));
    assert_eq!(asked.params.decode::<u64>("cents").unwrap(), 500);
    assert_eq!(
        (asked.requester.id.as_str(), asked.requester.on_behalf_of.as_ref().unwrap().as_str()),
        ("bot", "alice")
    );
}

#[test]
fn a_probe_is_told_the_last_attempt_and_what_a_late_result_left_open() {
    let (world, oracle, id) = doubtful("REPEATABLE");
    world.lab.then(Plan::Error);
    in_doubt(world.rt.retry(&resolver(), id).unwrap().settled().unwrap());
    let _ = probe(&world, id);
    assert_eq!(oracle.asked()[0].attempt, 2);

    let (world, oracle) = super::probes::world();
    let late = permit(&world, "BY_HOST");
    let id = late.execution_id();
    world.clock.advance(Duration::from_secs(31));
    let _ = world.rt.resolve(&resolver(), id, Resolution::NotApplied, "").unwrap();
    in_doubt(world.rt.record_outcome(late, Ok(noted())).unwrap());
    oracle.then(Says::Applied(noted()));
    executed(probe(&world, id).settled().unwrap());
    assert_eq!(oracle.asked()[0].params.decode::<u64>("cents").unwrap(), 5, "the log still knows what was cleared");
    world.verify();
}

#[test]
fn who_may_not_settle_an_execution_may_not_have_it_probed() {
    let (world, oracle, id) = doubtful("REFUND");
    let cases = [
        (stranger(), "permission_denied"),
        (reviewer("nora"), "permission_denied"),
        (Authority::agent("judge", ["resolver"]).unwrap(), "reviewer_kind"),
        (Authority::human("alice", ["resolver"]).unwrap(), "self_review"),
        (Authority::human("carl", ["resolver"]).unwrap().on_behalf_of("bot").unwrap(), "self_review"),
    ];
    for (by, code) in cases {
        refused(world.rt.probe(&by, id).unwrap(), code);
        let body = world.last(Kind::ReviewRejected);
        assert_eq!([at(&body, "reason"), at(&body, "verdict")], [code, "probe"]);
    }
    assert!(oracle.asked().is_empty());
    oracle.then(Says::NotApplied);
    failed(probe(&world, id).settled().unwrap());
    refused(probe(&world, id), "execution_not_open");
    assert_eq!(oracle.asked().len(), 1);
    world.verify();
}

#[test]
fn that_nothing_happened_counts_only_if_the_attempt_could_no_longer_land() {
    let (world, oracle) = world();
    let running = permit(&world, "BY_HOST");
    let id = running.execution_id();
    oracle.then(Says::NotApplied);
    refused(probe(&world, id), "execution_still_running");
    // The deadline passes while the probe is asked: it may have landed behind the probe's look.
    world.clock.advance(Duration::from_secs(29));
    let clock = world.clock.clone();
    oracle.meanwhile(move || clock.advance(Duration::from_secs(5)));
    oracle.then(Says::NotApplied);
    refused(probe(&world, id), "execution_still_running");
    assert_eq!(at(&world.last(Kind::ReviewRejected), "verdict"), "probe");
    oracle.then(Says::NotApplied);
    failed(probe(&world, id).settled().unwrap());
    world.verify();
}

#[test]
fn that_it_happened_counts_at_once() {
    let (world, oracle) = world();
    let running = permit(&world, "BY_HOST");
    oracle.then(Says::Applied(noted()));
    executed(probe(&world, running.execution_id()).settled().unwrap());
    drop(running);
    world.verify();
}

/// A runtime on the same log that the world's probe can use while it is asked.
fn other(world: &World) -> Blocking {
    world.other(|lab| domain(lab, "v1"))
}

#[test]
fn what_was_settled_while_the_probe_was_asked_stands() {
    for (says, code) in [(Says::Applied(noted()), "execution_not_open"), (Says::NotApplied, "execution_not_open")] {
        let (world, oracle, id) = doubtful("REFUND");
        let there = other(&world);
        oracle.meanwhile(move || {
            let settled = there.resolve(&resolver(), id, Resolution::NotApplied, "seen").unwrap();
            failed(settled.settled().unwrap());
        });
        oracle.then(says);
        refused(probe(&world, id), code);
        assert_eq!(world.count(Kind::ExecutionResolved), 1);
        world.verify();
    }
    // A probe that cannot say tells what the log says by then.
    let (world, oracle, id) = doubtful("REFUND");
    let there = other(&world);
    oracle.meanwhile(move || {
        let happened = Resolution::Succeeded(noted());
        executed(there.resolve(&resolver(), id, happened, "seen").unwrap().settled().unwrap());
    });
    executed(probe(&world, id).settled().unwrap());
    world.verify();
}

#[test]
fn that_nothing_happened_does_not_count_for_what_came_while_the_probe_was_asked() {
    // Another attempt.
    let (world, oracle, id) = doubtful("REPEATABLE");
    let there = other(&world);
    world.lab.then(Plan::Error);
    oracle.meanwhile(move || {
        in_doubt(there.retry(&resolver(), id).unwrap().settled().unwrap());
    });
    oracle.then(Says::NotApplied);
    refused(probe(&world, id), "execution_still_running");
    oracle.then(Says::NotApplied);
    failed(probe(&world, id).settled().unwrap());
    world.verify();

    // A late success of the same attempt.
    let (world, oracle) = super::probes::world();
    let late = permit(&world, "BY_HOST");
    let id = late.execution_id();
    world.clock.advance(Duration::from_secs(31));
    let there = other(&world);
    oracle.meanwhile(move || {
        let _ = there.resolve(&resolver(), id, Resolution::NotApplied, "").unwrap();
        in_doubt(there.record_outcome(late, Ok(noted())).unwrap());
    });
    oracle.then(Says::NotApplied);
    refused(probe(&world, id), "execution_still_running");
    assert_eq!(blocked(world.send(refund(5))).reason, *"execution_in_doubt");
    world.verify();
}

#[test]
fn nothing_holds_the_entity_while_a_probe_is_asked() {
    let (world, oracle, id) = doubtful("REFUND");
    let there = other(&world);
    oracle.meanwhile(move || {
        let note = NewEvent::new("note", "NOTE_ADDED");
        there.ingest(&Authority::service("stripe").unwrap(), ORDER, note).unwrap().accepted().unwrap();
        assert_eq!(blocked(there.execute(&agent(), refund(5)).unwrap()).reason, *"execution_in_doubt");
    });
    oracle.then(Says::NotApplied);
    failed(probe(&world, id).settled().unwrap());
    world.verify();
}

#[test]
fn a_probe_that_is_dropped_changes_nothing() {
    let (world, oracle, id) = doubtful("REFUND");
    let before = world.len();
    oracle.then(Says::Hang);
    let rt = world.rt.runtime().clone();
    let mut call: kiff::domain::BoxFuture<'static, _> = Box::pin(async move { rt.probe(&resolver(), id).await });
    assert!(super::kit::waits(&mut call));
    drop(call);
    assert_eq!((world.len(), world.rt.in_doubt().unwrap().len()), (before, 1));
}

#[test]
fn what_runs_here_is_not_probed() {
    let (world, oracle) = world();
    world.lab.then(Plan::Hang);
    let mut running = super::kit::call(world.rt.runtime(), proposal("REPEATABLE", 5));
    assert!(super::kit::waits(&mut running));
    let id = world.rt.state(ORDER).unwrap().unwrap().open_executions[0];
    world.clock.advance(Duration::from_secs(3600));
    refused(probe(&world, id), "execution_still_running");
    assert!(oracle.asked().is_empty());
}

#[test]
fn without_a_probe_there_is_nothing_to_ask() {
    let world = World::paid();
    world.lab.then(Plan::Error);
    let id = in_doubt(world.send(refund(5))).execution_id;
    let error = world.rt.probe(&resolver(), id).unwrap_err();
    assert!(matches!(&error, RuntimeError::NoProbe { action } if *action == *"REFUND"), "{error}");
    assert_eq!((error.code().as_str(), error.is_caller_error()), ("no_probe", false));
    // Whoever may not settle is not told even that.
    refused(world.rt.probe(&stranger(), id).unwrap(), "permission_denied");
    let unknown = "exec_01J8Z9K3M4N5P6Q7R8S9T0V1W3".parse().unwrap();
    assert_eq!(world.rt.probe(&resolver(), unknown).unwrap_err().code(), "execution_unknown");
}

#[test]
fn a_probe_for_an_action_that_the_domain_does_not_have_is_refused() {
    let domain = domain(&Lab::default(), "v1").build().unwrap();
    let built = Runtime::builder(domain).probe("REFUND", Oracle::default()).probe("REFUNT", Oracle::default()).build();
    let error = built.unwrap_err();
    assert_eq!(error, BuildError::ProbeWithoutAction { action: "REFUNT".to_owned() });
    assert_eq!(error.code(), "probe_without_action");
}

mod annotated {
    use kiff::{Ctx, Failure, Outcome, StateMachine, action};

    #[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
    #[state_machine(entity = "parcel")]
    pub(super) enum Parcel {
        #[enter(on = "PARCEL_PACKED")]
        Packed,
        #[enter(from = Packed, on = "PARCEL_SENT")]
        Sent,
    }

    /// Hands a parcel to the carrier, who gives no answer.
    #[action(allowed_states = [Packed], effect = Idempotent, retry_within = "2h", emits = ["PARCEL_SENT"])]
    pub(super) fn send_parcel(_: &Ctx<'_, Parcel>) -> Result<Outcome, Failure> {
        Err(Failure::unknown("no answer"))
    }
}

#[test]
fn a_probe_is_given_for_an_annotated_function_by_its_type() {
    use annotated::{Parcel, send_parcel};
    let domain = kiff::Domain::builder("post", "v1").machine::<Parcel>().action::<send_parcel>();
    let domain = domain.role("resolver", [kiff::doubt::RESOLVE_PERMISSION]).build().unwrap();
    assert_eq!(domain.action("SEND_PARCEL").unwrap().retry_within(), Some(Duration::from_secs(2 * 60 * 60)));
    let sent = |_: &Probing| Ok(Probed::Applied(Outcome::new("seen at the depot").emit("PARCEL_SENT")));
    let mut s = kiff::testing::Scenario::new(domain).with(|builder| builder.probe_for::<send_parcel>(sent));
    s.given::<Parcel>("p_1", ["PARCEL_PACKED"]);
    let bot = Authority::agent("bot", [""; 0]).unwrap();
    let doubt = s.propose::<send_parcel>(bot, "p_1", kiff::params! {}).assert_in_doubt("error");
    // A retry that does not know either leaves it in doubt.
    let doubt = s.retry(&doubt, resolver()).assert_in_doubt("error");
    assert_eq!(doubt.attempt, 2);
    let recovered = s.recover(resolver());
    assert!(matches!(recovered.as_slice(), [it] if it.is_settled()), "{recovered:?}");
    s.assert_state("parcel:p_1", "SENT");
    let _ = s.replay().assert_same();
}
