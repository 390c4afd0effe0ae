#[path = "../order.rs"]
mod order;

use kiff::{ActionContract, Ctx, Outcome};
use order::Order;

fn refund_order(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new(order.id())
}

fn main() {
    let _ = <refund_order as ActionContract>::definition();
}
