//! State machines as enums.

use super::facts::Facts;
use std::fmt;

/// A state machine as an enum. `#[derive(StateMachine)]` implements it; implement it by hand only where the derive cannot
/// express the machine.
///
/// The constants are the machine. They are data, so that a domain can check and hash them. Checks, policies and executors
/// see the enum.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state machine",
    label = "an action needs the states of its entity here",
    note = "derive it: `#[derive(StateMachine)] #[state_machine(entity = \"order\")] enum {Self} {{ .. }}`"
)]
pub trait StateMachine: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// The facts that are folded from the entity's events beside its state; `()` for none.
    type Facts: Facts;
    /// The entity type, such as `order`.
    const ENTITY: &'static str;
    /// The names of the states, in the order of the variants.
    const STATES: &'static [&'static str];
    /// Every allowed step.
    const TRANSITIONS: &'static [Transition];

    /// The name of this state.
    fn state(self) -> &'static str;

    /// The state with this name.
    fn from_state(name: &str) -> Option<Self>;
}

/// One allowed step: in state `from` (or before any event) an event `on` leads to state `to`.
#[expect(clippy::exhaustive_structs, reason = "written as a literal by the derive and by hand")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state before; `None` for an entity without events.
    pub from: Option<&'static str>,
    /// The event type.
    pub on: &'static str,
    /// The state after.
    pub to: &'static str,
    /// The ids of the sources that may report the event; empty for every service and human.
    pub sources: &'static [&'static str],
}
