//! Parameters: what an agent may propose, declared as data and decoded without coercion.

use crate::{
    ids::ParamName,
    value::{Number, Object, Value},
};

/// The shape of a parameter, as data: what is admitted, and how it is written down.
///
/// There is no float: money is a decimal, an integer of minor units, or a string.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Text.
    String,
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
    Decimal,
    /// A list of one kind.
    List(&'static ParamKind),
}

/// One parameter of a contract.
#[expect(clippy::exhaustive_structs, reason = "written as a literal by the macros and by hand")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamSpec {
    /// The parameter's name.
    pub name: &'static str,
    /// What it may hold.
    pub kind: ParamKind,
    /// False if it may be left out (or given as null, which means the same).
    pub required: bool,
    /// What it is for, in the words of the function's documentation.
    pub doc: &'static str,
}

/// A type that an agent can propose a value of. Implemented for `String`, `bool`, the integers,
/// `Option`, `Vec` and, with the feature `decimal`, `rust_decimal::Decimal`; users may implement it for
/// a newtype of one of these.
///
/// `decode` must accept every value that `KIND` admits; a rule on top of that belongs in a check.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an action parameter",
    label = "an agent cannot propose a value of this type",
    note = "parameters are `String`, `bool`, integers, `Decimal` (feature `decimal`), and `Option` or `Vec` of these; floats are not exact, so they are none",
    note = "what the host provides is taken by reference: `&{Self}`"
)]
pub trait Param: Sized + Send {
    /// What is admitted.
    const KIND: ParamKind;
    /// False for a parameter that may be left out.
    const REQUIRED: bool = true;

    /// Takes the value out of its canonical form.
    ///
    /// # Errors
    /// [`ParamFault`] if the value is of another kind.
    fn decode(value: &Value) -> Result<Self, ParamFault>;

    /// What an absent parameter means, if it may be absent.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// What is wrong with one parameter.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pointer}` {problem}")]
pub struct ParamFault {
    /// Where, as a JSON pointer into the parameters: `/amount`.
    pub pointer: String,
    /// What is wrong there.
    pub problem: ParamProblem,
}

/// The ways in which a parameter can be wrong.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamProblem {
    /// A required parameter was not given.
    #[error("is required")]
    Missing,
    /// The contract has no such parameter.
    #[error("is not a parameter of this action")]
    Unknown,
    /// The value is of another type.
    #[error("must be {expected}, not {found}")]
    Type {
        /// What the contract wants.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// The integer has a fraction or an exponent, or is `-0`.
    #[error("must be an exact integer")]
    NotAnInteger,
    /// The decimal has an exponent, is `-0`, or has more than 28 digits.
    #[error("must be an exact decimal of at most 28 digits")]
    NotADecimal,
    /// The integer is outside its bounds.
    #[error("must be between {min} and {max}")]
    OutOfRange {
        /// The smallest value.
        min: i128,
        /// The largest value.
        max: i128,
    },
}

impl ParamFault {
    pub(crate) fn new(pointer: impl Into<String>, problem: ParamProblem) -> Self {
        Self { pointer: pointer.into(), problem }
    }

    /// The value is not of the kind that the type wants.
    #[must_use]
    pub fn wrong_type(expected: &'static str, found: &Value) -> Self {
        Self::new("", ParamProblem::Type { expected, found: found.type_name() })
    }
}

/// The admitted parameters of a proposal: canonical values by name, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(ParamName, Value)>);

impl Params {
    /// INVARIANT: sorted by name, each name once.
    pub(crate) fn from_sorted(all: Vec<(ParamName, Value)>) -> Self {
        Self(all)
    }

