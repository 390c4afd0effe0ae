//! What `#[derive(Param)]` uses: bounds, and the steps of a decoder.

use super::message::{Text, refuse};
use crate::{
    domain::param::{ParamFault, ParamKind, decode_at},
    value::{Object, Value},
};
use std::fmt;

/// The bounds of a newtype.
#[expect(clippy::exhaustive_structs, reason = "written as a literal by the macro, which is pinned to this version")]
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The smallest value, as an integer or an exact decimal.
    pub min: Option<&'static str>,
    /// The largest value.
    pub max: Option<&'static str>,
    /// The least characters or items.
    pub min_len: Option<u32>,
    /// The most.
    pub max_len: Option<u32>,
}

/// Refuses `min` and `max` on a type that does not hold a number.
#[track_caller]
pub const fn is_number(name: &str, kind: ParamKind) {
    if !matches!(kind, ParamKind::Integer { .. } | ParamKind::Decimal { .. }) {
        let mut text = Text::about("parameter type", name);
        text.push("`min` and `max` bound integers and decimals, and what it holds is neither");
        refuse(&text)
    }
}

/// Refuses `min_len` and `max_len` on a type that holds neither text nor a list.
#[track_caller]
pub const fn has_length(name: &str, kind: ParamKind) {
    if !matches!(kind, ParamKind::String { .. } | ParamKind::List { .. }) {
        let mut text = Text::about("parameter type", name);
        text.push("`min_len` and `max_len` bound texts and lists, and what it holds is neither");
        refuse(&text)
    }
}

/// Refuses a bound `key` that the kind does not have or exceeds.
#[track_caller]
pub const fn is_bound(name: &str, kind: ParamKind, key: &str, bound: &str) {
    let problem = match kind {
        ParamKind::Integer { min, max } => match i128::from_str_radix(bound, 10) {
            Ok(number) if number < min || number > max => " is outside the range of the integer; leave it out",
            Ok(_) => return,
            Err(_) => " bounds an integer, so it must be one",
        },
        ParamKind::DECIMAL => return,
        ParamKind::Decimal { .. } => " bounds a decimal that its own type has bounded already; leave it out",
        // `is_number` has reported any other kind.
        _ => return,
    };
    refuse_key(name, key, problem)
}

/// Refuses a length `key` outside the bounds of the kind.
#[track_caller]
pub const fn is_length(name: &str, kind: ParamKind, key: &str, len: u32) {
    let (ParamKind::String { min_len, max_len } | ParamKind::List { min_len, max_len, .. }) = kind else { return };
    if len < min_len || len > max_len {
        refuse_key(name, key, " is beyond the bounds of the type that it holds; leave it out")
    }
}

#[track_caller]
const fn refuse_key(name: &str, key: &str, problem: &str) -> ! {
    let mut text = Text::about("parameter type", name);
    text.push("`");
    text.push(key);
    text.push("`");
    text.push(problem);
    refuse(&text)
}

/// The kind of a newtype with these bounds.
#[must_use]
pub const fn bounded(kind: ParamKind, bounds: Bounds) -> ParamKind {
    let Bounds { min, max, min_len, max_len } = bounds;
    match kind {
        ParamKind::Integer { min: least, max: most } => {
            ParamKind::Integer { min: integer(min, least), max: integer(max, most) }
        }
        ParamKind::Decimal { min: least, max: most } => ParamKind::Decimal {
            min: if min.is_some() { min } else { least },
            max: if max.is_some() { max } else { most },
        },
        ParamKind::String { min_len: least, max_len: most } => {
            ParamKind::String { min_len: length(min_len, least), max_len: length(max_len, most) }
        }
        ParamKind::List { of, min_len: least, max_len: most } => {
            ParamKind::List { of, min_len: length(min_len, least), max_len: length(max_len, most) }
        }
        other => other,
    }
}

const fn integer(bound: Option<&str>, otherwise: i128) -> i128 {
    let Some(bound) = bound else { return otherwise };
    match i128::from_str_radix(bound, 10) {
        Ok(number) => number,
        Err(_) => otherwise,
    }
}

const fn length(bound: Option<u32>, otherwise: u32) -> u32 {
    match bound {
        Some(bound) => bound,
        None => otherwise,
    }
}

