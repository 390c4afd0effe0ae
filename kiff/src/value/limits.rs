//! The limits of the reader.

/// How much a text may hold before the reader refuses it.
///
/// The defaults are meant for the texts of agents. Start from them and change what differs:
///
/// ```
/// use kiff::{Value, value::Limits};
///
/// let limits = Limits::default().with_depth(1);
/// assert!(Value::parse(b"[1]", &limits).is_ok());
/// assert!(Value::parse(b"[[1]]", &limits).is_err());
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text.
    pub bytes: usize,
    /// Arrays and objects inside each other. 64 is the most that counts.
    pub depth: usize,
    /// Members and elements in the whole text.
    pub members: usize,
    /// Bytes of one string or member name, escapes resolved.
    pub string: usize,
    /// Characters of one number.
    pub number: usize,
    /// Which numbers are allowed.
    pub numbers: NumberRule,
}

/// Which numbers a reader allows.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberRule {
    /// Every number of the JSON grammar.
    Any,
    /// Plain integers within ±(2^53 - 1).
    SafeIntegers,
}

/// The depth of the deepest record. It bounds every reading, because the reader and everything that walks over a value
/// recurse, and no text may exhaust the stack.
pub(super) const MAX_DEPTH: usize = 64;

impl Limits {
    /// No limit except the depth.
    pub(super) const NONE: Self = Self {
        bytes: usize::MAX,
        depth: MAX_DEPTH,
        members: usize::MAX,
        string: usize::MAX,
        number: usize::MAX,
        numbers: NumberRule::Any,
    };

    /// For stored records. Their bytes bound everything else.
    pub(super) const RECORD: Self = Self { bytes: 65_535, numbers: NumberRule::SafeIntegers, ..Self::NONE };

    /// Sets the bytes of the whole text.
    #[must_use]
    pub const fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets how many arrays and objects may lie inside each other, 64 at most.
    #[must_use]
    pub const fn with_depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// Sets how many members and elements the whole text may have.
    #[must_use]
    pub const fn with_members(mut self, members: usize) -> Self {
        self.members = members;
        self
    }

    /// Sets the bytes of one string.
    #[must_use]
    pub const fn with_string(mut self, string: usize) -> Self {
        self.string = string;
        self
    }

    /// Sets the characters of one number.
    #[must_use]
    pub const fn with_number(mut self, number: usize) -> Self {
        self.number = number;
        self
    }

    /// Sets which numbers are allowed.
    #[must_use]
    pub const fn with_numbers(mut self, numbers: NumberRule) -> Self {
        self.numbers = numbers;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 65_536, depth: 32, members: 4_096, string: 32_768, number: 64, numbers: NumberRule::Any }
    }
}
