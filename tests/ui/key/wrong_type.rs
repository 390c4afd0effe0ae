#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(name = REFUND, allowed_states = "PAID", permissions = "orders.refund", quorum = "2", approval = Required, reviewers = orders, expires = 24, separate_reviewer = yes, timeout = "soon", summary = 1, crate = "kiff")]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

fn main() {}
