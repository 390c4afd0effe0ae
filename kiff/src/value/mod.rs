//! JSON as kiff reads and writes it: a value, a strict reader, a canonical writer.
//!
//! [`Value::parse`] reads every text that an agent or an event source sends. It refuses a text that two readers could
//! understand differently: a member given twice, a lone surrogate, bytes after the end. Numbers stay text, so that
//! nothing between the wire and the log can round them. The writer is canonical ([RFC 8785]): one value has one text.
//!
//! ```
//! use kiff::{Value, value::Limits};
//!
//! let value = Value::parse(br#"{"b": 1.50, "a": [true, null]}"#, &Limits::default())?;
//! assert_eq!(value.to_string(), r#"{"a":[true,null],"b":1.50}"#);
//!
//! let faults = Value::parse(br#"{"a": 1, "\u0061": 2}"#, &Limits::default()).unwrap_err();
//! assert_eq!(faults.to_string(), "duplicate member `a` at `/a` (byte 9)");
//! # Ok::<(), kiff::value::Faults>(())
//! ```
//!
//! [RFC 8785]: https://www.rfc-editor.org/rfc/rfc8785

mod number;
mod text;
pub(crate) mod json;
mod convert;
mod limits;
mod fault;
mod write;
mod recordable;
mod cursor;
mod read;
mod tape;
mod canonical;
mod bridge;
mod serialize;
#[cfg(test)]
mod tests;

pub use bridge::ValueError;
pub use fault::{Fault, FaultKind, Faults};
pub use json::Object;
pub use limits::{Limits, NumberRule};
pub use number::Number;

// It stands at the crate's root, and each public item has one path.
pub(crate) use json::Value;

pub(crate) use canonical::{walk, walk_record};
pub(crate) use read::parse_record;
pub(crate) use tape::{MemberCursor, Node, Tape, prefix};
pub(crate) use text::{write_str, write_u64};
