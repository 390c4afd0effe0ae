//! Stable words: [`Code`], and the two macros that give a word to each variant of an enum.
//!
//! A program compares codes where a person reads the text of an error, so a code never changes. It is written at its
//! variant and nowhere else: the function that returns it, the list of all and the line in the documentation are made
//! from it.

use super::ids::{NameError, is_snake};
use crate::value::{self, Value};
use std::{
    borrow::Borrow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

/// A reason code, which may also be the name of a check: a stable word that goes to the log.
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

    // INVARIANT: the word keeps to the alphabet. A test reads the words of every enum.
    pub(crate) const fn fixed(word: &'static str) -> Self {
        Self(CodeText::Fixed(word))
    }

    // For a variant of `coded!` whose field is the code itself.
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

// `value` is below this folder and cannot name `Code`.
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

impl From<&Code> for Value {
    fn from(code: &Code) -> Self {
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

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for Code {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

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
            /// Every code of its own, in the order of the variants. The codes of inner errors are not among them.
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
/// `as_str()`, `Display`, and, within the crate, `from_word()`.
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

            /// The variant of a word; `None` if no variant has it.
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

pub(crate) use {coded, words};

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
        #[expect(dead_code, reason = "the test reads the codes alone")]
        #[derive(Debug)]
        pub(crate) enum Forms {
            /// No fields.
            Unit => "unit",
            /// A tuple.
            Tuple(String) => "tuple",
            /// Named fields.
            Named { a: u8 } => "named",
            /// The first field's.
            Outer(Inner) => inner,
            /// A named field's.
            Wrapped { source: Inner, b: u8 } => {source},
        }
    }

    #[test]
    fn every_form_has_its_code() {
        let only = || Inner::Only;
        let forms = [
            (Forms::Unit, "unit"),
            (Forms::Tuple(String::new()), "tuple"),
            (Forms::Named { a: 1 }, "named"),
            (Forms::Outer(only()), "only"),
            (Forms::Wrapped { source: only(), b: 1 }, "only"),
        ];
        for (form, code) in forms {
            assert_eq!(form.code(), code);
        }
        assert_eq!(Forms::CODES, ["unit", "tuple", "named"]);
    }
}
