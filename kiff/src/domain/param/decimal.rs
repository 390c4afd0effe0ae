//! Exact decimals as text: their form, and their order.

use std::cmp::Ordering;

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?`, at most 28 digits, and not a negative zero.
pub(super) fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole)
        && all_digits(fraction)
        && (whole == "0" || !whole.starts_with('0'))
        && digits.bytes().filter(u8::is_ascii_digit).count() <= 28
        && (digits.len() == text.len() || digits.bytes().any(|byte| matches!(byte, b'1'..=b'9')))
}

/// Compares the values of two decimals: `1.50` and `1.5` are equal. Both must be [`is_decimal`].
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (None, None) => magnitudes(a, b),
        (Some(a), Some(b)) => magnitudes(b, a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    }
}

fn magnitudes(a: &str, b: &str) -> Ordering {
    fn parts(text: &str) -> (&str, &str) {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        (whole, fraction.trim_end_matches('0'))
    }
    let (a, a_rest) = parts(a);
    let (b, b_rest) = parts(b);
    // Without leading zeros the longer whole part is greater, and without trailing zeros fractions compare as text.
    a.len().cmp(&b.len()).then_with(|| a.cmp(b)).then_with(|| a_rest.cmp(b_rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_digits_with_at_most_one_point() {
        for text in ["0", "0.0", "-0.01", "10", "1.50", "1234567890123456789012345678"] {
            assert!(is_decimal(text), "{text}");
        }
        for text in ["", "-", "-0", "-0.00", "01", ".5", "1.", "1e3", "+1", "1.2.3", "12345678901234567890123456789"] {
            assert!(!is_decimal(text), "{text}");
        }
    }

    #[test]
    fn decimals_compare_by_their_values() {
        let ascending = ["-10", "-9.99", "-0.1", "-0.01", "0", "0.01", "0.1", "0.11", "9.99", "10", "10.5", "100"];
        for (place, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(compare(a, b), place.cmp(&other), "{a} {b}");
            }
        }
        for (a, b) in [("1.50", "1.5"), ("0", "0.00"), ("-2.0", "-2")] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
    }
}
