//! `key = value, key = value`, split so that a mistake in one entry hides no mistake in another.

use crate::{
    errors::Errors,
    suggest::{hint, nearest},
};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, LitStr, Meta, parse::Parse};

/// One `key = value`. The value is not parsed yet, and is not empty.
pub(crate) struct Entry {
    pub(crate) key: Ident,
    pub(crate) value: TokenStream,
}

/// A value with its key, at which messages about a needless key point.
pub(crate) struct Keyed<T> {
    pub(crate) key: Ident,
    pub(crate) value: T,
}

impl Entry {
    /// Reads the value, or says that it must be `expected`.
    pub(crate) fn read<T: Parse>(self, expected: &str, errors: &mut Errors) -> Option<Keyed<T>> {
        match syn::parse2(self.value.clone()) {
            Ok(value) => Some(Keyed { key: self.key, value }),
            Err(_) => {
                errors.push(self.value, format!("`{}` must be {expected}", self.key));
                None
            }
        }
    }

    /// Reads a list in brackets, or says that it must be one like `example`.
    pub(crate) fn read_list(self, example: &str, errors: &mut Errors) -> Option<Keyed<Vec<TokenStream>>> {
        let mut tokens = self.value.clone().into_iter();
        match (tokens.next(), tokens.next()) {
            (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Bracket => {
                Some(Keyed { key: self.key, value: split_at_commas(group.stream()) })
            }
            _ => {
                errors.push(self.value, format!("`{key}` must be a list, as in `{key} = {example}`", key = self.key));
                None
            }
        }
    }

    /// Reads a list of string literals.
    pub(crate) fn read_strings(self, example: &str, errors: &mut Errors) -> Option<Keyed<Vec<LitStr>>> {
        let Keyed { key, value } = self.read_list(example, errors)?;
        let strings = value.into_iter().filter_map(|item| match syn::parse2::<LitStr>(item.clone()) {
            Ok(text) => Some(text),
            Err(_) => {
                let what = if key == "permissions" { "a permission".to_owned() } else { format!("an item of `{key}`") };
                errors.push(
                    item,
                    format!("{what} must be a string literal, so that it can be listed without running code"),
                );
                None
            }
        });
        Some(Keyed { value: strings.collect(), key: key.clone() })
    }
}

/// The tokens in the parentheses of an attribute.
pub(crate) fn arguments(attr: &Attribute, errors: &mut Errors) -> TokenStream {
    match &attr.meta {
        Meta::List(list) => list.tokens.clone(),
        other => {
            let path = other.path().to_token_stream();
            errors.push(other, format!("`{path}` takes `key = value` in parentheses, as in `#[{path}(..)]`"));
            TokenStream::new()
        }
    }
}

/// Splits `tokens` into entries. Unknown keys, keys given twice and keys without a value are reported. Of the unknown keys only
/// one that is close to a known key is kept.
pub(crate) fn entries(tokens: TokenStream, known: &[&str], errors: &mut Errors) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    for chunk in split_at_commas(tokens) {
        let mut rest = chunk.clone().into_iter();
        let Some(TokenTree::Ident(written)) = rest.next() else {
            errors.push(chunk, "expected `key = value`");
            continue;
        };
        let Some(key) = meant(&written, known, errors) else { continue };
        let word = key.to_string();
        let assigned = matches!(rest.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=');
        let value: TokenStream = rest.collect();
        if !assigned || value.is_empty() {
            errors.push(chunk, format!("`{word}` needs a value: `{word} = ..`"));
        } else if all.iter().any(|entry| entry.key == key) {
            errors.push(key, format!("`{word}` is given twice"));
        } else {
            all.push(Entry { key, value });
        }
    }
    all
}

/// The key that was written, or, after a message, the one that was meant, so that a misspelt key is not also reported as
/// missing.
fn meant(written: &Ident, known: &[&str], errors: &mut Errors) -> Option<Ident> {
    let word = written.to_string();
    if known.contains(&word.as_str()) {
        return Some(written.clone());
    }
    errors.push(written, format!("unknown key `{word}`{}", hint(&word, known)));
    // `crate` is a keyword, but a misspelling of it is not parsed again.
    nearest(&word, known).map(|key| Ident::new(key, written.span()))
}

/// The parts between commas outside brackets. A trailing comma is allowed.
pub(crate) fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(part.drain(..).collect()),
            token => part.push(token),
        }
    }
    if !part.is_empty() {
        parts.push(part.into_iter().collect());
    }
    parts.retain(|part: &TokenStream| !part.is_empty());
    parts
}
