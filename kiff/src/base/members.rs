//! Texts from outside, read member by member: every fault at once, each with its place.

use crate::{
    base::{
        code::{Code, coded},
        debug::debug_as_display,
        ids::NameError,
    },
    value::{Faults, Limits, Object, Value},
};
use std::{fmt, str::FromStr};

/// The most faults that are reported of one text.
const MAX_FAULTS: usize = 64;

coded! {
    /// A text from outside that does not have the form of a proposal, an event or a review. Nothing is decided, and nothing
    /// is recorded.
    ///
    /// `Debug` prints what `Display` does, because that is what a `main` that returns an error shows.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum AdmissionError {
        /// The text is not strict JSON, or exceeds the limits.
        #[error(transparent)]
        Json(#[from] Faults) => "json_malformed",
        /// Members of the object are missing, unknown or malformed.
        #[error(transparent)]
        Members(#[from] MemberFaults) => faults,
    }
}

/// The faults of the members of one text: at least one, at most 64, by their places.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberFaults(Vec<MemberFault>);

impl MemberFaults {
    /// The faults, sorted by their places.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &MemberFault> {
        self.0.iter()
    }

    /// The code of the first fault.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.first().map_or(Code::fixed("member_malformed"), |fault| fault.problem.code())
    }
}

impl std::error::Error for MemberFaults {}

debug_as_display!(AdmissionError, MemberFaults);

impl fmt::Display for MemberFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if place == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// A fault of one member.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFault {
    /// The place, as a JSON pointer (RFC 6901): `/entity`, `/evidence/2`; empty for the whole text. An unknown name is cut
    /// to 64 characters.
    pub pointer: String,
    /// What is wrong there.
    pub problem: MemberProblem,
}

impl fmt::Display for MemberFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The sender chooses the name, which must not forge lines of a message.
        let shown: String = self.pointer.chars().flat_map(char::escape_debug).collect();
        write!(f, "`{shown}` {}", self.problem)
    }
}

coded! {
    /// The ways in which a member can be wrong.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum MemberProblem {
        /// A required member is missing.
        #[error("is required")]
        Missing => "member_missing",
        /// No such member is known.
        #[error("is not a member here")]
        Unknown => "unknown_member",
        /// The value has another form.
        #[error("must be {expected}")]
        Form {
            /// The form that it must have.
            expected: &'static str,
        } => "member_malformed",
        /// The value is a name that breaks its alphabet.
        #[error("is not a valid name: {0}")]
        Name(#[from] NameError) => "name_malformed",
    }
}

/// The members of one JSON object that were not taken yet, and the faults of those that were.
#[derive(Debug)]
pub(crate) struct Members {
    rest: Object,
    faults: Vec<MemberFault>,
}

impl Members {
    /// Reads an object.
    pub(crate) fn read(text: &[u8], limits: &Limits) -> Result<Self, AdmissionError> {
        match Value::parse(text, limits)? {
            Value::Object(rest) => Ok(Self { rest, faults: Vec::new() }),
            _ => {
                let problem = MemberProblem::Form { expected: "an object" };
                Err(MemberFaults(vec![MemberFault { pointer: String::new(), problem }]).into())
            }
        }
    }

    /// Any value, null included.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name)
    }

    /// A required name.
    pub(crate) fn name<T: FromStr<Err = NameError>>(&mut self, name: &str) -> Option<String> {
        let text = self.required(name)?;
        self.checked::<T>(name, text)
    }

    /// A name that may be left out, or be null.
    pub(crate) fn optional_name<T: FromStr<Err = NameError>>(&mut self, name: &str) -> Option<String> {
        let text = self.optional(name)?;
        self.checked::<T>(name, text)
    }

    /// A required text.
    pub(crate) fn required(&mut self, name: &str) -> Option<String> {
        match self.rest.remove(name) {
            Some(value) => self.text(format!("/{name}"), value),
            None => self.fault(format!("/{name}"), MemberProblem::Missing),
        }
    }

    /// A text that may be left out, or be null.
    pub(crate) fn optional(&mut self, name: &str) -> Option<String> {
        match self.rest.remove(name)? {
            Value::Null => None,
            value => self.text(format!("/{name}"), value),
        }
    }

    /// The same, of at most `max` bytes.
    pub(crate) fn optional_up_to(&mut self, name: &str, max: usize, expected: &'static str) -> Option<String> {
        let text = self.optional(name)?;
        if text.len() > max { self.fault(format!("/{name}"), MemberProblem::Form { expected }) } else { Some(text) }
    }

    /// An object that may be left out, but not be null.
    pub(crate) fn object(&mut self, name: &str) -> Option<Object> {
        match self.rest.remove(name)? {
            Value::Object(object) => Some(object),
            _ => self.fault(format!("/{name}"), MemberProblem::Form { expected: "an object" }),
        }
    }

    /// Texts in an array that may be left out, or be null.
    pub(crate) fn texts(&mut self, name: &str) -> Vec<String> {
        match self.rest.remove(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                let items = items.into_iter().enumerate();
                items.filter_map(|(place, item)| self.text(format!("/{name}/{place}"), item)).collect()
            }
            Some(_) => {
                self.fault::<()>(format!("/{name}"), MemberProblem::Form { expected: "an array of strings" });
                Vec::new()
            }
        }
    }

    /// A required word.
    pub(crate) fn word<T>(
        &mut self,
        name: &str,
        from_word: impl FnOnce(&str) -> Option<T>,
        expected: &'static str,
    ) -> Option<T> {
        let text = self.required(name)?;
        match from_word(&text) {
            Some(meant) => Some(meant),
            None => self.fault(format!("/{name}"), MemberProblem::Form { expected }),
        }
    }

    /// `read`, if every member was admitted and none is left.
    pub(crate) fn finish<T>(mut self, read: Option<T>) -> Result<T, AdmissionError> {
        for (name, _) in std::mem::take(&mut self.rest) {
            let name: String = name.chars().take(64).collect();
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            self.fault::<()>(pointer, MemberProblem::Unknown);
        }
        self.faults.sort_by(|one, other| one.pointer.cmp(&other.pointer));
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            _ => Err(MemberFaults(self.faults).into()),
        }
    }

    fn text(&mut self, pointer: String, value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            _ => self.fault(pointer, MemberProblem::Form { expected: "a string" }),
        }
    }

    fn checked<T: FromStr<Err = NameError>>(&mut self, name: &str, text: String) -> Option<String> {
        match text.parse::<T>() {
            Ok(_) => Some(text),
            Err(error) => self.fault(format!("/{name}"), MemberProblem::Name(error)),
        }
    }

    fn fault<T>(&mut self, pointer: String, problem: MemberProblem) -> Option<T> {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(MemberFault { pointer, problem });
        }
        None
    }
}
