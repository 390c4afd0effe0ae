//! What the macros emit, printed and compared with `kiff-macros/snapshots`. Written anew with
//! `KIFF_OVERWRITE=1 cargo test -p kiff-macros`, and then read.

use crate::{annotate, machine};
use proc_macro2::TokenStream;
use quote::quote;
use std::{env, fs, path::Path};

/// Compares, or writes.
fn check(name: &str, emitted: TokenStream) {
    let printed = prettyplease::unparse(&syn::parse2(emitted).unwrap());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name).with_extension("rs");
    if env::var_os("KIFF_OVERWRITE").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(printed, expected, "{name} has changed");
}

#[test]
fn the_least_action() {
    let item = quote! {
        fn look(order: &Ctx<'_, Order>) -> Outcome {
            Outcome::new("seen")
        }
    };
    check("least", annotate(quote!(allowed_states = ["PAID"]), &syn::parse2(item).unwrap()));
}

#[test]
fn an_action_with_every_key() {
    let args = quote! {
        name = "REFUND",
        allowed_states = ["PAID", Held],
        permissions = ["orders.refund"],
        risk = High,
        approval = When(rules::large(amount)),
        reviewers = "orders.approve",
        quorum = 2,
        expires = "24h",
        separate_reviewer = false,
        reviewer_kinds = [Human, Service],
        checks = [consent(reason, amount), open],
        emits = ["ORDER_REFUNDED"],
        effect = Idempotent,
        timeout = "30s",
        retry_within = "12h",
        summary = "refund {amount}",
        crate = crate::kiff,
    };
    let item = quote! {
        #[cfg(feature = "refunds")]
        /// Pays back.
        pub async fn refund(
            order: &Ctx<'_, Order>,
            /// Who pays.
            stripe: &Stripe,
            /// How much.
            amount: Decimal,
            reason: Option<String>,
        ) -> Result<Outcome, Error> {
            stripe.refund(amount, reason).await
        }
    };
    check("every_key", annotate(args, &syn::parse2(item).unwrap()));
}

#[test]
fn an_action_with_a_mistake() {
    let item = quote! {
        pub fn refund(order: &Ctx<'_, Order>, /** How much. */ amount: f64) -> Outcome {
            Outcome::new("done")
        }
    };
    check("mistake", annotate(quote!(allowed_states = [Paid]), &syn::parse2(item).unwrap()));
}

#[test]
fn a_machine() {
    let item = quote! {
        #[state_machine(entity = "order", data = Facts)]
        pub enum Order {
            #[enter(on = "ORDER_PLACED")]
            Created,
            #[enter(from = Created, on = "ORDER_HELD")]
            Held,
            #[enter(from = [Created, Held], on = "ORDER_PAID", sources = ["stripe"])]
            #[state(name = "PAID_IN_FULL")]
            Paid,
        }
    };
    check("machine", machine::derive(&syn::parse2(item).unwrap()));
}
