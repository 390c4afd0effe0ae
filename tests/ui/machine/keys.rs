#![allow(unused)]

use kiff::StateMachine;

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entty = "order")]
pub enum Order {
    #[enter(from = Created, om = "ORDER_PLACED")]
    Created,
    #[enter]
    Paid,
    #[enter(on = ORDER_HELD, from = "Created")]
    #[state("HELD")]
    Held,
}

fn main() {}
