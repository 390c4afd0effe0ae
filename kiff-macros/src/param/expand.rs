//! The checked type as Rust: a constant kind, and a decoder for it.

use super::{
    bounds::Bounds,
    shape::{Content, Field, Shape, Variant},
};
use crate::{
    expand::{bound, local},
    model::Krate,
};
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Type};

/// The implementation of `Param`.
pub(super) fn param(name: &Ident, krate: &Krate, shape: &Shape) -> TokenStream {
    let expansion = Expansion { krate, name };
    let body = match shape {
        Shape::Newtype { inner, bounds } => expansion.newtype(inner, bounds),
        Shape::Fields(fields) => expansion.object(fields),
        Shape::Variants(variants) => expansion.variants(variants),
        Shape::TryFrom(from) => expansion.try_from(from),
    };
    let asked = match shape {
        Shape::Newtype { inner, bounds } => Some(bounds.asked(name, krate, inner)),
        _ => None,
    };
    quote! {
        const _: () = {
            #asked
            #[automatically_derived]
            impl #krate::Param for #name {
                #body
            }
        };
    }
}

/// An implementation that admits nothing, for a type with a mistake.
pub(super) fn stub(input: &DeriveInput, krate: &Krate) -> TokenStream {
    let name = &input.ident;
    let (of_impl, of_type, _) = input.generics.split_for_impl();
    let value = local("value");
    let bounds = input.generics.where_clause.as_ref().map(|clause| &clause.predicates);
    quote! {
        impl #of_impl #krate::Param for #name #of_type where Self: ::core::marker::Send + ::core::marker::Sized, #bounds {
            const KIND: #krate::domain::param::ParamKind = #krate::domain::param::ParamKind::Bool;
            fn decode(#value: &#krate::Value) -> ::core::result::Result<Self, #krate::domain::param::ParamFault> {
                ::core::result::Result::Err(#krate::domain::param::ParamFault::wrong_type("a value", #value))
            }
        }
    }
}

struct Expansion<'a> {
    krate: &'a Krate,
    name: &'a Ident,
}

