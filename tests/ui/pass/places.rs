//! Where an annotated function may stand, and how its types may be written.
#![deny(unused, unused_qualifications, deprecated)]

#[path = "../order.rs"]
mod order;

use kiff::{ActionContract, Ctx, Outcome, Param, StateMachine, action, domain::{Call, Definition, IntoOutcome}};
use order::Order;
use std::sync::Arc;

/// Uses every import that generated code also names.
fn imported<A: ActionContract, P: Param, O: IntoOutcome, M: StateMachine>(_: Option<Definition>, _: Option<Call<'_>>) {}

trait Gateway: Send + Sync {
    fn pay(&self, cents: i64) -> String;
}

struct Bank;

impl Gateway for Bank {
    fn pay(&self, cents: i64) -> String {
        cents.to_string()
    }
}

/// Without the lifetime, with a boxed trait object, and with a mutable binding.
#[action(allowed_states = ["PAID"])]
fn pay(order: &Ctx<Order>, gateway: &Box<dyn Gateway>, shared: &Arc<dyn Gateway>, mut cents: i64) -> Result<Outcome, Box<std::io::Error>> {
    cents += 1;
    Ok(Outcome::new(format!("{} {} {}", order.id(), gateway.pay(cents), shared.pay(cents))))
}

#[cfg(any())]
#[action(allowed_states = [Nowhere])]
fn never_above(order: &Ctx<'_, Missing>) -> Outcome {}

#[action(allowed_states = [Nowhere])]
#[cfg(any())]
fn never_below(order: &Ctx<'_, Missing>) -> Outcome {}

#[allow(dead_code, reason = "the attribute is kept for the type of the same name")]
#[action(allowed_states = [Paid])]
fn not_registered(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new(order.id())
}

macro_rules! looks {
    ($($name:ident in $state:ident, $text:literal, $param:ident: $Type:ty;)*) => {$(
        #[action(allowed_states = [$state, $text], permissions = ["orders.look"], checks = [asked($param)], crate = ::kiff)]
        fn $name(order: &Ctx<'_, Order>, $param: $Type) -> Outcome {
            Outcome::new(format!("{} {}", order.id(), $param))
        }
    )*};
}

#[deprecated]
#[action(allowed_states = [Paid])]
pub fn old(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new(order.id())
}

fn asked(_: &Ctx<'_, Order>, depth: u8) -> bool {
    depth > 0
}

looks! {
    look in Paid, "CREATED", r#type: u8;
}

fn main() {
    #[action(allowed_states = [Paid])]
    async fn inner(order: &Ctx<'_, Order>) -> Outcome {
        Outcome::new(order.id())
    }
    imported::<pay, i64, Outcome, Order>(None, None);
    assert_eq!(inner::CONTRACT.name, "INNER");
    assert_eq!(look::CONTRACT.allowed_states, ["PAID", "CREATED"]);
    let _: Box<dyn Gateway> = Box::new(Bank);
    let _ = (look::definition(), inner::definition(), pay::definition());
}
