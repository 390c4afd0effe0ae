#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
pub fn refund_order() -> Outcome {
    Outcome::default()
}

#[action(allowed_states = [Paid])]
pub fn mark_order(order: Ctx<'_, Order>) -> Outcome {
    Outcome::new(order.id())
}

fn main() {}
