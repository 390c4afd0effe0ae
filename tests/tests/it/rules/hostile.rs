//! An agent that never stops asking, and an executor that never stops talking.

use super::kit::{ORDER, Plan, World, agent, executed, failed, in_doubt, proposal, refund};
use kiff::{
    Authority, Decision, Domain, Failure, NewEvent, Outcome, Proposal, Runtime, Value,
    domain::{Bounds, Call, Contract, Definition, Machine},
    record::Kind,
};
use std::panic::panic_any;

/// What an agent may try that never runs, each time a little different.
fn attempt(world: &World, number: usize) {
    let cents = u64::try_from(number).unwrap() + 1_000;
    let guessed = format!("appr_01J8Z9K3M4N5P6Q7R8S9T{number:05}");
    let proposal = match number % 10 {
        0 => refund(cents),
        1 => proposal("ALWAYS_HELD", cents),
        2 => Proposal::new(format!("NO_SUCH_{number}"), ORDER),
        3 => Proposal::new("REFUND", format!("order:n_{number}")).param("cents", cents),
        4 => refund(cents).param(format!("p_{number}"), 1),
        5 => refund(cents).approval(guessed),
        6 => refund(cents).idempotency_key(format!("k-{number}")).reasoning("x".repeat(1_000)),
        7 => proposal("CHECKED", 13),
        8 => proposal("ADMIN", cents),
        _ => Proposal::new("REFUND", format!("parcel:n_{number}")),
    };
    let answer = world.rt.execute(&agent(), proposal).unwrap();
    assert!(["held", "blocked"].contains(&answer.word()), "{answer:?}");
}

#[test]
fn an_agent_in_a_loop_grows_the_log_by_a_bound_and_nobody_else_pays_for_it() {
    let bounds = Bounds::default().with_refusals(20).with_open_approvals(4);
    let world = World::with(|domain| domain.bounds(bounds), |builder| builder).pay();
    (0..400).for_each(|number| attempt(&world, number));
    let log = world.rt.export().unwrap();
    (400..2_000).for_each(|number| attempt(&world, number));
    assert_eq!(world.rt.export().unwrap().len(), log.len(), "the log grows for as long as somebody asks");
    // Two records for each refusal that is written out, in two streams, and those that say that it ends.
    let records = log.iter().filter(|byte| **byte == b'\n').count();
    assert!(records < 2 * (2 * 20 + 4) + 10, "{records} records");
    assert_eq!(world.rt.pending_approvals().unwrap().len(), 4);
    // Others are held, refused and heard as before.
    let honest = Authority::agent("honest", ["operator"]).unwrap();
    let count = |kind| world.count(kind);
    let (held, blocked) = (count(Kind::ApprovalRequired), count(Kind::ActionBlocked));
    assert_eq!(world.rt.execute(&honest, refund(500)).unwrap().word(), "held");
    assert_eq!(world.rt.execute(&honest, proposal("CHECKED", 13)).unwrap().word(), "blocked");
    assert_eq!((count(Kind::ApprovalRequired), count(Kind::ActionBlocked)), (held + 1, blocked + 1));
    executed(world.rt.execute(&honest, refund(5)).unwrap());
    world.verify();
}

#[test]
fn an_executor_that_floods_leaves_an_outcome_and_no_more_than_fits() {
    let flood = "z".repeat(1_000_000);
    let world = World::paid();
    let before = world.rt.export().unwrap().len();
    let payload = Value::from(flood.as_str());
    // Some with a name of a megabyte, some with a payload of one, and very many.
    let outcome = (0..1_000).fold(Outcome::new(&*flood).output(payload.clone()), |outcome, number| match number {
        0..3 => outcome.emit(format!("{flood}_{number}")),
        3..6 => outcome.event("NOTE_ADDED", payload.clone()),
        _ if number % 2 == 0 => outcome.emit(format!("NO_SUCH_{number}")),
        _ => outcome.emit("NOTE_ADDED"),
    });
    world.lab.then(Plan::Succeed(outcome));
    let done = executed(world.send(refund(5)));
    assert!(!done.rejected_events.is_empty());
    assert!(world.count(Kind::EventIngested) <= 64 + 2 && world.count(Kind::EventRejected) <= 65);
    let grown = world.rt.export().unwrap().len() - before;
    assert!(grown < 256 * 1024, "the log has grown by {grown} bytes");
    world.verify();

    // What failed may be told at length too.
    for (number, failure) in [Failure::not_applied(&flood), Failure::unknown(&flood)].into_iter().enumerate() {
        let world = World::paid();
        let before = world.rt.export().unwrap().len();
        let Decision::Allowed(allowed) = world.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap() else { panic!() };
        let answer = world.rt.record_outcome(allowed.permit, Err(failure)).unwrap();
        if number == 0 {
            drop(failed(answer))
        } else {
            drop(in_doubt(answer))
        }
        assert!(world.rt.export().unwrap().len() - before < 64 * 1024);
        world.verify();
    }
}

/// Throws another of its kind whenever it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(Self);
    }
}

#[test]
fn what_users_code_throws_may_panic_again_and_stays_outside() {
    let contract = |name: &str| Contract::new(name, "order").allowed_states(["PAID"]);
    let bomb = |_: Call<'_>| -> Result<Outcome, Failure> { panic_any(Bomb) };
    let held = contract("HELD").approval_when("a_bomb_too", "orders.approve");
    let domain = Domain::builder("lab", "v1")
        .table(Machine::new("order").starts("PAID", "PAID"))
        .define(Definition::new(contract("CHECKED")).check("a_bomb", |_| panic_any(Bomb)).executor(bomb))
        .define(Definition::new(held).approval_when("a_bomb_too", |_| panic_any(Bomb)).executor(bomb))
        .define(Definition::new(contract("RUN")).executor(bomb))
        .role("reviewer", ["orders.approve"])
        .build()
        .unwrap();
    let rt = Runtime::builder(domain).build().unwrap().blocking();
    rt.ingest(&Authority::service("web").unwrap(), ORDER, NewEvent::new("e", "PAID")).unwrap().accepted().unwrap();
    for (action, word) in [("CHECKED", "blocked"), ("HELD", "held"), ("RUN", "in_doubt")] {
        let answer = rt.execute(&Authority::agent("bot", [""; 0]).unwrap(), Proposal::new(action, ORDER)).unwrap();
        assert_eq!(answer.word(), word);
    }
}
