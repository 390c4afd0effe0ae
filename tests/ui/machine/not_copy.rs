#![allow(unused)]

use kiff::StateMachine;

#[derive(Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
pub enum Order {
    #[enter(on = "ORDER_PLACED")]
    Created,
}

fn main() {}
