//! Stable words: [`Code`], the two macros that give a word to each variant of an enum, and the one that prints errors.
//!
//! A program compares codes where a person reads the text of an error, so a code never changes. It stands at its
//! variant and nowhere else: the function that returns it, the list of all and the line in the documentation come
//! from there.

use super::ids::{NameError, is_snake};
use crate::value::{self, Value};
use std::{error::Error, fmt, str::FromStr, sync::Arc};

/// A reason code, also the name of a check: a stable word that goes to the log.
///
/// The alphabet: `[a-z][a-z0-9_]{0,63}`.
#[derive(Clone)]
pub struct Code(CodeText);

#[derive(Clone)]
enum CodeText {
    Fixed(&'static str),
    Shared(Arc<str>),
}

impl Code {
    /// Checks that `text` is a reason code.
    ///
    /// # Errors
    /// [`NameError`] if it breaks the alphabet above.
    pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
        let text = text.as_ref();
        if is_snake(text) {
            Ok(Self(CodeText::Shared(text.into())))
        } else {
            Err(NameError::new("a reason code", "[a-z][a-z0-9_]{0,63}", text))
        }
    }

    /// INVARIANT: the word keeps to the alphabet; a test reads the words of every enum.
    pub(crate) const fn fixed(word: &'static str) -> Self {
        Self(CodeText::Fixed(word))
    }

    /// Itself: a variant of [`coded!`] may have its code in a field.
    pub(crate) fn code(&self) -> Self {
        self.clone()
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            CodeText::Fixed(word) => word,
            CodeText::Shared(word) => word,
        }
    }
}

// `value` knows nothing of codes, so what it refuses gets its code here.
impl value::Fault {
    /// The stable word for what is wrong, for programs to compare.
    #[must_use]
    pub fn code(&self) -> Code {
        self.kind().code()
    }
}

impl value::FaultKind {
    /// The stable word for what is wrong, for programs to compare.
    #[must_use]
    pub fn code(&self) -> Code {
        Code::fixed(self.word())
    }
}

impl value::ValueError {
    /// The stable word for what went wrong, for programs to compare.
    #[must_use]
    pub fn code(&self) -> Code {
        Code::fixed(self.word())
    }
}

impl From<Code> for Value {
    fn from(code: Code) -> Self {
        Self::from(code.as_str())
    }
}

