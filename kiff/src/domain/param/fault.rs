//! The faults of parameters.

use crate::{
    base::{code::coded, debug::debug_as_display},
    value::Value,
};
use std::fmt;

/// A fault of one parameter.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pointer}` {problem}")]
pub struct ParamFault {
    /// The place, as a JSON pointer into the parameters: `/amount`, `/lines/2/sku`.
    pub pointer: String,
    /// The problem at that place.
    pub problem: ParamProblem,
}

coded! {
    /// The ways in which a parameter can be wrong.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum ParamProblem {
        /// A required parameter, or a required field of one, was not given.
        #[error("is required")]
        Missing => "missing",
        /// The contract has no such parameter.
        #[error("is not a parameter of this action")]
        Unknown => "unknown_parameter",
        /// The object has no such field.
        #[error("is not a field of this object")]
        UnknownField => "unknown_field",
        /// The value is of another type.
        #[error("must be {expected}, not {found}")]
        Type {
            /// The type of the contract.
            expected: &'static str,
            /// The type that was given.
            found: &'static str,
        } => "wrong_type",
        /// The integer has a fraction or an exponent, or is `-0`.
        #[error("must be an exact integer")]
        NotAnInteger => "not_an_integer",
        /// The decimal has an exponent, is `-0`, or has more than 28 digits.
        #[error("must be an exact decimal of at most 28 digits")]
        NotADecimal => "not_a_decimal",
        /// The integer is outside its bounds.
        #[error("must be between {min} and {max}")]
        OutOfRange {
            /// The smallest value.
            min: i128,
            /// The largest value.
            max: i128,
        } => "out_of_range",
        /// The decimal is outside its bounds, of which there is at least one.
        #[error("must be {}", span(min.as_ref(), max.as_ref()))]
        DecimalOutOfRange {
            /// The smallest value.
            min: Option<&'static str>,
            /// The largest value.
            max: Option<&'static str>,
        } => "out_of_range",
        /// The text or the list is too short or too long.
        #[error("must have {} {unit}, not {found}", span(Some(min).filter(|min| **min > 0), Some(max).filter(|max| **max < u32::MAX)))]
        Length {
            /// What is counted: `characters` (Unicode scalar values) or `items`.
            unit: &'static str,
            /// The least.
            min: u32,
            /// The most; `u32::MAX` if there is no bound.
            max: u32,
            /// How many were given.
            found: usize,
        } => "wrong_length",
        /// The word is not among those that are admitted.
        #[error("must be one of {}", quoted(admitted))]
        NotOneOf {
            /// The words that are admitted.
            admitted: Vec<&'static str>,
        } => "not_one_of",
        /// The word is admitted, but not in this form.
        #[error("must give `{variant}` as {expected}")]
        Form {
            /// The word.
            variant: &'static str,
            /// How it is written.
            expected: &'static str,
        } => "wrong_form",
        /// A rule of the parameter's type refuses the value.
        #[error("is refused by `{rule}`: {text}")]
        Rule {
            /// The rule's name.
            rule: &'static str,
            /// The reason, in the words of the rule; cut, with control characters escaped.
            text: String,
        } => "rule_broken",
    }
}

debug_as_display!(ParamFault);

impl ParamFault {
    pub(crate) fn new(pointer: impl Into<String>, problem: ParamProblem) -> Self {
        Self { pointer: pointer.into(), problem }
    }

    /// A value of another type than `expected`.
    #[must_use]
    pub fn wrong_type(expected: &'static str, found: &Value) -> Self {
        Self::new("", ParamProblem::Type { expected, found: found.type_name() })
    }

    /// A value that a rule of the type refuses. The text may quote the agent, so it is cut to 200 characters, and control
    /// characters are escaped.
    #[must_use]
    pub fn refused(rule: &'static str, why: &dyn fmt::Display) -> Self {
        let why = why.to_string();
        let text = why.chars().take(MAX_TEXT).fold(String::new(), |mut text, c| {
            if c.is_control() {
                text.extend(c.escape_debug())
            } else {
                text.push(c)
            }
            text
        });
        Self::new("", ParamProblem::Rule { rule, text })
    }

    /// An unknown field. [`inside`](Self::inside) adds its name.
    pub(crate) fn unknown_field() -> Self {
        Self::new("", ParamProblem::UnknownField)
    }

    /// The same fault with the place extended by the member or element in which it lies.
    pub(crate) fn inside(self, step: &str) -> Self {
        Self { pointer: format!("{}{}", pointer(step), self.pointer), problem: self.problem }
    }
}

/// How many characters of a rule's own text are kept.
const MAX_TEXT: usize = 200;

/// A JSON pointer of one step. An agent may have chosen the name, so it is cut.
pub(super) fn pointer(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn span<T: fmt::Display>(min: Option<&T>, max: Option<&T>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("between {min} and {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number of".to_owned(),
    }
}

fn quoted(all: &[&str]) -> String {
    all.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
