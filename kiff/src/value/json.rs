//! A value, and the members of an object.

use super::{number::Number, text::cmp_utf16};
use std::cmp::Ordering;

/// A JSON value whose numbers are text and whose objects are sorted.
///
/// Two values are equal if their canonical texts are equal, so `1.0` and `1` differ.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, digit by digit as it was given.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object with unique member names.
    Object(Object),
}

impl Value {
    /// An object of these members. If a name comes twice, its last value counts.
    ///
    /// ```
    /// use kiff::Value;
    ///
    /// assert_eq!(Value::object([("b", 2), ("a", 1)]).to_string(), r#"{"a":1,"b":2}"#);
    /// ```
    pub fn object<K: Into<String>, V: Into<Value>>(members: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Object(members.into_iter().collect())
    }

    /// Whether this is `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The truth value, if this is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if this is an object.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The name of the type in JSON, such as `string`.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// The members of a JSON object, in canonical order.
///
/// The order is that of RFC 8785, by the UTF-16 code units of the names. It does not depend on the order of insertion, so
/// equal objects have equal texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Object(
    // INVARIANT: strictly ascending by `cmp_utf16`.
    Vec<(String, Value)>,
);

impl Object {
    /// An object without members.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of the member `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let index = self.find(name).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    /// Sets the member `name` and returns the value it had.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let name = name.into();
        let value = value.into();
        let index = match self.0.last() {
            // Members mostly come in order, so that no search is needed.
            Some((last, _)) if cmp_utf16(last, &name) == Ordering::Less => Err(self.0.len()),
            _ => self.find(&name),
        };
        match index {
            Ok(index) => self.0.get_mut(index).map(|(_, old)| std::mem::replace(old, value)),
            Err(index) => {
                self.0.insert(index, (name, value));
                None
            }
        }
    }

    /// Removes the member `name` and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.find(name).ok().map(|index| self.0.remove(index).1)
    }

    /// The members in canonical order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> + ExactSizeIterator + Clone {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many members there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes members that are in order already.
    pub(super) const fn from_sorted(members: Vec<(String, Value)>) -> Self {
        Self(members)
    }

    /// Takes members whose names are unique and puts them in order.
    pub(super) fn from_unique(mut members: Vec<(String, Value)>) -> Self {
        members.sort_unstable_by(|(a, _), (b, _)| cmp_utf16(a, b));
        Self(members)
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| cmp_utf16(other, name))
    }
}

/// If a name comes twice, its last value counts, as with [`Object::insert`].
impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        let mut members: Vec<_> = members.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        // Latest first, and the sort is stable: what `dedup_by` keeps is the latest.
        members.reverse();
        members.sort_by(|(a, _): &(String, Value), (b, _)| cmp_utf16(a, b));
        members.dedup_by(|(a, _), (b, _)| a == b);
        Self(members)
    }
}

impl IntoIterator for Object {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(object: &Object) -> Vec<&str> {
        object.iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn members_are_sorted_however_they_come() {
        let mut object = Object::new();
        for name in ["b", "c", "a", "\u{1F600}", "\u{FB33}", "aa", ""] {
            assert_eq!(object.insert(name, name), None);
        }
        assert_eq!(names(&object), ["", "a", "aa", "b", "c", "\u{1F600}", "\u{FB33}"]);
        assert_eq!(object, object.clone().into_iter().rev().collect());
    }

    #[test]
    fn a_name_is_there_once() {
        let mut object: Object = [("a", 1), ("b", 2), ("a", 3)].into_iter().collect();
        assert_eq!(object.len(), 2);
        assert_eq!(object.get("a"), Some(&Value::from(3)));
        assert_eq!(object.insert("a", 4), Some(Value::from(3)));
        assert_eq!(object.remove("a"), Some(Value::from(4)));
        assert_eq!(object.remove("a"), None);
        assert_eq!(object.get("a"), None);
        assert!(!object.is_empty());
    }
}
