//! A canonical text and where its values stand, so that each is read when it is asked for.

use super::{
    json::{Object, Value},
    number::Number,
    text::unescape,
};
use std::{borrow::Cow, cell::Cell, cmp::Ordering};

/// A text in canonical form, and where its values stand.
#[derive(Debug)]
pub(crate) struct Tape<'a> {
    text: &'a str,
    pub(super) tokens: Vec<Token>,
}

/// One value, or the name of a member, which stands before its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Of a string: between the quotes.
    pub(super) start: u32,
    pub(super) end: u32,
    /// The token after this value and all that is in it.
    pub(super) next: u32,
    /// Of a name: its [`prefix`].
    pub(super) prefix: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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

thread_local! {
    /// The room for tokens of the tape that was dropped last.
    static ROOM: Cell<Vec<Token>> = const { Cell::new(Vec::new()) };
}

/// Room for more tokens than most records have is not kept.
const MAX_ROOM: usize = 1024;

impl Drop for Tape<'_> {
    fn drop(&mut self) {
        let mut tokens = std::mem::take(&mut self.tokens);
        if tokens.capacity() <= MAX_ROOM {
            tokens.clear();
            // A thread that is ending keeps none.
            let _ = ROOM.try_with(|room| room.set(tokens));
        }
    }
}

impl<'a> Tape<'a> {
    /// A text of which nothing is known yet.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, tokens: ROOM.try_with(Cell::take).unwrap_or_default() }
    }

    /// The value that is the whole text.
    pub(crate) fn root(&self) -> Node<'_> {
        Node { tape: self, at: 0 }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    pub(super) fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    pub(super) fn raw(&self, token: Token) -> &'a str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    fn string(&self, at: usize) -> Option<Cow<'a, str>> {
        let token = self.token(at)?;
        matches!(token.kind, Kind::Plain | Kind::Escaped).then(|| self.unescaped(token))
    }

    pub(super) fn unescaped(&self, string: Token) -> Cow<'a, str> {
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
    pub(crate) fn members(self) -> Option<MemberCursor<'t>> {
        let token = self.tape.token(self.at)?;
        let first = self.at + 1;
        let end = token.next as usize;
        (token.kind == Kind::Object).then_some(MemberCursor { tape: self.tape, first, before: None, at: first, end })
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
pub(crate) struct MemberCursor<'t> {
    tape: &'t Tape<'t>,
    first: usize,
    /// The name that was passed last.
    before: Option<usize>,
    at: usize,
    end: usize,
}

impl<'t> MemberCursor<'t> {
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

impl<'t> Iterator for MemberCursor<'t> {
    type Item = (Cow<'t, str>, Node<'t>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let name = self.peek()?;
        Some((name, self.pass()?))
    }
}

/// The first eight bytes, to be compared as one number; zeros where there are fewer. They tell most names apart.
#[inline]
pub(crate) fn prefix(name: &[u8]) -> u64 {
    match name.first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => (0..8).fold(0, |prefix, at| prefix << 8 | u64::from(name.get(at).copied().unwrap_or(0))),
    }
}