impl Expansion<'_> {
    fn newtype(&self, inner: &Type, bounds: &Bounds) -> TokenStream {
        let krate = self.krate;
        let param = bound(krate, inner, "IsParam");
        let bounded = bounds.first().is_some();
        let kind = if bounded {
            let bounds = bounds.constant(krate);
            quote!(#krate::__private::bounded(#param::KIND, #bounds))
        } else {
            quote!(#param::KIND)
        };
        let value = local("value");
        let within = bounded
            .then(|| quote!(#krate::__private::within(<Self as #krate::Param>::KIND, #param::REQUIRED, #value)?;));
        quote! {
            const KIND: #krate::domain::param::ParamKind = #kind;
            const REQUIRED: ::core::primitive::bool = #param::REQUIRED;
            fn decode(#value: &#krate::Value) -> ::core::result::Result<Self, #krate::domain::param::ParamFault> {
                #within
                ::core::result::Result::map(#param::decode(#value), Self)
            }
            fn absent() -> ::core::option::Option<Self> {
                ::core::option::Option::map(#param::absent(), Self)
            }
        }
    }

    fn object(&self, fields: &[Field]) -> TokenStream {
        let kind = self.object_kind(fields);
        let value = local("value");
        let built = self.built(&quote!(Self), fields, &quote!(#value));
        self.kind_and_decoder(&kind, &value, &built)
    }

    fn variants(&self, variants: &[Variant]) -> TokenStream {
        let krate = self.krate;
        let specs = variants.iter().map(|variant| self.variant_spec(variant));
        let kind = quote!(#krate::domain::param::ParamKind::Enum(&[#(#specs),*]));
        let value = local("value");
        let arms = variants.iter().map(|variant| self.variant_arm(variant));
        let matched = quote! {
            match #krate::__private::variant(#value) {
                #(#arms)*
                _ => ::core::result::Result::Err(#krate::__private::refused(<Self as #krate::Param>::KIND, #value)),
            }
        };
        self.kind_and_decoder(&kind, &value, &matched)
    }

    fn variant_spec(&self, variant: &Variant) -> TokenStream {
        let (krate, Variant { wire, content, doc, .. }) = (self.krate, variant);
        let content = match content {
            Content::Nothing => quote!(::core::option::Option::None),
            Content::One(ty) => {
                let param = bound(krate, ty, "IsParam");
                quote!(::core::option::Option::Some(#krate::__private::item(&#param::KIND, #param::REQUIRED)))
            }
            Content::Fields(fields) => {
                let kind = self.object_kind(fields);
                quote!(::core::option::Option::Some(#kind))
            }
        };
        quote!(#krate::domain::param::VariantSpec { name: #wire, content: #content, doc: #doc })
    }

    /// The match arm that builds the variant from its word and its content.
    fn variant_arm(&self, variant: &Variant) -> TokenStream {
        let (krate, Variant { name, wire, content: holds, .. }) = (self.krate, variant);
        let content = local("content");
        let built = match holds {
            Content::Nothing => {
                return quote!((#wire, ::core::option::Option::None) => ::core::result::Result::Ok(Self::#name),);
            }
            Content::One(ty) => {
                let param = bound(krate, ty, "IsParam");
                let decoded = quote!(#krate::__private::content(#wire, #content, #param::decode));
                quote!(::core::result::Result::map(#decoded, Self::#name))
            }
            Content::Fields(fields) => {
                let built = self.built(&quote!(Self::#name), fields, &quote!(#content));
                quote!(#krate::__private::inside(#wire, || #built))
            }
        };
        quote!((#wire, ::core::option::Option::Some(#content)) => #built,)
    }

    fn try_from(&self, from: &Type) -> TokenStream {
        let (krate, rule) = (self.krate, self.name.to_string());
        let (param, value) = (bound(krate, from, "IsParam"), local("value"));
        let tried = {
            let span = syn::spanned::Spanned::span(from);
            let there = krate.at(span);
            quote_spanned!(span=> <Self as #there::__private::IsTried<#from>>)
        };
        let decoded = quote!(#tried::tried(#rule, #param::decode(#value)?));
        // Not through `Param`, because rustc would report a missing conversion here a second time.
        let kind = quote! {
            #krate::domain::param::ParamKind::Ruled {
                of: &#param::KIND,
                rule: #krate::domain::param::ParamRule::new(#rule, |#value| ::core::result::Result::map(#decoded, ::core::mem::drop)),
            }
        };
        self.kind_and_decoder(&kind, &value, &decoded)
    }

    fn kind_and_decoder(&self, kind: &TokenStream, value: &Ident, decoded: &TokenStream) -> TokenStream {
        let krate = self.krate;
        quote! {
            const KIND: #krate::domain::param::ParamKind = #kind;
            fn decode(#value: &#krate::Value) -> ::core::result::Result<Self, #krate::domain::param::ParamFault> {
                #decoded
            }
        }
    }

    fn object_kind(&self, fields: &[Field]) -> TokenStream {
        let krate = self.krate;
        let specs = fields.iter().map(|Field { wire, ty, doc, .. }| {
            let param = bound(krate, ty, "IsParam");
            quote!(#krate::domain::param::ParamSpec { name: #wire, kind: #param::KIND, required: #param::REQUIRED, doc: #doc })
        });
        quote!(#krate::domain::param::ParamKind::Object(&[#(#specs),*]))
    }

    /// The value that `path` builds from the members of the object `from`.
    fn built(&self, path: &TokenStream, fields: &[Field], from: &TokenStream) -> TokenStream {
        let (krate, given) = (self.krate, local("given"));
        let wires = fields.iter().map(|field| &field.wire);
        let decoded = fields.iter().map(|Field { name, wire, ty, .. }| {
            let param = bound(krate, ty, "IsParam");
            quote!(#name: #krate::__private::member(#given, #wire, #param::decode, #param::absent)?)
        });
        quote! {{
            let #given = #krate::__private::members(#from, &[#(#wires),*])?;
            ::core::result::Result::Ok(#path { #(#decoded),* })
        }}
    }
}
