#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid], approval = When(large(amount)), reviewers = "orders.approve")]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

fn large(_: &Ctx<'_, Order>, amount: &String) -> bool {
    amount.is_empty()
}

fn main() {}
