//! The members of an object that is read.

use super::error::{RecordError, missing};
use crate::{
    base::timestamp::Timestamp,
    value::{MemberCursor, Node, Tape, Value},
};
use std::{borrow::Cow, str::FromStr};

/// The members of an object. They are found fastest in the order of their names.
#[derive(Clone)]
pub(crate) struct Members<'t>(pub(super) MemberCursor<'t>);

impl<'t> Members<'t> {
    /// The members of a text that must be an object.
    pub(crate) fn of(tape: &'t Tape<'t>) -> Result<Self, RecordError> {
        tape.root().members().map(Self).ok_or_else(|| missing("format"))
    }

    pub(super) fn get(&mut self, member: &str) -> Option<Node<'t>> {
        self.0.get(member)
    }

    pub(crate) fn has(&self, member: &str) -> bool {
        self.0.clone().get(member).is_some()
    }

    /// Whether the name of the next member begins so.
    pub(super) fn is_next_like(&self, name: &str) -> bool {
        self.0.peek().is_some_and(|next| next.starts_with(name))
    }

    /// A member that must be there and be of this form.
    #[inline]
    pub(super) fn read<T>(&mut self, member: &str, form: impl FnOnce(Node<'t>) -> Option<T>) -> Result<T, RecordError> {
        self.get(member).and_then(form).ok_or_else(|| missing(member))
    }

    /// A string member that must be this one.
    pub(crate) fn expect(&mut self, member: &str, wanted: &str) -> Result<(), RecordError> {
        self.read(member, |node| (node.text()? == wanted).then_some(()))
    }

    pub(crate) fn flag(&mut self, member: &str) -> Result<bool, RecordError> {
        self.read(member, Node::flag)
    }

    /// An array of objects.
    pub(crate) fn objects(&mut self, member: &str) -> Result<Vec<Self>, RecordError> {
        self.read(member, |node| node.items()?.map(|item| item.members().map(Self)).collect())
    }

    /// What an actor's JSON claimed.
    pub(crate) fn claimed(&mut self) -> Option<Value> {
        self.get("claimed").map(Node::to_value)
    }

    pub(super) fn text(&mut self, member: &str) -> Result<Cow<'t, str>, RecordError> {
        self.read(member, Node::text)
    }

    /// A string member.
    pub(crate) fn take<T: From<Cow<'t, str>>>(&mut self, member: &str) -> Result<T, RecordError> {
        self.text(member).map(Into::into)
    }

    /// A string member in the form of a name, an id or a digest.
    #[inline]
    pub(crate) fn parse<T: FromStr>(&mut self, member: &str) -> Result<T, RecordError> {
        self.read(member, |node| node.text()?.parse().ok())
    }

    /// A time in the form with its fraction.
    pub(crate) fn fixed_time(&mut self, member: &str) -> Result<Timestamp, RecordError> {
        self.read(member, fixed_time)
    }

    pub(crate) fn number(&mut self, member: &str) -> Result<u64, RecordError> {
        self.read(member, Node::integer)
    }

    /// A sequence: they begin with 1.
    pub(crate) fn place(&mut self, member: &str) -> Result<u64, RecordError> {
        self.read(member, |node| node.integer().filter(|seq| *seq > 0))
    }

    pub(crate) fn small(&mut self, member: &str) -> Result<u32, RecordError> {
        self.read(member, |node| node.integer()?.try_into().ok())
    }

    pub(crate) fn members(&mut self, member: &str) -> Result<Self, RecordError> {
        self.read(member, |node| node.members().map(Self))
    }

    /// A member that may be absent.
    pub(crate) fn maybe<T>(
        &mut self,
        member: &str,
        read: impl FnOnce(&mut Self, &str) -> Result<T, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        if self.has(member) { read(self, member).map(Some) } else { Ok(None) }
    }
}

pub(super) fn fixed_time(node: Node<'_>) -> Option<Timestamp> {
    node.text().filter(|text| text.len() == 24)?.parse().ok()
}
