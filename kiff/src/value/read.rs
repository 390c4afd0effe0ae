//! The strict reader: one pass over the bytes.
//!
//! A fault that leaves the rest readable is collected; any other ends the pass. The pointer of a fault is built on the
//! way out, so that a sound text does not pay for it.

use super::{
    cursor::{Cursor, Read, Stop, is_space},
    fault::{Fault, FaultKind, Faults},
    json::{Object, Value},
    limits::{Limits, MAX_DEPTH, NumberRule},
    number::{self, Number},
    text::cmp_utf16,
};
use std::cmp::Ordering;

impl Value {
    /// Reads one whole JSON text within `limits`.
    ///
    /// ```
    /// use kiff::{Value, value::Limits};
    ///
    /// let order = Value::parse(br#"{"total": 49.00}"#, &Limits::default())?;
    /// let total = order.as_object().and_then(|members| members.get("total"));
    /// assert_eq!(total.map(Value::to_string).as_deref(), Some("49.00"));
    ///
    /// let faults = Value::parse(br#"{"total": ["\u0000"], "total": 1}"#, &Limits::default()).unwrap_err();
    /// let found: Vec<_> = faults.iter().map(|fault| format!("{} {}", fault.code(), fault.pointer())).collect();
    /// assert_eq!(found, ["nul /total/0", "duplicate_member /total"]);
    /// # Ok::<(), kiff::value::Faults>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Faults`] with everything that is wrong with the text, each with its place. A syntax error ends the reading, so
    /// faults after it are not found.
    pub fn parse(text: &[u8], limits: &Limits) -> Result<Self, Faults> {
        parse(text, limits)
    }
}

/// Reads one whole text.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, Faults> {
    check_size(bytes, limits)?;
    Reader::new(bytes, limits, Place::Anywhere).document()
}

/// Reads one stored record: an object without white space around it, whose numbers are integers
/// within ±(2^53 - 1), except in the `payload` of its `body`.
pub(crate) fn parse_record(bytes: &[u8]) -> Result<Value, Faults> {
    check_size(bytes, &Limits::RECORD)?;
    let mut reader = Reader::new(bytes, &Limits::RECORD, Place::Envelope);
    let is_outside = |byte: Option<&u8>| byte.is_some_and(|&byte| is_space(byte));
    if is_outside(bytes.first()) {
        let _ = reader.cursor.report(0, FaultKind::WhiteSpaceOutside);
    } else if is_outside(bytes.last()) {
        let _ = reader.cursor.report(bytes.len() - 1, FaultKind::WhiteSpaceOutside);
    }
    reader.document()
}

/// Before anything else is done, so that a text that is too large costs nothing.
fn check_size(bytes: &[u8], limits: &Limits) -> Result<(), Faults> {
    let limit = limits.bytes;
    if bytes.len() > limit { Err(Faults::of(Fault::new(0, FaultKind::TooLarge { limit }))) } else { Ok(()) }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    limits: &'a Limits,
    members_left: usize,
    place: Place,
    /// Where the member names of the objects being read begin, those of the innermost last.
    names: Vec<usize>,
}

