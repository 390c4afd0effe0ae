#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

struct Bank;

#[action(allowed_states = [Paid])]
fn refund_order(
    #[param(rename = "it")] _: &Ctx<'_, Order>,
    #[param(rename = "bank")] bank: &Bank,
    #[param(rename = "theReason")] reason: String,
    #[param(renamed = "n")] count: u8,
    #[param(rename = size)] size: u8,
    #[param(rename = "note")] text: String,
    note: String,
) -> Outcome {
    let _ = (bank, reason, count, size, text, note);
    Outcome::new("done")
}

fn main() {}
