#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
struct Refund;

fn uses(_: &Ctx<'_, Order>) -> Outcome {
    Outcome::default()
}

fn main() {}
