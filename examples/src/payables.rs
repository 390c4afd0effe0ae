//! Payables: an agent pays invoices that the books have approved, each once and in full.

use kiff::{Ctx, Domain, DomainError, Event, Facts, Failure, Outcome, StateMachine, Value, action};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// An invoice, and the events that move it.
#[expect(clippy::exhaustive_enums, reason = "the states of this domain, all of them")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "invoice", facts = Due)]
pub enum Invoice {
    /// The books say that it may be paid.
    #[enter(on = "INVOICE_APPROVED", sources = ["erp"])]
    Approved,
    /// Paid.
    #[enter(from = Approved, on = "INVOICE_PAID")]
    Paid,
}

/// What the events of an invoice say, beside its state.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The amount, in the digits of the books.
    pub amount: String,
}

impl Facts for Due {
    fn apply(&mut self, event: &Event<'_>) {
        if let Some(amount) = event.get("amount").and_then(Value::as_str) {
            self.amount = amount.to_owned();
        }
    }
}

/// Pays an invoice in full.
///
/// # Errors
/// The error of the bank.
#[action(
    allowed_states = [Approved],
    permissions = ["invoices.pay"],
    risk = High,
    waiver = "a human has approved the invoice in the books, and only its amount is paid",
    checks = [amount_due(amount)],
    emits = ["INVOICE_PAID"],
    timeout = "30s",
)]
pub fn pay_invoice(
    invoice: &Ctx<'_, Invoice>,
    bank: &Bank,
    /// How much to pay: what is due, not more and not less.
    amount: Decimal,
) -> Result<Outcome, Failure> {
    bank.transfer(invoice, amount)?;
    Ok(Outcome::new(format!("{} paid with ${amount:.2}", invoice.id())).emit("INVOICE_PAID"))
}

fn amount_due(invoice: &Ctx<'_, Invoice>, amount: Decimal) -> bool {
    invoice.facts().amount.parse() == Ok(amount)
}

/// Everything that an agent may do to an invoice, and who may do it.
///
/// # Errors
/// All faults of the domain at once.
pub fn domain() -> Result<Domain, DomainError> {
    Domain::builder("payables", "v1")
        .machine::<Invoice>()
        .action::<pay_invoice>()
        .role("payer", ["invoices.pay"])
        .build()
}

/// A stand-in for the bank. A clone is the same bank.
#[derive(Clone, Debug, Default)]
pub struct Bank {
    transfers: Arc<Mutex<Vec<Decimal>>>,
}

impl Bank {
    /// A bank that accepts every transfer and moves no money.
    #[must_use]
    pub fn fake() -> Self {
        Self::default()
    }

    fn transfer(&self, invoice: &Ctx<'_, Invoice>, amount: Decimal) -> Result<(), Failure> {
        if invoice.execution_id().is_none() {
            return Err(Failure::not_applied("not called by a runtime"));
        }
        self.transfers.lock().unwrap_or_else(PoisonError::into_inner).push(amount);
        Ok(())
    }

    /// The transfers so far.
    #[must_use]
    pub fn transfers(&self) -> Vec<Decimal> {
        self.transfers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
