#![allow(unused)]

use kiff::StateMachine;

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
pub enum Order {
    #[enter(on = "ORDER_PLACED")]
    Created,
    #[enter(from = Craeted, on = "ORDER_PAID")]
    Paid,
}

#[kiff::action(allowed_states = ["PAID"], emits = ["ORDER_REFUNDED"])]
pub fn refund_order(order: &kiff::Ctx<'_, Order>) -> kiff::Outcome {
    kiff::Outcome::new(order.id())
}

fn main() {}
