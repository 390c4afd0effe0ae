//! `#[derive(Param)]` for a newtype of something that an agent can propose.

use crate::{
    entries::{Keyed, arguments, entries},
    errors::Errors,
    model::Krate,
};
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Data, DeriveInput, Fields, LitInt, Token, Type,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

/// The newtype as far as it could be read.
struct Newtype {
    krate: Krate,
    inner: Option<Type>,
    min: Option<Keyed<Bound>>,
    max: Option<Keyed<Bound>>,
}

/// An integer literal with an optional sign.
#[derive(Clone, Copy)]
struct Bound(i128);

impl Parse for Bound {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let minus: Option<Token![-]> = input.parse()?;
        let digits = input.parse::<LitInt>()?;
        let sign = if minus.is_some() { "-" } else { "" };
        let number = format!("{sign}{}", digits.base10_digits()).parse();
        number.map(Self).map_err(|_| input.error("too large"))
    }
}

/// Derives `Param`, or tells every mistake.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::about(format!("parameter type `{}`", input.ident));
    let newtype = read(input, &mut errors);
    match &newtype.inner {
        Some(inner) if errors.is_empty() => expand(&input.ident, &newtype, inner),
        // Without the trait each use would be told as well; with it, only the mistake is.
        _ => {
            let (stub, errors) = (stub(input, &newtype.krate), errors.into_tokens());
            quote!(#stub #errors)
        }
    }
}

fn read(input: &DeriveInput, errors: &mut Errors) -> Newtype {
    let mut newtype = Newtype { krate: Krate(None), inner: None, min: None, max: None };
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("param")) {
        for entry in entries(arguments(attr, errors), &["min", "max", "crate"], errors) {
            match entry.key.to_string().as_str() {
                "min" => newtype.min = entry.read("an integer, as in `min = 1`", errors),
                "max" => newtype.max = entry.read("an integer, as in `max = 100`", errors),
                _ => newtype.krate = Krate(entry.read_path(errors).map(|path| path.value)),
            }
        }
    }
    if let (Some(min), Some(max)) = (&newtype.min, &newtype.max)
        && min.value.0 > max.value.0
    {
        errors.push(
            &max.key,
            format!("`max` is {}, below `min`, which is {}: no value would be admitted", max.value.0, min.value.0),
        );
    }
    if !input.generics.params.is_empty() {
        errors.push(&input.generics.params, "it cannot be generic: what is admitted is part of a contract");
    }
    newtype.inner = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                fields.unnamed.first().map(|field| field.ty.clone())
            }
            _ => None,
        },
        _ => None,
    };
    if newtype.inner.is_none() {
        errors.push(&input.ident, format!("`Param` is derived for a newtype, as in `struct {}(u64);`", input.ident));
    }
    newtype
}

fn expand(name: &Ident, newtype: &Newtype, inner: &Type) -> TokenStream {
    let krate = &newtype.krate;
    let there = krate.at(inner.span());
    let inner_param = quote_spanned!(inner.span()=> <#inner as #there::__private::IsParam>);
    let option = |bound: &Option<Keyed<Bound>>| match bound {
        Some(Keyed { value: Bound(number), .. }) => quote!(::core::option::Option::Some(#number)),
        None => quote!(::core::option::Option::None),
    };
    let (min, max) = (option(&newtype.min), option(&newtype.max));
    // An associated constant is evaluated where it is used; a bound that cannot be is told here.
    let asked = newtype.min.as_ref().or(newtype.max.as_ref()).map(|bound| {
        let (there, shown) = (krate.at(bound.key.span()), name.to_string());
        quote_spanned!(bound.key.span()=> const _: () = #there::__private::is_bounded(#shown, #inner_param::KIND, #min, #max);)
    });
    quote! {
        const _: () = {
            #asked
            #[automatically_derived]
            impl #krate::Param for #name {
                const KIND: #krate::ParamKind = #krate::__private::bounded(#inner_param::KIND, #min, #max);
                const REQUIRED: ::core::primitive::bool = #inner_param::REQUIRED;
                fn decode(value: &#krate::Value) -> ::core::result::Result<Self, #krate::ParamFault> {
                    #krate::__private::within(<Self as #krate::Param>::KIND, value)?;
                    ::core::result::Result::map(#inner_param::decode(value), Self)
                }
                fn absent() -> ::core::option::Option<Self> {
                    ::core::option::Option::map(#inner_param::absent(), Self)
                }
            }
        };
    }
}

fn stub(input: &DeriveInput, krate: &Krate) -> Option<TokenStream> {
    let name = &input.ident;
    input.generics.params.is_empty().then(|| {
        quote! {
            impl #krate::Param for #name {
                const KIND: #krate::ParamKind = #krate::ParamKind::Bool;
                fn decode(value: &#krate::Value) -> ::core::result::Result<Self, #krate::ParamFault> {
                    ::core::result::Result::Err(#krate::ParamFault::wrong_type("a value", value))
                }
            }
        }
    })
}