/// Checks that a canonical value is within the bounds of its kind. A null is, where the type is optional.
///
/// # Errors
/// [`ParamFault`] if it is not.
pub fn within(kind: ParamKind, required: bool, value: &Value) -> Result<(), ParamFault> {
    if value.is_null() && !required {
        return Ok(());
    }
    match kind.first_fault(value) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// The kind of a type where a value cannot be left out, such as the content of a variant.
#[must_use]
pub const fn item(kind: &'static ParamKind, required: bool) -> ParamKind {
    if required { *kind } else { ParamKind::Nullable(kind) }
}

/// The members of an object that has no others than `known`.
///
/// # Errors
/// [`ParamFault`] if the value is not such an object.
pub fn members<'v>(value: &'v Value, known: &[&str]) -> Result<&'v Object, ParamFault> {
    let given = value.as_object().ok_or_else(|| ParamFault::wrong_type("an object", value))?;
    match given.iter().find(|(name, _)| !known.contains(name)) {
        Some((name, _)) => Err(ParamFault::unknown_field().inside(name)),
        None => Ok(given),
    }
}

/// Decodes a member. The two functions are those of [`Param`](crate::Param); there is no bound, as in [`proposed`](super::rules::proposed).
///
/// # Errors
/// [`ParamFault`] if it is missing or of another kind.
pub fn member<T>(
    given: &Object,
    name: &str,
    decode: fn(&Value) -> Result<T, ParamFault>,
    absent: fn() -> Option<T>,
) -> Result<T, ParamFault> {
    decode_at(name, given.get(name), decode, absent)
}

/// The word of a variant and its content, if it has any. For a value of another form the word is empty, as no variant's is.
#[must_use]
pub fn variant(value: &Value) -> (&str, Option<&Value>) {
    match value {
        Value::String(word) => (word, None),
        Value::Object(given) if given.len() == 1 => {
            given.iter().next().map_or(("", None), |(name, content)| (name, Some(content)))
        }
        _ => ("", None),
    }
}

/// Decodes the one value that a variant holds.
///
/// # Errors
/// [`ParamFault`] if it is of another kind.
pub fn content<T>(name: &str, value: &Value, decode: fn(&Value) -> Result<T, ParamFault>) -> Result<T, ParamFault> {
    inside(name, || decode(value))
}

/// Decodes the content of a variant.
///
/// # Errors
/// [`ParamFault`] of the content, with the variant in its place.
pub fn inside<T>(name: &str, decode: impl FnOnce() -> Result<T, ParamFault>) -> Result<T, ParamFault> {
    decode().map_err(|fault| fault.inside(name))
}

/// The fault of a value that matches no variant.
#[must_use]
pub fn refused(kind: ParamKind, value: &Value) -> ParamFault {
    kind.first_fault(value).unwrap_or_else(|| ParamFault::wrong_type("one of the variants", value))
}

/// A type with `#[param(try_from = ..)]`: its rule is `TryFrom`.
#[diagnostic::on_unimplemented(
    message = "`#[param(try_from = {T})]` needs `impl TryFrom<{T}> for {Self}`, with an error that can be displayed",
    label = "no conversion makes a `{Self}` from this",
    note = "the agent gets the text of the error"
)]
pub trait IsTried<T>: Sized {
    /// Converts the value, or reports why it is refused.
    ///
    /// # Errors
    /// [`ParamFault`] with the text of the error.
    fn tried(rule: &'static str, value: T) -> Result<Self, ParamFault>;
}

// Without this, rustc would report the bounds and not `IsTried`.
#[diagnostic::do_not_recommend]
impl<T, S> IsTried<T> for S
where
    S: TryFrom<T>,
    S::Error: fmt::Display,
{
    fn tried(rule: &'static str, value: T) -> Result<Self, ParamFault> {
        S::try_from(value).map_err(|error| ParamFault::refused(rule, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::param::Param;

    #[test]
    fn null_is_within_the_bounds_of_what_is_optional() {
        let kind = ParamKind::String { min_len: 1, max_len: 2 };
        for (value, required, fits) in [
            (Value::Null, false, true),
            (Value::Null, true, false),
            (Value::from("ab"), true, true),
            (Value::from("abc"), false, false),
        ] {
            assert_eq!(within(kind, required, &value).is_ok(), fits, "{value} {required}");
        }
    }

    #[test]
    fn a_bound_replaces_that_of_the_type_inside() {
        const NONE: Bounds = Bounds { min: None, max: None, min_len: None, max_len: None };
        let bounds = Bounds { min: Some("-5"), max_len: Some(3), ..NONE };
        assert_eq!(bounded(i8::KIND, bounds), ParamKind::Integer { min: -5, max: 127 });
        assert_eq!(bounded(String::KIND, bounds), ParamKind::String { min_len: 0, max_len: 3 });
        assert_eq!(bounded(ParamKind::DECIMAL, bounds), ParamKind::Decimal { min: Some("-5"), max: None });
        assert_eq!(bounded(bool::KIND, bounds), ParamKind::Bool);
    }
}
