//! Checkpoints (C2SP `tlog-checkpoint`): what a log's owner says the log is, signed.

use super::{
    cosignature::{Cosignature, WitnessPolicy},
    frontier::{MAX_TREE_SIZE, TreeHead},
    note::{Note, NoteFault, NoteSignature},
    verifier_key::{KeyRole, VerifierKey},
};
use crate::base::code::coded;
use crate::base::{digest::Digest, ids::TenantId};
use base64ct::{Base64, Encoding};
use std::{fmt, str};

/// The origin of a tenant's log, unless its owner gives it another: `kiff.dev/log/<tenant>`.
#[must_use]
pub fn default_origin(tenant: &TenantId) -> String {
    format!("kiff.dev/log/{tenant}")
}

/// A log's origin, its size and its root: the text of a checkpoint, without signatures.
///
/// ```
/// use kiff::log::{Checkpoint, TreeHead};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let checkpoint = Checkpoint::new("kiff.dev/log/shop", TreeHead::empty())?;
/// assert_eq!(
///     checkpoint.to_string(),
///     "kiff.dev/log/shop\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
/// );
/// assert_eq!(Checkpoint::parse(&checkpoint.to_string())?, checkpoint);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    head: TreeHead,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint of this head.
    ///
    /// # Errors
    /// [`CheckpointFault::Origin`] if the origin is empty or has a control character.
    pub fn new(origin: impl Into<String>, head: TreeHead) -> Result<Self, CheckpointFault> {
        let origin = origin.into();
        match is_line(&origin) {
            true => Ok(Self { origin, head, extensions: Vec::new() }),
            false => Err(CheckpointFault::Origin),
        }
    }

    /// A checkpoint of the log that has this key: the name of a key is fit for an origin.
    pub(crate) fn of_log(key: &VerifierKey, head: TreeHead) -> Self {
        Self { origin: key.name().to_owned(), head, extensions: Vec::new() }
    }

    /// Reads the text of a checkpoint, with its last newline.
    ///
    /// # Errors
    /// [`CheckpointFault`] if it is none.
    pub fn parse(text: &str) -> Result<Self, CheckpointFault> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointFault::Lines)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointFault::Lines);
        };
        let checkpoint = Self::new(origin, TreeHead::empty())?;
        let size = read_decimal(size).filter(|size| *size <= MAX_TREE_SIZE).ok_or(CheckpointFault::Size)?;
        let head = TreeHead { size, root: read_hash(root).ok_or(CheckpointFault::Root)? };
        if size == 0 && head != TreeHead::empty() {
            return Err(CheckpointFault::Root);
        }
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if !extensions.iter().all(|line| is_line(line)) {
            return Err(CheckpointFault::Extension);
        }
        Ok(Self { head, extensions, ..checkpoint })
    }

    /// Which log it is about.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Size and root.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// The lines behind the root. kiff writes none and reads nothing from them; they are signed too.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// SHA-256 of the text: what is anchored.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_string().as_bytes())
    }
}

/// The text, with its last newline: what is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.head.size, write_hash(&self.head.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A checkpoint with signatures, none of which is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// A checkpoint under the signature of its log, which is verified with the others.
    #[must_use]
    pub fn new(checkpoint: Checkpoint, log: &VerifierKey, signature: &[u8; 64]) -> Self {
        let note = Note::new(checkpoint.to_string(), vec![log.signature(signature)]);
        Self { checkpoint, note }
    }

    /// Reads a checkpoint with its signatures, such as `checkpoint.txt`.
    ///
    /// # Errors
    /// [`CheckpointFault`] if the bytes are none. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointFault> {
        let note = Note::parse(bytes)?;
        Ok(Self { checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// What it says, which is not to be relied on before it is verified.
    #[must_use]
    pub const fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signatures, in their order.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        self.note.signatures()
    }

    /// Adds a signature, such as a witness gives it. It is verified with the others.
    #[must_use]
    pub fn with(mut self, signature: NoteSignature) -> Self {
        self.note.push(signature);
        self
    }

    /// Checks that the log has signed it, and as many witnesses as the policy wants.
    ///
    /// Lines of keys that are not known here are passed over. A line of a known key must verify.
    ///
    /// ```
    /// use kiff::log::{SignedCheckpoint, VerifierKeys, WitnessPolicy};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let keys = VerifierKeys::parse(
    ///     "kiff.dev/log/kiff-demo+7003a854+AT1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM\n\
    ///      witness.example.com/w1+1a9273ae+BPxRzY5iGKGjjaR+0AIw8FgIFu0TujMDrF3rkRVIkIAl\n",
    /// )?;
    /// let log = keys.log("kiff.dev/log/kiff-demo").ok_or("the log has no key")?;
    /// let policy = WitnessPolicy::new(keys.witnesses().cloned(), 1)?;
    ///
    /// let file = "kiff.dev/log/kiff-demo
    /// 7
    /// ysCYdk63dJ/otWHjgCaglZ/eg1q/LJ4Lnfxr13T7orw=
    ///
    /// \u{2014} kiff.dev/log/kiff-demo cAOoVNmmB+jTqrlwmatiSDfzT2SU1QR4QxuYOwQt5BeJkRZgbdDLgUfBfx2VYr7iq29mQgw9i6HK2WGnRN8ZhiBMbw0=
    /// \u{2014} witness.example.com/w1 GpJzrgAAAABqEsnbgvZHAeCZoAboovoxZkvmRfnAOa6sCR284ZAFr1+Emsz7hQ5oWFkSi3EyCHUtEyAZOvnyBW1HzgfkyOsxIyxcBw==
    /// ";
    /// let verified = SignedCheckpoint::parse(file.as_bytes())?.verify(log, &policy)?;
    /// assert_eq!(verified.checkpoint().head().size, 7);
    /// assert_eq!(verified.witnesses()[0].name, "witness.example.com/w1");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CheckpointFault`] if it is another log's, or a signature is missing or wrong.
    pub fn verify(&self, log: &VerifierKey, policy: &WitnessPolicy) -> Result<VerifiedCheckpoint, CheckpointFault> {
        if log.role() != KeyRole::Log || log.name() != self.checkpoint.origin {
            let actual = self.checkpoint.origin.clone();
            return Err(CheckpointFault::OriginUnexpected { expected: log.name().to_owned(), actual });
        }
        let text = self.note.text().as_bytes();
        let mut is_signed = false;
        for line in self.signatures().iter().filter(|line| log.is_named_by(line)) {
            let signature = line.bytes().try_into().map_err(|_| CheckpointFault::LogSignatureWrong)?;
            if !log.public_key().has_signed(text, signature) {
                return Err(CheckpointFault::LogSignatureWrong);
            }
            is_signed = true;
        }
        if !is_signed {
            return Err(CheckpointFault::LogSignatureMissing);
        }
        let witnesses = policy.check(self.note.text(), self.signatures())?;
        Ok(VerifiedCheckpoint { checkpoint: self.checkpoint.clone(), witnesses })
    }
}

