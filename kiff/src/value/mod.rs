//! JSON as kiff reads and writes it: a value, a strict reader, a canonical writer.
//!
//! Every text that an agent or an event source sends, and every stored record, comes in through
//! [`Value::parse`], which refuses what two readers could understand differently: a member given
//! twice, a lone surrogate, bytes behind the end. Numbers stay text, so that nothing between the
//! wire and the log can round them. What goes out is canonical ([RFC 8785]): one value, one text.
//!
//! ```
//! use kiff::value::{Limits, Value};
//!
//! let value = Value::parse(br#"{"b": 1.50, "a": [true, null]}"#, &Limits::default())?;
//! assert_eq!(value.to_string(), r#"{"a":[true,null],"b":1.50}"#);
//!
//! let faults = Value::parse(br#"{"a": 1, "\u0061": 2}"#, &Limits::default()).unwrap_err();
//! assert_eq!(faults.to_string(), "duplicate member `a` at `/a` (byte 9)");
//! # Ok::<(), kiff::value::Faults>(())
//! ```
//!
//! [RFC 8785]: https://www.rfc-editor.org/rfc/rfc8785

mod bridge;
mod canonical;
mod fault;
mod limits;
mod number;
mod object;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

pub use bridge::ValueError;
pub use fault::{Fault, FaultKind, Faults};
pub use limits::{Limits, NumberRule};
pub use number::Number;
pub use object::Object;

pub(crate) use canonical::{Cursor, Node, Tape};
pub(crate) use read::parse_record;
pub(crate) use write::{cmp_utf16, write_str, write_u64};

/// A JSON value whose numbers are text and whose objects are sorted.
///
/// Two values are equal if their canonical texts are equal, so `1.0` and `1` differ.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, digit by digit as it was given.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object with unique member names.
    Object(Object),
}

impl Value {
    /// An object of these members; of two with one name the last counts.
    ///
    /// ```
    /// use kiff::Value;
    ///
    /// assert_eq!(Value::object([("b", 2), ("a", 1)]).to_string(), r#"{"a":1,"b":2}"#);
    /// ```
    pub fn object<K: Into<String>, V: Into<Value>>(members: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Object(members.into_iter().collect())
    }

    /// Reads one whole JSON text within `limits`.
    ///
    /// ```
    /// use kiff::value::{Limits, Value};
    ///
    /// let order = Value::parse(br#"{"total": 49.00}"#, &Limits::default())?;
    /// let total = order.as_object().and_then(|members| members.get("total"));
    /// assert_eq!(total.map(Value::to_string).as_deref(), Some("49.00"));
    ///
    /// let faults = Value::parse(br#"{"total": ["\u0000"], "total": 1}"#, &Limits::default()).unwrap_err();
    /// let found: Vec<_> = faults.iter().map(|fault| (fault.code(), fault.pointer())).collect();
    /// assert_eq!(found, [("nul", "/total/0"), ("duplicate_member", "/total")]);
    /// # Ok::<(), kiff::value::Faults>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Says everything that is wrong with the text, each with its place. A syntax error ends the
    /// reading, so faults behind it are not found.
    pub fn parse(text: &[u8], limits: &Limits) -> Result<Self, Faults> {
        read::parse(text, limits)
    }

    /// Whether this is `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The truth value, if this is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if this is an object.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// What JSON calls a value of this kind, such as `string`.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Appends the canonical bytes to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        write::write_value(out, self);
    }

    /// Whether the canonical text has at most `most` bytes. Most values need not be written for it.
    pub(crate) fn fits(&self, most: usize) -> bool {
        // One byte of text takes at most six in JSON.
        self.raw_len().saturating_mul(6) <= most || self.to_canonical().len() <= most
    }

    /// The bytes of the texts in it, and a little for what stands between them.
    pub(crate) fn raw_len(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 6,
            Self::Number(number) => number.as_str().len() + 1,
            Self::String(text) => text.len() + 3,
            Self::Array(items) => 2 + items.iter().map(Self::raw_len).sum::<usize>(),
            Self::Object(object) => object.raw_len(),
        }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        self.write(&mut out);
        out
    }

    /// Whether a record that holds this value can be read again: it is no deeper than a reader follows, and
    /// no text in it holds U+0000. Numbers are another matter, see [`numbers_as_text`](Self::numbers_as_text).
    pub(crate) fn is_recordable(&self) -> bool {
        self.nests_within(MOST_NESTED)
    }

    fn nests_within(&self, depth: usize) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => true,
            Self::String(text) => !text.contains('\0'),
            Self::Array(items) => depth > 0 && items.iter().all(|item| item.nests_within(depth - 1)),
            Self::Object(members) => {
                depth > 0 && members.iter().all(|(name, value)| !name.contains('\0') && value.nests_within(depth - 1))
            }
        }
    }

    /// Outside an event's payload a record holds no number that some reader would round: such a number
    /// becomes a text of the same digits.
    pub(crate) fn numbers_as_text(self) -> Self {
        match self {
            Self::Number(number) if !number.is_safe_integer() => Self::String(number.as_str().to_owned()),
            Self::Array(items) => Self::Array(items.into_iter().map(Self::numbers_as_text).collect()),
            Self::Object(members) => {
                Self::Object(members.into_iter().map(|(name, value)| (name, value.numbers_as_text())).collect())
            }
            plain => plain,
        }
    }
}

/// Arrays and objects inside each other in a value that a record holds. A record may be 64 deep; the rest is
/// for what stands round the value.
const MOST_NESTED: usize = 58;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_canonical()))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Self {
        Self::Array(elements)
    }
}

impl From<Object> for Value {
    fn from(members: Object) -> Self {
        Self::Object(members)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Value {
            fn from(integer: $integer) -> Self {
                Self::Number(Number::from(integer))
            }
        }
    )*};
}

from_integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);
