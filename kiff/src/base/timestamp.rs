//! Time as the log writes it: UTC, milliseconds, one fixed form.

use crate::{base::debug::debug_as_display, value::Value};
use std::{
    fmt,
    ops::{Add, AddAssign, Sub, SubAssign},
    str::FromStr,
    time::Duration,
};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// An instant in UTC with millisecond precision, written `2026-05-24T09:41:02.123Z`.
///
/// Years 0 to 9999. It comes from a [`Clock`](crate::clock::Clock); a decision only compares it.
///
/// The operators saturate. A sum or difference stays within the years 0 to 9999, and the difference of two instants is zero
/// if the first is the earlier one, as with [`Instant`](std::time::Instant).
///
/// ```
/// use kiff::Timestamp;
/// use std::time::Duration;
///
/// let paid: Timestamp = "2026-05-24T09:41:02Z".parse()?;
/// let due = paid + Duration::from_secs(30 * 24 * 60 * 60);
/// assert_eq!(due.to_string(), "2026-06-23T09:41:02.000Z");
/// assert_eq!((due - paid).as_secs(), 30 * 24 * 60 * 60);
/// assert_eq!(paid - due, Duration::ZERO);
/// # Ok::<(), kiff::record::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);
    const MIN: i64 = -62_167_219_200_000;
    const MAX: i64 = 253_402_300_799_999;

    /// From Unix milliseconds, kept within the years 0 to 9999.
    #[must_use]
    pub fn from_unix_ms(ms: i64) -> Self {
        Self(ms.clamp(Self::MIN, Self::MAX))
    }

    /// Unix milliseconds.
    #[must_use]
    pub fn unix_ms(self) -> i64 {
        self.0
    }

    /// The 24 characters.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "every constructor keeps to the years 0 to 9999"
    )]
    pub fn encode(self) -> [u8; 24] {
        let seconds = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000));
        let moment = seconds.expect("a time within the years 0 to 9999");
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second) = moment.to_hms();
        let year = year.unsigned_abs();
        let ms = self.0.rem_euclid(1000).unsigned_abs();
        // The last two digits of a number, each of which fits a byte.
        let two = |number: u64| [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
        let [y1, y2] = two(u64::from(year / 100));
        let [y3, y4] = two(u64::from(year));
        let [o1, o2] = two(u64::from(u8::from(month)));
        let [d1, d2] = two(day.into());
        let [h1, h2] = two(hour.into());
        let [m1, m2] = two(minute.into());
        let [s1, s2] = two(second.into());
        let [_, f1] = two(ms / 100);
        let [f2, f3] = two(ms);
        [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'.', f1, f2, f3, b'Z']
    }
}

/// The milliseconds of a span, as far as an instant can be moved by them.
fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self::from_unix_ms(self.0.saturating_add(milliseconds(span)))
    }
}

impl AddAssign<Duration> for Timestamp {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self::from_unix_ms(self.0.saturating_sub(milliseconds(span)))
    }
}

impl SubAssign<Duration> for Timestamp {
    fn sub_assign(&mut self, span: Duration) {
        *self = *self - span;
    }
}

impl Sub for Timestamp {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        // The difference of two instants within the years 0 to 9999 fits an `i64`.
        Duration::from_millis((self.0 - earlier.0).max(0).unsigned_abs())
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        Self::from(instant.to_string())
    }
}

impl From<&Timestamp> for Value {
    fn from(instant: &Timestamp) -> Self {
        Self::from(instant.to_string())
    }
}

/// A text that is not a time in the one form that records use.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time is written as `2026-05-24T09:41:02.123Z`, or without the fraction")]
pub struct TimestampError;

debug_as_display!(TimestampError);

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads the fixed form; the fraction may be left out.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let bytes = text.as_bytes();
        let shape: &[u8] = if bytes.len() == 20 { b"0000-00-00T00:00:00Z" } else { b"0000-00-00T00:00:00.000Z" };
        let fits = |(byte, want): (&u8, &u8)| if *want == b'0' { byte.is_ascii_digit() } else { byte == want };
        if bytes.len() != shape.len() || !bytes.iter().zip(shape).all(fits) {
            return Err(TimestampError);
        }
        // All of them are digits, four at most.
        let number = |from: usize, to: usize| {
            let digits = bytes.get(from..to).ok_or(TimestampError)?;
            Ok(digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
        };
        let byte = |from: usize, to: usize| number(from, to).and_then(|n| u8::try_from(n).map_err(|_| TimestampError));
        let month = Month::try_from(byte(5, 7)?).map_err(|_| TimestampError)?;
        let date =
            Date::from_calendar_date(i32::from(number(0, 4)?), month, byte(8, 10)?).map_err(|_| TimestampError)?;
        let ms = if bytes.len() == 24 { number(20, 23)? } else { 0 };
        let time = Time::from_hms_milli(byte(11, 13)?, byte(14, 16)?, byte(17, 19)?, ms).map_err(|_| TimestampError)?;
        let moment = PrimitiveDateTime::new(date, time).assume_utc();
        Ok(Self(moment.unix_timestamp() * 1000 + i64::from(ms)))
    }
}

impl TryFrom<&str> for Timestamp {
    type Error = TimestampError;
    fn try_from(text: &str) -> Result<Self, TimestampError> {
        text.parse()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.encode()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "2026-05-24T09:41:02.123Z",
            "1970-01-01T00:00:00.000Z",
            "0000-01-01T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z",
            "1969-12-31T23:59:59.001Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        assert_eq!("2026-05-24T09:41:02Z".parse::<Timestamp>().unwrap().to_string(), "2026-05-24T09:41:02.000Z");
    }

    #[test]
    fn operators_saturate() {
        let last: Timestamp = "9999-12-31T23:59:59.999Z".parse().unwrap();
        let first: Timestamp = "0000-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(last + Duration::MAX, last);
        assert_eq!(first - Duration::MAX, first);
        assert_eq!(first - last, Duration::ZERO);
        assert_eq!(first + (last - first), last);
        assert_eq!(last - (last - first), first);
    }

    #[test]
    fn another_form_is_refused() {
        for text in [
            "",
            "2026-05-24",
            "2026-05-24T09:41:02.12Z",
            "2026-05-24T09:41:02.123+00:00",
            "2026-02-30T00:00:00.000Z",
            "2026-05-24t09:41:02.123Z",
            "2026-05-24T24:00:00.000Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text} was accepted");
        }
    }
}
