//! Numbers as text.

use std::fmt::{self, Write as _};

/// A JSON number, kept digit by digit as it was read.
///
/// Nothing is rounded and nothing is normalised: `1.0`, `1` and `1e0` are three numbers. The
/// integer getters return a value for plain integers only, never for a fraction or an exponent.
///
/// ```
/// use kiff::value::Number;
///
/// let price = Number::parse("49.0").ok_or("not a number")?;
/// assert_eq!(price.as_str(), "49.0");
/// assert_eq!(price.as_i64(), None);
/// assert_eq!(Number::from(49).as_i64(), Some(49));
/// # Ok::<(), &'static str>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Repr);

// INVARIANT: `Long` holds only what does not fit into `Short`, so equal texts are equal values.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Short(Short),
    Long(Box<str>),
}

/// Text that takes no more room than a `String`, so that a common number needs no allocation.
// INVARIANT: ASCII, and the bytes after `len` are zero.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Short {
    len: u8,
    bytes: [u8; 22],
}

/// The largest integer that every JSON reader holds exactly, 2^53 - 1.
const MAX_SAFE: i64 = 9_007_199_254_740_991;

impl Number {
    /// Reads a number of the grammar of RFC 8259; `None` if `text` is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (scan(text.as_bytes()) == Ok(text.len())).then(|| Self::from_scanned(text))
    }

    /// The digits as they were read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Short(short) => str::from_utf8(short.as_bytes()).unwrap_or_default(),
            Repr::Long(text) => text,
        }
    }

    /// The integer, if the text is a plain integer that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.integer()?.parse().ok()
    }

    /// The integer, if the text is a plain integer that fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.integer()?.parse().ok()
    }

    /// The integer, if the text is a plain integer that fits.
    #[must_use]
    pub fn as_i128(&self) -> Option<i128> {
        self.integer()?.parse().ok()
    }

    /// Whether this is a plain integer within ±(2^53 - 1). Every JSON reader holds such a number exactly.
    #[must_use]
    pub fn is_safe_integer(&self) -> bool {
        is_safe_integer(self.as_str())
    }

    /// Takes text that [`scan`] has accepted as a whole.
    pub(super) fn from_scanned(text: &str) -> Self {
        let mut short = Short::default();
        match short.write_str(text) {
            Ok(()) => Self(Repr::Short(short)),
            Err(fmt::Error) => Self(Repr::Long(text.into())),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Short(short) => short.as_bytes(),
            Repr::Long(text) => text.as_bytes(),
        }
    }

    fn integer(&self) -> Option<&str> {
        plain_integer(self.as_str())
    }

    fn from_integer(integer: impl fmt::Display) -> Self {
        let mut short = Short::default();
        match write!(short, "{integer}") {
            Ok(()) => Self(Repr::Short(short)),
            Err(fmt::Error) => Self(Repr::Long(integer.to_string().into())),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Number {
            fn from(integer: $integer) -> Self {
                Self::from_integer(integer)
            }
        }
    )*};
}

from_integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

impl Short {
    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let start = usize::from(self.len);
        let end = start + text.len();
        let room = self.bytes.get_mut(start..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = u8::try_from(end).map_err(|_| fmt::Error)?;
        Ok(())
    }
}

/// Whether a number's text is a plain integer within ±(2^53 - 1).
pub(super) fn is_safe_integer(text: &str) -> bool {
    let integer = plain_integer(text).and_then(|text| text.parse().ok());
    integer.is_some_and(|integer: i64| (-MAX_SAFE..=MAX_SAFE).contains(&integer))
}

/// The text, if it is a plain integer. `-0` is not, because as an integer it would lose its sign.
fn plain_integer(text: &str) -> Option<&str> {
    let is_plain = text != "-0" && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_plain.then_some(text)
}

/// How many bytes at the start of `bytes` are a number.
///
/// # Errors
///
/// The place where the text stops being a number, and what was expected there.
pub(super) fn scan(bytes: &[u8]) -> Result<usize, (usize, &'static str)> {
    let at = |index: usize| bytes.get(index).copied();
    let digits = |start: usize, expected: &'static str| {
        let rest = bytes.get(start..).unwrap_or_default();
        match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => Err((start, expected)),
            count => Ok(start + count),
        }
    };
    let first = usize::from(at(0) == Some(b'-'));
    let mut end = digits(first, "expected a digit")?;
    if at(first) == Some(b'0') && end > first + 1 {
        return Err((first + 1, "a number has no leading zeros"));
    }
    if at(end) == Some(b'.') {
        end = digits(end + 1, "expected a digit after the decimal point")?;
    }
    if matches!(at(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(at(end + 1), Some(b'+' | b'-')));
        end = digits(end + 1 + sign, "expected a digit in the exponent")?;
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammar() {
        for text in ["0", "-0", "10", "0.0", "1e5", "1E+05", "-1.50e-00", "123456789012345678901234567890"] {
            assert_eq!(Number::parse(text).as_ref().map(Number::as_str), Some(text));
        }
        for text in ["", "-", "+1", "01", "-01", ".5", "1.", "1.e1", "1e", "1e+", "0x1", "1 ", " 1", "NaN", "１"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn integers_are_read_from_plain_text_only() {
        fn check(text: &str, i64: Option<i64>, u64: Option<u64>, i128: Option<i128>) {
            let number = Number::parse(text).unwrap();
            assert_eq!((number.as_i64(), number.as_u64(), number.as_i128()), (i64, u64, i128), "{text}");
        }
        check("0", Some(0), Some(0), Some(0));
        check("-0", None, None, None);
        check("-7", Some(-7), None, Some(-7));
        check("1.0", None, None, None);
        check("1e2", None, None, None);
        check("9223372036854775807", Some(i64::MAX), Some(9_223_372_036_854_775_807), Some(i64::MAX.into()));
        check("18446744073709551615", None, Some(u64::MAX), Some(u64::MAX.into()));
        check("170141183460469231731687303715884105728", None, None, None);
    }

    #[test]
    fn safe_integers_end_at_two_to_the_53() {
        for text in ["0", "-1", "9007199254740991", "-9007199254740991"] {
            assert!(Number::parse(text).unwrap().is_safe_integer(), "{text}");
        }
        for text in ["-0", "9007199254740992", "-9007199254740992", "1.0", "1e0", "99999999999999999999"] {
            assert!(!Number::parse(text).unwrap().is_safe_integer(), "{text}");
        }
    }

    #[test]
    fn an_integer_equals_its_text() {
        assert_eq!(Some(Number::from(i64::MIN)), Number::parse("-9223372036854775808"));
        assert_eq!(Some(Number::from(i128::MIN)), Number::parse(&i128::MIN.to_string()));
        assert_eq!(Some(Number::from(0_usize)), Number::parse("0"));
        assert_ne!(Number::parse("1.0"), Number::parse("1"));
    }
}
