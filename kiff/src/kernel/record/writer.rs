//! An object that is written.

use crate::{
    base::{
        digest::Digest,
        ids::{ApprovalId, ExecutionId, Ulid},
        timestamp::Timestamp,
    },
    value::{Value, write_str, write_u64},
};

/// An object that is being written. Names are plain ASCII and come in their order.
pub(crate) struct Members<'o> {
    pub(super) out: &'o mut Vec<u8>,
    empty: bool,
}

impl<'o> Members<'o> {
    pub(crate) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    // Names are literals: put in line, they are copied without a call or a loop.
    #[inline(always)]
    pub(super) fn key(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    #[inline(always)]
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        write_str(self.out, text);
    }

    /// A text that needs no escapes: a word of ours, or a name, whose alphabets have nothing to escape.
    #[inline(always)]
    pub(crate) fn plain(&mut self, name: &str, text: &str) {
        self.plain_bytes(name, text.as_bytes());
    }

    #[inline(always)]
    pub(super) fn plain_bytes(&mut self, name: &str, text: &[u8]) {
        self.key(name);
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }

    #[inline(always)]
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.key(name);
        write_u64(self.out, number);
    }

    #[inline(always)]
    pub(crate) fn digest(&mut self, name: &str, digest: &Digest) {
        self.plain_bytes(name, &digest.encode());
    }

    #[inline(always)]
    pub(crate) fn time(&mut self, name: &str, time: Timestamp) {
        self.plain_bytes(name, &time.encode());
    }

    #[inline(always)]
    pub(super) fn id(&mut self, name: &str, prefix: &str, ulid: Ulid) {
        self.key(name);
        self.out.push(b'"');
        self.out.extend_from_slice(prefix.as_bytes());
        self.out.extend_from_slice(&ulid.encode());
        self.out.push(b'"');
    }

    pub(crate) fn approval(&mut self, id: ApprovalId) {
        self.id("approval_id", ApprovalId::PREFIX, id.ulid());
    }

    pub(crate) fn execution(&mut self, id: ExecutionId) {
        self.id("execution_id", ExecutionId::PREFIX, id.ulid());
    }

    #[inline(always)]
    pub(crate) fn value(&mut self, name: &str, value: &Value) {
        self.key(name);
        value.write(self.out);
    }

    pub(super) fn texts<'a>(&mut self, name: &str, texts: impl Iterator<Item = &'a str>) {
        self.key(name);
        self.out.push(b'[');
        for (place, text) in texts.enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            write_str(self.out, text);
        }
        self.out.push(b']');
    }

    /// The same of texts that need no escapes.
    pub(super) fn words<'a>(&mut self, name: &str, words: impl Iterator<Item = &'a str>) {
        self.key(name);
        self.out.push(b'[');
        for (place, word) in words.enumerate() {
            self.out.extend_from_slice(if place > 0 { b",\"" } else { b"\"" });
            self.out.extend_from_slice(word.as_bytes());
            self.out.push(b'"');
        }
        self.out.push(b']');
    }

    pub(crate) fn nested(&mut self, name: &str, members: impl FnOnce(&mut Members<'_>)) {
        self.key(name);
        let mut inner = Members::open(self.out);
        members(&mut inner);
        inner.close();
    }

    pub(crate) fn objects<T>(&mut self, name: &str, items: &[T], members: impl Fn(&mut Members<'_>, &T)) {
        self.key(name);
        self.out.push(b'[');
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            let mut inner = Members::open(self.out);
            members(&mut inner, item);
            inner.close();
        }
        self.out.push(b']');
    }

    pub(crate) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        if let Some(value) = value {
            write(self, value);
        }
    }
}
