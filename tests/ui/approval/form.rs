#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid], approval = When, reviewers = "orders.approve")]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

fn large(_: &Ctx<'_, Order>, amount: &i64) -> bool {
    *amount > 100
}

#[action(allowed_states = [Paid], approval = Wen(large(amount)), reviewers = "orders.approve")]
pub fn refund_two(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

#[action(allowed_states = [Paid], approval = Required(large), reviewers = "orders.approve")]
pub fn refund_three(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

#[action(allowed_states = [Paid], approval = When(|amount| amount > 3), reviewers = "orders.approve")]
pub fn refund_four(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

#[action(allowed_states = [Paid], approval = large(amount), reviewers = "orders.approve")]
pub fn refund_five(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

fn main() {}
