//! The strict reader.
//!
//! One pass over the bytes. Faults that leave the rest readable are collected; the others end
//! the pass. A fault's pointer is put together on the way out, so that sound texts pay nothing
//! for it.

use std::cmp::Ordering;

use super::limits::MAX_DEPTH;
use super::number::{self, Number};
use super::write::plain_len;
use super::{Fault, FaultKind, Faults, Limits, NumberRule, Object, Value, cmp_utf16};

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
        reader.faults.push(Fault::new(0, FaultKind::WhiteSpaceOutside));
    } else if is_outside(bytes.last()) {
        reader.faults.push(Fault::new(bytes.len() - 1, FaultKind::WhiteSpaceOutside));
    }
    reader.document()
}

/// Before anything else is done, so that a text that is too large costs nothing.
fn check_size(bytes: &[u8], limits: &Limits) -> Result<(), Faults> {
    let limit = limits.bytes;
    let is_too_large = bytes.len() > limit;
    let fault = is_too_large.then(|| Fault::new(0, FaultKind::TooLarge { limit }));
    Faults::collect(fault.into_iter().collect()).map_or(Ok(()), Err)
}

struct Reader<'a> {
    /// The bytes as far as they are UTF-8.
    text: &'a str,
    is_cut: bool,
    /// Where the next unread byte is.
    at: usize,
    limits: &'a Limits,
    members_left: usize,
    place: Place,
    /// Where the member names of the objects being read begin, those of the innermost last.
    names: Vec<usize>,
    faults: Vec<Fault>,
}

/// Where in a record the reader is, as far as it decides which numbers are allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Anywhere,
    Envelope,
    Body,
    Payload,
}

/// The rest is not read. Why is among the faults.
struct Stop;

type Read<T> = Result<T, Stop>;

