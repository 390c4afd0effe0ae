#![allow(unused)]

use kiff::StateMachine;

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "Order")]
pub enum Order {
    #[enter(on = "order-placed", sources = ["the shop", "shop", "shop"])]
    Created,
    #[enter(from = Created, on = "ORDER_PAID", sources = [])]
    #[state(name = "paid")]
    Paid,
    #[enter(from = [], on = "ORDER_HELD")]
    #[state(name = "CREATED")]
    Held,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "kiff")]
pub enum Own {
    #[enter(on = "STARTED")]
    Started,
}

fn main() {}