/// The whole note, as it is stored and sent.
impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.note, f)
    }
}

/// A checkpoint whose signatures were verified. Only [`SignedCheckpoint::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    checkpoint: Checkpoint,
    witnesses: Vec<Cosignature>,
}

impl VerifiedCheckpoint {
    /// What the log's owner has signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The witnesses of the policy that have signed it too.
    #[must_use]
    pub fn witnesses(&self) -> &[Cosignature] {
        &self.witnesses
    }
}

coded! {
    /// Why a checkpoint is refused.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum CheckpointFault {
        /// It is no signed note.
        #[error(transparent)]
        Note(#[from] NoteFault) => fault,
        /// The text does not have three lines.
        #[error("a checkpoint has lines for origin, size and root")]
        Lines => "checkpoint_lines",
        /// The origin is empty or has a control character.
        #[error("the origin of a checkpoint must not be empty or have control characters")]
        Origin => "origin_malformed",
        /// The size is not a decimal number without leading zeros, or too large.
        #[error("the size of a checkpoint is a decimal number without leading zeros, below 2^63")]
        Size => "size_malformed",
        /// The root is not 32 bytes in base 64, or not that of a tree without records where there are none.
        #[error("the root of a checkpoint is 32 bytes in base 64, and that of nothing if the size is 0")]
        Root => "root_malformed",
        /// A line behind the root is empty.
        #[error("a line behind the root of a checkpoint must not be empty")]
        Extension => "extension_malformed",
        /// It is about another log.
        #[error("the checkpoint is of `{actual}`, not of `{expected}`")]
        OriginUnexpected {
            /// The log that it should be about.
            expected: String,
            /// The log that it is about.
            actual: String,
        } => "origin_unexpected",
        /// The log has not signed it.
        #[error("the checkpoint has no signature of its log")]
        LogSignatureMissing => "log_signature_missing",
        /// The signature of the log is wrong.
        #[error("the signature of the log is wrong")]
        LogSignatureWrong => "log_signature_wrong",
        /// The signature of a witness is wrong.
        #[error("the signature of witness `{name}` is wrong")]
        WitnessSignatureWrong {
            /// The witness.
            name: String,
        } => "witness_signature_wrong",
        /// Fewer witnesses than the policy wants have signed it.
        #[error("{actual} of the witnesses have signed the checkpoint, and the policy wants {quorum}")]
        QuorumMissed {
            /// How many it wants.
            quorum: usize,
            /// How many have signed.
            actual: usize,
        } => "witness_quorum_missed",
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

/// A decimal number without sign and leading zeros.
pub(super) fn read_decimal(text: &str) -> Option<u64> {
    let is_canonical = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_canonical)
}

/// A hash in base 64.
pub(super) fn read_hash(text: &str) -> Option<Digest> {
    let bytes = Base64::decode_vec(text).ok()?;
    bytes.try_into().ok().map(Digest::from_bytes)
}

pub(super) fn write_hash(hash: &Digest) -> String {
    Base64::encode_string(hash.as_bytes())
}
