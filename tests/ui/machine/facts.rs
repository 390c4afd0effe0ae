#![allow(unused)]

use kiff::StateMachine;

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order", facts = Totals)]
pub enum Order {
    #[enter(on = "ORDER_PLACED")]
    Created,
}

#[derive(Clone, Default)]
pub struct Totals;

fn main() {}
