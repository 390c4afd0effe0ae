//! Texts and values that executors and events bring, as far as they fit a record.

use crate::{base::digest::Digest, value::Value};

/// What an executor said, or its length and digest where it does not fit a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reported {
    Whole(Value),
    Digest { length: u64, digest: Box<Digest> },
}

impl Reported {
    pub(crate) const MOST: usize = 16 * 1024;

    /// Keeps what fits.
    pub(crate) fn of(value: Value) -> Self {
        if value.is_recordable() && value.fits(Self::MOST) {
            return Self::Whole(value);
        }
        let bytes = value.to_canonical();
        Self::Digest { length: u64::try_from(bytes.len()).unwrap_or(u64::MAX), digest: Box::new(Digest::of(&bytes)) }
    }

    /// The same for what stands outside an event's payload, where numbers are plain integers.
    pub(crate) fn output(value: Value) -> Self {
        Self::of(if value.is_recordable() { value.into_safe_numbers() } else { value })
    }

    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Whole(Value::String(text)) => text,
            Self::Whole(value) => value.to_string(),
            Self::Digest { length, digest } => format!("{length} bytes, {digest}"),
        }
    }

    pub(crate) fn into_whole(self) -> Option<Value> {
        match self {
            Self::Whole(value) => Some(value),
            Self::Digest { .. } => None,
        }
    }
}

/// What an executor gave as an event type, cut and made fit for a record.
pub(crate) fn cut(kind: &str) -> String {
    readable(kind, 64)
}

/// The first characters of a text that anyone may have written, without those that no record can hold.
pub(crate) fn readable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
