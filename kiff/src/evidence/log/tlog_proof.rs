//! Proof files (C2SP `tlog-proof`, version 1): a record, its place, its path and a checkpoint, in one text.

use super::{
    checkpoint::{Checkpoint, CheckpointFault, SignedCheckpoint, read_decimal, read_hash, write_hash},
    cosignature::{Cosignature, WitnessPolicy},
    proof::{ProofError, verify_inclusion},
    verifier_key::VerifierKey,
};
use crate::base::code::coded;
use crate::base::digest::Digest;
use base64ct::{Base64, Encoding};
use std::{fmt, str};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The most bytes of a proof that is read.
const MAX_PROOF: usize = 512 * 1024;
/// The most hashes that a path can have.
const MAX_PATH: usize = 63;

/// That a record is in a log, for whoever has the log's key and nothing else. Nothing of it is verified yet.
///
/// The file shows the record, with the actor and the parameters that are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    record: Option<Vec<u8>>,
    index: u64,
    path: Vec<Digest>,
    checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// A proof that shows its record.
    #[must_use]
    pub fn new(record: &[u8], index: u64, path: Vec<Digest>, checkpoint: SignedCheckpoint) -> Self {
        Self { record: Some(record.to_vec()), index, path, checkpoint }
    }

    /// The same without the record, for those who have its leaf hash.
    #[must_use]
    pub fn without_record(self) -> Self {
        Self { record: None, ..self }
    }

    /// Reads a `.tlog-proof` file.
    ///
    /// # Errors
    /// [`TlogProofFault`] if the bytes are none.
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

    /// The record that it shows, which is not to be relied on before it is verified.
    #[must_use]
    pub fn unverified_record(&self) -> Option<&[u8]> {
        self.record.as_deref()
    }

    /// The checkpoint that it refers to, not verified either.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Checks that the record that it shows is in the log.
    ///
    /// ```
    /// use kiff::{
    ///     Digest, Ed25519Signer,
    ///     ledger::{Ed25519LogSigner, LogSigner},
    ///     log::{TlogProof, Tree, WitnessPolicy},
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The owner of a log makes the file,
    /// let signer = Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::from_seed(&[7; 32]))?;
    /// let records = ["the first record", "the second", "the third"];
    /// let mut tree = Tree::new(Vec::new());
    /// tree.extend(records.iter().map(|record| Digest::leaf(record.as_bytes())))?;
    /// let checkpoint = signer.checkpoint(tree.head());
    /// let file = TlogProof::new(b"the second", 1, tree.inclusion(1, 3)?, checkpoint).to_string();
    ///
    /// // and whoever has its key checks it.
    /// let log = signer.verifier_key();
    /// let proven = TlogProof::parse(file.as_bytes())?.verify(log, &WitnessPolicy::none())?;
    /// assert_eq!((proven.index(), proven.size()), (1, 3));
    /// assert_eq!(proven.record(), Some(b"the second".as_slice()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TlogProofFault`] if it shows no record, or the checkpoint or the path does not hold.
    pub fn verify(&self, log: &VerifierKey, policy: &WitnessPolicy) -> Result<Proven, TlogProofFault> {
        let record = self.record.as_ref().ok_or(TlogProofFault::RecordMissing)?;
        let proven = self.verify_leaf(Digest::leaf(record), log, policy)?;
        Ok(Proven { record: Some(record.clone()), ..proven })
    }

    /// Checks that the record with this leaf hash is in the log, whatever record the proof shows.
    ///
    /// # Errors
    /// [`TlogProofFault`] if the checkpoint or the path does not hold.
    pub fn verify_leaf(
        &self,
        leaf: Digest,
        log: &VerifierKey,
        policy: &WitnessPolicy,
    ) -> Result<Proven, TlogProofFault> {
        let verified = self.checkpoint.verify(log, policy)?;
        verify_inclusion(&leaf, self.index, &self.path, &verified.checkpoint().head())?;
        let (checkpoint, witnesses) = (verified.checkpoint().clone(), verified.witnesses().to_vec());
        Ok(Proven { index: self.index, leaf, record: None, checkpoint, witnesses })
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

/// What a proof has shown. Only [`TlogProof::verify`] and [`TlogProof::verify_leaf`] make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    index: u64,
    leaf: Digest,
    record: Option<Vec<u8>>,
    checkpoint: Checkpoint,
    witnesses: Vec<Cosignature>,
}

impl Proven {
    /// The place of the record in the log, counted from zero.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many records the log had.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.checkpoint.head().size
    }

    /// The leaf hash of the record, which a receipt names as its `record`.
    #[must_use]
    pub const fn leaf(&self) -> Digest {
        self.leaf
    }

    /// The record, if the proof shows it.
    #[must_use]
    pub fn record(&self) -> Option<&[u8]> {
        self.record.as_deref()
    }

    /// The log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.checkpoint.origin()
    }

    /// The checkpoint that the log has signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The witnesses of the policy that have signed the checkpoint.
    #[must_use]
    pub fn witnesses(&self) -> &[Cosignature] {
        &self.witnesses
    }
}

coded! {
    /// Why a proof file is refused.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum TlogProofFault {
        /// More bytes than are read.
        #[error("the proof has more than {MAX_PROOF} bytes")]
        TooLarge => "proof_too_large",
        /// Not UTF-8.
        #[error("the proof is not UTF-8")]
        NotUtf8 => "proof_not_utf8",
        /// It does not begin with the name of the format.
        #[error("the proof does not begin with `{HEADER}`")]
        Header => "proof_header",
        /// What it shows beside the proof is not in base 64, or empty.
        #[error("the line `extra` of the proof is not in base 64, or empty")]
        Extra => "extra_malformed",
        /// The index is missing or not a decimal number without leading zeros.
        #[error("the line `index` of the proof is missing, or no decimal number without leading zeros")]
        Index => "index_malformed",
        /// A hash is not 32 bytes in base 64.
        #[error("a hash of the proof is not 32 bytes in base 64")]
        Hash => "hash_malformed",
        /// There is no checkpoint behind an empty line.
        #[error("the proof has no checkpoint behind an empty line")]
        CheckpointMissing => "checkpoint_missing",
        /// The checkpoint is refused.
        #[error(transparent)]
        Checkpoint(#[from] CheckpointFault) => fault,
        /// The path does not lead to the root.
        #[error(transparent)]
        Proof(#[from] ProofError) => error,
        /// It does not show the record that it is about.
        #[error("the proof does not show its record")]
        RecordMissing => "record_missing",
    }
}

fn read_extra(line: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(line.strip_prefix("extra ")?).ok().filter(|extra| !extra.is_empty())
}