/// More would not help whoever mends the text, and an answer must not outgrow the question.
const MAX_FAULTS: usize = 32;

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], limits: &'a Limits, place: Place) -> Self {
        let sound = match str::from_utf8(bytes) {
            Ok(_) => bytes,
            Err(error) => bytes.get(..error.valid_up_to()).unwrap_or_default(),
        };
        Self {
            text: str::from_utf8(sound).unwrap_or_default(),
            is_cut: sound.len() < bytes.len(),
            at: 0,
            limits,
            members_left: limits.members,
            place,
            names: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn document(mut self) -> Result<Value, Faults> {
        let value = self.whole().unwrap_or(Value::Null);
        Faults::collect(self.faults).map_or(Ok(value), Err)
    }

    fn whole(&mut self) -> Read<Value> {
        if self.text.starts_with('\u{feff}') {
            self.report(0, FaultKind::ByteOrderMark)?;
            self.at = '\u{feff}'.len_utf8();
        }
        self.skip_space();
        let start = self.at;
        let value = self.value(0)?;
        if self.place == Place::Envelope && value.as_object().is_none() {
            self.report(start, FaultKind::NotJson { what: "a record is an object" })?;
        }
        self.skip_space();
        match self.peek() {
            Some(_) => self.stop(self.at, FaultKind::TrailingBytes),
            None if self.is_cut => self.stop(self.at, FaultKind::InvalidUtf8),
            None => Ok(value),
        }
    }

    /// Reads a value that lies inside `depth` arrays and objects.
    fn value(&mut self, depth: usize) -> Read<Value> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{') => self.open(depth).and_then(|depth| self.object(depth)),
            Some(b'[') => self.open(depth).and_then(|depth| self.array(depth)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            _ => self.fail("expected a value"),
        }
    }

    fn open(&mut self, depth: usize) -> Read<usize> {
        let limit = self.limits.depth.min(MAX_DEPTH);
        if depth >= limit {
            return self.stop(self.at, FaultKind::TooDeep { limit });
        }
        self.at += 1;
        Ok(depth + 1)
    }

    fn array(&mut self, depth: usize) -> Read<Value> {
        let mut elements = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::Array(elements));
        }
        loop {
            self.skip_space();
            self.count()?;
            let known = self.faults.len();
            let element = self.value(depth);
            self.place_faults(known, || elements.len().to_string());
            elements.push(element?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::Array(elements));
            }
            self.expect(b',', "expected `,` or `]`")?;
        }
    }

    fn object(&mut self, depth: usize) -> Read<Value> {
        let mut members = Vec::new();
        let outer_names = self.names.len();
        let read = self.members(depth, &mut members);
        // Also after a stop: what was read may hold duplicates.
        let object = self.sort(members, outer_names);
        self.names.truncate(outer_names);
        read?;
        object.map(Value::Object)
    }

    fn members(&mut self, depth: usize, members: &mut Vec<(String, Value)>) -> Read<()> {
        self.skip_space();
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            self.skip_space();
            self.count()?;
            self.member(depth, members)?;
            self.skip_space();
            if self.take(b'}') {
                return Ok(());
            }
            self.expect(b',', "expected `,` or `}`")?;
        }
    }

    fn member(&mut self, depth: usize, members: &mut Vec<(String, Value)>) -> Read<()> {
        let (start, known) = (self.at, self.faults.len());
        if self.peek() != Some(b'"') {
            return self.fail("expected a member name in quotes");
        }
        let name = self.string()?;
        let is_sound = self.faults.len() == known;
        self.skip_space();
        self.expect(b':', "expected `:`")?;
        self.skip_space();

        let (place, known) = (self.place, self.faults.len());
        self.place = place.of_member(depth, &name);
        let value = self.value(depth);
        self.place = place;
        self.place_faults(known, || name.clone());

        let (value, read) = match value {
            Ok(value) => (value, Ok(())),
            Err(Stop) => (Value::Null, Err(Stop)),
        };
        // A name with a fault is not what the sender meant, so it is no duplicate either.
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
                self.report(*start, FaultKind::DuplicateMember { name: name.clone() })?;
                self.place_faults(self.faults.len() - 1, || name);
            }
        }
        Ok(Object::from_unique(members))
    }

    fn number(&mut self) -> Read<Value> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let len = match number::scan(rest.as_bytes()) {
            Ok(len) => len,
            Err((len, what)) => {
                self.at += len;
                return self.fail(what);
            }
        };
        self.at += len;
        let text = rest.get(..len).unwrap_or_default();
        if len > self.limits.number {
            self.report(start, FaultKind::NumberTooLong { limit: self.limits.number })?;
            return Ok(Value::Null);
        }
        let number = Number::from_scanned(text);
        let is_free = self.limits.numbers == NumberRule::Any || self.place == Place::Payload;
        if !is_free && !number.is_safe_integer() {
            self.report(start, FaultKind::NotSafeInteger { number: text.to_owned() })?;
        }
        Ok(Value::Number(number))
    }

    fn literal(&mut self, word: &str, value: Value) -> Read<Value> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return self.fail("expected a value");
        }
        self.at += word.len();
        Ok(value)
    }

    /// Reads a string. After a fault its text is only good for a pointer.
    fn string(&mut self) -> Read<String> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.plain_run());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape(&mut text)?,
                Some(0) => {
                    self.report(self.at, FaultKind::Nul)?;
                    self.at += 1;
                }
                Some(_) => return self.fail("a control character in a string is escaped"),
                None => return self.fail("expected the end of a string"),
            }
        }
        self.at += 1;
        if text.len() > self.limits.string {
            self.report(start, FaultKind::StringTooLong { limit: self.limits.string })?;
        }
        Ok(text)
    }

    /// Takes what stands for itself, up to a quote, an escape or a control character.
    fn plain_run(&mut self) -> &'a str {
        let text: &'a str = self.text;
        let rest = text.get(self.at..).unwrap_or_default();
        let len = plain_len(rest.as_bytes());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    fn escape(&mut self, text: &mut String) -> Read<()> {
        let start = self.at;
        self.at += 1;
        let character = match self.peek() {
            Some(b'u') => return self.unicode_escape(start, text),
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return self.fail("expected an escape"),
        };
        self.at += 1;
        text.push(character);
        Ok(())
    }

    /// Reads from behind the backslash at `start`.
    fn unicode_escape(&mut self, start: usize, text: &mut String) -> Read<()> {
        let unit = self.code_unit()?;
        let character = match unit {
            0 => return self.report(start, FaultKind::Nul),
            0xD800..=0xDBFF => self
                .low_surrogate()?
                .and_then(|low| char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00))),
            _ => char::from_u32(unit),
        };
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
        match character {
            Some(_) => Ok(()),
            None => self.report(start, FaultKind::LoneSurrogate),
        }
    }

    /// Takes the second half of a pair; leaves any other escape for the next turn.
    fn low_surrogate(&mut self) -> Read<Option<u32>> {
        let start = self.at;
        if !self.text.get(start..).is_some_and(|rest| rest.starts_with("\\u")) {
            return Ok(None);
        }
        self.at += 1;
        let unit = self.code_unit()?;
        if (0xDC00..=0xDFFF).contains(&unit) {
            return Ok(Some(unit));
        }
        self.at = start;
        Ok(None)
    }

    /// Reads `u` and four hexadecimal digits.
    fn code_unit(&mut self) -> Read<u32> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => unit = unit << 4 | digit,
                None => return self.fail("expected four hexadecimal digits"),
            }
            self.at += 1;
        }
        Ok(unit)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Read<()> {
        if self.take(byte) { Ok(()) } else { self.fail(what) }
    }

    fn count(&mut self) -> Read<()> {
        match self.members_left.checked_sub(1) {
            Some(left) => {
                self.members_left = left;
                Ok(())
            }
            None => self.stop(self.at, FaultKind::TooManyMembers { limit: self.limits.members }),
        }
    }

    /// Adds a fault that leaves the rest readable.
    fn report(&mut self, offset: usize, kind: FaultKind) -> Read<()> {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault::new(offset, kind));
        }
        if self.faults.len() < MAX_FAULTS { Ok(()) } else { Err(Stop) }
    }

    fn stop<T>(&mut self, offset: usize, kind: FaultKind) -> Read<T> {
        self.report(offset, kind)?;
        Err(Stop)
    }

    fn fail<T>(&mut self, what: &'static str) -> Read<T> {
        let is_cut_here = self.is_cut && self.at == self.text.len();
        let kind = if is_cut_here { FaultKind::InvalidUtf8 } else { FaultKind::NotJson { what } };
        self.stop(self.at, kind)
    }

    /// Says of the faults behind the first `known` that they lie inside the member `name`.
    fn place_faults(&mut self, known: usize, name: impl FnOnce() -> String) {
        if self.faults.len() > known {
            let name = name();
            self.faults.iter_mut().skip(known).for_each(|fault| fault.move_into(&name));
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

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
