#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

/// A module of the action's name.
pub mod refund_order {}

#[action(allowed_states = [Paid])]
pub fn refund_order(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new(order.id())
}

#[action(allowed_states = [Paid])]
pub fn close_order(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new(order.id())
}

#[action(allowed_states = [Created])]
pub fn close_order(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new(order.id())
}

fn main() {}
