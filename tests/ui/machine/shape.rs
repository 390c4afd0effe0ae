#![allow(unused)]

use kiff::StateMachine;

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
pub enum Order {
    #[enter(on = "ORDER_PLACED")]
    Created { by: u8 },
    #[enter(from = Created, on = "ORDER_PAID")]
    Paid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "invoice")]
pub enum Invoice {
    #[enter(on = "INVOICE_SENT")]
    Sent = 7,
}

#[derive(StateMachine)]
#[state_machine(entity = "ticket")]
pub struct Ticket;

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "box")]
pub enum Empty {}

fn main() {}
