#![allow(unused)]

use kiff::StateMachine;

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
pub enum Order {
    #[enter(from = Paid, on = "ORDER_PLACED")]
    Created,
    #[enter(from = Created, on = "ORDER_PAID")]
    Paid,
}

fn main() {}
