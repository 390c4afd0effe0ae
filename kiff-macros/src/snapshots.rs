//! The output of the macros, printed and compared with `kiff-macros/snapshots`. To rewrite the files run
//! `KIFF_OVERWRITE=1 cargo test -p kiff-macros`, and read each difference.

use crate::{annotate, machine, param};
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
fn an_action_with_ten_mistakes_has_ten_messages_and_keeps_its_function() {
    let item = quote! {
        /// Pays back.
        #[must_use]
        pub async fn refund<T>(
            order: Order,
            /// How much.
            #[param(rename = "Sum")]
            amount: f64,
            #[param(min = 1)] (a, b): (u8, u8),
        ) -> bool {
            let half = amount / 2.0;
            half.
        }
    };
    let args = quote!(alowed_states = [Paid], risk = Hihg, approval = When(large(amuont)), emits = ["refunded"]);
    let item = syn::parse2(item).unwrap();
    let emitted = annotate(args, &item).to_string();
    // The body is kept as it was typed, also where it is no Rust yet, or an editor could complete nothing in it.
    let function = quote!(#item).to_string();
    assert!(emitted.starts_with(&function) && function.ends_with("{ let half = amount / 2.0 ; half . }"), "{emitted}");
    assert_eq!(emitted.matches("compile_error").count(), 10, "{emitted}");
}

#[test]
fn a_method_keeps_its_function() {
    let item = quote!(fn refund(&self, amount: u64) -> Outcome { self. });
    let emitted = annotate(quote!(allowed_states = ["PAID"]), &syn::parse2(item.clone()).unwrap()).to_string();
    assert!(emitted.starts_with(&item.to_string()), "{emitted}");
}

#[test]
fn an_action_whose_parameters_are_renamed() {
    let item = quote! {
        fn refund(order: &Ctx<'_, Order>, /** Why. */ #[param(rename = "why")] reason: Words) -> Outcome {
            Outcome::new("done")
        }
    };
    let args = quote!(allowed_states = [Paid], checks = [given(reason)], summary = "because {reason}");
    check("renamed", annotate(args, &syn::parse2(item).unwrap()));
}

#[test]
fn parameter_types_of_every_shape() {
    let types = [
        quote! {
            #[param(min = 1, max = 99.5)]
            struct Percent(Decimal);
        },
        quote! {
            struct Line {
                /// What it is.
                sku: String,
                #[param(rename = "howMany")]
                count: Option<u8>,
            }
        },
        quote! {
            enum Target {
                /// Back to where it came from.
                Card,
                Account(Iban),
                #[param(rename = "voucher")]
                Paper { cents: u64 },
            }
        },
        quote! {
            #[param(try_from = String, crate = crate::kiff)]
            struct Email { local: String }
        },
    ];
    let derived = types.map(|item| param::derive(&syn::parse2(item).unwrap()));
    check("params", derived.into_iter().collect());
}

#[test]
fn a_parameter_type_with_a_mistake() {
    let item = quote!(
        struct Page<'a, T: Clone>(&'a [T])
        where
            T: Copy;
    );
    check("param_mistake", param::derive(&syn::parse2(item).unwrap()));
}

#[test]
fn a_machine() {
    let item = quote! {
        #[state_machine(entity = "order", facts = Facts)]
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
