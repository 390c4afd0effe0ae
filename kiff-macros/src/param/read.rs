//! The annotated type, read from its syntax.

use super::{
    bounds::Bounds,
    shape::{Content, Derived, Field, Shape, Variant},
};
use crate::{
    entries::{Keyed, arguments, entries},
    errors::Errors,
    model::Krate,
    names::{is_word, snake},
    rename::renamed,
    sig::{check_owned, doc_of, proposed_name},
};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, LitStr, Type, ext::IdentExt, spanned::Spanned};

/// The keys of the type itself.
#[derive(Default)]
struct Keys {
    krate: Option<syn::Path>,
    bounds: Bounds,
    try_from: Option<Keyed<Type>>,
}

pub(super) fn derived(input: &DeriveInput, errors: &mut Errors) -> Derived {
    let Keys { krate, bounds, try_from } = keys(&input.attrs, errors);
    bounds.check(errors);
    if !input.generics.params.is_empty() {
        // The content would only be reported again, as borrowed or as not a parameter.
        errors.push(&input.generics.params, "it cannot be generic: what is admitted is part of a contract");
        return Derived { krate: Krate(krate), shape: None };
    }
    let shape = match try_from {
        Some(from) => Some(by_rule(input, from, &bounds, errors)),
        None => by_form(input, bounds, errors),
    };
    Derived { krate: Krate(krate), shape }
}

fn keys(attrs: &[Attribute], errors: &mut Errors) -> Keys {
    const KEYS: [&str; 6] = ["min", "max", "min_len", "max_len", "try_from", "crate"];
    let mut keys = Keys::default();
    let mut tokens = TokenStream::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("param")) {
        tokens.extend(arguments(attr, errors));
        tokens.extend(quote::quote!(,));
    }
    for entry in entries(tokens, &KEYS, errors) {
        match entry.key.to_string().as_str() {
            "crate" => keys.krate = entry.read_path(errors).map(|path| path.value),
            "try_from" => {
                // Users of serde write the type in quotes.
                let quoted = syn::parse2::<LitStr>(entry.value.clone()).and_then(|text| text.parse::<Type>());
                keys.try_from = match quoted {
                    Ok(value) => Some(Keyed { key: entry.key, value }),
                    Err(_) => entry.read("the type that an agent writes, as in `try_from = String`", errors),
                };
            }
            bound if Bounds::KEYS.contains(&bound) => keys.bounds.take(entry, errors),
            _ => {}
        }
    }
    keys
}

/// A type whose values are converted from another type.
fn by_rule(input: &DeriveInput, from: Keyed<Type>, bounds: &Bounds, errors: &mut Errors) -> Shape {
    if let Some(key) = bounds.first() {
        errors.push(
            key,
            format!("`{key}` does nothing beside `try_from`; bound the type that it names, or let `TryFrom` refuse"),
        );
    }
    check_ends(&input.ident, "it is made of", &from.value, errors);
    check_owned("`try_from`", &from.value, errors);
    let needless = |attrs: &[Attribute], errors: &mut Errors| {
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("param")) {
            errors.push(attr, "it does nothing beside `try_from`, which says how a value is written");
        }
    };
    match &input.data {
        Data::Struct(data) => data.fields.iter().for_each(|field| needless(&field.attrs, errors)),
        Data::Enum(data) => data.variants.iter().for_each(|variant| {
            needless(&variant.attrs, errors);
            variant.fields.iter().for_each(|field| needless(&field.attrs, errors));
        }),
        Data::Union(_) => {}
    }
    Shape::TryFrom(from.value)
}

/// A type whose values are written field by field.
fn by_form(input: &DeriveInput, bounds: Bounds, errors: &mut Errors) -> Option<Shape> {
    let name = &input.ident;
    if let Data::Struct(data) = &input.data
        && let Fields::Unnamed(all) = &data.fields
        && let (Some(inner), 1) = (all.unnamed.first(), all.unnamed.len())
    {
        return Some(newtype(name, inner, bounds, errors));
    }
    if let Some(key) = bounds.first() {
        let example = format!("`{key}` bounds a newtype, as in `struct {name}(String);`");
        errors.push(key, format!("{example}; give what is bounded here a type of its own"));
    }
    match &input.data {
        Data::Struct(data) => structure(name, &data.fields, errors),
        Data::Enum(data) => variants(name, data, errors).map(Shape::Variants),
        Data::Union(data) => {
            errors.push(data.union_token, "a union has no value that can be checked; write a struct or an enum");
            None
        }
    }
}

