#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> impl Future<Output = Outcome> {
    let _ = (order, amount);
    async { Outcome::default() }
}

fn main() {}
