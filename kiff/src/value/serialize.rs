//! Values, written by any serializer of serde.

use super::{
    json::{Object, Value},
    number::Number,
};
use serde::{Serialize, Serializer};

/// Numbers are written as plain numbers of serde, so no feature of serde_json changes the result: see [`Number`].
///
/// ```
/// use kiff::{Value, value::Limits};
///
/// let value = Value::parse(br#"{"count": 2, "price": 49.90}"#, &Limits::default())?;
/// assert_eq!(serde_json::to_value(&value)?, serde_json::json!({"count": 2, "price": 49.9}));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// An integer that fits is written as `i64` or `u64`. Any other number is written as the `f64` of the same value, or, where
/// there is none, as a string of its digits: no reader may round it.
impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(integer) = self.as_i64() {
            return serializer.serialize_i64(integer);
        }
        if let Some(integer) = self.as_u64() {
            return serializer.serialize_u64(integer);
        }
        match as_f64(self.as_str()) {
            Some(float) => serializer.serialize_f64(float),
            None => serializer.serialize_str(self.as_str()),
        }
    }
}

/// The float whose shortest text amounts to the same decimal.
fn as_f64(text: &str) -> Option<f64> {
    let float: f64 = text.parse().ok().filter(|float: &f64| float.is_finite())?;
    (Decimal::of(text)? == Decimal::of(&format!("{float:e}"))?).then_some(float)
}

/// A decimal without the zeros that do not change its value: `digits` times ten to the `exponent`.
#[derive(PartialEq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// `text` must be a number of the JSON grammar; nothing if its exponent is beyond an `i64`.
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let magnitude = mantissa.strip_prefix('-').unwrap_or(mantissa);
        let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
        let all = format!("{whole}{fraction}");
        let trimmed = all.trim_end_matches('0');
        let digits = trimmed.trim_start_matches('0').to_owned();
        let shift = i64::try_from(all.len() - trimmed.len()).ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let exponent = exponent.parse::<i64>().ok()?.checked_add(shift)?;
        let is_zero = digits.is_empty();
        Some(Self {
            is_negative: mantissa.len() > magnitude.len(),
            digits,
            exponent: if is_zero { 0 } else { exponent },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_exactly() {
        for (text, expected) in [
            ("0", "0"),
            ("-7", "-7"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551615", "18446744073709551615"),
            ("1.0", "1.0"),
            ("49.90", "49.9"),
            ("-0", "-0.0"),
            ("0.00", "0.0"),
            ("1e2", "100.0"),
            ("1E+5", "100000.0"),
            ("-1.50e-1", "-0.15"),
            ("100000000000000000000", "1e20"),
            // No float has these values, so no number of serde does.
            ("18446744073709551617", r#""18446744073709551617""#),
            ("0.12345678901234567890", r#""0.12345678901234567890""#),
            ("1e400", r#""1e400""#),
            ("1e-400", r#""1e-400""#),
            ("1e99999999999999999999", r#""1e99999999999999999999""#),
        ] {
            let number = Number::parse(text).unwrap();
            let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
            assert_eq!(serde_json::to_value(&number).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_value_is_written_member_by_member() {
        let value = Value::object([("b", Value::from(vec![Value::Null, true.into()])), ("a", "x".into())]);
        assert_eq!(serde_json::to_string(&value).unwrap(), r#"{"a":"x","b":[null,true]}"#);
        assert_eq!(Value::from_serialize(&value).unwrap(), value);
    }
}
