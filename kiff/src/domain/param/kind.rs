//! The shapes of parameters as data, and their form in the digest of a contract.

use super::{
    decimal::{compare, is_decimal},
    fault::ParamFault,
};
use crate::{
    base::unwind::caught,
    value::{Object, Value},
};
use std::{cmp::Ordering, collections::BTreeSet, fmt};

/// The shape of a parameter, as data: the values that are admitted, and how they are written.
///
/// There is no float: money is a decimal, an integer of minor units, or a string. By hand, the kind of a type is
/// `u64::KIND`; [`STRING`](Self::STRING), [`DECIMAL`](Self::DECIMAL) and [`list`](Self::list) are the kinds without bounds.
///
/// ```
/// use kiff::{Param, Value, domain::param::{ParamKind, ParamSpec}, value::Limits};
///
/// /// One line of an order, as `#[derive(Param)]` would declare it.
/// const LINE: ParamKind = ParamKind::Object(&[
///     ParamSpec { name: "sku", kind: ParamKind::String { min_len: 1, max_len: 20 }, required: true, doc: "" },
///     ParamSpec { name: "count", kind: u8::KIND, required: false, doc: "One, if it is left out." },
/// ]);
/// const LINES: ParamKind = ParamKind::list(&LINE);
///
/// let read = |text: &str| Value::parse(text.as_bytes(), &Limits::default());
/// // A null that means nothing is left out.
/// let admitted = LINES.admit(read(r#"[{"sku": "A-1", "count": null}]"#)?);
/// assert_eq!(admitted.map(|lines| lines.to_string()), Ok(r#"[{"sku":"A-1"}]"#.to_owned()));
/// // Every fault is reported at once, each with its place.
/// let faults = LINES.admit(read(r#"[{"sku": ""}, {"count": 256, "size": 1}]"#)?).unwrap_err();
/// let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
/// assert_eq!(faults, [
///     "`/0/sku` must have between 1 and 20 characters, not 0",
///     "`/1/sku` is required",
///     "`/1/count` must be between 0 and 255",
///     "`/1/size` is not a field of this object",
/// ]);
/// # Ok::<(), kiff::value::Faults>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Text. Its length is counted in Unicode scalar values, as JSON Schema counts it.
    String {
        /// The least number of characters; 0 for no bound.
        min_len: u32,
        /// The most; `u32::MAX` for no bound.
        max_len: u32,
    },
    /// `true` or `false`.
    Bool,
    /// An exact integer between two bounds, both included. In JSON a number without fraction and
    /// exponent; beyond ±(2^53−1) also a string of digits, which is then its canonical form.
    Integer {
        /// The smallest value.
        min: i128,
        /// The largest value.
        max: i128,
    },
    /// An exact decimal of at most 28 digits: in JSON a number without exponent, or a string of the
    /// same form. Its digits are kept as admitted.
    Decimal {
        /// The smallest value, as an exact decimal.
        min: Option<&'static str>,
        /// The largest value, as an exact decimal.
        max: Option<&'static str>,
    },
    /// A list of one kind.
    List {
        /// What each item is.
        of: &'static ParamKind,
        /// The least number of items; 0 for no bound.
        min_len: u32,
        /// The most; `u32::MAX` for no bound.
        max_len: u32,
    },
    /// An object of these fields and no others. A field that is not required may be left out, or be null.
    Object(&'static [ParamSpec]),
    /// One of these variants: a string for one without content, an object of one member, `{"name": content}`, for
    /// one with content.
    Enum(&'static [VariantSpec]),
    /// Null, or another kind, such as an `Option` inside a list.
    Nullable(&'static ParamKind),
    /// The values of another kind that a rule of the parameter's own type accepts.
    Ruled {
        /// The kind without the rule.
        of: &'static ParamKind,
        /// The rule.
        rule: ParamRule,
    },
}

/// One parameter of a contract, or one field of an object.
#[expect(clippy::exhaustive_structs, reason = "written as a literal by the macros and by hand")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamSpec {
    /// The name that an agent writes.
    pub name: &'static str,
    /// The values that it may hold.
    pub kind: ParamKind,
    /// False if it may be left out (or given as null, which means the same).
    pub required: bool,
    /// Its documentation.
    pub doc: &'static str,
}

/// One variant of an enum.
#[expect(clippy::exhaustive_structs, reason = "written as a literal by the macros and by hand")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariantSpec {
    /// The word that an agent writes.
    pub name: &'static str,
    /// Its content; `None` for a plain word.
    pub content: Option<ParamKind>,
    /// Its documentation.
    pub doc: &'static str,
}

/// A rule of a type for its values, beyond those that a kind can express. Contracts, and so digests, know a rule by its name:
/// if you change the values that it accepts, give it another name or raise the version of the domain.
#[derive(Clone, Copy)]
pub struct ParamRule {
    name: &'static str,
    ask: fn(&Value) -> Result<(), ParamFault>,
}

impl ParamRule {
    /// A rule. `ask` takes a canonical value that the kind admits. It must be pure, because a replay calls it again. A panic in
    /// it refuses the value.
    #[must_use]
    pub const fn new(name: &'static str, ask: fn(&Value) -> Result<(), ParamFault>) -> Self {
        Self { name, ask }
    }

    /// The rule's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Applies the rule to a value.
    ///
    /// # Errors
    /// [`ParamFault`] if the rule refuses the value, or panics.
    pub(super) fn ask(&self, value: &Value) -> Result<(), ParamFault> {
        let answer = caught(|| (self.ask)(value));
        answer.unwrap_or_else(|| Err(ParamFault::refused(self.name, &"it failed to answer")))
    }
}

