#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
pub fn refund_order(order: &Ctx<'_, Order>, amount: impl Into<i64>, gateway: &impl Send, ledger: &dyn Send) -> Outcome {
    Outcome::new("done")
}

fn main() {}