fn newtype(name: &Ident, inner: &syn::Field, bounds: Bounds, errors: &mut Errors) -> Shape {
    for attr in inner.attrs.iter().filter(|attr| attr.path().is_ident("param")) {
        errors.push(attr, "the keys of a newtype stand on the type, above `struct`");
    }
    check_owned("the value inside", &inner.ty, errors);
    check_ends(name, "it holds", &inner.ty, errors);
    Shape::Newtype { inner: inner.ty.clone(), bounds }
}

fn structure(name: &Ident, all: &Fields, errors: &mut Errors) -> Option<Shape> {
    match all {
        Fields::Named(named) => return Some(Shape::Fields(fields(name, named.named.iter(), errors))),
        Fields::Unnamed(all) if !all.unnamed.is_empty() => {
            let advice = format!("write `struct {name} {{ .. }}` with names for these");
            errors.push(&all.unnamed, format!("an agent writes fields by their names; {advice}"));
        }
        _ => {
            errors
                .push(name, "it holds nothing that an agent could propose; give it fields, or leave the parameter out");
        }
    }
    None
}

fn variants(name: &Ident, data: &DataEnum, errors: &mut Errors) -> Option<Vec<Variant>> {
    if data.variants.is_empty() {
        errors.push(name, "it has no variants, so no value would be admitted");
        return None;
    }
    let mut names = Names::of("variant");
    let variants = data.variants.iter().map(|variant| {
        let ident = &variant.ident;
        let wire = names.take(ident, snake(&ident.unraw().to_string()), &variant.attrs, errors);
        let content = match &variant.fields {
            Fields::Unit => Content::Nothing,
            Fields::Named(named) => Content::Fields(fields(name, named.named.iter(), errors)),
            Fields::Unnamed(all) => match (all.unnamed.first(), all.unnamed.len()) {
                (Some(inner), 1) => {
                    check_owned(&format!("`{ident}`"), &inner.ty, errors);
                    check_ends(name, &format!("`{ident}` holds"), &inner.ty, errors);
                    Content::One(Box::new(inner.ty.clone()))
                }
                _ => {
                    errors.push(&variant.fields, format!("variant `{ident}` must hold one value, or fields with names, as in `{ident} {{ .. }}`: an agent writes them by their names"));
                    Content::Nothing
                }
            },
        };
        Variant { name: ident.clone(), wire, content, doc: doc_of(&variant.attrs) }
    });
    Some(variants.collect())
}

fn fields<'a>(of: &Ident, all: impl Iterator<Item = &'a syn::Field>, errors: &mut Errors) -> Vec<Field> {
    let mut names = Names::of("field");
    let fields = all.filter_map(|field| {
        let name = field.ident.as_ref()?;
        let wire = names.take(name, proposed_name(name), &field.attrs, errors);
        check_owned(&format!("`{name}`"), &field.ty, errors);
        check_ends(of, &format!("`{name}` holds"), &field.ty, errors);
        Some(Field { name: name.clone(), wire, ty: field.ty.clone(), doc: doc_of(&field.attrs) })
    });
    fields.collect()
}

/// A contract lists the shape of a type in full, so a type may not contain itself. rustc reports two types that contain each
/// other.
fn check_ends(of: &Ident, how: &str, ty: &Type, errors: &mut Errors) {
    let mut qualified = false;
    let of_itself = |token: &TokenTree| match token {
        TokenTree::Ident(ident) => !std::mem::take(&mut qualified) && (ident == of || ident == "Self"),
        TokenTree::Punct(punct) => {
            qualified = punct.as_char() == ':';
            false
        }
        _ => false,
    };
    if let Some(token) = ty.to_token_stream().into_iter().find(of_itself) {
        errors.push(token, format!("{how} another `{of}`, without an end; a contract lists in full what is admitted, so write out how deep it may go, or name the other by its id"));
    }
}

/// The names that an agent writes in one object or for one enum.
struct Names {
    what: &'static str,
    seen: Vec<String>,
}

impl Names {
    fn of(what: &'static str) -> Self {
        Self { what, seen: Vec::new() }
    }

    /// The name of one of them: that of `#[param(rename = "..")]`, or its own.
    fn take(&mut self, ident: &Ident, own: String, attrs: &[Attribute], errors: &mut Errors) -> String {
        let given = renamed(attrs, self.what, errors);
        let wire = given.as_ref().map_or(own, LitStr::value);
        let (what, at) = (self.what, given.as_ref().map_or_else(|| ident.span(), Spanned::span));
        if !is_word(&wire) {
            errors.push_at(
                at,
                format!("{what} `{wire}` must match [A-Za-z0-9_][A-Za-z0-9_.-]{{0,63}}: it is what an agent writes"),
            );
        } else if self.seen.contains(&wire) {
            errors
                .push_at(at, format!("two {what}s are written `{wire}`; rename one with `#[param(rename = \"..\")]`"));
        }
        self.seen.push(wire.clone());
        wire
    }
}
