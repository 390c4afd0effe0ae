#![allow(unused)]

use kiff::{Ctx, Outcome, action};

pub struct Invoice;

#[action(allowed_states = [Paid])]
pub fn pay(invoice: &Ctx<'_, Invoice>) -> Outcome {
    Outcome::new(invoice.id())
}

fn main() {}
