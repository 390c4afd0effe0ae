//! The shape of a parameter in the keywords of JSON Schema that strict function calling supports.
//!
//! There every member is required, and no pattern or bound can be relied on. So an optional member may be null instead, and
//! the description states the bounds. kiff admits a value that keeps to both.

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
            Self::List { of, .. } => with(typed("array"), "items", with_bounds(of.strict(), of, "")),
            Self::Object(fields) => strict_object(fields.iter().map(|field| (field.name, field))),
            Self::Enum(variants) => one_of(variants, |kind| with_bounds(kind.strict(), &kind, "")),
            Self::Nullable(of) => nullable(of.strict()),
            Self::Ruled { of, .. } => of.strict(),
        }
    }

    /// The bounds in words; empty if there are none.
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

/// An object of these fields and no others, all of them required.
pub(super) fn strict_object<'a>(fields: impl Iterator<Item = (&'a str, &'a ParamSpec)>) -> Object {
    let mut properties = Object::new();
    let mut required = Vec::new();
    for (name, field) in fields {
        let schema = if field.required { field.kind.strict() } else { nullable(field.kind.strict()) };
        properties.insert(name, with_bounds(schema, &field.kind, field.doc));
        required.push(Value::from(name));
    }
    closed(properties, required)
}

fn with_bounds(schema: Object, kind: &ParamKind, doc: &str) -> Object {
    let bounds = kind.bounds();
    match (doc.is_empty(), bounds.is_empty()) {
        (_, true) => described(schema, doc),
        (true, false) => described(schema, &bounds),
        (false, false) => described(schema, &format!("{doc} ({bounds})")),
    }
}
