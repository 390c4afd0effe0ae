#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

#[action(allowed_states = [Paid], risk = High, approval = When(large(amount)), reviewers = "orders.approve")]
pub fn refund_order(order: &Ctx<'_, Order>, amount: f64, rates: Option<Vec<f32>>) -> Outcome {
    Outcome::new("done")
}

fn large(_: &Ctx<'_, Order>, amount: &f64) -> bool {
    *amount > 1.0
}

fn main() {}
