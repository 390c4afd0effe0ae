//! Reads canonical text in one walk, without a tree.
//!
//! What this crate stores it has written itself, in the one form of [`write`](super::write). A [`Tape`] notes where each
//! value of such a text stands; names and strings are borrowed from the text, and a [`Value`] is made only of what is
//! asked for. A text in any other form is left to the strict reader, which says what is wrong with it.

use super::{
    json::{Object, Value},
    limits::MAX_DEPTH,
    number::{self, Number},
    read::Place,
    text::{cmp_utf16, plain_len},
};
use std::{borrow::Cow, cmp::Ordering};

/// A text in canonical form, and where its values stand.
#[derive(Debug)]
pub(crate) struct Tape<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

/// One value, or the name of a member, which stands before its value.
#[derive(Clone, Copy, Debug)]
struct Token {
    kind: Kind,
    /// Of a string: between the quotes.
    start: u32,
    end: u32,
    /// The token after this value and all that is in it.
    next: u32,
    /// Of a name: its first bytes, which tell most names apart.
    prefix: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    True,
    False,
    Number,
    /// A string without escapes.
    Plain,
    Escaped,
    Array,
    Object,
}

impl<'a> Tape<'a> {
    /// A stored record; nothing if the strict reader refuses it or it is not in canonical form.
    pub(crate) fn of_record(bytes: &'a [u8]) -> Option<Self> {
        if bytes.first() != Some(&b'{') || bytes.len() > super::Limits::RECORD.bytes {
            return None;
        }
        Self::read(bytes, Place::Envelope)
    }

    /// Any other canonical text, whose numbers are all integers within ±(2^53 - 1).
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        Self::read(bytes, Place::Anywhere)
    }

    fn read(bytes: &'a [u8], place: Place) -> Option<Self> {
        u32::try_from(bytes.len()).ok()?;
        let text = str::from_utf8(bytes).ok()?;
        let tokens = Vec::with_capacity(bytes.len() / 8);
        let mut walk = Walk { bytes, at: 0, tape: Self { text, tokens } };
        walk.value(0, place)?;
        (walk.at == bytes.len()).then_some(walk.tape)
    }

    /// The value that is the whole text.
    pub(crate) fn root(&self) -> Node<'_> {
        Node { tape: self, at: 0 }
    }

    fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    fn raw(&self, token: Token) -> &'a str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    fn string(&self, at: usize) -> Option<Cow<'a, str>> {
        let token = self.token(at)?;
        matches!(token.kind, Kind::Plain | Kind::Escaped).then(|| self.unescaped(token))
    }

    fn unescaped(&self, string: Token) -> Cow<'a, str> {
        let raw = self.raw(string);
        if string.kind == Kind::Escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) }
    }
}

/// One value of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'t> {
    tape: &'t Tape<'t>,
    at: usize,
}

impl<'t> Node<'t> {
    /// The text, if it is a string.
    #[inline]
    pub(crate) fn text(self) -> Option<Cow<'t, str>> {
        self.tape.string(self.at)
    }

    /// The integer, if it is one that fits.
    pub(crate) fn integer(self) -> Option<u64> {
        let token = self.tape.token(self.at)?;
        (token.kind == Kind::Number).then(|| self.tape.raw(token).parse().ok()).flatten()
    }

    /// The truth value, if it is one.
    pub(crate) fn flag(self) -> Option<bool> {
        match self.tape.token(self.at)?.kind {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.tape.token(self.at).is_some_and(|token| token.kind == Kind::Null)
    }

    /// The elements, if it is an array.
    pub(crate) fn items(self) -> Option<impl Iterator<Item = Self>> {
        self.children(Kind::Array)
    }

    /// The members, if it is an object.
    #[inline]
    pub(crate) fn members(self) -> Option<Cursor<'t>> {
        let token = self.tape.token(self.at)?;
        let first = self.at + 1;
        let end = token.next as usize;
        (token.kind == Kind::Object).then_some(Cursor { tape: self.tape, first, before: None, at: first, end })
    }

    /// A value of its own.
    pub(crate) fn to_value(self) -> Value {
        let Some(token) = self.tape.token(self.at) else { return Value::Null };
        match token.kind {
            Kind::Null => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Number => Value::Number(Number::from_scanned(self.tape.raw(token))),
            Kind::Plain => Value::String(self.tape.raw(token).to_owned()),
            Kind::Escaped => Value::String(unescape(self.tape.raw(token))),
            Kind::Array => Value::Array(self.children(Kind::Array).into_iter().flatten().map(Self::to_value).collect()),
            Kind::Object => {
                let members = self.members().into_iter().flatten();
                Value::Object(Object::from_sorted(
                    members.map(|(name, value)| (name.into_owned(), value.to_value())).collect(),
                ))
            }
        }
    }

    fn children(self, kind: Kind) -> Option<impl Iterator<Item = Self>> {
        let token = self.tape.token(self.at)?;
        let mut at = self.at + 1;
        (token.kind == kind).then_some(std::iter::from_fn(move || {
            let next = (at < token.next as usize).then(|| self.tape.token(at)).flatten()?.next;
            let child = Self { tape: self.tape, at };
            at = next as usize;
            Some(child)
        }))
    }
}

