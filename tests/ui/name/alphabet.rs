#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(name = "refund-order", allowed_states = [Paid])]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

#[action(allowed_states = [Paid])]
pub fn _mark(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new(order.id())
}

fn main() {}
