#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
pub fn refund_order(order: &Ctx<'_, Order>, (amount, tax): (i64, i64), _: i64) -> Outcome {
    Outcome::new("done")
}

fn main() {}
