#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
pub fn refund_order(order: &Ctx<'_, Order>, Amount: i64, _reason: String) -> Outcome {
    Outcome::new("done")
}

fn main() {}
