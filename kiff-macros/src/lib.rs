//! The macros of kiff; use them through `kiff`, where they are documented.

mod attr;
mod entries;
mod errors;
mod expand;
mod fallback;
mod machine;
mod marker;
mod model;
mod names;
mod param;
mod rename;
mod sig;
#[cfg(test)]
mod snapshots;
mod suggest;

use attr::Args;
use errors::Errors;
use model::{Action, Krate};
use proc_macro::TokenStream;
use sig::ActionFn;
use syn::{DeriveInput, parse_macro_input};

#[expect(missing_docs, reason = "documented on the re-export in kiff, where its examples run")]
#[proc_macro_attribute]
pub fn action(args: TokenStream, item: TokenStream) -> TokenStream {
    let tokens = proc_macro2::TokenStream::from(item);
    match syn::parse2::<ActionFn>(tokens.clone()) {
        Ok(item) => annotate(args.into(), &item).into(),
        Err(_) => fallback::not_a_function(tokens).into(),
    }
}

#[expect(missing_docs, reason = "documented on the re-export in kiff, where its examples run")]
#[proc_macro_derive(StateMachine, attributes(state_machine, enter, state))]
pub fn derive_state_machine(item: TokenStream) -> TokenStream {
    machine::derive(&parse_macro_input!(item as DeriveInput)).into()
}

#[expect(missing_docs, reason = "documented on the re-export in kiff, where its examples run")]
#[proc_macro_derive(Param, attributes(param))]
pub fn derive_param(item: TokenStream) -> TokenStream {
    param::derive(&parse_macro_input!(item as DeriveInput)).into()
}

fn annotate(args: proc_macro2::TokenStream, item: &ActionFn) -> proc_macro2::TokenStream {
    let mut errors = Errors::about(format!("action `{}`", item.sig.ident));
    let args = Args::read(args, &mut errors);
    let inputs = item.inputs(&mut errors);
    let krate = Krate(args.krate.as_ref().map(|path| path.value.clone()));
    match Action::check(item, inputs, args, &mut errors) {
        Some(action) if errors.is_empty() => expand::action(item, &action),
        _ => fallback::action(item, &krate, errors),
    }
}
