#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(
    alowed_states = ["PAID"],
    permissions = ["refund"],
    risk = Hihg,
    approval = When(large(amuont)),
    emits = ["refunded"],
    timeout = "soon",
)]
pub fn refund_order<T>(order: &Ctx<'_, Order>, (a, b): (i64, i64), rate: f64) -> Outcome {
    loop {}
}

#[test]
fn registered() {
    let _ = <refund_order as kiff::ActionContract>::definition();
}

fn main() {}
