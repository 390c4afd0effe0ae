#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
pub fn refund_order(order: &Ctx<'_, Order>, reason: &str, lines: &[u32], notes: Vec<&str>) -> Outcome {
    Outcome::new("done")
}

fn main() {}
