#![allow(unused)]

use kiff::StateMachine;

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
pub enum Order {
    #[enter(on = "ORDER_PLACED")]
    Created,
    #[enter(on = "ORDER_PLACED")]
    #[enter(from = Created, on = "ORDER_PAID")]
    Paid,
    #[enter(from = [Paid, Created], on = "ORDER_PAID")]
    Done,
}

fn main() {}
