#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> bool {
    order.id().is_empty() && amount > 0
}

fn main() {}
