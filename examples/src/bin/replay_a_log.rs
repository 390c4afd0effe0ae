//! Yesterday's log under tomorrow's rules: which decisions would differ if the threshold were lower?

use kiff::{Authority, Ctx, Domain, DomainError, NewEvent, Outcome, Proposal, Runtime, action, replay};
use kiff_examples::{
    refund::{self, Order, Stripe},
    scenarios::Result,
};
use rust_decimal::Decimal;
use std::io::Write;

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let log = yesterday()?;
    writeln!(out, "by itself:         {}", replay::verify(&log))?;
    writeln!(out, "with the domain:   {}", replay::verify_with(&refund::domain()?, &log))?;
    writeln!(out, "the same rules:    {}", replay::compare(&refund::domain()?, &log))?;
    writeln!(out, "a lower threshold: {}", replay::compare(&lower_threshold()?, &log))?;
    Ok(())
}

/// A day of refunds under the present rules. A service would read the file that `export` has written.
fn yesterday() -> Result<Vec<u8>> {
    let runtime = Runtime::builder(refund::domain()?).provide(Stripe::fake()).build()?.blocking();
    let agent = Authority::agent("ops-agent", ["operator"])?;
    let proposed =
        [("AUTO_REFUND", "20.00"), ("AUTO_REFUND", "75.00"), ("REFUND_ORDER", "80.00"), ("REFUND_ORDER", "999.00")];
    for (number, (action, amount)) in proposed.into_iter().enumerate() {
        let order = format!("order:ord_{number}");
        let paid = NewEvent::new(format!("evt_{number}"), "ORDER_PAID");
        runtime.ingest(&Authority::service("stripe")?, &order, paid)?.accepted()?;
        let proposal = Proposal::new(action, order).param("amount", amount).param("reason", "customer request");
        let _ = runtime.execute(&agent, proposal)?;
    }
    Ok(runtime.export()?)
}

/// The refund domain with a threshold of $50. Its executors do nothing, because a comparison never runs them.
fn lower_threshold() -> Result<Domain, DomainError> {
    Domain::builder("refund-ops", "v3")
        .machine::<Order>()
        .action::<auto_refund>()
        .action::<refund_order>()
        .role("operator", ["orders.refund"])
        .role("ops_operator", ["orders.approve"])
        .build()
}

#[action(
    allowed_states = [Paid],
    permissions = ["orders.refund"],
    checks = [amount_within_threshold(amount)],
    emits = ["ORDER_REFUNDED"],
)]
fn auto_refund(_: &Ctx<'_, Order>, amount: Decimal, _reason: String) -> Outcome {
    Outcome::new(format!("{amount}"))
}

#[action(
    allowed_states = [Paid],
    permissions = ["orders.refund"],
    risk = High,
    approval = When(amount_above_threshold(amount)),
    reviewers = "orders.approve",
    emits = ["ORDER_REFUNDED"],
)]
fn refund_order(_: &Ctx<'_, Order>, amount: Decimal, _reason: String) -> Outcome {
    Outcome::new(format!("{amount}"))
}

fn amount_above_threshold(_: &Ctx<'_, Order>, amount: Decimal) -> bool {
    amount > Decimal::from(50)
}

fn amount_within_threshold(order: &Ctx<'_, Order>, amount: Decimal) -> bool {
    !amount_above_threshold(order, amount)
}
