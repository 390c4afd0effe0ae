//! One agent, five tickets, five outcomes.

use kiff::{
    Answer, Authority, Blocking, NewEvent, Proposal, Runtime, Value,
    store::SqliteStore,
    testing::{FixedIds, ManualClock},
};
use kiff_examples::{database, scenarios::Result, support};
use std::{
    io::{StdoutLock, Write},
    time::Duration,
};

fn main() -> Result<()> {
    let clock = ManualClock::at("2026-05-24T09:00:00Z".parse()?);
    let store = SqliteStore::open(database::fresh("support")?)?;
    let builder = Runtime::builder(support::domain()?).store(store).clock(clock.clone()).ids(FixedIds::default());
    let mut desk = Desk { runtime: builder.build()?.blocking(), clock, out: std::io::stdout().lock() };
    for ticket in 1..=5 {
        desk.open(ticket)?;
    }

    let _ = desk.propose("REPLY", "ticket:t_1", &[("text", "Your parcel is on its way.".into())])?;

    if let Answer::Held(held) = desk.propose("GIVE_CREDIT", "ticket:t_2", &[("cents", 2500.into())])? {
        desk.clock.advance(Duration::from_secs(90));
        desk.runtime.grant(&Authority::human("ops-human", ["support_lead"])?, held.approval_id, "fair")?.recorded()?;
        let answer = desk.runtime.resume(held.approval_id)?;
        desk.print("granted, resumed", &answer)?;
    }

    // The customer of t_3 has not consented, so nobody is asked to approve.
    let _ = desk.propose("SHARE_DATA", "ticket:t_3", &[("partner", "insurer".into())])?;
    let _ = desk.propose("ESCALATE", "ticket:t_4", &[("reason", "the customer asks for a human".into())])?;

    let _ = desk.propose("CLOSE", "ticket:t_5", &[])?;
    let _ = desk.propose("REPLY", "ticket:t_5", &[("text", "We have changed your address.".into())])?;
    let _ = desk.propose("CLOSE", "ticket:t_5", &[])?;

    writeln!(desk.out, "\napprovals that wait: {}\n", desk.runtime.pending_approvals()?.len())?;
    for ticket in 1..=5 {
        let entity = format!("ticket:t_{ticket}");
        writeln!(desk.out, "{entity}\n{}", desk.runtime.timeline(&entity)?)?;
    }
    Ok(())
}

struct Desk {
    runtime: Blocking,
    clock: ManualClock,
    out: StdoutLock<'static>,
}

impl Desk {
    fn open(&mut self, ticket: u32) -> Result<()> {
        let event = NewEvent::new(format!("evt_{ticket}"), "TICKET_OPENED");
        let event = event.payload(Value::object([("consent", ticket != 3)]));
        self.runtime.ingest(&Authority::service("helpdesk")?, &format!("ticket:t_{ticket}"), event)?.accepted()?;
        Ok(())
    }

    fn propose(&mut self, action: &str, ticket: &str, params: &[(&str, Value)]) -> Result<Answer> {
        self.clock.advance(Duration::from_secs(60));
        let mut proposal = Proposal::new(action, ticket);
        for (name, value) in params {
            proposal = proposal.param(*name, value.clone());
        }
        let answer = self.runtime.execute(&Authority::agent("support-bot", ["support_agent"])?, proposal)?;
        self.print(&format!("{action} {ticket}"), &answer)?;
        Ok(answer)
    }

    fn print(&mut self, call: &str, answer: &Answer) -> Result<()> {
        let more = match answer {
            Answer::Executed(done) => done.message.clone(),
            Answer::Held(held) => held.reason.to_string(),
            Answer::Blocked(blocked) => blocked.refusal().map(ToString::to_string).unwrap_or_default(),
            Answer::Failed(failed) => failed.message.clone(),
            Answer::InDoubt(doubt) => doubt.cause.to_string(),
        };
        Ok(writeln!(self.out, "{call:22} {:8} {more}", answer.word())?)
    }
}