    /// The value of a parameter, if it was given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(given, _)| given.as_str() == name).map(|(_, value)| value)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ParamName, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Decodes a parameter.
    ///
    /// ```
    /// use kiff::{Call, Contract, Definition, Outcome, Param};
    /// # use kiff::{Authority, Domain, Machine, NewEvent, Proposal, Runtime};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let refund = Contract::new("REFUND_ORDER", "order")
    ///     .allowed_states(["PAID"])
    ///     .param("cents", u64::KIND)
    ///     .optional_param("note", String::KIND);
    /// let refund = Definition::new(refund).executor(|call: Call<'_>| {
    ///     let params = call.situation().params();
    ///     let cents: u64 = params.decode("cents")?;
    ///     // What may be left out is an `Option`.
    ///     let note: Option<String> = params.decode("note")?;
    ///     Ok(Outcome::new(format!("{cents} paid back, {}", note.unwrap_or_default())))
    /// });
    /// # let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PAID", "PAID")).define(refund).build()?;
    /// # let rt = Runtime::builder(domain).build()?.blocking();
    /// # rt.ingest(&Authority::service("stripe"), "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
    /// # let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00).param("note", "with regrets");
    /// # let done = rt.execute(&Authority::agent("bot", [""; 0]), refund)?.executed()?;
    /// # assert_eq!(done.message, "2000 paid back, with regrets");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ParamFault`] if it is missing or of another kind.
    pub fn decode<T: Param>(&self, name: &str) -> Result<T, ParamFault> {
        let pointer = || format!("/{name}");
        match self.get(name) {
            Some(value) => T::decode(value).map_err(|fault| ParamFault::new(pointer() + &fault.pointer, fault.problem)),
            None => T::absent().ok_or_else(|| ParamFault::new(pointer(), ParamProblem::Missing)),
        }
    }
}

/// A parameter as the domain holds it: the name checked.
#[derive(Clone, Debug)]
pub(crate) struct CheckedParam {
    pub(crate) name: ParamName,
    pub(crate) spec: ParamSpec,
}

/// Everything that is wrong with what was offered, against the declared parameters.
pub(crate) fn faults_of(declared: &[CheckedParam], offered: &Object) -> Vec<ParamFault> {
    let mut faults = Vec::new();
    for param in declared {
        let name = param.name.as_str();
        match offered.get(name) {
            None if param.spec.required => faults.push(ParamFault::new(pointer(name), ParamProblem::Missing)),
            None => {}
            Some(Value::Null) if !param.spec.required => {}
            Some(value) => faults.extend(param.spec.kind.check(value, &|| pointer(name)).err()),
        }
    }
    let unknown = |name: &&str| !declared.iter().any(|param| param.name.as_str() == *name);
    faults.extend(
        offered
            .iter()
            .map(|(name, _)| name)
            .filter(unknown)
            .map(|name| ParamFault::new(pointer(name), ParamProblem::Unknown)),
    );
    faults
}

/// Takes what was offered and found without fault, in canonical form. The declared are sorted by name.
pub(crate) fn take(declared: &[CheckedParam], mut offered: Object) -> Params {
    let given = |param: &CheckedParam| match offered.remove(param.name.as_str()) {
        None | Some(Value::Null) => None,
        Some(value) => Some((param.name.clone(), param.spec.kind.canonical(value))),
    };
    Params::from_sorted(declared.iter().filter_map(given).collect())
}

/// A one-member JSON pointer; the name may be anything that an agent sent.
fn pointer(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl ParamKind {
    /// What is wrong with `value`, if anything is.
    fn check(self, value: &Value, at: &dyn Fn() -> String) -> Result<(), ParamFault> {
        let wrong = |problem| Err(ParamFault::new(at(), problem));
        let expected = self.expected();
        match (self, value) {
            (Self::String, Value::String(_)) | (Self::Bool, Value::Bool(_)) => Ok(()),
            (Self::Integer { min, max }, Value::Number(number)) => match number.as_i128() {
                None => wrong(ParamProblem::NotAnInteger),
                Some(n) if n < min || n > max => wrong(ParamProblem::OutOfRange { min, max }),
                Some(_) => Ok(()),
            },
            (Self::Integer { min, max }, Value::String(digits)) => match Number::parse(digits)
                .as_ref()
                .and_then(Number::as_i128)
            {
                // A string is no second spelling of an integer that JSON can hold exactly.
                Some(n) if Number::from(n).is_safe_integer() => wrong(ParamProblem::Type { expected, found: "string" }),
                Some(n) if n < min || n > max => wrong(ParamProblem::OutOfRange { min, max }),
                Some(_) => Ok(()),
                None => wrong(ParamProblem::Type { expected, found: "string" }),
            },
            (Self::Decimal, Value::Number(number)) if is_decimal(number.as_str()) => Ok(()),
            (Self::Decimal, Value::String(digits)) if is_decimal(digits) => Ok(()),
            (Self::Decimal, Value::Number(_) | Value::String(_)) => wrong(ParamProblem::NotADecimal),
            (Self::List(kind), Value::Array(items)) => {
                items.iter().enumerate().try_for_each(|(place, item)| kind.check(item, &|| format!("{}/{place}", at())))
            }
            (_, value) => wrong(ParamProblem::Type { expected, found: value.type_name() }),
        }
    }

    /// The canonical form of a value without fault (`docs/FORMATS.md` §6).
    fn canonical(self, value: Value) -> Value {
        match (self, value) {
            (Self::Decimal, Value::Number(number)) => Value::String(number.as_str().to_owned()),
            (Self::Integer { .. }, Value::Number(number)) if !number.is_safe_integer() => {
                Value::String(number.as_str().to_owned())
            }
            (Self::List(kind), Value::Array(items)) => {
                Value::Array(items.into_iter().map(|item| kind.canonical(item)).collect())
            }
            (_, value) => value,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Bool => "a boolean",
            Self::Integer { .. } => "an integer",
            Self::Decimal => "a decimal",
            Self::List(_) => "an array",
        }
    }

    /// The kind as the contract's digest writes it.
    pub(crate) fn describe(self) -> Value {
        match self {
            Self::String => "string".into(),
            Self::Bool => "boolean".into(),
            Self::Decimal => "decimal".into(),
            Self::Integer { min, max } => {
                Value::object([("integer", vec![Value::from(min.to_string()), Value::from(max.to_string())])])
            }
            Self::List(kind) => Value::object([("list", kind.describe())]),
        }
    }
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?`, at most 28 digits, and not a negative zero.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole)
        && all_digits(fraction)
        && (whole == "0" || !whole.starts_with('0'))
        && digits.bytes().filter(u8::is_ascii_digit).count() <= 28
        && (digits.len() == text.len() || digits.bytes().any(|byte| matches!(byte, b'1'..=b'9')))
}

impl Param for String {
    const KIND: ParamKind = ParamKind::String;
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        value.as_str().map(str::to_owned).ok_or_else(|| ParamFault::wrong_type("a string", value))
    }
}

impl Param for bool {
    const KIND: ParamKind = ParamKind::Bool;
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        value.as_bool().ok_or_else(|| ParamFault::wrong_type("a boolean", value))
    }
}

macro_rules! integers {
    ($($Int:ty)*) => {$(
        impl Param for $Int {
            // INVARIANT: the largest integer of each type fits an i128, u128 excepted, which is not listed.
            const KIND: ParamKind = ParamKind::Integer { min: <$Int>::MIN as i128, max: <$Int>::MAX as i128 };
            fn decode(value: &Value) -> Result<Self, ParamFault> {
                let number = match value {
                    Value::Number(number) => number.as_i128(),
                    Value::String(digits) => Number::parse(digits).as_ref().and_then(Number::as_i128),
                    _ => None,
                };
                number.and_then(|n| n.try_into().ok()).ok_or_else(|| ParamFault::wrong_type("an integer", value))
            }
        }
    )*};
}
integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize);

impl<T: Param> Param for Option<T> {
    const KIND: ParamKind = T::KIND;
    const REQUIRED: bool = false;
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        if value.is_null() { Ok(None) } else { T::decode(value).map(Some) }
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Param> Param for Vec<T> {
    const KIND: ParamKind = ParamKind::List(&T::KIND);
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        let items = value.as_array().ok_or_else(|| ParamFault::wrong_type("an array", value))?;
        let place = |(place, item)| {
            T::decode(item)
                .map_err(|fault: ParamFault| ParamFault::new(format!("/{place}{}", fault.pointer), fault.problem))
        };
        items.iter().enumerate().map(place).collect()
    }
}

#[cfg(feature = "decimal")]
impl Param for rust_decimal::Decimal {
    const KIND: ParamKind = ParamKind::Decimal;
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        let digits = match value {
            Value::String(digits) => digits,
            Value::Number(number) => number.as_str(),
            _ => return Err(ParamFault::wrong_type("a decimal", value)),
        };
        Self::from_str_exact(digits).map_err(|_| ParamFault::new("", ParamProblem::NotADecimal))
    }
}
