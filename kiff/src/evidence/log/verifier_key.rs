//! Verifier keys (C2SP `signed-note`): public keys with the names under which they sign.

use super::note::{KEY_ID, NoteSignature, is_key_name};
use crate::base::{
    code::coded,
    debug::debug_as_display,
    digest::Digest,
    public_key::{PublicKey, PublicKeyError},
};
use base64ct::{Base64, Encoding};
use std::{fmt, str::FromStr};

/// The kind of text that a key signs.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRole {
    /// Checkpoints of the log whose origin is the key's name.
    Log,
    /// Checkpoints that extend every earlier one of their log (C2SP `tlog-cosignature`, version 1).
    Witness,
}

impl KeyRole {
    /// The byte that stands for the algorithm and the kind of text that is signed.
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }
}

/// A public key with the name and the role in which it signs, written as in `vkeys.txt`.
///
/// ```
/// use kiff::log::{KeyRole, VerifierKey};
///
/// let text = "kiff.dev/log/kiff-demo+7003a854+AT1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM";
/// let key: VerifierKey = text.parse()?;
/// assert_eq!((key.name(), key.role()), ("kiff.dev/log/kiff-demo", KeyRole::Log));
/// assert_eq!(key.to_string(), text);
///
/// let edited = text.replace("7003a854", "7003a855").parse::<VerifierKey>();
/// assert_eq!(edited.unwrap_err().code(), "key_id_mismatch");
/// # Ok::<(), kiff::log::VerifierKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    role: KeyRole,
    key: PublicKey,
    id: [u8; KEY_ID],
}

impl VerifierKey {
    /// A key with a name: the origin of a log, or the address of a witness without its scheme.
    ///
    /// # Errors
    /// [`VerifierKeyError::Name`] if the name is empty or contains a space, a control character or a `+`.
    pub fn new(name: impl Into<String>, role: KeyRole, key: PublicKey) -> Result<Self, VerifierKeyError> {
        let name = name.into();
        if !is_key_name(&name) {
            return Err(VerifierKeyError::Name);
        }
        let hashed = [name.as_bytes(), b"\n", &[role.byte()], &key.to_bytes()].concat();
        let [a, b, c, d, ..] = *Digest::of(&hashed).as_bytes();
        Ok(Self { name, role, key, id: [a, b, c, d] })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of text that it signs.
    #[must_use]
    pub const fn role(&self) -> KeyRole {
        self.role
    }

    /// The key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// The id with which the signatures of the key begin.
    #[must_use]
    pub const fn id(&self) -> [u8; KEY_ID] {
        self.id
    }

    /// Whether a signature claims to be by this key.
    pub(super) fn is_named_by(&self, signature: &NoteSignature) -> bool {
        self.name == signature.name() && self.id == signature.key_id()
    }

    /// A signature of this key as a line of a note.
    pub(crate) fn signature(&self, bytes: &[u8]) -> NoteSignature {
        NoteSignature::new(&self.name, self.id, bytes)
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;
    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VerifierKeyError::Form);
        };
        let bytes = Base64::decode_vec(encoded).map_err(|_| VerifierKeyError::Form)?;
        let (role, bytes) = bytes.split_first().ok_or(VerifierKeyError::Form)?;
        let roles = [KeyRole::Log, KeyRole::Witness];
        let role = roles.into_iter().find(|known| known.byte() == *role).ok_or(VerifierKeyError::Algorithm)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| VerifierKeyError::Form)?;
        let key = Self::new(name, role, PublicKey::from_bytes(bytes)?)?;
        if hex(key.id) == id { Ok(key) } else { Err(VerifierKeyError::IdMismatch) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.role.byte()], self.key.to_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex(self.id), Base64::encode_string(&bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn hex(id: [u8; KEY_ID]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

coded! {
    /// Why a verifier key is refused.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum VerifierKeyError {
        /// The text is not a name, an id and a key, joined by plus signs.
        #[error("a verifier key must be a name, eight hexadecimal digits and a key in base 64, joined by `+`")]
        Form => "verifier_key_malformed",
        /// The name is empty or contains a space, a control character or a `+`.
        #[error("the name of a verifier key must not be empty or contain spaces, control characters or `+`")]
        Name => "key_name_malformed",
        /// The key is neither an Ed25519 log key nor an Ed25519 witness key.
        #[error("the algorithm of the key is unknown")]
        Algorithm => "unknown_algorithm",
        /// The id does not belong to the name and the key. One of the three was changed.
        #[error("the id does not belong to the name and the key")]
        IdMismatch => "key_id_mismatch",
        /// The key is unsound.
        #[error(transparent)]
        Key(#[from] PublicKeyError) => error,
        /// Two keys of a list have the same name and the same role.
        #[error("two keys are named `{name}`")]
        Duplicate {
            /// Their name.
            name: String,
        } => "duplicate_key",
    }
}

debug_as_display!(VerifierKeyError);

/// The keys of logs and witnesses that a verifier trusts, as `vkeys.txt` lists them: one on each line.
///
/// ```
/// use kiff::log::VerifierKeys;
///
/// let keys = VerifierKeys::parse(
///     "# ours\nkiff.dev/log/kiff-demo+7003a854+AT1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM\n",
/// )?;
/// assert!(keys.log("kiff.dev/log/kiff-demo").is_some());
/// assert_eq!(keys.witnesses().count(), 0);
/// # Ok::<(), kiff::log::VerifierKeyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifierKeys(Vec<VerifierKey>);

impl VerifierKeys {
    /// Reads a list with one key on each line. Empty lines and lines that begin with `#` are ignored.
    ///
    /// # Errors
    /// [`VerifierKeyError`] if a line is not a sound key, or if two logs or two witnesses have the same name.
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let mut keys: Vec<VerifierKey> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let key: VerifierKey = line.parse()?;
            if keys.iter().any(|other| other.name == key.name && other.role == key.role) {
                return Err(VerifierKeyError::Duplicate { name: key.name });
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }

    /// All keys, in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = &VerifierKey> {
        self.0.iter()
    }

    /// The key of the log with this origin.
    #[must_use]
    pub fn log(&self, origin: &str) -> Option<&VerifierKey> {
        self.0.iter().find(|key| key.role == KeyRole::Log && key.name == origin)
    }

    /// The keys of the witnesses.
    pub fn witnesses(&self) -> impl Iterator<Item = &VerifierKey> {
        self.0.iter().filter(|key| key.role == KeyRole::Witness)
    }
}
