//! Errors whose `Debug` is fit to be read.

use std::error::Error;

/// The text of an error, followed by those of its causes.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Implements `Debug` for errors as their text with its causes. A `main` that returns an error prints its `Debug`, and the
/// text with its advice is what the person in front of the screen needs.
macro_rules! debug_as_display {
    ($($Error:ty),* $(,)?) => {$(
        impl ::core::fmt::Debug for $Error {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(&$crate::base::debug::with_causes(self))
            }
        }
    )*};
}

pub(crate) use debug_as_display;

#[cfg(test)]
mod tests {
    #[derive(thiserror::Error)]
    #[error("the house is on fire")]
    struct Outer(#[source] Inner);

    #[derive(thiserror::Error)]
    #[error("somebody played with matches")]
    struct Inner;

    debug_as_display!(Outer, Inner);

    #[test]
    fn causes_follow_the_text() {
        assert_eq!(format!("{:?}", Outer(Inner)), "the house is on fire: somebody played with matches");
        assert_eq!(format!("{:?}", Inner), Inner.to_string());
    }
}
