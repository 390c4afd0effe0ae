//! Time as the log writes it: UTC, milliseconds, one fixed form.

use std::{fmt, str::FromStr};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// An instant in UTC with millisecond precision, written `2026-05-24T09:41:02.123Z`.
///
/// Years 0 to 9999. A [`Clock`](crate::runtime::clock::Clock) gives it; the heart only compares it.
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

    /// This instant moved forward, kept within the years 0 to 9999.
    #[must_use]
    pub fn plus(self, span: std::time::Duration) -> Self {
        let ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::from_unix_ms(self.0.saturating_add(ms))
    }

    /// How long after `earlier` this is; nothing if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// The 24 characters.
    #[must_use]
    pub fn encode(self) -> [u8; 24] {
        let moment = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second) = moment.to_hms();
        let (year, ms) = (year.unsigned_abs(), self.0.rem_euclid(1000).unsigned_abs());
        // Two digits: what is below a hundred fits a byte.
        let two = |number: u64| [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
        let ([y1, y2], [y3, y4]) = (two(u64::from(year / 100)), two(u64::from(year % 100)));
        let ([o1, o2], [d1, d2]) = (two(u64::from(u8::from(month))), two(u64::from(day)));
        let ([h1, h2], [m1, m2], [s1, s2]) = (two(hour.into()), two(minute.into()), two(second.into()));
        let ([_, f1], [f2, f3]) = (two(ms / 100), two(ms % 100));
        [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'.', f1, f2, f3, b'Z']
    }
}

/// A text that is not a time in the one form that records use.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is written as `2026-05-24T09:41:02.123Z`, or without the fraction")]
pub struct TimestampError;

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
        f.pad(std::str::from_utf8(&self.encode()).unwrap_or_default())
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
