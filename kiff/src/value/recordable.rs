//! Whether a record can hold a value, and how it holds numbers.

use super::json::{Object, Value};

impl Value {
    /// Whether the canonical text has at most `max` bytes. Most values need not be written to answer.
    pub(crate) fn fits(&self, max: usize) -> bool {
        // One byte of a string takes at most six bytes in JSON.
        self.raw_len().saturating_mul(6) <= max || self.to_canonical().len() <= max
    }

    /// The bytes of the texts in it, and a few for the punctuation.
    pub(crate) fn raw_len(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 6,
            Self::Number(number) => number.as_str().len() + 1,
            Self::String(text) => text.len() + 3,
            Self::Array(items) => 2 + items.iter().map(Self::raw_len).sum::<usize>(),
            Self::Object(object) => object.raw_len(),
        }
    }

    /// Whether a record that holds this value can be read again: it is not too deep, and no text in it holds U+0000. For
    /// numbers see [`into_safe_numbers`](Self::into_safe_numbers).
    pub(crate) fn is_recordable(&self) -> bool {
        self.nests_within(MAX_NESTED)
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

    /// Replaces each number that some reader would round by a string of its digits. Outside the payload of an event a
    /// record holds no such number.
    pub(crate) fn into_safe_numbers(self) -> Self {
        match self {
            Self::Number(number) if !number.is_safe_integer() => Self::String(number.as_str().to_owned()),
            Self::Array(items) => Self::Array(items.into_iter().map(Self::into_safe_numbers).collect()),
            Self::Object(members) => {
                Self::Object(members.into_iter().map(|(name, value)| (name, value.into_safe_numbers())).collect())
            }
            plain => plain,
        }
    }
}

impl Object {
    pub(crate) fn raw_len(&self) -> usize {
        2 + self.iter().map(|(name, value)| name.len() + 4 + value.raw_len()).sum::<usize>()
    }
}

/// How deep a value inside a record may be. A record may be 64 deep, and it holds the value a few levels down.
const MAX_NESTED: usize = 58;
