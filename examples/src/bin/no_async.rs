//! No async runtime and no macros: the machine is a table, the contract is data, and the executor is a closure.

use kiff::{
    Answer, Authority, Domain, DomainError, NewEvent, Outcome, Proposal, Risk, Runtime,
    domain::{Call, Contract, Definition, Machine, param::ParamKind},
};
use kiff_examples::scenarios::Result;
use std::io::Write;

fn domain() -> Result<Domain, DomainError> {
    let door = Machine::new("door").starts("DOOR_LOCKED", "LOCKED").moves("LOCKED", "DOOR_OPENED", "OPEN");
    let contract = Contract::new("OPEN_DOOR", "door")
        .allowed_states(["LOCKED"])
        .permissions(["doors.open"])
        .risk(Risk::High)
        .approval_when("long_visit", "doors.approve")
        .param("minutes", ParamKind::Integer { min: 1, max: 60 })
        .emits(["DOOR_OPENED"]);
    let open = Definition::new(contract)
        .try_approval_when("long_visit", |at| Ok(at.param::<u32>("minutes")? > 15))
        .executor(|call: Call<'_>| {
            let minutes: u32 = call.param("minutes")?;
            let door = call.situation().entity();
            Ok(Outcome::new(format!("{door} open for {minutes} minutes")).emit("DOOR_OPENED"))
        });
    Domain::builder("building", "v1")
        .table(door)
        .define(open)
        .role("concierge", ["doors.open"])
        .role("guard", ["doors.approve"])
        .build()
}

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let runtime = Runtime::builder(domain()?).build()?.blocking();
    let (agent, guard) = (Authority::agent("concierge-bot", ["concierge"])?, Authority::human("mira", ["guard"])?);
    for (number, minutes) in [5, 30, 90].into_iter().enumerate() {
        let door = format!("door:d_{number}");
        let locked = NewEvent::new(format!("evt_{number}"), "DOOR_LOCKED");
        runtime.ingest(&Authority::service("lock")?, &door, locked)?.accepted()?;

        let proposal = Proposal::new("OPEN_DOOR", &door).param("minutes", minutes);
        let mut answer = runtime.execute(&agent, proposal)?;
        if let Answer::Held(held) = &answer {
            writeln!(out, "{door}  held      {}", held.reason)?;
            runtime.grant(&guard, held.approval_id, "the plumber")?.recorded()?;
            answer = runtime.resume(held.approval_id)?;
        }
        match answer.executed() {
            Ok(done) => writeln!(out, "{door}  executed  {}", done.message)?,
            Err(refused) => writeln!(out, "{door}  refused   {refused}")?,
        }
    }
    Ok(())
}
