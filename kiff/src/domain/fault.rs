//! The faults of a domain.

use crate::base::{code::coded, debug::debug_as_display, ids::NameError};
use std::{error::Error, fmt};

/// A domain that does not hold together, with every fault at once.
///
/// ```
/// use kiff::{Domain, domain::{Contract, Definition, DomainFault, Machine}};
///
/// let unsound = Domain::builder("support", "v1")
///     .table(Machine::new("ticket").starts("TICKET_OPENED", "OPEN"))
///     .define(Definition::new(Contract::new("CLOSE_TICKET", "ticket").allowed_states(["RESOLVED"]).permissions(["tickets.close"])))
///     .build();
/// let Err(error) = unsound else { return Err("it does not hold together".into()) };
///
/// let [state, permission] = error.faults() else { return Err("it has two faults".into()) };
/// assert!(matches!(state, DomainFault::UnknownState { state, .. } if state == "RESOLVED"));
/// assert!(matches!(permission, DomainFault::PermissionNotHeld { permission, .. } if permission == "tickets.close"));
/// // The text has a line for each fault, with its place:
/// //
/// //   the domain has 2 faults
/// //     src/main.rs:7: action `CLOSE_TICKET` may run in `RESOLVED`, which `ticket` does not have; its states are OPEN
/// //     src/main.rs:7: action `CLOSE_TICKET` needs permission `tickets.close`, which no role holds; give it to one or correct it
/// println!("{error}");
/// // `Debug` is the same text, because that is what a `main` that returns an error prints.
/// assert_eq!(format!("{error:?}"), error.to_string());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DomainError {
    pub(super) faults: Vec<DomainFault>,
}

impl DomainError {
    /// The faults, at least one.
    #[must_use]
    pub fn faults(&self) -> &[DomainFault] {
        &self.faults
    }
}

impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the domain has {} fault{}", self.faults.len(), if self.faults.len() == 1 { "" } else { "s" })?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

impl Error for DomainError {}

debug_as_display!(DomainError);

