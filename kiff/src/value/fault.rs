//! The faults of a text, each with its place.

use std::error::Error;
use std::fmt;

/// Everything that the reader found wrong with one text; never empty.
///
/// `Debug` prints what `Display` does, because that is what a `main` that returns an error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Faults(
    // INVARIANT: not empty.
    Vec<Fault>,
);

/// One thing that is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pointer: String,
    offset: usize,
    kind: FaultKind,
}

/// What is wrong.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The text is not JSON.
    #[non_exhaustive]
    NotJson {
        /// What the grammar expects at this place.
        what: &'static str,
    },
    /// A member name comes twice in one object, escapes resolved.
    #[non_exhaustive]
    DuplicateMember {
        /// The name.
        name: String,
    },
    /// The text has too many bytes.
    #[non_exhaustive]
    TooLarge {
        /// How many it may have.
        limit: usize,
    },
    /// Arrays and objects lie too deep inside each other.
    #[non_exhaustive]
    TooDeep {
        /// How deep they may lie.
        limit: usize,
    },
    /// The text has too many members and elements.
    #[non_exhaustive]
    TooManyMembers {
        /// How many it may have.
        limit: usize,
    },
    /// A string has too many bytes, escapes resolved.
    #[non_exhaustive]
    StringTooLong {
        /// How many it may have.
        limit: usize,
    },
    /// A number has too many characters.
    #[non_exhaustive]
    NumberTooLong {
        /// How many it may have.
        limit: usize,
    },
    /// A number is not a plain integer within ±(2^53 - 1), where only those are allowed.
    #[non_exhaustive]
    NotSafeInteger {
        /// The number as it was given.
        number: String,
    },
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// An escape is half of a surrogate pair.
    LoneSurrogate,
    /// A string holds U+0000.
    Nul,
    /// The text begins with a byte order mark.
    ByteOrderMark,
    /// The text goes on after the value.
    TrailingBytes,
    /// A record has white space before or after its object.
    WhiteSpaceOutside,
}

impl Faults {
    pub(super) fn of(fault: Fault) -> Self {
        Self(vec![fault])
    }

    /// Sorts faults by their place; `None` if there are none.
    pub(super) fn collect(mut faults: Vec<Fault>) -> Option<Self> {
        faults.sort_by_key(|fault| fault.offset);
        (!faults.is_empty()).then_some(Self(faults))
    }

    /// The faults in the order of the text.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Fault> {
        self.0.iter()
    }
}

impl Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Fault {
    pub(super) const fn new(offset: usize, kind: FaultKind) -> Self {
        Self { pointer: String::new(), offset, kind }
    }

    /// The place as a JSON pointer (RFC 6901); empty for the whole text.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The place in bytes from the start of the text.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &FaultKind {
        &self.kind
    }

    /// Puts the place inside the member or element `name`.
    pub(super) fn move_into(&mut self, name: &str) {
        let step = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        self.pointer.insert_str(0, &step);
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.pointer.is_empty() {
            write!(f, " at `{}`", Shown(&self.pointer))?;
        }
        write!(f, " (byte {})", self.offset)
    }
}

impl FaultKind {
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "not_json",
            Self::DuplicateMember { .. } => "duplicate_member",
            Self::TooLarge { .. } => "too_large",
            Self::TooDeep { .. } => "too_deep",
            Self::TooManyMembers { .. } => "too_many_members",
            Self::StringTooLong { .. } => "string_too_long",
            Self::NumberTooLong { .. } => "number_too_long",
            Self::NotSafeInteger { .. } => "not_safe_integer",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::LoneSurrogate => "lone_surrogate",
            Self::Nul => "nul",
            Self::ByteOrderMark => "byte_order_mark",
            Self::TrailingBytes => "trailing_bytes",
            Self::WhiteSpaceOutside => "white_space_outside",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { what } => write!(f, "not json: {what}"),
            Self::DuplicateMember { name } => write!(f, "duplicate member `{}`", Shown(name)),
            Self::TooLarge { limit } => write!(f, "text has more than {limit} bytes"),
            Self::TooDeep { limit } => write!(f, "nesting is deeper than {limit}"),
            Self::TooManyMembers { limit } => {
                write!(f, "text has more than {limit} members and elements")
            }
            Self::StringTooLong { limit } => write!(f, "string has more than {limit} bytes"),
            Self::NumberTooLong { limit } => write!(f, "number has more than {limit} characters"),
            Self::NotSafeInteger { number } => {
                write!(f, "number `{}` is not an integer within ±(2^53 - 1)", Shown(number))
            }
            Self::InvalidUtf8 => f.write_str("bytes are not utf-8"),
            Self::LoneSurrogate => f.write_str("escape is half of a surrogate pair"),
            Self::Nul => f.write_str("string holds the character U+0000"),
            Self::ByteOrderMark => f.write_str("text begins with a byte order mark"),
            Self::TrailingBytes => f.write_str("something follows the value"),
            Self::WhiteSpaceOutside => f.write_str("white space outside the record"),
        }
    }
}

/// Text from outside, made safe for one line of a message: control characters are escaped, and a long text is cut.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for character in chars.by_ref().take(SHOWN_CHARS) {
            match character {
                '`' | '"' | '\'' | '\\' => write!(f, "{character}")?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        if chars.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}

const SHOWN_CHARS: usize = 120;
