//! Returns: a customer sends goods back, and an agent settles it. The domain that `kiff/docs/domains.md` builds.

use kiff::{Ctx, Domain, DomainError, Event, ExecutionId, Facts, Failure, Outcome, Param, StateMachine, Value, action};
use serde::{Deserialize, Serialize};

/// A return, and the events that move it.
#[expect(clippy::exhaustive_enums, reason = "the states of this domain, all of them")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "return", facts = Goods)]
pub enum Return {
    /// The customer has told us.
    #[enter(on = "RETURN_ANNOUNCED")]
    #[enter(from = Announced, on = "DEADLINE_MOVED")]
    Announced,
    /// The goods are here.
    #[enter(from = Announced, on = "GOODS_ARRIVED", sources = ["warehouse"])]
    #[enter(from = Arrived, on = "GOODS_INSPECTED", sources = ["warehouse"])]
    Arrived,
    /// The customer has the money.
    #[enter(from = Arrived, on = "CUSTOMER_PAID")]
    #[state(name = "SETTLED")]
    Paid,
    /// We do not take the goods back.
    #[enter(from = [Announced, Arrived], on = "RETURN_REFUSED")]
    Refused,
}

/// What the events of a return say about the goods.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    /// What the customer has paid for them, in cents.
    pub paid_cents: u64,
    /// The warehouse has looked at them.
    pub are_inspected: bool,
}

impl Facts for Goods {
    fn apply(&mut self, event: &Event<'_>) {
        match event.kind() {
            "RETURN_ANNOUNCED" => {
                let cents = event.get("paid_cents").and_then(Value::as_number);
                self.paid_cents = cents.and_then(|cents| cents.as_u64()).unwrap_or_default();
            }
            "GOODS_INSPECTED" => self.are_inspected = true,
            _ => {}
        }
    }
}

/// An amount of money in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Param)]
#[param(min = 1, max = 500000)]
pub struct Cents(u64);

/// A text for the customer.
#[derive(Clone, Debug, PartialEq, Eq, Param)]
#[param(min_len = 1, max_len = 500)]
pub struct Message(String);

/// An account at a bank.
#[derive(Clone, Debug, PartialEq, Eq, Param)]
#[param(try_from = String)]
pub struct Account(String);

impl TryFrom<String> for Account {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.starts_with("DE") && text.len() == 22 { Ok(Self(text)) } else { Err("not an account in Germany") }
    }
}

/// Where the money goes.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Param)]
pub enum Target {
    /// Back to the card that paid.
    OriginalCard,
    /// To an account.
    Account(Account),
    /// Into a voucher.
    Voucher {
        /// For how many months it is good.
        #[param(rename = "validMonths")]
        months: u8,
    },
}

/// Tells the customer that we do not take the goods back.
#[action(allowed_states = [Announced, Arrived], permissions = ["returns.work"], emits = ["RETURN_REFUSED"])]
pub fn refuse_return(
    entity: &Ctx<'_, Return>,
    /// The message to the customer.
    why: Message,
) -> Outcome {
    Outcome::new(format!("{} refused: {}", entity.id(), why.0)).emit("RETURN_REFUSED")
}

/// A stand-in for the bank.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct Bank;

impl Bank {
    /// A real bank takes the execution's id as its idempotency key, and pays once for each.
    fn pay(self, _execution: &ExecutionId, _cents: Cents, _target: &Target) -> Result<(), Failure> {
        Ok(())
    }
}

/// Pays the customer back.
///
/// # Errors
/// The error of the bank.
#[action(
    allowed_states = [Arrived],
    permissions = ["returns.work", "returns.pay"],
    risk = High,
    approval = When(amount_above_threshold(cents)),
    reviewers = "returns.approve",
    quorum = 2,
    expires = "48h",
    checks = [goods_inspected, amount_within_paid(cents)],
    emits = ["CUSTOMER_PAID"],
    effect = Idempotent,
    timeout = "20s",
    retry_within = "12h",
    summary = "{entity}: pay {cents} cents to {target}",
)]
pub async fn pay_customer(
    entity: &Ctx<'_, Return>,
    bank: &Bank,
    execution: &ExecutionId,
    /// How much, in cents.
    cents: Cents,
    /// Where the money goes.
    #[param(rename = "to")]
    target: Target,
) -> Result<Outcome, Failure> {
    bank.pay(execution, cents, &target)?;
    Ok(Outcome::new(format!("{} cents paid for {}", cents.0, entity.id())).emit("CUSTOMER_PAID"))
}

