//! What a domain knows of the functions behind its codes: among the actions of one entity a code stands for one function,
//! and a number that none of them asks about has to have bounds.

use kiff::{
    Ctx, Domain, Outcome, StateMachine, action,
    domain::{DomainFault, DomainWarning},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
enum Order {
    #[enter(on = "ORDER_PAID")]
    Paid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "ticket")]
enum Ticket {
    #[enter(on = "TICKET_OPENED")]
    Open,
}

/// One for every entity and every type.
fn is_given<M: StateMachine, T>(_: &Ctx<'_, M>, _: &T) -> bool {
    true
}

fn amount_large(_: &Ctx<'_, Order>, cents: u8) -> bool {
    cents > 10
}

#[action(allowed_states = [Paid], approval = When(amount_large(cents)), reviewers = "a.b", checks = [is_given(cents)])]
fn refund(it: &Ctx<'_, Order>, cents: u8) -> Outcome {
    Outcome::new(format!("{cents} of {}", it.id()))
}

mod credits {
    use super::{Ctx, Order, Outcome, action, is_given};

    /// The same as [`refund`] asks, under another path, and a generic check of another type.
    #[action(
        allowed_states = [Paid],
        approval = When(super::amount_large(cents)),
        reviewers = "a.b",
        checks = [is_given(bonus)],
    )]
    pub(super) fn credit(it: &Ctx<'_, Order>, cents: u8, bonus: u16) -> Outcome {
        Outcome::new(format!("{cents} and {bonus} of {}", it.id()))
    }
}

mod gifts {
    use super::*;

    fn amount_large(_: &Ctx<'_, Order>, cents: u8) -> bool {
        cents > 20
    }

    /// Asks a function of its own under the name of another.
    #[action(allowed_states = [Paid], approval = When(amount_large(cents)), reviewers = "a.b")]
    pub(super) fn give(it: &Ctx<'_, Order>, cents: u8) -> Outcome {
        Outcome::new(format!("{cents} of {}", it.id()))
    }
}

mod tickets {
    use super::*;

    fn amount_large(_: &Ctx<'_, Ticket>, cents: u8) -> bool {
        cents > 20
    }

    #[action(
        allowed_states = [Open],
        approval = When(amount_large(cents)),
        reviewers = "a.b",
        checks = [is_given(cents)],
    )]
    pub(super) fn please(it: &Ctx<'_, Ticket>, cents: u8) -> Outcome {
        Outcome::new(format!("{cents} of {}", it.id()))
    }
}

#[test]
fn one_function_under_several_paths_is_one() {
    let domain = Domain::builder("d", "v1").machine::<Order>().action::<refund>().action::<credits::credit>();
    assert!(domain.role("lead", ["a.b"]).build().is_ok());
}

#[test]
fn the_actions_of_another_entity_have_functions_of_their_own() {
    let domain = Domain::builder("d", "v1").machine::<Order>().machine::<Ticket>();
    let domain = domain.action::<refund>().action::<tickets::please>().role("lead", ["a.b"]);
    assert!(domain.build().is_ok());
}

#[test]
fn two_functions_of_one_name_are_told() {
    let domain = Domain::builder("d", "v1").machine::<Order>().action::<refund>().action::<gifts::give>();
    let error = domain.role("lead", ["a.b"]).build().unwrap_err();
    let [fault @ DomainFault::CodeOfTwoFunctions { code, first, second, functions, .. }] = error.faults() else {
        panic!("{error}");
    };
    assert_eq!((fault.code().as_str(), code.as_str()), ("code_of_two_functions", "amount_large"));
    let here = module_path!();
    assert_eq!(*functions, [format!("{here}::gifts::amount_large"), format!("{here}::amount_large")]);
    assert!(first.starts_with("tests/tests/it/domain/rule_functions.rs:") && first.ends_with("`GIVE`"), "{first}");
    assert!(second.starts_with("tests/tests/it/domain/rule_functions.rs:") && second.ends_with("`REFUND`"), "{second}");
}

fn is_paid(it: &Ctx<'_, Order>) -> bool {
    it.state() == Order::Paid
}

fn is_whole(_: &Ctx<'_, Order>, amount: u64) -> bool {
    amount.is_multiple_of(100)
}

/// Notes a fee.
#[action(allowed_states = [Paid], checks = [is_paid, is_whole(amount)])]
fn note_fee(
    it: &Ctx<'_, Order>,
    /// How much.
    amount: u64,
    /// How many days it stands.
    #[param(rename = "for_days")]
    days: u32,
) -> Outcome {
    Outcome::new(format!("{amount} for {days} days on {}", it.id()))
}

#[test]
fn a_number_that_no_check_asks_about_is_told() {
    let domain = Domain::builder("d", "v1").machine::<Order>().action::<note_fee>().build().unwrap();
    let warnings = domain.lint();
    let [DomainWarning::UnboundedNumber { param, .. }] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert_eq!(param, "/for_days");
}
