#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

use std::rc::Rc;

#[action(allowed_states = [Paid])]
pub async fn refund_order(order: &Ctx<'_, Order>, amount: i64) -> Outcome {
    let shared = Rc::new(amount);
    std::future::ready(()).await;
    Outcome::new(format!("{} {shared}", order.id()))
}

fn main() {}