coded! {
    /// One fault of a domain, with its place.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum DomainFault {
        /// A name breaks its alphabet.
        #[error("{place}: {error}")]
        Name {
            /// Where it was given.
            place: String,
            /// The error.
            error: NameError,
        } => "name_malformed",
        /// The entity type `kiff` is reserved.
        #[error("{place}: entity type `kiff` is reserved for the runtime; rename yours")]
        ReservedEntity {
            /// Where the machine was added, or made as a table.
            place: String,
        } => "entity_reserved",
        /// Two machines for one entity type.
        #[error("entity `{entity}` has two state machines, added at {first} and at {second}; keep one")]
        DuplicateMachine {
            /// The entity type.
            entity: String,
            /// Where it was added first.
            first: String,
            /// Where it was added again.
            second: String,
        } => "duplicate_machine",
        /// Two steps from one state on one event.
        #[error("{place}: entity `{entity}`: event `{on}` is declared twice from {from}; remove one")]
        DuplicateTransition {
            /// Where the machine was added, or made as a table.
            place: String,
            /// The entity type.
            entity: String,
            /// The state before, or the words "no state".
            from: String,
            /// The event type.
            on: String,
        } => "duplicate_transition",
        /// No event begins the entity's life.
        #[error("{place}: entity `{entity}`: no event starts it; add a step without a state before it")]
        NoStart {
            /// Where the machine was added, or made as a table.
            place: String,
            /// The entity type.
            entity: String,
        } => "no_start",
        /// A state that no event reaches.
        #[error("{place}: entity `{entity}`: no event leads to state `{state}`; add a step or remove the state")]
        UnreachableState {
            /// Where the machine was added, or made as a table.
            place: String,
            /// The entity type.
            entity: String,
            /// The state.
            state: String,
        } => "unreachable_state",
        /// An upcast that would never be called, or two for one event type.
        #[error("{place}: the upcast of `{event}` {problem}; correct or remove it")]
        Upcast {
            /// The place of the machine and its entity type.
            place: String,
            /// The event type.
            event: String,
            /// What is wrong.
            problem: &'static str,
        } => "upcast_unused",
        /// Two actions of one name.
        #[error("action `{name}` is declared twice, at {first} and at {second}; rename one")]
        DuplicateAction {
            /// The action.
            name: String,
            /// Where it was declared first.
            first: String,
            /// Where it was declared again.
            second: String,
        } => "duplicate_action",
        /// The action's entity has no machine in the domain.
        #[error("{place}: action `{action}` acts on `{entity}`, which has no state machine; add `.machine::<..>()`")]
        NoMachine {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The entity type.
            entity: String,
        } => "no_machine",
        /// The action may run in no state.
        #[error("{place}: action `{action}` names no state in which it may run; add `allowed_states = [..]`")]
        NoStates {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
        } => "no_states",
        /// The action names a state that its machine does not have.
        #[error("{place}: action `{action}` may run in `{state}`, which `{entity}` does not have; its states are {}", known.join(", "))]
        UnknownState {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The entity type.
            entity: String,
            /// The state.
            state: String,
            /// The states that it has.
            known: Vec<String>,
        } => "unknown_state",
        /// The action may run in a state that no event reaches.
        #[error("{place}: action `{action}` may run in `{state}`, which no event reaches; add a step that leads there")]
        NeverInState {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The state.
            state: String,
        } => "never_in_state",
        /// An emitted event has no step from a state in which the action may run.
        #[error(
            "{place}: action `{action}` emits `{event}`, which leads nowhere from `{state}`; add a step, or leave the event or the state out"
        )]
        EmitsNowhere {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The event type.
            event: String,
            /// The allowed state that the event does not leave.
            state: String,
        } => "emits_nowhere",
        /// A permission that nobody can hold.
        #[error(
            "{place}: action `{action}` needs permission `{permission}`, which no role holds; give it to one or correct it"
        )]
        PermissionNotHeld {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The permission.
            permission: String,
        } => "permission_not_held",
        /// The action asks for approval and names nobody to give it.
        #[error("{place}: action `{action}` asks for approval but names no reviewers; add `reviewers = \"..\"`")]
        NoReviewers {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
        } => "no_reviewers",
        /// A high or critical risk without approval and without a reason.
        #[error(
            "{place}: action `{action}` has {risk} risk but never asks for approval; ask for it, or give the reason with `waiver = \"..\"`"
        )]
        RiskWithoutApproval {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The risk.
            risk: &'static str,
        } => "risk_without_approval",
        /// More reviewers must grant than the policy knows.
        #[error(
            "{place}: action `{action}` needs {quorum} reviewers with `{permission}`, but only {reviewers} could review; lower `quorum` or name more"
        )]
        QuorumTooLarge {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The permission that a reviewer must hold.
            permission: String,
            /// How many must grant.
            quorum: u32,
            /// How many could, of the kinds that may review.
            reviewers: usize,
        } => "quorum_too_large",
        /// Nobody may review a request of their own, and without the requester too few are left.
        #[error(
            "{place}: action `{action}` needs {quorum} reviewers with `{permission}` other than its requester; name more"
        )]
        OnlySelfReview {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The permission that a reviewer must hold.
            permission: String,
            /// How many must grant.
            quorum: u32,
        } => "only_self_review",
        /// A code of both a check, which says what must hold, and a policy, which says why a person is asked.
        #[error(
            "code `{code}` is a policy of {policy} and a check of {check}, which are opposites; rename one"
        )]
        CodeWithTwoMeanings {
            /// The code.
            code: String,
            /// The action that has it as a policy, with its place.
            policy: String,
            /// The action that has it as a check, with its place.
            check: String,
        } => "code_with_two_meanings",
        /// A code that stands for two functions in two actions of one entity. Functions are compared by their paths; those of
        /// definitions made by hand are unknown.
        #[error("code `{code}` stands for `{}` in {first} and for `{}` in {second}; rename one", functions[0], functions[1])]
        CodeOfTwoFunctions {
            /// The code.
            code: String,
            /// The action that names the first function, with its place.
            first: String,
            /// The action that names the second, with its place.
            second: String,
            /// The paths of both.
            functions: [String; 2],
        } => "code_of_two_functions",
        /// The contract and its rules do not fit together.
        #[error("{place}: action `{action}`: {problem}")]
        Rule {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// What is wrong.
            problem: String,
        } => "rule_misfit",
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{Domain, Machine};

    #[test]
    fn a_main_that_returns_the_error_prints_every_fault() {
        let twice = || Machine::new("order").starts("PAID", "PAID");
        let error = Domain::builder("shop", "v 1").table(twice()).table(twice()).build().unwrap_err();
        let printed = format!("{:?}", Box::<dyn std::error::Error>::from(error.clone()));
        assert_eq!(printed, error.to_string());
        assert_eq!(printed.lines().count(), 1 + error.faults().len());
        assert!(printed.starts_with("the domain has 2 faults\n  the domain, as `<name>-<version>`: "), "{printed}");
    }
}
