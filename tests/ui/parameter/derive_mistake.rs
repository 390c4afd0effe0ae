#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, Param, action};
use order::Order;

/// Its own mistake is told once, and not again where it is used.
#[derive(Param)]
struct Line {
    price: f64,
}

#[action(allowed_states = [Paid], checks = [cheap(line)])]
fn refund_order(_: &Ctx<'_, Order>, line: Line, more: Vec<Line>) -> Outcome {
    Outcome::new(format!("{} {}", line.price, more.len()))
}

fn cheap(_: &Ctx<'_, Order>, line: &Line) -> bool {
    line.price < 1.0
}

fn main() {}
