#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid], approval = When(large(amount)), reviewers = "orders.approve")]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, kiff::StateMachine)]
#[state_machine(entity = "ticket")]
pub enum Ticket {
    #[enter(on = "TICKET_OPENED")]
    Open,
}

fn large(_: &Ctx<'_, Ticket>, amount: &i64) -> bool {
    *amount > 100
}

fn main() {}
