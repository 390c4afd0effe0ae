//! Proof files (C2SP `tlog-proof`, version 1): a record, its index, its path and a checkpoint in one text.

use super::{
    checkpoint::{CheckpointFault, read_decimal, read_hash, write_hash},
    cosignature::WitnessPolicy,
    proof::{ProofError, verify_inclusion},
    signed_checkpoint::{SignedCheckpoint, VerifiedCheckpoint},
    verifier_key::VerifierKey,
};
use crate::base::{code::coded, debug::debug_as_display, digest::Digest};
use base64ct::{Base64, Encoding};
use std::{fmt, str};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The most bytes that a proof may have.
const MAX_PROOF: usize = 512 * 1024;
/// The most hashes that a path can have.
const MAX_PATH: usize = 63;

/// A proof that a record is in a log, for a reader who has only the key of the log. It is not verified yet.
///
/// The file contains the record, and so discloses its actor and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    record: Option<Vec<u8>>,
    index: u64,
    path: Vec<Digest>,
    checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// A proof that contains its record.
    #[must_use]
    pub fn new(record: &[u8], index: u64, path: Vec<Digest>, checkpoint: SignedCheckpoint) -> Self {
        Self { record: Some(record.to_vec()), index, path, checkpoint }
    }

    /// The same proof without the record, for a reader who has the leaf hash.
    #[must_use]
    pub fn without_record(self) -> Self {
        Self { record: None, ..self }
    }

    /// Reads a `.tlog-proof` file.
    ///
    /// # Errors
    /// [`TlogProofFault`] if the bytes are not a proof.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofFault> {
        if bytes.len() > MAX_PROOF {
            return Err(TlogProofFault::TooLarge);
        }
        let text = str::from_utf8(bytes).map_err(|_| TlogProofFault::NotUtf8)?;
        let (lines, checkpoint) = text.split_once("\n\n").ok_or(TlogProofFault::CheckpointMissing)?;
        let mut lines = lines.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(TlogProofFault::Header);
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let record = extra.map(|line| read_extra(line).ok_or(TlogProofFault::Extra)).transpose()?;
        let index = lines.next().and_then(|line| read_decimal(line.strip_prefix("index ")?));
        let index = index.ok_or(TlogProofFault::Index)?;
        let path: Vec<_> = lines.map(|line| read_hash(line).ok_or(TlogProofFault::Hash)).collect::<Result<_, _>>()?;
        if path.len() > MAX_PATH {
            return Err(ProofError::Length { actual: path.len() }.into());
        }
        Ok(Self { record, index, path, checkpoint: SignedCheckpoint::parse(checkpoint.as_bytes())? })
    }

    /// The record in the proof. Do not rely on it before the proof is verified.
    #[must_use]
    pub fn unverified_record(&self) -> Option<&[u8]> {
        self.record.as_deref()
    }

    /// The checkpoint in the proof. It is not verified either.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Checks that the record in the proof is in the log.
    ///
    /// ```
    /// use kiff::{
    ///     keys::Ed25519Signer, ledger::{Ed25519LogSigner, LogSigner},
    ///     log::{TlogProof, Tree, WitnessPolicy}, record::Digest,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The owner of a log makes the file.
    /// let signer = Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::from_seed(&[7; 32]))?;
    /// let records = ["the first record", "the second", "the third"];
    /// let mut tree = Tree::new(Vec::new());
    /// tree.extend(records.iter().map(|record| Digest::leaf(record.as_bytes())))?;
    /// let checkpoint = signer.checkpoint(tree.head());
    /// let file = TlogProof::new(b"the second", 1, tree.inclusion(1, 3)?, checkpoint).to_string();
    ///
    /// // Anyone who has the key of the log can check it.
    /// let log = signer.verifier_key();
    /// let proven = TlogProof::parse(file.as_bytes())?.verify(log, &WitnessPolicy::none())?;
    /// assert_eq!((proven.index(), proven.checkpoint().head().size), (1, 3));
    /// assert_eq!(proven.record(), Some(b"the second".as_slice()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TlogProofFault`] if the proof contains no record, or the checkpoint or the path does not hold.
    pub fn verify(&self, log: &VerifierKey, policy: &WitnessPolicy) -> Result<Proven, TlogProofFault> {
        let record = self.record.as_ref().ok_or(TlogProofFault::RecordMissing)?;
        let proven = self.verify_leaf(Digest::leaf(record), log, policy)?;
        Ok(Proven { record: Some(record.clone()), ..proven })
    }

    /// Checks that the record with this leaf hash is in the log, and ignores the record in the proof.
    ///
    /// # Errors
    /// [`TlogProofFault`] if the checkpoint or the path does not hold.
    pub fn verify_leaf(
        &self,
        leaf: Digest,
        log: &VerifierKey,
        policy: &WitnessPolicy,
    ) -> Result<Proven, TlogProofFault> {
        let checkpoint = self.checkpoint.verify(log, policy)?;
        verify_inclusion(&leaf, self.index, &self.path, &checkpoint.head())?;
        Ok(Proven { index: self.index, leaf, record: None, checkpoint })
    }
}

/// The file, as it is stored and sent.
impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(record) = &self.record {
            writeln!(f, "extra {}", Base64::encode_string(record))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", write_hash(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// A verified proof. Only [`TlogProof::verify`] and [`TlogProof::verify_leaf`] make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    index: u64,
    leaf: Digest,
    record: Option<Vec<u8>>,
    checkpoint: VerifiedCheckpoint,
}

impl Proven {
    /// The index of the record in the log, counted from zero.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The leaf hash of the record. It is the `record` of a receipt.
    #[must_use]
    pub const fn leaf(&self) -> Digest {
        self.leaf
    }

    /// The record, if the proof was verified with it.
    #[must_use]
    pub fn record(&self) -> Option<&[u8]> {
        self.record.as_deref()
    }

    /// The checkpoint of the log that holds the record.
    #[must_use]
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }
}

coded! {
    /// Why a proof file is refused.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum TlogProofFault {
        /// The proof is too large.
        #[error("the proof has more than {MAX_PROOF} bytes")]
        TooLarge => "proof_too_large",
        /// The proof is not UTF-8.
        #[error("the proof is not UTF-8")]
        NotUtf8 => "proof_not_utf8",
        /// The proof does not begin with the name of the format.
        #[error("the proof does not begin with `{HEADER}`")]
        Header => "proof_header",
        /// The line with the record is empty or not in base 64.
        #[error("the line `extra` of the proof is empty or not in base 64")]
        Extra => "extra_malformed",
        /// The index is missing, or is not a decimal number without leading zeros.
        #[error("the line `index` of the proof is missing, or is not a decimal number without leading zeros")]
        Index => "index_malformed",
        /// A hash is not 32 bytes in base 64.
        #[error("a hash of the proof is not 32 bytes in base 64")]
        Hash => "hash_malformed",
        /// No empty line is followed by a checkpoint.
        #[error("the proof has no empty line followed by a checkpoint")]
        CheckpointMissing => "checkpoint_missing",
        /// The checkpoint is refused.
        #[error(transparent)]
        Checkpoint(#[from] CheckpointFault) => fault,
        /// The path does not lead to the root.
        #[error(transparent)]
        Proof(#[from] ProofError) => error,
        /// The proof does not contain its record.
        #[error("the proof does not contain its record")]
        RecordMissing => "record_missing",
    }
}

debug_as_display!(TlogProofFault);

fn read_extra(line: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(line.strip_prefix("extra ")?).ok().filter(|extra| !extra.is_empty())
}