/// The members of an object. They stand in the order of their names, and whoever asks for them in that order finds each
/// with few steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'t> {
    tape: &'t Tape<'t>,
    first: usize,
    /// The name that was passed last.
    before: Option<usize>,
    at: usize,
    end: usize,
}

impl<'t> Cursor<'t> {
    /// The value of a member, whose name is ASCII.
    #[inline]
    pub(crate) fn get(&mut self, name: &str) -> Option<Node<'t>> {
        self.search(name, prefix(name.as_bytes()))
    }

    fn search(&mut self, name: &str, prefix: u64) -> Option<Node<'t>> {
        if self.before.is_some_and(|before| self.order(before, name, prefix) != Some(Ordering::Less)) {
            (self.before, self.at) = (None, self.first);
        }
        while self.at < self.end {
            let order = self.order(self.at, name, prefix)?;
            if order == Ordering::Greater {
                return None;
            }
            let value = self.pass()?;
            if order == Ordering::Equal {
                return Some(value);
            }
        }
        None
    }

    /// The name of the next member.
    pub(crate) fn peek(&self) -> Option<Cow<'t, str>> {
        if self.at < self.end { self.tape.string(self.at) } else { None }
    }

    /// Passes a member, and returns its value.
    fn pass(&mut self) -> Option<Node<'t>> {
        let value = Node { tape: self.tape, at: self.at + 1 };
        self.before = Some(self.at);
        self.at = self.tape.token(value.at)?.next as usize;
        Some(value)
    }

    // An ASCII name compares with any other by UTF-16 as it does by bytes.
    #[inline]
    fn order(&self, at: usize, name: &str, prefix: u64) -> Option<Ordering> {
        match self.tape.token(at)?.prefix.cmp(&prefix) {
            Ordering::Equal => self.tape.string(at).map(|other| (*other).cmp(name)),
            order => Some(order),
        }
    }
}

impl<'t> Iterator for Cursor<'t> {
    type Item = (Cow<'t, str>, Node<'t>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let name = self.peek()?;
        Some((name, self.pass()?))
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    tape: Tape<'a>,
}

/// Nothing where the form is not canonical: the walk ends there.
impl Walk<'_> {
    /// Walks over a value that lies inside `depth` arrays and objects.
    fn value(&mut self, depth: usize, place: Place) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' => self.nested(Kind::Object, depth, place),
            b'[' => self.nested(Kind::Array, depth, place),
            b't' => self.literal(Kind::True, b"true"),
            b'f' => self.literal(Kind::False, b"false"),
            b'n' => self.literal(Kind::Null, b"null"),
            _ => self.number(place),
        }
    }

    fn nested(&mut self, kind: Kind, depth: usize, place: Place) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let index = self.push(kind, self.at, self.at);
        self.at += 1;
        if kind == Kind::Object {
            self.members(depth + 1, place)?
        } else {
            self.elements(depth + 1, place)?
        }
        let next = self.place();
        let token = self.tape.tokens.get_mut(index)?;
        token.next = next;
        Some(())
    }

    fn elements(&mut self, depth: usize, place: Place) -> Option<()> {
        if self.take(b']') {
            return Some(());
        }
        loop {
            self.value(depth, place)?;
            if self.take(b']') {
                return Some(());
            }
            self.expect(b',')?;
        }
    }

    fn members(&mut self, depth: usize, place: Place) -> Option<()> {
        if self.take(b'}') {
            return Some(());
        }
        let mut before = None;
        loop {
            let name = self.name(before)?;
            let inner = place.of_member(depth, self.tape.raw(name));
            self.expect(b':')?;
            self.value(depth, inner)?;
            if self.take(b'}') {
                return Some(());
            }
            self.expect(b',')?;
            before = Some(name);
        }
    }

    /// Walks over a name that comes after the one before it in their order.
    fn name(&mut self, before: Option<Token>) -> Option<Token> {
        let index = self.tape.tokens.len();
        self.string()?;
        let mut name = self.tape.token(index)?;
        name.prefix = match name.kind {
            Kind::Plain => prefix(self.tape.raw(name).as_bytes()),
            _ => prefix(unescape(self.tape.raw(name)).as_bytes()),
        };
        *self.tape.tokens.get_mut(index)? = name;
        match before {
            Some(before) if !self.is_sorted(before, name) => None,
            _ => Some(name),
        }
    }

    fn is_sorted(&self, before: Token, name: Token) -> bool {
        // Bytes beyond ASCII may come in another order by UTF-16.
        if before.prefix != name.prefix && (before.prefix | name.prefix) & u64::from_ne_bytes([0x80; 8]) == 0 {
            return before.prefix < name.prefix;
        }
        cmp_utf16(&self.tape.unescaped(before), &self.tape.unescaped(name)) == Ordering::Less
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        let start = self.at;
        let mut kind = Kind::Plain;
        loop {
            self.at += plain_len(self.bytes.get(self.at..)?);
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    kind = Kind::Escaped;
                    self.at += escape(self.bytes.get(self.at + 1..)?)?.1 + 1;
                }
                _ => return None,
            }
        }
        self.push(kind, start, self.at);
        self.at += 1;
        Some(())
    }

    fn number(&mut self, place: Place) -> Option<()> {
        let start = self.at;
        let rest = self.bytes.get(start..)?;
        let len = number::scan(rest).ok()?;
        if place != Place::Payload && !number::is_safe_integer(self.tape.text.get(start..start + len)?) {
            return None;
        }
        self.at += len;
        self.push(Kind::Number, start, self.at);
        Some(())
    }

    fn literal(&mut self, kind: Kind, word: &[u8]) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(word).then_some(())?;
        self.push(kind, self.at, self.at);
        self.at += word.len();
        Some(())
    }

    /// The text is no longer than a `u32` tells, and so are its tokens.
    fn push(&mut self, kind: Kind, start: usize, end: usize) -> usize {
        let index = self.tape.tokens.len();
        self.tape.tokens.push(Token { kind, start: start as u32, end: end as u32, next: index as u32 + 1, prefix: 0 });
        index
    }

    fn place(&self) -> u32 {
        self.tape.tokens.len() as u32
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }
}

