//! Questions about states and events that a constant evaluation answers.
//!
//! A constant function can neither iterate nor compare text with `==`, so both are written out here.

use super::message::{Text, refuse};
use crate::domain::{
    action::ActionContract,
    machine::{StateMachine, Transition},
};

/// Refuses a name that is not a state of the entity.
#[track_caller]
pub const fn is_state<M: StateMachine>(action: &str, name: &str) {
    if !is_sound::<M>() || contains(M::STATES, name) {
        return;
    }
    let mut text = Text::about("action", action);
    text.push("unknown state `");
    text.push(name);
    text.push("`; the states of `");
    text.push(M::ENTITY);
    text.push("` are ");
    text.push_list(M::STATES);
    refuse(&text);
}

/// Refuses an event that lacks a transition from a state in which the action may run.
#[track_caller]
pub const fn is_accepted<M: StateMachine, A: ActionContract>(action: &str, event: &str) {
    let mut left = A::CONTRACT.allowed_states;
    while let [state, rest @ ..] = left {
        left = rest;
        // An unknown state has its own message.
        if !is_sound::<M>() || !contains(M::STATES, state) || accepts(M::TRANSITIONS, state, event) {
            continue;
        }
        let mut text = Text::about("action", action);
        text.push("event `");
        text.push(event);
        text.push("` has no transition from state `");
        text.push(state);
        text.push("` of `");
        text.push(M::ENTITY);
        text.push("`; events with one: ");
        push_events(&mut text, M::TRANSITIONS, state);
        refuse(&text);
    }
}

/// The name of the state whose variant is at this place.
#[must_use]
pub const fn state_name<M: StateMachine>(place: usize) -> &'static str {
    let mut left = M::STATES;
    let mut at = 0;
    while let [name, rest @ ..] = left {
        if at == place {
            return name;
        }
        left = rest;
        at += 1;
    }
    ""
}

/// The entity of an action whose annotation has a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unchecked {}

impl StateMachine for Unchecked {
    type Facts = ();
    const ENTITY: &'static str = "";
    const STATES: &'static [&'static str] = &[];
    const TRANSITIONS: &'static [Transition] = &[];

    fn state(self) -> &'static str {
        match self {}
    }

    fn from_state(_: &str) -> Option<Self> {
        None
    }
}

/// False for a machine whose own derive has reported a mistake.
const fn is_sound<M: StateMachine>() -> bool {
    !M::ENTITY.is_empty()
}

const fn accepts(steps: &[Transition], state: &str, event: &str) -> bool {
    let mut left = steps;
    while let [step, rest @ ..] = left {
        if let Some(from) = step.from
            && same(from, state)
            && same(step.on, event)
        {
            return true;
        }
        left = rest;
    }
    false
}

const fn contains(all: &[&str], wanted: &str) -> bool {
    let mut left = all;
    while let [text, rest @ ..] = left {
        if same(text, wanted) {
            return true;
        }
        left = rest;
    }
    false
}

const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([x, a_rest @ ..], [y, b_rest @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (a_rest, b_rest);
    }
    a.is_empty() && b.is_empty()
}

/// Appends the events that have a transition from the state.
const fn push_events(text: &mut Text, steps: &[Transition], state: &str) {
    let mut is_first = true;
    let mut left = steps;
    while let [step, rest @ ..] = left {
        if let Some(from) = step.from
            && same(from, state)
        {
            text.push(if is_first { "" } else { ", " });
            text.push(step.on);
            is_first = false;
        }
        left = rest;
    }
    text.push(if is_first { "none" } else { "" });
}
