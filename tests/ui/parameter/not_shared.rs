#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

use std::rc::Rc;

#[action(allowed_states = [Paid])]
pub fn refund_order(order: &Ctx<'_, Order>, cache: &Rc<u8>) -> Outcome {
    let _ = cache;
    Outcome::new(order.id())
}

fn main() {}
