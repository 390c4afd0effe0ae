//! The text of a checkpoint (C2SP `tlog-checkpoint`): origin, size and root of a log.

use super::{
    frontier::{MAX_TREE_SIZE, TreeHead},
    note::NoteFault,
    verifier_key::VerifierKey,
};
use crate::base::{code::coded, debug::debug_as_display, digest::Digest, ids::TenantId};
use base64ct::{Base64, Encoding};
use std::fmt;

/// The origin of a tenant's log, unless its owner chooses another: `kiff.dev/log/<tenant>`.
#[must_use]
pub fn default_origin(tenant: &TenantId) -> String {
    format!("kiff.dev/log/{tenant}")
}

/// The text of a checkpoint: the origin of a log, its size and its root. Signatures are not part of it.
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
    /// [`CheckpointFault::Origin`] if the origin is empty or contains a control character.
    pub fn new(origin: impl Into<String>, head: TreeHead) -> Result<Self, CheckpointFault> {
        let origin = origin.into();
        if !is_line(&origin) {
            return Err(CheckpointFault::Origin);
        }
        Ok(Self { origin, head, extensions: Vec::new() })
    }

    /// A checkpoint of the log with this key. The name of a key is always a sound origin.
    pub(crate) fn of_log(key: &VerifierKey, head: TreeHead) -> Self {
        Self { origin: key.name().to_owned(), head, extensions: Vec::new() }
    }

    /// Reads the text of a checkpoint, including its last newline.
    ///
    /// # Errors
    /// [`CheckpointFault`] if the text is not a checkpoint.
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

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The size and the root of the log.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// The lines after the root, which the signatures cover too. kiff writes none and ignores their content.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// SHA-256 of the text. This is what an anchor holds.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_string().as_bytes())
    }
}

/// The signed text, including its last newline.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.head.size, write_hash(&self.head.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

coded! {
    /// Why a checkpoint is refused.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum CheckpointFault {
        /// The bytes are not a signed note.
        #[error(transparent)]
        Note(#[from] NoteFault) => fault,
        /// The text has fewer than three lines.
        #[error("a checkpoint has lines for origin, size and root")]
        Lines => "checkpoint_lines",
        /// The origin is empty or contains a control character.
        #[error("the origin of a checkpoint must not be empty or contain control characters")]
        Origin => "origin_malformed",
        /// The size is not a decimal number without leading zeros, or is too large.
        #[error("the size of a checkpoint must be a decimal number below 2^63, without leading zeros")]
        Size => "size_malformed",
        /// The root is not 32 bytes in base 64, or the size is 0 and the root is not that of an empty tree.
        #[error("the root of a checkpoint must be 32 bytes in base 64, and with size 0 the root of an empty tree")]
        Root => "root_malformed",
        /// A line after the root is empty or contains a control character.
        #[error("a line after the root of a checkpoint must not be empty or contain control characters")]
        Extension => "extension_malformed",
        /// The checkpoint is of another log.
        #[error("the checkpoint is of `{actual}`, not of `{expected}`")]
        OriginUnexpected {
            /// The expected log.
            expected: String,
            /// The log of the checkpoint.
            actual: String,
        } => "origin_unexpected",
        /// The log has not signed the checkpoint.
        #[error("the log has not signed the checkpoint")]
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
        /// Too few witnesses have signed the checkpoint.
        #[error("{actual} witnesses have signed the checkpoint, but the policy requires {quorum}")]
        QuorumMissed {
            /// The number of witnesses that must have signed.
            quorum: usize,
            /// The number of witnesses that have signed.
            actual: usize,
        } => "witness_quorum_missed",
    }
}

debug_as_display!(CheckpointFault);

fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

/// Reads a decimal number without sign and leading zeros.
pub(super) fn read_decimal(text: &str) -> Option<u64> {
    let is_canonical = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_canonical)
}

/// Reads a hash in base 64.
pub(super) fn read_hash(text: &str) -> Option<Digest> {
    let bytes = Base64::decode_vec(text).ok()?;
    bytes.try_into().ok().map(Digest::from_bytes)
}

pub(super) fn write_hash(hash: &Digest) -> String {
    Base64::encode_string(hash.as_bytes())
}
