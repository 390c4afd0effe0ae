//! `#[derive(Param)]` for what an agent can propose: structs, enums, newtypes, and types with a rule of their own.

mod bounds;
mod expand;
mod read;

use crate::{errors::Errors, model::Krate};
use bounds::Bounds;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{DeriveInput, Type};

/// The type as far as it could be read.
struct Derived {
    krate: Krate,
    shape: Option<Shape>,
}

/// What an agent writes for a value of the type.
enum Shape {
    /// What the one type inside is written as, within bounds.
    Newtype { inner: Type, bounds: Bounds },
    /// An object.
    Fields(Vec<Field>),
    /// A word, or an object of one word and its content.
    Variants(Vec<Variant>),
    /// What another type is written as, if `TryFrom` accepts it.
    TryFrom(Type),
}

/// A named field.
struct Field {
    name: Ident,
    /// The name that an agent writes.
    wire: String,
    ty: Type,
    doc: String,
}

/// A variant.
struct Variant {
    name: Ident,
    wire: String,
    content: Content,
    doc: String,
}

/// What a variant holds.
enum Content {
    Nothing,
    One(Box<Type>),
    Fields(Vec<Field>),
}

/// Derives `Param`, or tells every mistake.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::about(format!("parameter type `{}`", input.ident));
    let Derived { krate, shape } = read::derived(input, &mut errors);
    match shape {
        Some(shape) if errors.is_empty() => expand::param(&input.ident, &krate, &shape),
        // Without the trait each use would be told as well; with it, only the mistake is.
        _ => {
            let (stub, errors) = (expand::stub(input, &krate), errors.into_tokens());
            quote!(#stub #errors)
        }
    }
}
