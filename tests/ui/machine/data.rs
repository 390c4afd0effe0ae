#![allow(unused)]

use kiff::{Event, Facts, StateMachine};

#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Totals;

impl Facts for Totals {
    fn apply(&mut self, _: &Event<'_>) {}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order", data = Totals)]
pub enum Order {
    #[enter(on = "ORDER_PLACED")]
    Created,
}

fn main() {}
