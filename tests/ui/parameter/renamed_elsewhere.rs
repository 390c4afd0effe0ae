#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(
    allowed_states = [Paid],
    checks = [given(why)],
    summary = "refund, because {why}",
)]
fn refund_order(_: &Ctx<'_, Order>, #[param(rename = "why")] reason: String) -> Outcome {
    Outcome::new(reason)
}

fn given(_: &Ctx<'_, Order>, reason: &str) -> bool {
    !reason.is_empty()
}

fn main() {}
