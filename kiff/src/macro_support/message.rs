//! Compile errors that are put together in a constant evaluation.

/// A message put together in a constant evaluation, where nothing can be allocated. A part that does not fit is left out.
pub(super) struct Text {
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Text {
    const ROOM: usize = 1024;

    pub(super) const fn about(what: &str, name: &str) -> Self {
        let mut text = Self { bytes: [0; Self::ROOM], len: 0 };
        text.push(what);
        text.push(" `");
        text.push(name);
        text.push("`: ");
        text
    }

    pub(super) const fn push(&mut self, text: &str) {
        if self.len + text.len() > Self::ROOM {
            return;
        }
        let mut left = text.as_bytes();
        let (_, mut free) = self.bytes.split_at_mut(self.len);
        while let ([byte, rest @ ..], [slot, slots @ ..]) = (left, free) {
            *slot = *byte;
            left = rest;
            free = slots;
        }
        self.len += text.len();
    }

    pub(super) const fn push_list(&mut self, all: &[&str]) {
        let mut left = all;
        while let [text, rest @ ..] = left {
            self.push(text);
            self.push(if rest.is_empty() { "" } else { ", " });
            left = rest;
        }
    }

    const fn as_str(&self) -> &str {
        let (used, _) = self.bytes.split_at(self.len);
        match std::str::from_utf8(used) {
            Ok(text) => text,
            Err(_) => "a name is not UTF-8",
        }
    }
}

/// Ends the constant evaluation with the message.
#[track_caller]
#[expect(clippy::panic, reason = "evaluated at compile time only: the panic is the compiler's message")]
pub(super) const fn refuse(text: &Text) -> ! {
    panic!("{}", text.as_str())
}