/// Where in a record the reader is, as far as it decides which numbers are allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Anywhere,
    Envelope,
    Body,
    Payload,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], limits: &'a Limits, place: Place) -> Self {
        Self { cursor: Cursor::new(bytes), limits, members_left: limits.members, place, names: Vec::new() }
    }

    fn document(mut self) -> Result<Value, Faults> {
        let read = self.whole();
        self.cursor.finish(read)
    }

    fn whole(&mut self) -> Read<Value> {
        if self.cursor.rest().starts_with('\u{feff}') {
            self.cursor.report(0, FaultKind::ByteOrderMark)?;
            self.cursor.at = '\u{feff}'.len_utf8();
        }
        self.cursor.skip_space();
        let start = self.cursor.at;
        let value = self.value(0)?;
        if self.place == Place::Envelope && value.as_object().is_none() {
            self.cursor.report(start, FaultKind::NotJson { what: "a record is an object" })?;
        }
        self.cursor.skip_space();
        match self.cursor.peek() {
            Some(_) => self.cursor.stop(self.cursor.at, FaultKind::TrailingBytes),
            None if self.cursor.is_cut() => self.cursor.stop(self.cursor.at, FaultKind::InvalidUtf8),
            None => Ok(value),
        }
    }

    /// Reads a value that lies inside `depth` arrays and objects.
    fn value(&mut self, depth: usize) -> Read<Value> {
        match self.cursor.peek() {
            Some(b'"') => self.cursor.string(self.limits.string).map(Value::String),
            Some(b'{') => self.open(depth).and_then(|depth| self.object(depth)),
            Some(b'[') => self.open(depth).and_then(|depth| self.array(depth)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.cursor.literal("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.cursor.literal("false").map(|()| Value::Bool(false)),
            Some(b'n') => self.cursor.literal("null").map(|()| Value::Null),
            _ => self.cursor.fail("expected a value"),
        }
    }

    fn open(&mut self, depth: usize) -> Read<usize> {
        let limit = self.limits.depth.min(MAX_DEPTH);
        if depth >= limit {
            return self.cursor.stop(self.cursor.at, FaultKind::TooDeep { limit });
        }
        self.cursor.at += 1;
        Ok(depth + 1)
    }

    fn array(&mut self, depth: usize) -> Read<Value> {
        let mut elements = Vec::new();
        self.cursor.skip_space();
        if self.cursor.take(b']') {
            return Ok(Value::Array(elements));
        }
        loop {
            self.cursor.skip_space();
            self.count()?;
            let known = self.cursor.found();
            let element = self.value(depth);
            self.cursor.place_faults(known, || elements.len().to_string());
            elements.push(element?);
            self.cursor.skip_space();
            if self.cursor.take(b']') {
                return Ok(Value::Array(elements));
            }
            self.cursor.expect(b',', "expected `,` or `]`")?;
        }
    }

    fn object(&mut self, depth: usize) -> Read<Value> {
        let mut members = Vec::new();
        let outer_names = self.names.len();
        let read = self.members(depth, &mut members);
        // After a stop too, because the members that were read may hold duplicates.
        let object = self.sort(members, outer_names);
        self.names.truncate(outer_names);
        read?;
        object.map(Value::Object)
    }

    fn members(&mut self, depth: usize, members: &mut Vec<(String, Value)>) -> Read<()> {
        self.cursor.skip_space();
        if self.cursor.take(b'}') {
            return Ok(());
        }
        loop {
            self.cursor.skip_space();
            self.count()?;
            self.member(depth, members)?;
            self.cursor.skip_space();
            if self.cursor.take(b'}') {
                return Ok(());
            }
            self.cursor.expect(b',', "expected `,` or `}`")?;
        }
    }

    fn member(&mut self, depth: usize, members: &mut Vec<(String, Value)>) -> Read<()> {
        let start = self.cursor.at;
        let known = self.cursor.found();
        if self.cursor.peek() != Some(b'"') {
            return self.cursor.fail("expected a member name in quotes");
        }
        let name = self.cursor.string(self.limits.string)?;
        let is_sound = self.cursor.found() == known;
        self.cursor.skip_space();
        self.cursor.expect(b':', "expected `:`")?;
        self.cursor.skip_space();

        let place = self.place;
        let known = self.cursor.found();
        self.place = place.of_member(depth, &name);
        let value = self.value(depth);
        self.place = place;
        self.cursor.place_faults(known, || name.clone());

        let (value, read) = match value {
            Ok(value) => (value, Ok(())),
            // The name still counts when duplicates are looked for.
            Err(Stop) => (Value::Null, Err(Stop)),
        };
        // A name with a fault is not what the sender meant, so it cannot be a duplicate.
        if is_sound {
            members.push((name, value));
            self.names.push(start);
        }
        read
    }

    /// Makes an object of members whose names begin at `self.names[outer_names..]`.
    fn sort(&mut self, members: Vec<(String, Value)>, outer_names: usize) -> Read<Object> {
        if members.is_sorted_by(|(a, _), (b, _)| cmp_utf16(a, b) == Ordering::Less) {
            return Ok(Object::from_sorted(members));
        }
        let starts = self.names.iter().skip(outer_names).copied();
        let mut names: Vec<(&str, usize)> = members.iter().map(|(name, _)| name.as_str()).zip(starts).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [(name, _), (again, start)] = pair
                && name == again
            {
                let name = (*name).to_owned();
                self.cursor.report(*start, FaultKind::DuplicateMember { name: name.clone() })?;
                self.cursor.place_faults(self.cursor.found() - 1, || name);
            }
        }
        Ok(Object::from_unique(members))
    }

    fn number(&mut self) -> Read<Value> {
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        let len = match number::scan(rest.as_bytes()) {
            Ok(len) => len,
            Err((len, what)) => {
                self.cursor.at += len;
                return self.cursor.fail(what);
            }
        };
        self.cursor.at += len;
        let text = rest.get(..len).unwrap_or_default();
        if len > self.limits.number {
            self.cursor.report(start, FaultKind::NumberTooLong { limit: self.limits.number })?;
            return Ok(Value::Null);
        }
        let number = Number::from_scanned(text);
        let is_free = self.limits.numbers == NumberRule::Any || self.place == Place::Payload;
        if !is_free && !number.is_safe_integer() {
            self.cursor.report(start, FaultKind::NotSafeInteger { number: text.to_owned() })?;
        }
        Ok(Value::Number(number))
    }

    fn count(&mut self) -> Read<()> {
        match self.members_left.checked_sub(1) {
            Some(left) => {
                self.members_left = left;
                Ok(())
            }
            None => self.cursor.stop(self.cursor.at, FaultKind::TooManyMembers { limit: self.limits.members }),
        }
    }
}

impl Place {
    /// The place of a member's value that lies inside `depth` arrays and objects.
    pub(super) fn of_member(self, depth: usize, name: &str) -> Self {
        match (self, depth) {
            (Self::Envelope, 1) if name == "body" => Self::Body,
            (Self::Body, 2) if name == "payload" => Self::Payload,
            _ => self,
        }
    }
}
