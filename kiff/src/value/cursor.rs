//! A place in a text: what comes next, the strings, and the faults found so far.

use super::{
    fault::{Fault, FaultKind, Faults},
    text::plain_len,
};

/// How far a text has been read, and what was wrong with it.
pub(super) struct Cursor<'a> {
    /// The bytes as far as they are UTF-8.
    text: &'a str,
    is_cut: bool,
    /// Where the next unread byte is.
    pub(super) at: usize,
    faults: Vec<Fault>,
}

/// Ends the reading. The reason is among the faults.
pub(super) struct Stop;

pub(super) type Read<T> = Result<T, Stop>;

/// More would not help whoever mends the text, and an answer must not outgrow the question.
const MAX_FAULTS: usize = 32;

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let (text, is_cut) = match str::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(error) => (
                bytes.get(..error.valid_up_to()).and_then(|sound| str::from_utf8(sound).ok()).unwrap_or_default(),
                true,
            ),
        };
        Self { text, is_cut, at: 0, faults: Vec::new() }
    }

    /// What was read, if nothing was wrong with the text.
    #[expect(clippy::expect_used, reason = "a pass stops only after it has reported a fault")]
    pub(super) fn finish<T>(self, read: Read<T>) -> Result<T, Faults> {
        match (read, Faults::collect(self.faults)) {
            (Ok(value), None) => Ok(value),
            (_, faults) => Err(faults.expect("a fault, because the pass stopped")),
        }
    }

    /// How many faults were found so far.
    pub(super) fn found(&self) -> usize {
        self.faults.len()
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Whether the bytes after the readable text are not UTF-8.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn expect(&mut self, byte: u8, what: &'static str) -> Read<()> {
        if self.take(byte) { Ok(()) } else { self.fail(what) }
    }

    /// Takes `word`, or fails.
    pub(super) fn literal(&mut self, word: &str) -> Read<()> {
        if !self.rest().starts_with(word) {
            return self.fail("expected a value");
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads a string of at most `limit` bytes. After a fault its text is only good for a pointer.
    pub(super) fn string(&mut self, limit: usize) -> Read<String> {
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
        if text.len() > limit {
            self.report(start, FaultKind::StringTooLong { limit })?;
        }
        Ok(text)
    }

    /// Takes what stands for itself, up to a quote, an escape or a control character.
    fn plain_run(&mut self) -> &'a str {
        let rest = self.rest();
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

    /// Reads what follows the backslash at `start`.
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
        if !self.rest().starts_with("\\u") {
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

    /// Adds a fault that leaves the rest readable.
    pub(super) fn report(&mut self, offset: usize, kind: FaultKind) -> Read<()> {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault::new(offset, kind));
        }
        if self.faults.len() < MAX_FAULTS { Ok(()) } else { Err(Stop) }
    }

    pub(super) fn stop<T>(&mut self, offset: usize, kind: FaultKind) -> Read<T> {
        self.report(offset, kind)?;
        Err(Stop)
    }

    pub(super) fn fail<T>(&mut self, what: &'static str) -> Read<T> {
        let is_cut_here = self.is_cut && self.at == self.text.len();
        let kind = if is_cut_here { FaultKind::InvalidUtf8 } else { FaultKind::NotJson { what } };
        self.stop(self.at, kind)
    }

    /// Moves the faults after the first `known` into the member `name`.
    pub(super) fn place_faults(&mut self, known: usize, name: impl FnOnce() -> String) {
        if self.faults.len() > known {
            let name = name();
            self.faults.iter_mut().skip(known).for_each(|fault| fault.move_into(&name));
        }
    }
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
