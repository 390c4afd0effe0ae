//! Reads canonical text in one walk, without a tree.
//!
//! What this crate stores it has written itself, in the one form of [`write`](super::write). A [`Tape`] notes where each
//! value of such a text stands; names and strings are borrowed from the text, and a [`Value`](super::Value) is made only
//! of what is asked for. A text in any other form is left to the strict reader, which says what is wrong with it.

use super::{
    Limits,
    limits::MAX_DEPTH,
    number,
    read::Place,
    tape::{Kind, Tape, Token, prefix},
    text::{cmp_utf16, plain_len, read_escape},
};
use std::cmp::Ordering;

/// A stored record; nothing if the strict reader refuses it or it is not in canonical form.
pub(crate) fn walk_record(bytes: &[u8]) -> Option<Tape<'_>> {
    if bytes.first() != Some(&b'{') || bytes.len() > Limits::RECORD.bytes {
        return None;
    }
    walk_from(bytes, Place::Envelope)
}

/// Any other canonical text, whose numbers are all integers within ±(2^53 - 1).
pub(crate) fn walk(bytes: &[u8]) -> Option<Tape<'_>> {
    walk_from(bytes, Place::Anywhere)
}

fn walk_from(bytes: &[u8], place: Place) -> Option<Tape<'_>> {
    u32::try_from(bytes.len()).ok()?;
    let tape = Tape::new(str::from_utf8(bytes).ok()?);
    let mut walk = Walk { bytes, at: 0, tape };
    walk.value(0, place)?;
    (walk.at == bytes.len()).then_some(walk.tape)
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
            _ => prefix(self.tape.unescaped(name).as_bytes()),
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
                    self.at += read_escape(self.bytes.get(self.at + 1..)?)?.1 + 1;
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
        if place != Place::Payload && !number::is_safe_integer(self.tape.text().get(start..start + len)?) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Limits, Node, NumberRule, Value};

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
            let value = walk(text.as_bytes()).unwrap().root().to_value();
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
            assert!(walk(text.as_bytes()).is_none(), "{text}");
        }
        assert!(walk(b"\"\xff\"").is_none());
    }

    #[test]
    fn members_are_found_in_any_order() {
        let tape = walk(br#"{"a":1,"b\n":2,"c":{"d":3},"e":4}"#).unwrap();
        let mut members = tape.root().members().unwrap();
        for (name, found) in [("a", Some(1)), ("e", Some(4)), ("a", Some(1)), ("b", None), ("d", None), ("e", Some(4))]
        {
            assert_eq!(members.get(name).and_then(Node::integer), found, "{name}");
        }
    }
}