/// The character that an escape stands for, and its bytes without the backslash, if the writer would escape it so.
fn escape(rest: &[u8]) -> Option<(char, usize)> {
    let short = match rest.first()? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let digits = rest.get(1..5)?;
            let high = matches!(digits, [b'0', b'0', b'0' | b'1', b'0'..=b'9' | b'a'..=b'f']);
            let code = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
            // U+0000 is in no record, and five of the others have a short form.
            return (high && !matches!(code, 0 | 8 | 9 | 10 | 12 | 13)).then_some((char::from(code), 5));
        }
        plain @ (b'"' | b'\\') => char::from(*plain),
        _ => return None,
    };
    Some((short, 1))
}

/// The first eight bytes, to be compared as one number; zeros where there are fewer.
#[inline]
fn prefix(name: &[u8]) -> u64 {
    match name.first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => (0..8).fold(0, |prefix, at| prefix << 8 | u64::from(name.get(at).copied().unwrap_or(0))),
    }
}

fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, len) = escape(escaped.as_bytes()).unwrap_or((char::REPLACEMENT_CHARACTER, 0));
        text.push(character);
        rest = escaped.get(len..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Limits, NumberRule};

    #[test]
    fn it_reads_canonical_text_as_the_strict_reader_does() {
        for text in [
            r#"{"":[],"a":{"b":[1,-2,{"c":null}],"d":true},"e":false,"z":"\"\\\b\f\n\r\t\u0001\u001f"}"#,
            "[\"\u{e9}\u{2028}\u{1f600}\",9007199254740991]",
            r#"{"\n":1,"a\\b":2}"#,
            "0",
            r#""""#,
        ] {
            let limits = Limits::default().with_numbers(NumberRule::SafeIntegers);
            let value = Tape::of(text.as_bytes()).unwrap().root().to_value();
            assert_eq!(value, Value::parse(text.as_bytes(), &limits).unwrap());
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn it_leaves_every_other_form_to_the_strict_reader() {
        let deep = "[".repeat(65) + &"]".repeat(65);
        for text in [
            "",
            " 1",
            "1 ",
            "[1, 2]",
            r#"{"a" :1}"#,
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":2}"#,
            "[1,]",
            r#"{"a":1,}"#,
            r#""\u0041""#,
            r#""\/""#,
            r#""\u000a""#,
            r#""\u0000""#,
            r#""\u001F""#,
            r#""\ud83d\ude00""#,
            "\"\n\"",
            "\"",
            "1.0",
            "-0",
            "01",
            "9007199254740992",
            "nul",
            "[1]]",
            "\u{feff}1",
            "{\"\u{ffff}\":1,\"\u{1f600}\":2}",
            &deep,
        ] {
            assert!(Tape::of(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Tape::of(b"\"\xff\"").is_none());
    }

    #[test]
    fn members_are_found_in_any_order() {
        let tape = Tape::of(br#"{"a":1,"b\n":2,"c":{"d":3},"e":4}"#).unwrap();
        let mut members = tape.root().members().unwrap();
        for (name, found) in [("a", Some(1)), ("e", Some(4)), ("a", Some(1)), ("b", None), ("d", None), ("e", Some(4))]
        {
            assert_eq!(members.get(name).and_then(Node::integer), found, "{name}");
        }
    }
}
