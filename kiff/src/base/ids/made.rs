//! The ids that the runtime makes: ULIDs with a prefix, and the salt of a proposal.

use super::name_error::NameError;
use crate::value::Value;
use base64ct::{Base64UrlUnpadded, Encoding};
use std::{fmt, str::FromStr};

/// A ULID: 48 bits of milliseconds and 80 bits of randomness, 26 characters of Crockford's base 32
/// (<https://github.com/ulid/spec>). kiff never orders anything by a ULID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ulid(u128);

impl Ulid {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// Joins a time in Unix milliseconds (its lower 48 bits) and 80 random bits.
    #[must_use]
    pub fn new(unix_ms: u64, random: [u8; 10]) -> Self {
        let low = random.iter().fold(0u128, |low, byte| low << 8 | u128::from(*byte));
        Self(u128::from(unix_ms & 0xFFFF_FFFF_FFFF) << 80 | low)
    }

    /// The 26 characters.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "five bits are below 32")]
    pub fn encode(self) -> [u8; 26] {
        let mut text = [b'0'; 26];
        // Shifts of 128 bits are slow: twelve digits of five bits fit a word.
        for (part, digits) in text.rchunks_mut(12).enumerate() {
            let mut bits = (self.0 >> (60 * part)) as u64;
            for byte in digits.iter_mut().rev() {
                *byte = Self::ALPHABET[(bits & 31) as usize];
                bits >>= 5;
            }
        }
        text
    }

    fn decode(text: &str) -> Option<Self> {
        if text.len() != 26 || !text.starts_with(|c: char| ('0'..='7').contains(&c)) {
            return None;
        }
        let (mut value, mut seen) = (0u128, 0);
        // As in `encode`: twelve digits of five bits fit a word.
        let (first, rest) = text.as_bytes().split_at_checked(2)?;
        for digits in [first].into_iter().chain(rest.chunks(12)) {
            let mut bits = 0u64;
            for digit in digits {
                let digit = digit_of(&ULID_DIGITS, *digit);
                seen |= digit;
                bits = bits << 5 | u64::from(digit);
            }
            value = value << (5 * digits.len()) | u128::from(bits);
        }
        (seen < 32).then_some(Self(value))
    }
}

/// The digits of an alphabet by their characters; [`NO_DIGIT`] for all others.
#[expect(clippy::indexing_slicing, reason = "a byte is always a place among 256, and this runs at compile time")]
const fn digits(alphabet: &[u8]) -> [u8; 256] {
    let mut digits = [NO_DIGIT; 256];
    let mut rest = alphabet;
    while let [others @ .., character] = rest {
        digits[*character as usize] = others.len() as u8;
        rest = others;
    }
    digits
}

fn digit_of(digits: &[u8; 256], character: u8) -> u8 {
    digits.get(usize::from(character)).copied().unwrap_or(NO_DIGIT)
}

const NO_DIGIT: u8 = u8::MAX;
static ULID_DIGITS: [u8; 256] = digits(Ulid::ALPHABET);

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.encode();
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! made_ids {
    ($($(#[$doc:meta])* $Name:ident: $what:literal, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[doc = concat!("\n\nWritten as `", $prefix, "` and a ULID. The runtime makes these ids; a caller can only repeat one.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(Ulid);

        impl $Name {
            pub(crate) const PREFIX: &str = $prefix;

            /// The id with this ULID. For implementations of [`IdGen`](crate::runtime::clock::IdGen).
            #[must_use]
            pub fn new(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// The ULID after the prefix.
            #[must_use]
            pub fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl FromStr for $Name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                text.strip_prefix($prefix)
                    .and_then(Ulid::decode)
                    .map(Self)
                    .ok_or_else(|| NameError::new($what, concat!("`", $prefix, "` and 26 characters of Crockford's base 32"), text))
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<$Name> for Value {
            fn from(id: $Name) -> Self {
                Self::from(id.to_string())
            }
        }

        impl From<&$Name> for Value {
            fn from(id: &$Name) -> Self {
                Self::from(id.to_string())
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

made_ids! {
    /// The id of one receipt.
    ReceiptId: "a receipt id", "rcpt_";
    /// The id of one approval: one held proposal, waiting for its reviewers.
    ApprovalId: "an approval id", "appr_";
    /// The id of one cleared execution; also the key under which a provider should deduplicate the effect.
    ExecutionId: "an execution id", "exec_";
    /// The id that all records of one call share.
    TraceId: "a trace id", "trace_";
}

/// Sixteen random bytes that blind one proposal's commitments ([formats](crate::_guide::formats) §6).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub(crate) [u8; 16]);

impl Salt {
    /// A salt of these bytes. For implementations of [`IdGen`](crate::runtime::clock::IdGen).
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 22 characters of base64url without padding (RFC 4648 §5).
    #[expect(clippy::expect_used, reason = "16 bytes have 22 digits")]
    pub(crate) fn encode(self) -> [u8; 22] {
        let mut text = [0; 22];
        Base64UrlUnpadded::encode(&self.0, &mut text).expect("there is room for every digit");
        text
    }

    /// Reads the 22 characters; unused bits must be zero, so that a salt has one spelling.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let read = Base64UrlUnpadded::decode(text, &mut bytes).ok()?;
        (read.len() == 16).then_some(Self(bytes))
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// All the ids that one call may need, drawn once. A decision that is made again after a conflict uses the same ids, so it
/// has the same bytes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    /// For every record of the call.
    pub trace: TraceId,
    /// For the decision, if one is made.
    pub receipt: ReceiptId,
    /// For the approval, if one is opened.
    pub approval: ApprovalId,
    /// For the execution, if one is cleared.
    pub execution: ExecutionId,
    /// For the proposal's commitments.
    pub salt: Salt,
}

impl Ids {
    /// Joins five ids. For implementations of [`IdGen`](crate::runtime::clock::IdGen).
    #[must_use]
    pub fn new(trace: TraceId, receipt: ReceiptId, approval: ApprovalId, execution: ExecutionId, salt: Salt) -> Self {
        Self { trace, receipt, approval, execution, salt }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_written_in_base64url() {
        let salt = Salt::new(*b"0123456789abcdef");
        assert_eq!(&salt.encode(), b"MDEyMzQ1Njc4OWFiY2RlZg");
        assert_eq!(Salt::decode("MDEyMzQ1Njc4OWFiY2RlZg"), Some(salt));
        assert_eq!(Salt::decode("MDEyMzQ1Njc4OWFiY2RlZh"), None);
        assert_eq!(Salt::decode("MDEyMzQ1Njc4OWFiY2RlZ"), None);
    }

    #[test]
    fn a_ulid_is_written_as_its_specification_says() {
        let ulid = Ulid::new(1_469_922_850_259, [0xFF; 10]);
        assert_eq!(ulid.to_string(), "01ARZ3NDEKZZZZZZZZZZZZZZZZ");
        assert_eq!(Ulid::decode("01ARZ3NDEKZZZZZZZZZZZZZZZZ"), Some(ulid));
    }
}
