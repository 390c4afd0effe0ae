//! A projection of the log in a database of its own. It stops in the middle and continues, and each refund counts once.

use kiff::{Authority, Blocking, NewEvent, Proposal, Runtime, store::SqliteStore, testing::ManualClock};
use kiff_examples::{
    database,
    refunds_per_day::{self, RefundsPerDay},
    scenarios::Result,
};
use std::{io::Write, time::Duration};

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let path = database::fresh("projection")?;
    let clock = ManualClock::at("2026-05-24T09:00:00Z".parse()?);
    let builder = Runtime::builder(refunds_per_day::domain()?).clock(clock.clone());
    let runtime = builder.store(SqliteStore::open(&path)?).build()?.blocking();
    for order in 1..=6 {
        refund(&runtime, order)?;
        clock.advance(Duration::from_secs(11 * 60 * 60));
    }

    // The view is in another file with its own connection, so another program could write it.
    let path = path.with_file_name("view.db");
    let mut pages = 0;
    let mut stop = |place: &'static str| -> Result<()> {
        pages += u32::from(place == "the page is read");
        match (pages, place) {
            (4, "the view is changed, the position is not") => Err(format!("stopped where {place}").into()),
            _ => Ok(()),
        }
    };
    let mut view = RefundsPerDay::open(&path)?;
    if let Err(stopped) = view.follow(&runtime, &mut stop) {
        writeln!(out, "{stopped}")?;
    }
    drop(view);

    let mut view = RefundsPerDay::open(&path)?;
    print(&mut out, "opened again", &view)?;
    view.follow(&runtime, &mut |_| Ok(()))?;
    print(&mut out, "continued", &view)?;
    view.follow(&runtime, &mut |_| Ok(()))?;
    print(&mut out, "nothing new", &view)
}

fn refund(runtime: &Blocking, order: u64) -> Result<()> {
    let entity = format!("order:ord_{order}");
    let paid = NewEvent::new(format!("evt_{order}"), "ORDER_PAID");
    runtime.ingest(&Authority::service("stripe")?, &entity, paid)?.accepted()?;
    let proposal = Proposal::new("REFUND", entity).param("cents", 10_00 * order);
    let _ = runtime.execute(&Authority::agent("ops-agent", ["operator"])?, proposal)?.executed()?;
    Ok(())
}

fn print(out: &mut impl Write, when: &str, view: &RefundsPerDay) -> Result<()> {
    writeln!(out, "\n{when}: {} records are in the view", view.position()?)?;
    for day in view.days()? {
        writeln!(out, "{}  refunds {}  cents {:>5}", day.day, day.refunds, day.cents)?;
    }
    Ok(())
}
