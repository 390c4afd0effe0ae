//! The shape of a parameter as JSON Schema, draft 2020-12.

use super::pattern;
use crate::{
    domain::param::{ParamKind, ParamSpec, VariantSpec},
    value::{Number, Object, Value},
};

/// The largest integer that every JSON reader holds exactly, 2^53 - 1.
const MAX_SAFE: u128 = 9_007_199_254_740_991;

/// The reader of a schema.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// A validator: the schema accepts everything that is admitted.
    Validator,
    /// A language model: one form of each number is enough, and a pattern of a thousand characters is in its way.
    Model,
}

impl ParamKind {
    /// The kind as a JSON Schema of draft 2020-12. A value is admitted if and only if the schema accepts it.
    ///
    /// The exceptions are numbers, because a schema sees their values and kiff sees their digits. kiff refuses an integer
    /// with a fraction or an exponent (`1.0`, `1e3`), a decimal with an exponent, minus zero, and more than 28 digits, with
    /// `not_an_integer` or `not_a_decimal`. A schema cannot express the rule of a type with `try_from`; `$comment` names it.
    /// A validator that reads numbers as doubles is as exact as doubles are.
    ///
    /// ```
    /// use kiff::{Param, domain::param::ParamKind};
    ///
    /// assert_eq!(u8::KIND.json_schema().to_string(), r#"{"maximum":255,"minimum":0,"type":"integer"}"#);
    /// let code = ParamKind::String { min_len: 1, max_len: 8 };
    /// assert_eq!(code.json_schema().to_string(), r#"{"maxLength":8,"minLength":1,"type":"string"}"#);
    /// ```
    #[must_use]
    pub fn json_schema(self) -> Value {
        self.schema(Reader::Validator).into()
    }

    fn schema(self, reader: Reader) -> Object {
        match self {
            Self::Bool => typed("boolean"),
            Self::String { min_len, max_len } => {
                lengths(typed("string"), [("minLength", min_len), ("maxLength", max_len)])
            }
            Self::Integer { min, max } => integer(min, max, reader),
            Self::Decimal { min, max } => decimal(min, max),
            Self::List { of, min_len, max_len } => {
                let list = with(typed("array"), "items", of.schema(reader));
                lengths(list, [("minItems", min_len), ("maxItems", max_len)])
            }
            Self::Object(fields) => object_schema(fields.iter().map(|field| (field.name, field)), reader),
            Self::Enum(variants) => one_of(variants, |kind| kind.schema(reader)),
            Self::Nullable(of) => nullable(of.schema(reader)),
            Self::Ruled { of, rule } => {
                let schema = of.schema(reader);
                let comment = match schema.get("$comment").and_then(Value::as_str) {
                    Some(inner) => format!("{inner}; the rule `{}` too", rule.name()),
                    None => format!("the rule `{}` may refuse more", rule.name()),
                };
                with(schema, "$comment", comment)
            }
        }
    }
}

/// An object of these fields and no others.
pub(super) fn object_schema<'a>(fields: impl Iterator<Item = (&'a str, &'a ParamSpec)>, reader: Reader) -> Object {
    let mut properties = Object::new();
    let mut required = Vec::new();
    for (name, field) in fields {
        let schema = if field.required { field.kind.schema(reader) } else { nullable(field.kind.schema(reader)) };
        properties.insert(name, described(schema, field.doc));
        required.extend(field.required.then(|| Value::from(name)));
    }
    closed(properties, required)
}

/// An object with no members but these properties.
pub(super) fn closed(properties: Object, required: Vec<Value>) -> Object {
    let object = with(typed("object"), "properties", properties);
    with(with(object, "required", required), "additionalProperties", false)
}

pub(super) fn typed(word: &str) -> Object {
    [("type", word)].into_iter().collect()
}

pub(super) fn with(mut schema: Object, key: &str, value: impl Into<Value>) -> Object {
    schema.insert(key, value);
    schema
}

pub(super) fn described(schema: Object, doc: &str) -> Object {
    if doc.is_empty() { schema } else { with(schema, "description", doc) }
}

fn any_of(all: Vec<Object>) -> Object {
    with(Object::new(), "anyOf", all.into_iter().map(Value::from).collect::<Vec<_>>())
}

/// The schema, or null.
pub(super) fn nullable(schema: Object) -> Object {
    match schema.get("type") {
        Some(Value::String(word)) if schema.get("enum").is_none() => {
            let types = vec![Value::from(word.as_str()), Value::from("null")];
            with(schema, "type", types)
        }
        Some(Value::Array(_)) => schema,
        _ => any_of(vec![schema, typed("null")]),
    }
}

fn lengths(mut schema: Object, bounds: [(&str, u32); 2]) -> Object {
    let [(least, min), (most, max)] = bounds;
    if min > 0 {
        schema.insert(least, min);
    }
    if max < u32::MAX {
        schema.insert(most, max);
    }
    schema
}

fn integer(min: i128, max: i128, reader: Reader) -> Object {
    let number = with(with(typed("integer"), "minimum", min), "maximum", max);
    let some_are_safe = max >= -MAX_SAFE.cast_signed() && min <= MAX_SAFE.cast_signed();
    match pattern::integers_beyond(MAX_SAFE, min, max) {
        None => number,
        Some(_) if matches!(reader, Reader::Model) && some_are_safe => number,
        Some(patterns) => any_of(vec![number, text(patterns)]),
    }
}

fn decimal(min: Option<&str>, max: Option<&str>) -> Object {
    let mut number = typed("number");
    for (key, bound) in [("minimum", min), ("maximum", max)] {
        if let Some(bound) = bound.and_then(Number::parse) {
            number.insert(key, bound);
        }
    }
    any_of(vec![number, text(pattern::decimals(min, max))])
}

/// A text that matches all of these.
fn text(patterns: Vec<String>) -> Object {
    let mut patterns = patterns.into_iter();
    let schema = match patterns.next() {
        Some(first) => with(typed("string"), "pattern", first),
        None => typed("string"),
    };
    let rest: Vec<Value> = patterns.map(|pattern| Value::object([("pattern", pattern)])).collect();
    if rest.is_empty() { schema } else { with(schema, "allOf", rest) }
}

/// Words without content are one `enum`, unless one of them has documentation.
pub(super) fn one_of(variants: &[VariantSpec], content: impl Fn(ParamKind) -> Object) -> Object {
    let words = |of: &[&VariantSpec]| {
        let names = of.iter().map(|variant| Value::from(variant.name)).collect::<Vec<_>>();
        with(typed("string"), "enum", names)
    };
    let plain: Vec<&VariantSpec> = variants.iter().filter(|variant| variant.content.is_none()).collect();
    let mut all = match plain.as_slice() {
        [] => Vec::new(),
        plain if plain.iter().all(|variant| variant.doc.is_empty()) => vec![words(plain)],
        plain => plain.iter().map(|variant| described(words(&[variant]), variant.doc)).collect(),
    };
    all.extend(variants.iter().filter_map(|variant| {
        let properties = [(variant.name, content(variant.content?))].into_iter().collect();
        Some(described(closed(properties, vec![Value::from(variant.name)]), variant.doc))
    }));
    match <[Object; 1]>::try_from(all) {
        Ok([only]) => only,
        Err(all) => any_of(all),
    }
}
