//! Signed notes (C2SP `signed-note`): a text, and lines that say who has signed it.

use super::verifier_key::{KEY_ID, is_key_name};
use crate::base::code::coded;
use base64ct::{Base64, Encoding};
use std::fmt;

/// The most bytes of a note that is read.
const MAX_NOTE: usize = 256 * 1024;
/// The most signatures of a note that is read.
const MAX_SIGNATURES: usize = 100;
/// What a signature line begins with: a dash and a space.
const DASH: &str = "\u{2014} ";

/// A text with signatures, none of which is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    // INVARIANT: ends with a newline.
    text: String,
    // INVARIANT: never empty.
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A text, which ends with a newline, under its first signature.
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
    /// assert_eq!(Note::parse(b"said by nobody\n").map_err(|fault| fault.code()), Err("signatures_missing"));
    /// # Ok::<(), kiff::log::NoteFault>(())
    /// ```
    ///
    /// # Errors
    /// [`NoteFault`] if the bytes are no signed note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteFault> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteFault::TooLarge);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteFault::NotUtf8)?;
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(NoteFault::ControlCharacter);
        }
        // The text may have empty lines itself: the last one divides.
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

    /// What is signed: the text with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in their order.
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

/// One line of a note: a key's name, and what that key has signed. Not verified yet.
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
    /// [`NoteFault::SignatureMalformed`] if it is none.
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

    /// The first four bytes of a hash of the key: they tell keys of one name apart, and prove nothing.
    #[must_use]
    pub const fn key_id(&self) -> [u8; KEY_ID] {
        self.key_id
    }

    /// The signature, in the form that the key's algorithm has.
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

coded! {
    /// Bytes that are no signed note.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum NoteFault {
        /// More bytes than are read.
        #[error("the note has more than {MAX_NOTE} bytes")]
        TooLarge => "note_too_large",
        /// Not UTF-8.
        #[error("the note is not UTF-8")]
        NotUtf8 => "note_not_utf8",
        /// A control character other than the newline, such as a carriage return.
        #[error("the note has a control character other than a newline")]
        ControlCharacter => "control_character",
        /// There is no empty line with signatures behind it.
        #[error("the note has no signatures behind an empty line")]
        SignaturesMissing => "signatures_missing",
        /// A line behind the text is no signature.
        #[error("a line behind the text is no signature with its key's name, id and base 64")]
        SignatureMalformed => "signature_malformed",
        /// More signatures than are read.
        #[error("the note has more than {MAX_SIGNATURES} signatures")]
        TooManySignatures => "too_many_signatures",
    }
}
