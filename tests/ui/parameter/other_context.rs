#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

pub struct Stripe;

#[action(allowed_states = [Paid])]
pub fn refund_order(stripe: &Stripe, order: &Ctx<'_, Order>) -> Outcome {
    let _ = (stripe, order);
    Outcome::default()
}

fn main() {}
