//! `#[param(rename = "..")]`: the only key of a parameter, a field or a variant.

use crate::{
    entries::{arguments, entries, split_at_commas},
    errors::Errors,
};
use proc_macro2::TokenStream;
use syn::{Attribute, LitStr};

/// Keys of a type, which authors often write at its use.
const OF_TYPES: [&str; 5] = ["min", "max", "min_len", "max_len", "try_from"];

/// The given name. Messages call its place `what`.
pub(crate) fn renamed(attrs: &[Attribute], what: &str, errors: &mut Errors) -> Option<LitStr> {
    let mut tokens = TokenStream::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("param")) {
        for part in split_at_commas(arguments(attr, errors)) {
            let key = part.clone().into_iter().next().map(|key| key.to_string()).unwrap_or_default();
            if OF_TYPES.contains(&key.as_str()) {
                errors.push(part, format!("`{key}` belongs to a type, so that it holds wherever the type is used: give this {what} a newtype with `#[derive(Param)]` and `#[param({key} = ..)]`"));
            } else {
                tokens.extend(part);
                tokens.extend(quote::quote!(,));
            }
        }
    }
    let rename = entries(tokens, &["rename"], errors).into_iter().next()?;
    Some(rename.read("a string literal, as in `rename = \"why\"`", errors)?.value)
}
