#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

type OrderCtx<'a> = Ctx<'a, Order>;

#[action(allowed_states = [Paid])]
pub fn refund_order(order: &OrderCtx) -> Outcome {
    Outcome::new(order.id())
}

fn main() {}
