//! What is wrong with a name.

use crate::base::debug::debug_as_display;

/// A text that breaks the alphabet of the name that was asked for.
///
/// `Debug` prints what `Display` does, because that is what a `main` that returns an error shows.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: {rule}")]
pub struct NameError {
    /// The kind of name, with its article: "an entity id".
    pub what: &'static str,
    /// The text, cut to 64 characters and escaped.
    pub text: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl NameError {
    pub(crate) fn new(what: &'static str, rule: &'static str, text: &str) -> Self {
        let text = text.chars().take(64).flat_map(char::escape_debug).collect();
        Self { what, text, rule }
    }
}

debug_as_display!(NameError);
