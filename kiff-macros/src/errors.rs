//! The mistakes of one annotated item, collected so that one run reports all of them.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;

/// The mistakes found so far. Each message starts with the item that it is about.
pub(crate) struct Errors {
    subject: String,
    found: Vec<syn::Error>,
}

impl Errors {
    /// No mistakes yet; `subject` is what the messages name, such as "action `refund_order`".
    pub(crate) fn about(subject: String) -> Self {
        Self { subject, found: Vec::new() }
    }

    /// Adds a mistake at these tokens.
    pub(crate) fn push(&mut self, at: impl ToTokens, message: impl Display) {
        self.found.push(syn::Error::new_spanned(at, format!("{}: {message}", self.subject)));
    }

    /// Adds a mistake at a place.
    pub(crate) fn push_at(&mut self, at: Span, message: impl Display) {
        self.found.push(syn::Error::new(at, format!("{}: {message}", self.subject)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// One `compile_error!` for each mistake.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.found.iter().map(syn::Error::to_compile_error).collect()
    }
}
