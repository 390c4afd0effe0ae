//! The bounds of a newtype, as literals.

use crate::{
    entries::{Entry, Keyed},
    errors::Errors,
    expand::bound,
    model::Krate,
};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::cmp::Ordering;
use syn::{
    Lit, LitInt, Token, Type,
    parse::{Parse, ParseStream},
};

/// What was given of them.
#[derive(Default)]
pub(super) struct Bounds {
    min: Option<Keyed<Bound>>,
    max: Option<Keyed<Bound>>,
    min_len: Option<Keyed<LitInt>>,
    max_len: Option<Keyed<LitInt>>,
}

/// An integer or an exact decimal with an optional sign, as text: what it bounds says which it must be.
struct Bound(String);

impl Parse for Bound {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let minus: Option<Token![-]> = input.parse()?;
        let digits = match input.parse()? {
            Lit::Int(int) if int.suffix().is_empty() => int.base10_digits().to_owned(),
            // The digits of the literal, which no float has touched.
            Lit::Float(decimal) if decimal.suffix().is_empty() => decimal.base10_digits().to_owned(),
            Lit::Str(text) if minus.is_none() => text.value(),
            _ => return Err(input.error("no bound")),
        };
        let text = if minus.is_some() { format!("-{digits}") } else { digits };
        parts(&text).map(|_| ()).ok_or_else(|| input.error("no number"))?;
        Ok(Self(text))
    }
}

impl Bounds {
    pub(super) const KEYS: [&str; 4] = ["min", "max", "min_len", "max_len"];

    /// Takes one of the keys.
    pub(super) fn take(&mut self, entry: Entry, errors: &mut Errors) {
        let number = |example: &str| format!("an integer or an exact decimal, as in `{example}`");
        match entry.key.to_string().as_str() {
            "min" => self.min = entry.read(&number("min = 1"), errors),
            "max" => self.max = entry.read(&number("max = 99.95"), errors),
            "min_len" => self.min_len = read_len(entry, errors),
            _ => self.max_len = read_len(entry, errors),
        }
    }

    /// Reports bounds that no value can meet.
    pub(super) fn check(&self, errors: &mut Errors) {
        if let (Some(min), Some(max)) = (&self.min, &self.max)
            && compare(&min.value.0, &max.value.0) == Some(Ordering::Greater)
        {
            let (min, max, at) = (&min.value.0, &max.value.0, &max.key);
            errors.push(at, format!("`max` is {max}, below `min`, which is {min}: no value would be admitted"));
        }
        if let (Some(min), Some(max)) = (&self.min_len, &self.max_len)
            && len(&min.value) > len(&max.value)
        {
            let (min, max, at) = (&min.value, &max.value, &max.key);
            errors.push(at, format!("`max_len` is {max}, below `min_len`, which is {min}: no value would be admitted"));
        }
    }

    /// The first key that was given.
    pub(super) fn first(&self) -> Option<&Ident> {
        let numbers = [&self.min, &self.max].into_iter().flatten().map(|bound| &bound.key);
        numbers.chain([&self.min_len, &self.max_len].into_iter().flatten().map(|bound| &bound.key)).next()
    }

