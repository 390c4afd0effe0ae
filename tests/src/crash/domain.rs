//! What the process may do: pay out money, with effects of each kind.

use super::Ledger;
use kiff::{
    Domain, DomainError, Effect, Failure, Outcome, Param,
    domain::{Call, Contract, Definition, Machine},
};
use std::{sync::Arc, time::Duration};

/// The time of the first process, in milliseconds since 1970.
pub const NOON_MS: i64 = 1_779_624_000_000;
/// How much later the next process starts. Every attempt of the one before is past its deadline by then, whatever that
/// one endured, and may be made again for as long as twenty more processes take.
pub const LATER_MS: i64 = 3_600_000;

/// Payouts, each of which is requested once and paid once.
///
/// # Errors
/// [`DomainError`] if it is unsound.
pub fn domain() -> Result<Domain, DomainError> {
    let machine = Machine::new("payout")
        .starts("REQUESTED", "OPEN")
        .moves("OPEN", "NOTED", "OPEN")
        .moves("OPEN", "PAID", "CLOSED");
    let payment = |name: &str| {
        Contract::new(name, "payout")
            .allowed_states(["OPEN"])
            .permissions(["payouts.pay"])
            .timeout(TIMEOUT)
            .param("answer", String::KIND)
            .emits(["PAID"])
    };
    let note = Contract::new("NOTE", "payout").allowed_states(["OPEN"]).permissions(["payouts.pay"]);
    Domain::builder("payouts", "v1")
        .table(machine)
        .define(Definition::new(payment("PAY_ONCE")).executor(pay))
        .define(Definition::new(payment("PAY_REPEATABLY").effect(Effect::Idempotent)).executor(pay))
        .define(Definition::new(payment("PAY_APPROVED").approval_required("payouts.approve")).executor(pay))
        .define(
            Definition::new(note.effect(Effect::None).timeout(TIMEOUT).emits(["NOTED"]))
                .executor(|_: Call<'_>| Ok(Outcome::new("noted").emit("NOTED"))),
        )
        .role("clerk", ["payouts.pay"])
        .role("lead", ["payouts.approve", kiff::doubt::RESOLVE_PERMISSION])
        .build()
}

/// Pays by the ledger. The parameter says how the bank answers: at once, never for the first attempt although it has
/// paid, or that it does not pay.
fn pay(call: Call<'_>) -> Result<Outcome, Failure> {
    let ledger = call.provided::<Arc<Ledger>>()?;
    let answer: String = call.param("answer")?;
    if answer == "refused" {
        return Err(Failure::not_applied("the account is closed"));
    }
    ledger.pay(call.execution_id(), call.attempt())?;
    match (answer.as_str(), call.attempt()) {
        ("lost", 1) => Err(Failure::unknown("no answer from the bank")),
        _ => Ok(Outcome::new("paid").emit("PAID")),
    }
}

/// How long an attempt may take. Shorter than the time between two processes.
const TIMEOUT: Duration = Duration::from_secs(30);