fn amount_above_threshold(_: &Ctx<'_, Return>, cents: Cents) -> bool {
    cents.0 > 10_000
}

fn goods_inspected(entity: &Ctx<'_, Return>) -> bool {
    entity.facts().are_inspected
}

fn amount_within_paid(entity: &Ctx<'_, Return>, cents: Cents) -> bool {
    cents.0 <= entity.facts().paid_cents
}

/// Gives the customer more time.
#[action(
    allowed_states = [Announced],
    permissions = ["returns.work"],
    approval = Required,
    reviewers = "returns.work",
    separate_reviewer = false,
    reviewer_kinds = [Human, Service],
    effect = None,
    emits = ["DEADLINE_MOVED"],
)]
pub fn move_deadline(
    entity: &Ctx<'_, Return>,
    /// How many days more.
    days: u8,
) -> Outcome {
    Outcome::new(format!("{} days more for {}", days, entity.id())).emit("DEADLINE_MOVED")
}

/// Orders the destruction of goods that nobody may keep.
#[action(
    name = "DESTROY_GOODS",
    allowed_states = ["ARRIVED"],
    permissions = ["returns.work"],
    risk = Critical,
    waiver = "the law gives us a day, and the warehouse looks again before it acts",
    checks = [goods_inspected],
    emits = ["RETURN_REFUSED"],
    timeout = "5s",
)]
pub fn destroy(entity: &Ctx<'_, Return>) -> Outcome {
    Outcome::new(format!("the goods of {} are to be destroyed", entity.id())).emit("RETURN_REFUSED")
}

/// Everything that an agent may do to a return, and who may do it.
///
/// # Errors
/// All faults of the domain at once.
pub fn domain() -> Result<Domain, DomainError> {
    Domain::builder("returns", "v1")
        .machine::<Return>()
        .action::<refuse_return>()
        .action::<pay_customer>()
        .action::<move_deadline>()
        .action::<destroy>()
        .role("clerk", ["returns.work", "returns.pay"])
        .role("lead", ["returns.approve"])
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiff::{Authority, params, testing::Scenario};

    fn clerk() -> Authority {
        Authority::agent("desk-bot", ["clerk"]).unwrap()
    }

    fn inspected() -> Scenario {
        let mut s = Scenario::new(domain().unwrap()).provide(Bank);
        s.given_payload("return:r_1", "RETURN_ANNOUNCED", Value::object([("paid_cents", 25_000)]));
        let warehouse = Authority::service("warehouse").unwrap();
        for event in ["GOODS_ARRIVED", "GOODS_INSPECTED"] {
            s.given_from(&warehouse, "return:r_1", event, Value::object::<&str, &str>([]));
        }
        s
    }

    #[test]
    fn a_small_amount_is_paid_at_once() {
        let mut s = inspected();
        let done = s.propose::<pay_customer>(clerk(), "r_1", params! { cents: 2_000, to: "original_card" });
        assert_eq!(done.assert_executed().message, "2000 cents paid for r_1");
        s.assert_state("return:r_1", "SETTLED").replay().assert_same();
    }

    #[test]
    fn a_large_amount_waits_for_two_people() {
        let mut s = inspected();
        let held = s.propose::<pay_customer>(clerk(), "r_1", params! { cents: 20_000, to: "original_card" });
        let held = held.assert_held("amount_above_threshold");
        let held = s.grant(held, Authority::human("ann", ["lead"]).unwrap()).assert_held("amount_above_threshold");
        s.grant(held, Authority::human("bob", ["lead"]).unwrap()).assert_executed();
    }

    #[test]
    fn no_more_is_paid_than_was_paid() {
        let mut s = inspected();
        let params = params! { cents: 30_000, to: Value::object([("voucher", Value::object([("validMonths", 12)]))]) };
        s.propose::<pay_customer>(clerk(), "r_1", params).assert_blocked("amount_within_paid");
        s.propose::<pay_customer>(clerk(), "r_1", params! { cents: 0, to: "cash" })
            .assert_blocked("parameters_invalid");
    }

    #[test]
    fn a_reviewer_would_ask_nothing() {
        assert_eq!(domain().unwrap().lint(), []);
    }
}