    /// kiff's own `Bounds`.
    pub(super) fn constant(&self, krate: &Krate) -> TokenStream {
        let given = |given: Option<TokenStream>| match given {
            Some(value) => quote!(::core::option::Option::Some(#value)),
            None => quote!(::core::option::Option::None),
        };
        let text = |bound: &Option<Keyed<Bound>>| given(bound.as_ref().map(|bound| bound.value.0.to_token_stream()));
        let length =
            |bound: &Option<Keyed<LitInt>>| given(bound.as_ref().map(|given| len(&given.value).to_token_stream()));
        let (min, max) = (text(&self.min), text(&self.max));
        let (min_len, max_len) = (length(&self.min_len), length(&self.max_len));
        quote!(#krate::__private::Bounds { min: #min, max: #max, min_len: #min_len, max_len: #max_len })
    }

    /// The questions that only the kind of the type inside answers, each at its key. An associated constant would be evaluated
    /// where it is used; these constants are evaluated where they are written.
    pub(super) fn asked(&self, name: &Ident, krate: &Krate, inner: &Type) -> TokenStream {
        let (shown, param) = (name.to_string(), bound(krate, inner, "IsParam"));
        let ask = |key: &Ident, function: &str, more: TokenStream| {
            let (there, function) = (krate.at(key.span()), Ident::new(function, key.span()));
            quote_spanned!(key.span()=> const _: () = #there::__private::#function(#shown, #param::KIND #more);)
        };
        let mut asked = TokenStream::new();
        let numbers: Vec<_> = [&self.min, &self.max].into_iter().flatten().collect();
        asked.extend(numbers.first().map(|first| ask(&first.key, "is_number", TokenStream::new())));
        asked.extend(numbers.iter().map(|Keyed { key, value: Bound(text) }| {
            let word = key.to_string();
            ask(key, "is_bound", quote!(, #word, #text))
        }));
        let lengths: Vec<_> = [&self.min_len, &self.max_len].into_iter().flatten().collect();
        asked.extend(lengths.first().map(|first| ask(&first.key, "has_length", TokenStream::new())));
        asked.extend(lengths.iter().map(|Keyed { key, value }| {
            let (word, len) = (key.to_string(), len(value));
            ask(key, "is_length", quote!(, #word, #len))
        }));
        asked
    }
}

fn read_len(entry: Entry, errors: &mut Errors) -> Option<Keyed<LitInt>> {
    let expected = format!("how many characters or items, as in `{} = 20`", entry.key);
    let read: Keyed<LitInt> = entry.read(&expected, errors)?;
    if read.value.base10_parse::<u32>().is_err() {
        errors.push(&read.value, format!("`{}` must be {expected}", read.key));
        return None;
    }
    Some(read)
}

fn len(literal: &LitInt) -> u32 {
    literal.base10_parse().unwrap_or(u32::MAX)
}

/// The sign and the digits before and behind the point, where the text is an exact decimal.
fn parts(text: &str) -> Option<(bool, &str, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = all_digits(whole) && all_digits(fraction) && (whole == "0" || !whole.starts_with('0'));
    is_plain.then_some((digits.len() != text.len(), whole, fraction.trim_end_matches('0')))
}

fn compare(a: &str, b: &str) -> Option<Ordering> {
    let ((a_less, a, a_rest), (b_less, b, b_rest)) = (parts(a)?, parts(b)?);
    let sizes = a.len().cmp(&b.len()).then_with(|| a.cmp(b)).then_with(|| a_rest.cmp(b_rest));
    Some(match (a_less, b_less) {
        (false, false) => sizes,
        (true, true) => sizes.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_exact_numbers() {
        for (tokens, expected) in [
            (quote!(1), Some("1")),
            (quote!(-1_000), Some("-1000")),
            (quote!(0x10), Some("16")),
            (quote!(99.95), Some("99.95")),
            (quote!(-0.5), Some("-0.5")),
            (quote!("100.00"), Some("100.00")),
            (quote!(1u8), None),
            (quote!(1.5f32), None),
            (quote!(1e3), None),
            (quote!("much"), None),
            (quote!("-"), None),
            (quote!(MAX), None),
        ] {
            let bound = syn::parse2::<Bound>(tokens.clone()).ok().map(|Bound(text)| text);
            assert_eq!(bound.as_deref(), expected, "{tokens}");
        }
    }

    #[test]
    fn bounds_compare_by_what_they_amount_to() {
        for (a, b, expected) in [
            ("1", "2", Ordering::Less),
            ("10", "9.99", Ordering::Greater),
            ("-10", "-9", Ordering::Less),
            ("-1", "0.1", Ordering::Less),
            ("1.50", "1.5", Ordering::Equal),
        ] {
            assert_eq!(compare(a, b), Some(expected), "{a} {b}");
            assert_eq!(compare(b, a), Some(expected.reverse()), "{b} {a}");
        }
    }
}
