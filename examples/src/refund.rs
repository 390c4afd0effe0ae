//! Refunds: a small one runs at once, a large one waits for a human, and an unpaid order gets none.

use kiff::{Ctx, Domain, DomainError, Failure, Outcome, StateMachine, action};
use rust_decimal::Decimal;
use std::sync::{Arc, Mutex, PoisonError};

/// An order, and the events that move it.
#[expect(clippy::exhaustive_enums, reason = "the states of this domain, all of them")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
pub enum Order {
    /// Placed, and not paid yet.
    #[enter(on = "ORDER_PLACED")]
    Created,
    /// Paid. The shop may hear of an order only now.
    #[enter(on = "ORDER_PAID", sources = ["stripe"])]
    #[enter(from = Created, on = "ORDER_PAID", sources = ["stripe"])]
    Paid,
    /// Paid back.
    #[enter(from = Paid, on = "ORDER_REFUNDED")]
    Refunded,
}

/// Pays a small amount back at once.
///
/// # Errors
/// The error of Stripe.
#[action(
    allowed_states = [Paid],
    permissions = ["orders.refund"],
    checks = [amount_positive(amount), amount_within_threshold(amount)],
    emits = ["ORDER_REFUNDED"],
)]
pub fn auto_refund(
    order: &Ctx<'_, Order>,
    stripe: &Stripe,
    /// How much to pay back.
    amount: Decimal,
    /// Why, in the agent's words.
    reason: String,
) -> Result<Outcome, Failure> {
    stripe.refund(order, amount, &reason)?;
    Ok(Outcome::new(format!("auto-refund of ${amount:.2} issued")).emit("ORDER_REFUNDED"))
}

/// Pays any amount back. Above the threshold a human must consent.
///
/// # Errors
/// The error of Stripe.
#[action(
    allowed_states = [Paid],
    permissions = ["orders.refund"],
    risk = High,
    approval = When(amount_above_threshold(amount)),
    reviewers = "orders.approve",
    checks = [amount_positive(amount)],
    emits = ["ORDER_REFUNDED"],
    timeout = "30s",
    summary = "refund {amount} of {entity}: {reason}",
)]
pub async fn refund_order(
    order: &Ctx<'_, Order>,
    stripe: &Stripe,
    /// How much to pay back.
    amount: Decimal,
    /// Why, in the agent's words.
    reason: String,
) -> Result<Outcome, Failure> {
    stripe.refund(order, amount, &reason)?;
    Ok(Outcome::new(format!("refund of ${amount:.2} issued")).emit("ORDER_REFUNDED"))
}

/// The log gives the name of a check or a policy as the reason.
fn amount_above_threshold(_: &Ctx<'_, Order>, amount: Decimal) -> bool {
    amount > Decimal::from(100)
}

fn amount_within_threshold(order: &Ctx<'_, Order>, amount: Decimal) -> bool {
    !amount_above_threshold(order, amount)
}

fn amount_positive(_: &Ctx<'_, Order>, amount: Decimal) -> bool {
    amount > Decimal::ZERO
}

/// Everything that an agent may do to an order, and who may do it.
///
/// # Errors
/// All faults of the domain at once.
pub fn domain() -> Result<Domain, DomainError> {
    Domain::builder("refund-ops", "v2")
        .machine::<Order>()
        .action::<auto_refund>()
        .action::<refund_order>()
        .role("operator", ["orders.refund"])
        .role("ops_operator", ["orders.approve"])
        .build()
}

/// A stand-in for the payment provider. A clone is the same account.
#[derive(Clone, Debug, Default)]
pub struct Stripe {
    refunds: Arc<Mutex<Vec<String>>>,
}

impl Stripe {
    /// A provider that accepts every refund and moves no money.
    #[must_use]
    pub fn fake() -> Self {
        Self::default()
    }

    fn refund(&self, order: &Ctx<'_, Order>, amount: Decimal, reason: &str) -> Result<(), Failure> {
        // A real provider takes this as its idempotency key. A retry has the same id.
        let key = order.execution_id().ok_or_else(|| Failure::not_applied("not called by a runtime"))?;
        let mut refunds = self.refunds.lock().unwrap_or_else(PoisonError::into_inner);
        refunds.push(format!("{key} {} {amount} {reason}", order.id()));
        Ok(())
    }

    /// The number of refunds so far.
    #[must_use]
    pub fn refunds(&self) -> usize {
        self.refunds.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
