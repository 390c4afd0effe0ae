#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid])]
fn refund_order(
    _: &Ctx<'_, Order>,
    #[param(min = 1, max = 100)] percent: u8,
    #[param(try_from = String)] email: String,
) -> Outcome {
    Outcome::new(format!("{percent} {email}"))
}

fn main() {}
