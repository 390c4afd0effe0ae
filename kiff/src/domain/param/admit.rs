//! Admission: the faults of the offered values, or their canonical form.

use super::{
    decimal::{compare, is_decimal},
    fault::{ParamFault, ParamProblem, pointer},
    kind::{ParamKind, ParamSpec, VariantSpec},
    params::{CheckedParam, Params},
};
use crate::value::{Number, Object, Value};
use std::cmp::Ordering;

/// The most faults that are reported of one proposal.
const MAX_FAULTS: usize = 64;

/// The faults of the offered values against the declared parameters.
pub(crate) fn faults_of(declared: &[CheckedParam], offered: &Object) -> Vec<ParamFault> {
    let mut found = Found::default();
    for param in declared {
        let name = param.name.as_str();
        found.field(name, &param.spec, offered.get(name), &String::new);
    }
    let unknown = |name: &&str| !declared.iter().any(|param| param.name.as_str() == *name);
    for name in offered.iter().map(|(name, _)| name).filter(unknown) {
        found.add(pointer(name), ParamProblem::Unknown);
    }
    found.0
}

/// The canonical form of offered values without faults. The declared parameters are sorted by name.
pub(crate) fn take(declared: &[CheckedParam], mut offered: Object) -> Params {
    let given = |param: &CheckedParam| match offered.remove(param.name.as_str()) {
        None | Some(Value::Null) => None,
        Some(value) => Some((param.name.clone(), param.spec.kind.canonical(value))),
    };
    Params::from_sorted(declared.iter().filter_map(given).collect())
}

impl ParamKind {
    /// Admits a value as a parameter of a proposal: the result is its canonical form, or all of its faults.
    ///
    /// ```
    /// use kiff::{Param, Value};
    ///
    /// assert_eq!(u64::KIND.admit(Value::from(u64::MAX)), Ok(Value::from("18446744073709551615")));
    /// let faults = u8::KIND.admit(Value::from(256)).unwrap_err();
    /// assert_eq!(faults[0].problem.code(), "out_of_range");
    /// ```
    ///
    /// # Errors
    /// Every [`ParamFault`], at most 64. The pointers start at this value.
    pub fn admit(self, value: Value) -> Result<Value, Vec<ParamFault>> {
        let mut found = Found::default();
        found.check(self, &value, &String::new);
        if found.0.is_empty() { Ok(self.canonical(value)) } else { Err(found.0) }
    }

    /// The first fault of a value, if it has one.
    pub(crate) fn first_fault(self, value: &Value) -> Option<ParamFault> {
        let mut found = Found::default();
        found.check(self, value, &String::new);
        found.0.into_iter().next()
    }

    /// The canonical form of a value without faults (`docs/formats.md` §6).
    fn canonical(self, value: Value) -> Value {
        match (self, value) {
            (Self::Decimal { .. }, Value::Number(number)) => Value::String(number.as_str().to_owned()),
            (Self::Integer { .. }, Value::Number(number)) if !number.is_safe_integer() => {
                Value::String(number.as_str().to_owned())
            }
            (Self::List { of, .. }, Value::Array(items)) => {
                Value::Array(items.into_iter().map(|item| of.canonical(item)).collect())
            }
            (Self::Object(fields), Value::Object(mut given)) => {
                let kept = fields.iter().filter_map(|field| match given.remove(field.name) {
                    None => None,
                    Some(Value::Null) if !field.required => None,
                    Some(value) => Some((field.name, field.kind.canonical(value))),
                });
                Value::object(kept)
            }
            (Self::Enum(variants), Value::Object(mut given)) => {
                let kept = variants.iter().filter_map(|variant| {
                    Some((variant.name, variant.content?.canonical(given.remove(variant.name)?)))
                });
                Value::object(kept)
            }
            (Self::Nullable(of) | Self::Ruled { of, .. }, value) if !value.is_null() => of.canonical(value),
            (_, value) => value,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::String { .. } => "a string",
            Self::Bool => "a boolean",
            Self::Integer { .. } => "an integer",
            Self::Decimal { .. } => "a decimal",
            Self::List { .. } => "an array",
            Self::Object(_) => "an object",
            Self::Enum(variants) => match (
                variants.iter().any(|variant| variant.content.is_none()),
                variants.iter().any(|variant| variant.content.is_some()),
            ) {
                (true, true) => "a string, or an object of one member",
                (false, true) => "an object of one member",
                _ => "a string",
            },
            Self::Nullable(of) | Self::Ruled { of, .. } => of.expected(),
        }
    }
}

/// The place of a value, built only for a fault.
type At<'a> = &'a dyn Fn() -> String;

/// The faults found so far.
#[derive(Default)]
struct Found(Vec<ParamFault>);

impl Found {
    fn add(&mut self, pointer: String, problem: ParamProblem) {
        if !self.is_full() {
            self.0.push(ParamFault::new(pointer, problem));
        }
    }

    fn is_full(&self) -> bool {
        self.0.len() >= MAX_FAULTS
    }

