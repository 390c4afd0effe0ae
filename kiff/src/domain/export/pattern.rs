//! Patterns for numbers that are written as text, so that a schema can express their form and bounds.
//!
//! A pattern compares digit by digit: a number is greater if it has more digits, or if the first digit that differs is
//! greater. The patterns are of the dialect that JSON Schema names, without lookaround, which few readers support.

/// The form of an exact decimal: no leading zeros, no negative zero, and at most 28 digits without a point.
const FORM: &str = "^(?:0|-?[1-9][0-9]{0,27}|(?:0|-?[1-9][0-9]*)[.][0-9]+|-0[.]0*[1-9][0-9]*)$";

/// At most 28 digits, with a point or without.
const DIGITS: &str = "^-?[0-9.]{1,29}$";

/// The patterns that a text must match, all of them, to be an exact decimal within its bounds.
pub(super) fn decimals(min: Option<&str>, max: Option<&str>) -> Vec<String> {
    let lower = min.map(|min| match min.strip_prefix('-') {
        None => format!("^{}$", decimal(min, Side::AtLeast)),
        Some(min) => format!("^(?:[0-9.]+|-{})$", decimal(min, Side::AtMost)),
    });
    let upper = max.map(|max| match max.strip_prefix('-') {
        None => format!("^(?:-[0-9.]+|{})$", decimal(max, Side::AtMost)),
        Some(max) => format!("^-{}$", decimal(max, Side::AtLeast)),
    });
    [FORM.to_owned(), DIGITS.to_owned()].into_iter().chain(lower).chain(upper).collect()
}

/// The patterns that a text must match, all of them, to be an integer between two bounds and beyond ±`safe`; `None` if there
/// is no such integer.
pub(super) fn integers_beyond(safe: u128, min: i128, max: i128) -> Option<Vec<String>> {
    let from = |least: u128| least.max(safe + 1);
    let above = (max > 0).then(|| (from(u128::try_from(min).unwrap_or(0)), max.unsigned_abs()));
    let below = (min < 0).then(|| (from(if max < 0 { max.unsigned_abs() } else { 0 }), min.unsigned_abs()));
    let sides = [("", above), ("-", below)];
    let sides = sides.into_iter().filter_map(|(sign, span)| Some((sign, span.filter(|(least, most)| least <= most)?)));
    let sides: Vec<_> = sides.collect();
    let pattern = |bound: fn(&(u128, u128)) -> u128, side| {
        let each = sides.iter().map(|(sign, span)| format!("{sign}{}", integer(&bound(span).to_string(), side)));
        format!("^{}$", any(each.collect()))
    };
    (!sides.is_empty()).then(|| vec![pattern(|span| span.0, Side::AtLeast), pattern(|span| span.1, Side::AtMost)])
}

/// On which side of a bound.
#[derive(Clone, Copy)]
enum Side {
    AtLeast,
    AtMost,
}

/// Whole numbers without a sign, on this side of a whole number or equal to it.
fn integer(bound: &str, side: Side) -> String {
    let mut found = beyond(bound, side);
    found.push(bound.to_owned());
    any(found)
}

/// Decimals without a sign, on this side of a decimal or equal to it.
fn decimal(bound: &str, side: Side) -> String {
    let (whole, rest) = bound.split_once('.').unwrap_or((bound, ""));
    let fraction = fraction(rest.trim_end_matches('0'), side);
    let beyond = format!("{}(?:[.][0-9]+)?", any(beyond(whole, side)));
    match (whole, side) {
        // No number without a sign is less than zero.
        ("0", Side::AtMost) => format!("(?:0{fraction})"),
        _ => format!("(?:{beyond}|{whole}{fraction})"),
    }
}

/// Whole numbers on this side of `bound`, which has no leading zeros.
fn beyond(bound: &str, side: Side) -> Vec<String> {
    let len = bound.len();
    let mut found = match side {
        Side::AtLeast => vec![format!("[1-9][0-9]{{{len},}}")],
        Side::AtMost if len > 1 => vec!["0".to_owned(), format!("[1-9][0-9]{{0,{}}}", len - 2)],
        Side::AtMost => Vec::new(),
    };
    for (place, digit) in digits(bound) {
        let least = u8::from(place == 0 && len > 1);
        if let Some(class) = differing(least, digit, side) {
            found.push(format!("{}{class}{}", before(bound, place), any_digits(len - place - 1)));
        }
    }
    found
}

/// The fractions after a whole part that equals that of the bound. The fraction of the bound has no trailing zeros.
fn fraction(bound: &str, side: Side) -> String {
    let mut found: Vec<String> = digits(bound)
        .filter_map(|(place, digit)| Some(format!("{}{}[0-9]*", before(bound, place), differing(0, digit, side)?)))
        .collect();
    match (side, bound) {
        (Side::AtLeast, "") => "(?:[.][0-9]+)?".to_owned(),
        (Side::AtMost, "") => "(?:[.]0+)?".to_owned(),
        (Side::AtLeast, _) => {
            found.push(format!("{bound}[0-9]*"));
            format!("[.]{}", any(found))
        }
        (Side::AtMost, _) => {
            // A shorter one with the same digits is less.
            found.extend(digits(bound).skip(1).map(|(place, _)| before(bound, place).to_owned()));
            found.push(format!("{bound}0*"));
            format!("(?:[.]{})?", any(found))
        }
    }
}

fn digits(text: &str) -> impl Iterator<Item = (usize, u8)> {
    text.bytes().map(|byte| byte.wrapping_sub(b'0')).enumerate()
}

fn before(text: &str, place: usize) -> &str {
    text.get(..place).unwrap_or_default()
}

/// The digits that are greater than this one, or those from `least` that are less.
fn differing(least: u8, digit: u8, side: Side) -> Option<String> {
    let (from, to) = match side {
        Side::AtLeast => (digit + 1, 9),
        Side::AtMost => (least, digit.checked_sub(1)?),
    };
    match from.cmp(&to) {
        std::cmp::Ordering::Less => Some(format!("[{from}-{to}]")),
        std::cmp::Ordering::Equal => Some(from.to_string()),
        std::cmp::Ordering::Greater => None,
    }
}

fn any_digits(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "[0-9]".to_owned(),
        _ => format!("[0-9]{{{count}}}"),
    }
}

fn any(all: Vec<String>) -> String {
    format!("(?:{})", all.join("|"))
}
