//! An agent pays an invoice of $10,000, the answer is lost, and the transport sends the call nine times more.

use kiff::{Answer, Authority, Blocking, NewEvent, Proposal, Runtime, Value, store::SqliteStore};
use kiff_examples::{
    database,
    payables::{self, Bank},
    scenarios::Result,
};
use std::{
    collections::BTreeMap,
    io::{StdoutLock, Write},
};

const INVOICE: &str = "invoice:inv_100";

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let store = SqliteStore::open(database::fresh("payables")?)?;
    let runtime = |tenant: &str, bank: &Bank| -> Result<Blocking> {
        let builder = Runtime::builder(payables::domain()?).store(store.clone()).tenant(tenant);
        Ok(builder.provide(bank.clone()).build()?.blocking())
    };
    let call = Proposal::new("PAY_INVOICE", INVOICE).param("amount", "10000.00");
    let bank = Bank::fake();
    writeln!(out, "== without an idempotency key ==\n")?;
    pay_ten_times(&mut out, &runtime("without-key", &bank)?, &bank, &call)?;
    let bank = Bank::fake();
    writeln!(out, "\n== with an idempotency key ==\n")?;
    pay_ten_times(&mut out, &runtime("with-key", &bank)?, &bank, &call.idempotency_key("pay-inv_100"))
}

fn pay_ten_times(out: &mut StdoutLock<'_>, runtime: &Blocking, bank: &Bank, call: &Proposal) -> Result<()> {
    let approved = NewEvent::new("evt_1", "INVOICE_APPROVED").payload(Value::object([("amount", "10000.00")]));
    runtime.ingest(&Authority::service("erp")?, INVOICE, approved)?.accepted()?;

    let agent = Authority::agent("payables-agent", ["payer"])?;
    // The payment is made, but its answer is lost.
    runtime.execute(&agent, call.clone())?.executed()?;
    let mut retries = BTreeMap::new();
    for _ in 0..9 {
        let answer = match runtime.execute(&agent, call.clone())? {
            Answer::Executed(done) if done.is_repeat => format!("the first answer again: {}", done.message),
            Answer::Blocked(blocked) => format!("blocked: {}", blocked.reason),
            other => other.word().to_owned(),
        };
        *retries.entry(answer).or_insert(0) += 1;
    }
    for (answer, times) in retries {
        writeln!(out, "{times} retries   {answer}")?;
    }
    report(out, runtime, bank)
}

/// Prints what the bank has done, and what the log says about it.
fn report(out: &mut StdoutLock<'_>, runtime: &Blocking, bank: &Bank) -> Result<()> {
    let transfers = bank.transfers();
    writeln!(out, "the bank    {} payment of ${}", transfers.len(), transfers.iter().sum::<rust_decimal::Decimal>())?;
    let mut kinds = BTreeMap::new();
    for entry in runtime.timeline(INVOICE)?.entries() {
        *kinds.entry(entry.kind.as_str()).or_insert(0) += 1;
    }
    for (kind, count) in kinds {
        writeln!(out, "the log     {count:2} {kind}")?;
    }
    Ok(writeln!(out, "rebuild     {}", runtime.rebuild(INVOICE)?)?)
}
