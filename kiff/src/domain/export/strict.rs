//! The shape of a parameter in the few words of JSON Schema that strict function calling admits.
//!
//! There every member must be required and no pattern or bound may be relied on. So what may be left out may be null
//! instead, and bounds are told in the description. kiff admits what such a schema describes if it keeps to what it tells.

use super::schema::{closed, described, nullable, one_of, typed, with};
use crate::{
    domain::param::{ParamKind, ParamSpec},
    value::{Object, Value},
};

impl ParamKind {
    fn strict(self) -> Object {
        match self {
            Self::Bool => typed("boolean"),
            Self::String { .. } | Self::Decimal { .. } => typed("string"),
            Self::Integer { min, max } => {
                let is_safe = min < 1 << 53 && max > -(1 << 53);
                typed(if is_safe { "integer" } else { "string" })
            }
            Self::List { of, .. } => with(typed("array"), "items", told(of.strict(), of, "")),
            Self::Object(fields) => strict_object(fields.iter().map(|field| (field.name, field))),
            Self::Enum(variants) => one_of(variants, |kind| told(kind.strict(), &kind, "")),
            Self::Nullable(of) => nullable(of.strict()),
            Self::Ruled { of, .. } => of.strict(),
        }
    }

    /// The bounds in words; nothing if there are none.
    fn bounds(&self) -> String {
        let span = |min: Option<String>, max: Option<String>, unit: &str| match (min, max) {
            (None, None) => String::new(),
            (Some(min), None) => format!("at least {min}{unit}"),
            (None, Some(max)) => format!("at most {max}{unit}"),
            (Some(min), Some(max)) => format!("between {min} and {max}{unit}"),
        };
        let length = |min: u32, max: u32, unit: &str| {
            let min = (min > 0).then(|| min.to_string());
            span(min, (max < u32::MAX).then(|| max.to_string()), unit)
        };
        match *self {
            Self::Bool | Self::Object(_) | Self::Enum(_) => String::new(),
            Self::String { min_len, max_len } => length(min_len, max_len, " characters"),
            Self::List { min_len, max_len, .. } => length(min_len, max_len, " items"),
            Self::Integer { min, max } => span(Some(min.to_string()), Some(max.to_string()), ""),
            Self::Decimal { min, max } => {
                let bounds = span(min.map(str::to_owned), max.map(str::to_owned), "");
                let comma = if bounds.is_empty() { "" } else { ", " };
                format!("an exact decimal such as 12.50{comma}{bounds}")
            }
            Self::Nullable(of) | Self::Ruled { of, .. } => of.bounds(),
        }
    }
}

/// An object of these fields and no others, each of which is written.
pub(crate) fn strict_object<'a>(fields: impl Iterator<Item = (&'a str, &'a ParamSpec)>) -> Object {
    let (mut properties, mut required) = (Object::new(), Vec::new());
    for (name, field) in fields {
        let schema = field.kind.strict();
        let schema = if field.required { schema } else { nullable(schema) };
        properties.insert(name, told(schema, &field.kind, field.doc));
        required.push(Value::from(name));
    }
    closed(properties, required)
}

fn told(schema: Object, kind: &ParamKind, doc: &str) -> Object {
    let bounds = kind.bounds();
    match (doc.is_empty(), bounds.is_empty()) {
        (_, true) => described(schema, doc),
        (true, false) => described(schema, &bounds),
        (false, false) => described(schema, &format!("{doc} ({bounds})")),
    }
}
