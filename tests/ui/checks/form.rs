#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid], checks = [consent(amount), consent(amount), state, Consent, 5, missing(tax)])]
pub fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    Outcome::new("done")
}

fn consent(_: &Ctx<'_, Order>, _: &i64) -> bool {
    true
}

fn main() {}