    /// Adds the faults of `value`.
    fn check(&mut self, kind: ParamKind, value: &Value, at: At<'_>) {
        if self.is_full() {
            return;
        }
        match (kind, value) {
            (ParamKind::Bool, Value::Bool(_)) | (ParamKind::Nullable(_), Value::Null) => {}
            (ParamKind::String { min_len, max_len }, Value::String(text)) => {
                self.length("characters", min_len, max_len, text.chars().count(), at);
            }
            (ParamKind::Integer { min, max }, Value::Number(_) | Value::String(_)) => self.integer(min, max, value, at),
            (ParamKind::Decimal { min, max }, Value::Number(number)) => self.decimal(min, max, number.as_str(), at),
            (ParamKind::Decimal { min, max }, Value::String(digits)) => self.decimal(min, max, digits, at),
            (ParamKind::List { of, min_len, max_len }, Value::Array(items)) => {
                self.length("items", min_len, max_len, items.len(), at);
                for (place, item) in items.iter().enumerate() {
                    self.check(*of, item, &|| format!("{}/{place}", at()));
                }
            }
            (ParamKind::Object(fields), Value::Object(given)) => self.object(fields, given, at),
            (ParamKind::Enum(variants), Value::String(word)) => self.word(variants, word, at),
            (ParamKind::Enum(variants), Value::Object(given)) if given.len() == 1 => {
                given.iter().for_each(|(name, content)| self.tagged(variants, name, content, at));
            }
            (ParamKind::Nullable(of), value) => self.check(*of, value, at),
            (ParamKind::Ruled { of, rule }, value) => {
                let before = self.0.len();
                self.check(*of, value, at);
                // A rule only sees values that its kind admits.
                if self.0.len() == before
                    && let Err(fault) = rule.ask(&of.canonical(value.clone()))
                {
                    self.add(at() + &fault.pointer, fault.problem);
                }
            }
            (kind, value) => {
                self.add(at(), ParamProblem::Type { expected: kind.expected(), found: value.type_name() });
            }
        }
    }

    fn length(&mut self, unit: &'static str, min: u32, max: u32, found: usize, at: At<'_>) {
        // The reader refuses a text long before its length exceeds a `u32`.
        let given = u32::try_from(found).unwrap_or(u32::MAX);
        if given < min || given > max {
            self.add(at(), ParamProblem::Length { unit, min, max, found });
        }
    }

    fn integer(&mut self, min: i128, max: i128, value: &Value, at: At<'_>) {
        let number = match value {
            Value::Number(number) => number.as_i128(),
            Value::String(digits) => {
                let number = Number::parse(digits).as_ref().and_then(Number::as_i128);
                // An integer that JSON holds exactly has one spelling, the number.
                if number.is_none_or(|number| Number::from(number).is_safe_integer()) {
                    return self.add(at(), ParamProblem::Type { expected: "an integer", found: "string" });
                }
                number
            }
            _ => None,
        };
        match number {
            None => self.add(at(), ParamProblem::NotAnInteger),
            Some(number) if number < min || number > max => self.add(at(), ParamProblem::OutOfRange { min, max }),
            Some(_) => {}
        }
    }

    fn decimal(&mut self, min: Option<&'static str>, max: Option<&'static str>, digits: &str, at: At<'_>) {
        if !is_decimal(digits) {
            return self.add(at(), ParamProblem::NotADecimal);
        }
        let below = min.is_some_and(|min| compare(digits, min) == Ordering::Less);
        let above = max.is_some_and(|max| compare(digits, max) == Ordering::Greater);
        if below || above {
            self.add(at(), ParamProblem::DecimalOutOfRange { min, max });
        }
    }

    fn object(&mut self, fields: &[ParamSpec], given: &Object, at: At<'_>) {
        for field in fields {
            self.field(field.name, field, given.get(field.name), at);
        }
        for (name, _) in given.iter().filter(|(name, _)| !fields.iter().any(|field| field.name == *name)) {
            self.add(at() + &pointer(name), ParamProblem::UnknownField);
        }
    }

    fn field(&mut self, name: &str, field: &ParamSpec, value: Option<&Value>, at: At<'_>) {
        let there = || at() + &pointer(name);
        match value {
            None if field.required => self.add(there(), ParamProblem::Missing),
            None => {}
            Some(Value::Null) if !field.required => {}
            Some(value) => self.check(field.kind, value, &there),
        }
    }

    fn word(&mut self, variants: &[VariantSpec], word: &str, at: At<'_>) {
        match variants.iter().find(|variant| variant.name == word) {
            Some(VariantSpec { content: None, .. }) => {}
            Some(VariantSpec { name: variant, .. }) => {
                self.add(at(), ParamProblem::Form { variant, expected: "an object of one member" });
            }
            None => self.not_one_of(variants, at),
        }
    }

    fn tagged(&mut self, variants: &[VariantSpec], name: &str, value: &Value, at: At<'_>) {
        match variants.iter().find(|variant| variant.name == name) {
            Some(VariantSpec { content: Some(kind), .. }) => self.check(*kind, value, &|| at() + &pointer(name)),
            Some(VariantSpec { name: variant, .. }) => {
                self.add(at(), ParamProblem::Form { variant, expected: "a string" });
            }
            None => self.not_one_of(variants, at),
        }
    }

    fn not_one_of(&mut self, variants: &[VariantSpec], at: At<'_>) {
        let admitted = variants.iter().map(|variant| variant.name).collect();
        self.add(at(), ParamProblem::NotOneOf { admitted });
    }
}