impl FromStr for Code {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Code {}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Declares an enum of refusals or errors with a [`Code`] at each variant. The enum gets `code()` and `CODES`, and each
/// variant a line of documentation that names its code.
///
/// After `=>` stands the word, or, where the code is that of an inner value, its field: the name of a named field in
/// braces, or any name for the first field of a tuple.
///
/// ```ignore
/// coded! {
///     /// Why a key cannot be read.
///     #[derive(Debug, thiserror::Error)]
///     pub enum KeyError {
///         /// It is too long.
///         #[error("{bytes} bytes")]
///         TooLong { bytes: usize } => "key_too_long",
///         /// The store failed.
///         #[error(transparent)]
///         Store(StoreError) => inner,
///     }
/// }
/// ```
macro_rules! coded {
    (
        $(#[$meta:meta])*
        $vis:vis enum $Name:ident {
            $(
                $(#[$variant_meta:meta])*
                $Variant:ident $({ $($named:tt)* })? $(( $($tuple:tt)* ))? => $code:tt
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis enum $Name {
            $(
                $(#[$variant_meta])*
                #[doc = $crate::base::code::coded!(@doc $code)]
                $Variant $({ $($named)* })? $(( $($tuple)* ))?
            ),*
        }

        impl $Name {
            /// Every code of its own, in the order of the variants. What an inner error gives is not among them.
            #[allow(dead_code, reason = "for the enums that users see")]
            $vis const CODES: &'static [&'static str] = $crate::base::code::coded!(@codes [] $($code)*);

            /// The stable word for this case, for programs to compare.
            #[must_use]
            $vis fn code(&self) -> $crate::base::code::Code {
                match self {
                    $($crate::base::code::coded!(@pattern $Variant $code) => $crate::base::code::coded!(@code $code)),*
                }
            }
        }
    };
    (@doc $code:literal) => { concat!("\n\nCode: `", $code, "`.") };
    (@doc $inner:tt) => { "\n\nIts code is that of the inner value." };
    (@codes [$($all:literal)*]) => { &[$($all),*] };
    (@codes [$($all:literal)*] $code:literal $($rest:tt)*) => {
        $crate::base::code::coded!(@codes [$($all)* $code] $($rest)*)
    };
    (@codes [$($all:literal)*] $inner:tt $($rest:tt)*) => { $crate::base::code::coded!(@codes [$($all)*] $($rest)*) };
    (@pattern $Variant:ident $code:literal) => { Self::$Variant { .. } };
    (@pattern $Variant:ident { $field:ident }) => { Self::$Variant { $field, .. } };
    (@pattern $Variant:ident $inner:ident) => { Self::$Variant { 0: $inner, .. } };
    (@code $code:literal) => { $crate::base::code::Code::fixed($code) };
    (@code { $field:ident }) => { $field.code() };
    (@code $inner:ident) => { $inner.code() };
}

/// Declares an enum without fields whose every variant has one word, in the log and on the wire. The enum gets
/// `as_str()`, `Display`, and `from_word()` within the crate.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $vis:vis enum $Name:ident {
            $($(#[$variant_meta:meta])* $Variant:ident = $word:literal),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis enum $Name {
            $($(#[$variant_meta])* $Variant),*
        }

        impl $Name {
            /// The word that the log uses.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word),*
                }
            }

            /// The variant of a word; nothing if it is none of them.
            #[allow(dead_code, reason = "not every such enum is read back from a log")]
            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$Variant),)*
                    _ => None,
                }
            }
        }

        impl ::core::fmt::Display for $Name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

/// Gives error types a `Debug` that reads as a sentence: the text of `Display`, then that of each source.
///
/// A `main` that returns `Box<dyn Error>` prints the `Debug` of its error, and nothing else.
macro_rules! debug_as_display {
    ($($Error:ty),+ $(,)?) => {
        $(
            impl ::core::fmt::Debug for $Error {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    $crate::base::code::write_with_sources(f, self)
                }
            }
        )+
    };
}

/// `Display` leaves out the sources, because most reporters print them themselves.
pub(crate) fn write_with_sources(f: &mut fmt::Formatter<'_>, error: &dyn Error) -> fmt::Result {
    write!(f, "{error}")?;
    let mut source = error.source();
    while let Some(cause) = source {
        write!(f, ": {cause}")?;
        source = cause.source();
    }
    Ok(())
}

pub(crate) use coded;
#[allow(unused_imports, reason = "used by the errors that are printed as sentences")]
pub(crate) use debug_as_display;
#[allow(unused_imports, reason = "used by the enums that have words")]
pub(crate) use words;

#[cfg(test)]
mod tests {

    coded! {
        /// An inner error.
        #[derive(Debug)]
        pub(crate) enum Inner {
            /// Only this.
            Only => "only",
        }
    }

    coded! {
        /// All forms.
        #[derive(Debug)]
        pub(crate) enum Forms {
            /// No fields.
            Unit => "unit",
            /// A tuple.
            Tuple(String) => "tuple",
            /// Named fields.
            Named { _a: u8 } => "named",
            /// The first field's.
            Outer(Inner) => inner,
            /// A named field's.
            Wrapped { source: Inner, _b: u8 } => {source},
        }
    }

    #[derive(thiserror::Error)]
    #[error("the key cannot be read")]
    struct Unreadable(#[source] std::num::ParseIntError);

    debug_as_display!(Unreadable);

    #[test]
    fn debug_prints_the_sources_too() {
        let error = Unreadable("x".parse::<u8>().unwrap_err());
        assert_eq!(format!("{error:?}"), "the key cannot be read: invalid digit found in string");
    }

    #[test]
    fn every_form_has_its_code() {
        let only = || Inner::Only;
        let forms = [
            (Forms::Unit, "unit"),
            (Forms::Tuple(String::new()), "tuple"),
            (Forms::Named { _a: 1 }, "named"),
            (Forms::Outer(only()), "only"),
            (Forms::Wrapped { source: only(), _b: 1 }, "only"),
        ];
        for (form, code) in forms {
            assert_eq!(form.code(), code);
        }
        assert_eq!(Forms::CODES, ["unit", "tuple", "named"]);
    }
}
