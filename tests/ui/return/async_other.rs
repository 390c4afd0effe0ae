#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
pub async fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Result<u8, std::io::Error> {
    let _ = (order, amount);
    Ok(1)
}

fn main() {}
