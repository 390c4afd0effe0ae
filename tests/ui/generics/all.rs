#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
pub fn refund_order<T: kiff::Param>(order: &Ctx<'_, Order>, amount: T) -> Outcome {
    let _ = amount;
    Outcome::new(order.id())
}

#[action(allowed_states = [Paid])]
pub const fn constant(order: &Ctx<'_, Order>) -> Outcome {
    loop {}
}

#[action(allowed_states = [Paid])]
pub unsafe extern "C" fn foreign(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new(order.id())
}

fn main() {}
