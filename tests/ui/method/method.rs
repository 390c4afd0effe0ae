#![allow(unused)]

#[path = "../order.rs"]
mod order;

use kiff::{Ctx, Outcome, action};
use order::Order;

pub struct Shop;

impl Shop {
    #[action(allowed_states = [Paid])]
    pub fn refund_order(&self, order: &Ctx<'_, Order>) -> Outcome {
        Outcome::new(order.id())
    }
}

fn uses(shop: &Shop, order: &Ctx<'_, Order>) -> Outcome {
    shop.refund_order(order)
}

fn main() {}
