//! A projection of the log: the refunds of each day, in a database of its own.

use crate::scenarios::Result;
use kiff::{
    Blocking, Domain, DomainError, Effect, Event, Outcome, Param, Risk, Value,
    domain::{Call, Contract, Definition, Machine},
};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

/// The number of records that are read, and counted in one transaction.
const PAGE: usize = 4;

/// The refunds of each day, and the position up to which the log is counted in them.
#[derive(Debug)]
pub struct RefundsPerDay {
    database: Connection,
}

/// One day of the view.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day, such as `2026-05-24`.
    pub day: String,
    /// The number of refunds.
    pub refunds: u64,
    /// The sum that was paid back.
    pub cents: u64,
}

impl RefundsPerDay {
    /// Opens the view, or creates it.
    ///
    /// # Errors
    /// If the file cannot be opened, or is not a database.
    pub fn open(path: &Path) -> Result<Self> {
        let database = Connection::open(path)?;
        database.execute_batch(
            "CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, refunds INTEGER NOT NULL, cents INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), records INTEGER NOT NULL);",
        )?;
        Ok(Self { database })
    }

    /// Brings the view up to the end of the log. `step` is called between any two steps and can stop there with an
    /// error, for the example only: a service needs no such argument.
    ///
    /// The view and the position change in one transaction, so each record counts exactly once wherever the work stops.
    ///
    /// # Errors
    /// If the log cannot be read or the view cannot be written, or the error of `step`.
    pub fn follow(&mut self, log: &Blocking, step: &mut dyn FnMut(&'static str) -> Result<()>) -> Result<()> {
        loop {
            let mut position = self.position()?;
            let page = log.read_log(position, PAGE)?;
            if page.is_empty() {
                return Ok(());
            }
            step("the page is read")?;
            let change = self.database.transaction()?;
            for logged in &page {
                if let Some(event) = logged.record.event().filter(|event| event.kind() == "ORDER_REFUNDED") {
                    count(&change, &event)?;
                    step("a refund is counted")?;
                }
                position = logged.index + 1;
            }
            step("the view is changed, the position is not")?;
            let records = i64::try_from(position)?;
            change.execute(
                "INSERT INTO position VALUES (1, ?) ON CONFLICT DO UPDATE SET records = excluded.records",
                [records],
            )?;
            step("both are changed and not committed")?;
            change.commit()?;
            step("both are committed")?;
        }
    }

    /// The number of records of the log that the view covers.
    ///
    /// # Errors
    /// If the view cannot be read.
    pub fn position(&self) -> Result<u64> {
        let records = self.database.query_row("SELECT records FROM position", [], |row| row.get::<_, i64>(0));
        Ok(u64::try_from(records.optional()?.unwrap_or(0))?)
    }

    /// The days, oldest first.
    ///
    /// # Errors
    /// If the view cannot be read.
    pub fn days(&self) -> Result<Vec<Day>> {
        let mut days = self.database.prepare("SELECT day, refunds, cents FROM days ORDER BY day")?;
        let rows =
            days.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
        rows.map(|row| {
            let (day, refunds, cents) = row?;
            Ok(Day { day, refunds: refunds.try_into()?, cents: cents.try_into()? })
        })
        .collect()
    }
}

fn count(change: &Connection, event: &Event<'_>) -> Result<()> {
    let cents = event.get("cents").and_then(|cents| cents.as_number()?.as_i64()).unwrap_or(0);
    let time = event.recorded_at().to_string();
    let (day, _) = time.split_once('T').ok_or("a time without a day")?;
    change.execute(
        "INSERT INTO days VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET refunds = refunds + 1, cents = cents + excluded.cents",
        params![day, cents],
    )?;
    Ok(())
}

/// Orders that are paid back once, with the machine and the contract as data.
///
/// # Errors
/// All faults of the domain at once.
pub fn domain() -> Result<Domain, DomainError> {
    let order = Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED");
    let contract = Contract::new("REFUND", "order")
        .allowed_states(["PAID"])
        .permissions(["orders.refund"])
        .risk(Risk::Medium)
        .effect(Effect::Idempotent)
        .param("cents", u32::KIND)
        .emits(["ORDER_REFUNDED"]);
    let refund = Definition::new(contract).executor(|call: Call<'_>| {
        let cents: u32 = call.param("cents")?;
        let payload = Value::object([("cents", u64::from(cents))]);
        Ok(Outcome::new(format!("{cents} cents paid back")).event("ORDER_REFUNDED", payload))
    });
    Domain::builder("refunds", "v1").table(order).define(refund).role("operator", ["orders.refund"]).build()
}
