//! `#[derive(Param)]`, for structs, enums, newtypes, and types with a rule of their own.

mod bounds;
mod expand;
mod read;
mod shape;

use crate::errors::Errors;
use proc_macro2::TokenStream;
use quote::quote;
use shape::Derived;
use syn::DeriveInput;

/// Derives `Param`, or reports every mistake.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::about(format!("parameter type `{}`", input.ident));
    let Derived { krate, shape } = read::derived(input, &mut errors);
    match shape {
        Some(shape) if errors.is_empty() => expand::param(&input.ident, &krate, &shape),
        // The stub implements the trait, so that rustc does not report every use of the type as well.
        _ => {
            let (stub, errors) = (expand::stub(input, &krate), errors.into_tokens());
            quote!(#stub #errors)
        }
    }
}
