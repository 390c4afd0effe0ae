#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid], retry_within = "12h")]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

#[action(allowed_states = [Paid], effect = None, retry_within = "12h")]
pub fn look_at_order(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new("done")
}

#[action(allowed_states = [Paid], effect = Idempotent, retry_within = "0h")]
pub fn repeat_order(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new("done")
}

fn main() {}
