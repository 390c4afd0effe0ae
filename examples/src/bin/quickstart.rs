//! The example of the README, as it stands there.

use kiff::{Answer, Authority, Ctx, Domain, DomainError, NewEvent, Outcome, Proposal, Runtime, StateMachine, action};
use rust_decimal::Decimal;
use std::error::Error;

/// An order, and the events that move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
enum Order {
    #[enter(on = "ORDER_PLACED")]
    Created,
    #[enter(from = Created, on = "ORDER_PAID")]
    Paid,
    #[enter(from = Paid, on = "ORDER_REFUNDED")]
    Refunded,
}

/// Pays an order back.
#[action(
    allowed_states = [Paid],
    permissions = ["orders.refund"],
    risk = High,
    approval = When(amount_above_threshold(amount)),
    reviewers = "orders.approve",
    emits = ["ORDER_REFUNDED"],
)]
fn refund_order(
    order: &Ctx<'_, Order>,
    stripe: &Stripe,
    /// How much to pay back.
    amount: Decimal,
    /// Why, in the agent's words.
    reason: String,
) -> Result<Outcome, StripeError> {
    stripe.refund(order.id(), amount, &reason)?;
    Ok(Outcome::new(format!("refund of ${amount:.2} issued")).emit("ORDER_REFUNDED"))
}

/// The log gives the function's name as the reason.
fn amount_above_threshold(_: &Ctx<'_, Order>, amount: Decimal) -> bool {
    amount > Decimal::from(100)
}

fn domain() -> Result<Domain, DomainError> {
    Domain::builder("refund-ops", "v2")
        .machine::<Order>()
        .action::<refund_order>()
        .role("operator", ["orders.refund"])
        .role("ops_operator", ["orders.approve"])
        .build()
}

/// Your payment provider would stand here.
struct Stripe;
type StripeError = std::io::Error;

impl Stripe {
    fn refund(&self, _order: &str, _amount: Decimal, _reason: &str) -> Result<(), StripeError> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::builder(domain()?).provide(Stripe).build()?.blocking();
    let (stripe, agent) = (Authority::service("stripe")?, Authority::agent("ops-agent", ["operator"])?);

    for (order, events, amount) in [
        ("order:ord_001", ["ORDER_PLACED", "ORDER_PAID"].as_slice(), "49.00"),
        ("order:ord_002", &["ORDER_PLACED", "ORDER_PAID"], "999.00"),
        ("order:ord_003", &["ORDER_PLACED"], "49.00"),
    ] {
        for event in events {
            runtime.ingest(&stripe, order, NewEvent::new(format!("{order}-{event}"), *event))?.accepted()?;
        }
        let proposal = Proposal::new("REFUND_ORDER", order).param("amount", amount).param("reason", "broken");
        match runtime.execute(&agent, proposal)? {
            Answer::Executed(done) => println!("{order}  executed  {}", done.message),
            Answer::Held(held) => println!("{order}  held      {}, waits for a human", held.reason),
            Answer::Blocked(refusal) => println!("{order}  blocked   {}", refusal.reason),
            other => println!("{order}  {}", other.word()),
        }
    }
    print!("\n{}", runtime.timeline("order:ord_001")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiff::{params, testing::Scenario};

    #[test]
    fn a_large_refund_waits_for_a_human() -> Result<(), Box<dyn Error>> {
        let mut s = Scenario::new(domain()?).provide(Stripe);
        s.given::<Order>("ord_002", ["ORDER_PLACED", "ORDER_PAID"]);
        let held = s
            .propose::<refund_order>(
                Authority::agent("ops-agent", ["operator"])?,
                "ord_002",
                params! { amount: "999.00", reason: "broken" },
            )
            .assert_held("amount_above_threshold");
        s.grant(held, Authority::human("ops-human", ["ops_operator"])?).assert_executed();
        s.replay().assert_same();
        Ok(())
    }
}
