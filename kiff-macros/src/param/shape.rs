//! The annotated type, as far as it could be read.

use super::bounds::Bounds;
use crate::model::Krate;
use proc_macro2::Ident;
use syn::Type;

/// The type as far as it could be read.
pub(super) struct Derived {
    pub(super) krate: Krate,
    pub(super) shape: Option<Shape>,
}

/// What an agent writes for a value of the type.
pub(super) enum Shape {
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
pub(super) struct Field {
    pub(super) name: Ident,
    /// The name that an agent writes.
    pub(super) wire: String,
    pub(super) ty: Type,
    pub(super) doc: String,
}

/// A variant.
pub(super) struct Variant {
    pub(super) name: Ident,
    pub(super) wire: String,
    pub(super) content: Content,
    pub(super) doc: String,
}

/// What a variant holds.
pub(super) enum Content {
    Nothing,
    One(Box<Type>),
    Fields(Vec<Field>),
}
