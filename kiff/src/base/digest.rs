//! SHA-256 digests and their one written form.

use crate::{base::debug::debug_as_display, value::Value};
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};

/// A SHA-256 digest, written `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Sixty-four zeros, which the first record of a stream has as the digest of its predecessor.
    pub const ZERO: Self = Self([0; 32]);

    /// The digest with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Hashes `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The leaf hash of a record: SHA-256 over a zero byte and the record (RFC 9162 §2.1.1).
    #[must_use]
    pub fn leaf(record: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update([0u8]);
        hash.update(record);
        Self(hash.finalize().into())
    }

    /// The hash of an interior node: SHA-256 over a one byte and its two children (RFC 9162 §2.1.1).
    #[must_use]
    pub fn node(left: &Self, right: &Self) -> Self {
        let mut hash = Sha256::new();
        hash.update([1u8]);
        hash.update(left.0);
        hash.update(right.0);
        Self(hash.finalize().into())
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 71 characters.
    #[must_use]
    pub fn encode(&self) -> [u8; 71] {
        let mut text = [b'0'; 71];
        let (prefix, digits) = text.split_at_mut(7);
        prefix.copy_from_slice(b"sha256:");
        // Without a branch or a table, so that the compiler makes vector code of it.
        let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
        for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(self.0) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        text
    }
}

/// A text that is not a digest in its written form.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is written as `sha256:` and 64 lower-case hexadecimal digits")]
pub struct DigestError;

debug_as_display!(DigestError);

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digits = text.strip_prefix("sha256:").ok_or(DigestError)?.as_bytes();
        // Without a branch, so that the compiler makes vector code of it: what is no digit shows in the upper bits.
        let value = |digit: u8| match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => 0xFF,
        };
        let (pairs, []) = digits.as_chunks() else { return Err(DigestError) };
        if pairs.len() != 32 {
            return Err(DigestError);
        }
        let (mut bytes, mut seen) = ([0; 32], 0);
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (value(*high), value(*low));
            seen |= high | low;
            *byte = high << 4 | low;
        }
        if seen < 16 { Ok(Self(bytes)) } else { Err(DigestError) }
    }
}

impl From<Digest> for Value {
    fn from(digest: Digest) -> Self {
        Self::from(digest.to_string())
    }
}

impl From<&Digest> for Value {
    fn from(digest: &Digest) -> Self {
        Self::from(digest.to_string())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.encode()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_written_form() {
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), text);
        assert_eq!(text.parse(), Ok(Digest::of(b"abc")));
        assert!(text.to_uppercase().parse::<Digest>().is_err());
        assert!(text.replace("ba7816", "BA7816").parse::<Digest>().is_err());
        assert!(text.trim_end_matches('d').parse::<Digest>().is_err());
    }
}
