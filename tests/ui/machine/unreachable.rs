#![allow(unused)]

use kiff::StateMachine;

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
pub enum Order {
    #[enter(on = "ORDER_PLACED")]
    Created,
    Paid,
}

fn main() {}
