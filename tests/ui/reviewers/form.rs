#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid], approval = Required, reviewers = "approve", quorum = 0, reviewer_kinds = [Humans, Human, Human], expires = "500ms")]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

#[action(allowed_states = [Paid], approval = Required, reviewers = "orders.approve", reviewer_kinds = [])]
pub fn refund_two(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

fn main() {}
