//! Signed notes (C2SP `signed-note`): a text, and a line for each signature under it.

use crate::base::{code::coded, debug::debug_as_display};
use base64ct::{Base64, Encoding};
use std::fmt;

/// The number of bytes in a key's id.
pub(super) const KEY_ID: usize = 4;
/// The most bytes that a note may have.
const MAX_NOTE: usize = 256 * 1024;
/// The most signatures that a note may have.
const MAX_SIGNATURES: usize = 100;
/// The beginning of a signature line.
const DASH: &str = "\u{2014} ";

/// A text with its signatures. None of them is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    // INVARIANT: ends with a newline.
    text: String,
    // INVARIANT: never empty.
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A text, which must end with a newline, with its first signatures.
    pub(super) const fn new(text: String, signatures: Vec<NoteSignature>) -> Self {
        Self { text, signatures }
    }

    /// Reads a note.
    ///
    /// ```
    /// use kiff::log::Note;
    ///
    /// let note = Note::parse("said by me\n\n\u{2014} me AAAAAAAAAAA=\n".as_bytes())?;
    /// assert_eq!(note.text(), "said by me\n");
    /// assert_eq!(note.signatures()[0].name(), "me");
    /// assert_eq!(Note::parse(b"said by nobody\n").unwrap_err().code(), "signatures_missing");
    /// # Ok::<(), kiff::log::NoteFault>(())
    /// ```
    ///
    /// # Errors
    /// [`NoteFault`] if the bytes are not a signed note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteFault> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteFault::TooLarge);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteFault::NotUtf8)?;
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(NoteFault::ControlCharacter);
        }
        // The text may contain empty lines, so the last one is where it ends.
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteFault::SignaturesMissing)?;
        let lines = match lines.strip_suffix('\n') {
            Some(lines) => lines,
            None if lines.is_empty() => return Err(NoteFault::SignaturesMissing),
            None => return Err(NoteFault::SignatureMalformed),
        };
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteFault::TooManySignatures);
        }
        let signatures = lines.split('\n').map(NoteSignature::parse).collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The signed text, including its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in the order of their lines.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature.
    pub(super) fn push(&mut self, signature: NoteSignature) {
        self.signatures.push(signature);
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// One signature line of a note. It is not verified yet.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: [u8; KEY_ID],
    bytes: Vec<u8>,
}

impl NoteSignature {
    pub(super) fn new(name: &str, key_id: [u8; KEY_ID], bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), key_id, bytes: bytes.to_vec() }
    }

    /// Reads one line, without its newline.
    ///
    /// # Errors
    /// [`NoteFault::SignatureMalformed`] if the line is not a signature.
    pub fn parse(line: &str) -> Result<Self, NoteFault> {
        let fault = NoteFault::SignatureMalformed;
        let (name, encoded) = line.strip_prefix(DASH).and_then(|line| line.split_once(' ')).ok_or(fault.clone())?;
        let bytes = Base64::decode_vec(encoded).map_err(|_| fault.clone())?;
        match bytes.split_first_chunk::<KEY_ID>() {
            Some((key_id, bytes)) if is_key_name(name) && !bytes.is_empty() => Ok(Self::new(name, *key_id, bytes)),
            _ => Err(fault),
        }
    }

    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of a hash of the key. They tell keys of one name apart, and prove nothing.
    #[must_use]
    pub const fn key_id(&self) -> [u8; KEY_ID] {
        self.key_id
    }

    /// The signature, in the form of the key's algorithm.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.bytes].concat();
        write!(f, "{DASH}{} {}", self.name, Base64::encode_string(&bytes))
    }
}

impl fmt::Debug for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A name must not be empty, and must not contain the characters that separate it from what follows.
pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

coded! {
    /// Why bytes are not a signed note.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum NoteFault {
        /// The note is too large.
        #[error("the note has more than {MAX_NOTE} bytes")]
        TooLarge => "note_too_large",
        /// The note is not UTF-8.
        #[error("the note is not UTF-8")]
        NotUtf8 => "note_not_utf8",
        /// The note contains a control character other than the newline, such as a carriage return.
        #[error("the note contains a control character other than a newline")]
        ControlCharacter => "control_character",
        /// No empty line is followed by signatures.
        #[error("the note has no empty line followed by signatures")]
        SignaturesMissing => "signatures_missing",
        /// A line after the text is not a signature.
        #[error("a line after the text is not a signature: a key's name, and its id and signature in base 64")]
        SignatureMalformed => "signature_malformed",
        /// The note has too many signatures.
        #[error("the note has more than {MAX_SIGNATURES} signatures")]
        TooManySignatures => "too_many_signatures",
    }
}

debug_as_display!(NoteFault);