/// By name, which is all that a contract knows of a rule.
impl PartialEq for ParamRule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ParamRule {}

impl fmt::Debug for ParamRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ParamRule").field(&self.name).finish()
    }
}

impl ParamKind {
    /// Text of any length.
    pub const STRING: Self = Self::String { min_len: 0, max_len: u32::MAX };

    /// A decimal without bounds.
    pub const DECIMAL: Self = Self::Decimal { min: None, max: None };

    /// A list of any length.
    #[must_use]
    pub const fn list(of: &'static Self) -> Self {
        Self::List { of, min_len: 0, max_len: u32::MAX }
    }

    /// The form of the kind in the digest of a contract (`docs/formats.md` §7).
    pub(crate) fn describe(self) -> Value {
        match self {
            Self::Bool => "boolean".into(),
            Self::STRING => "string".into(),
            Self::String { min_len, max_len } => Value::object([("string", lengths(Object::new(), min_len, max_len))]),
            Self::DECIMAL => "decimal".into(),
            Self::Decimal { min, max } => {
                let bounds = [("min", min), ("max", max)].into_iter().filter_map(|(key, bound)| Some((key, bound?)));
                Value::object([("decimal", Value::object(bounds))])
            }
            Self::Integer { min, max } => {
                Value::object([("integer", vec![Value::from(min.to_string()), max.to_string().into()])])
            }
            Self::List { of, min_len, max_len } => {
                lengths([("list", of.describe())].into_iter().collect(), min_len, max_len)
            }
            Self::Object(fields) => Value::object([("object", Value::object(fields.iter().map(describe_field)))]),
            Self::Enum(variants) => Value::object([("enum", Value::object(variants.iter().map(describe_variant)))]),
            Self::Nullable(of) => Value::object([("nullable", of.describe())]),
            Self::Ruled { of, rule } => Value::object([("of", of.describe()), ("rule", rule.name.into())]),
        }
    }

    /// Adds the flaws of a kind that was written by hand; `place` names it in their texts.
    pub(crate) fn flaws(self, place: &str, flaws: &mut Vec<String>) {
        let mut flaw = |text: String| flaws.push(format!("{place} {text}"));
        match self {
            Self::Bool => {}
            Self::String { min_len, max_len } if min_len > max_len => flaw(no_length(min_len, max_len)),
            Self::String { .. } => {}
            Self::Integer { min, max } if min > max => flaw(nothing_between(min, max)),
            Self::Integer { .. } => {}
            Self::Decimal { min, max } => match (min, max) {
                _ if [min, max].into_iter().flatten().any(|bound| !is_decimal(bound)) => {
                    flaw("has a bound that is not an exact decimal of at most 28 digits".to_owned());
                }
                (Some(min), Some(max)) if compare(min, max) == Ordering::Greater => flaw(nothing_between(min, max)),
                _ => {}
            },
            Self::List { of, min_len, max_len } => {
                if min_len > max_len {
                    flaw(no_length(min_len, max_len));
                }
                of.flaws(&format!("an item of {place}"), flaws);
            }
            Self::Object(fields) => {
                name_flaws("field", fields.iter().map(|field| field.name), place, flaws);
                let kinds = fields.iter().map(|field| (field.name, field.kind));
                kinds.for_each(|(name, kind)| kind.flaws(&format!("field `{name}` of {place}"), flaws));
            }
            Self::Enum(variants) => {
                if variants.is_empty() {
                    flaw("has no variants, so no value would be admitted".to_owned());
                }
                name_flaws("variant", variants.iter().map(|variant| variant.name), place, flaws);
                let kinds = variants.iter().filter_map(|variant| Some((variant.name, variant.content?)));
                kinds.for_each(|(name, kind)| kind.flaws(&format!("variant `{name}` of {place}"), flaws));
            }
            Self::Nullable(of) | Self::Ruled { of, .. } => of.flaws(place, flaws),
        }
    }
}

fn describe_field(field: &ParamSpec) -> (&'static str, Value) {
    (field.name, field.describe())
}

fn describe_variant(variant: &VariantSpec) -> (&'static str, Value) {
    (variant.name, Value::object(variant.content.map(|content| ("kind", content.describe()))))
}

impl ParamSpec {
    /// The form of the parameter in the digest of a contract.
    pub(crate) fn describe(&self) -> Value {
        let mut form: Object = [("kind", self.kind.describe())].into_iter().collect();
        if !self.required {
            form.insert("optional", true);
        }
        form.into()
    }
}

fn lengths(mut form: Object, min_len: u32, max_len: u32) -> Value {
    if min_len > 0 {
        form.insert("min_len", min_len);
    }
    if max_len < u32::MAX {
        form.insert("max_len", max_len);
    }
    form.into()
}

fn no_length(min: u32, max: u32) -> String {
    format!("must have at least {min} and at most {max}: no value would be admitted")
}

fn nothing_between(min: impl fmt::Display, max: impl fmt::Display) -> String {
    format!("must be at least {min} and at most {max}: no value would be admitted")
}

fn name_flaws(what: &str, names: impl Iterator<Item = &'static str>, place: &str, flaws: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !is_word(name) {
            flaws.push(format!("{place}: {what} `{name}` must match [A-Za-z0-9_][A-Za-z0-9_.-]{{0,63}}"));
        } else if !seen.insert(name) {
            flaws.push(format!("{place}: {what} `{name}` is declared twice"));
        }
    }
}

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}`: the names of fields and variants.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}
