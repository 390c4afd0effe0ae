#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

pub struct Money(pub i64);

#[action(allowed_states = [Paid])]
pub async fn refund_order(order: &Ctx<'_, Order>, amount: Money) -> Outcome {
    let _ = amount;
    Outcome::new(order.id())
}

fn main() {}
