//! Cosignatures (C2SP `tlog-cosignature`, version 1): the signatures of witnesses under a checkpoint.

use super::{
    checkpoint::CheckpointFault,
    note::NoteSignature,
    verifier_key::{KeyRole, VerifierKey},
};
use crate::base::{code::coded, debug::debug_as_display};

/// A witness saw the checkpoint, and it extends every checkpoint of the log that the witness saw before.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// The name of the witness's key.
    pub name: String,
    /// The time by the witness's clock, in seconds since 1970.
    pub unix_seconds: u64,
}

/// The witnesses that a verifier trusts, and how many of them must have signed a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessPolicy {
    keys: Vec<VerifierKey>,
    quorum: usize,
}

impl WitnessPolicy {
    /// Trusts no witness, and requires none.
    #[must_use]
    pub const fn none() -> Self {
        Self { keys: Vec::new(), quorum: 0 }
    }

    /// Requires the signatures of at least `quorum` of these witnesses.
    ///
    /// # Errors
    /// [`WitnessPolicyError`] if there are fewer witnesses than the quorum, if a key does not belong to a witness, or
    /// if a key occurs twice: under two names one witness would count as two.
    pub fn new(keys: impl IntoIterator<Item = VerifierKey>, quorum: usize) -> Result<Self, WitnessPolicyError> {
        let keys: Vec<_> = keys.into_iter().collect();
        for (place, key) in keys.iter().enumerate() {
            let name = || key.name().to_owned();
            if key.role() != KeyRole::Witness {
                return Err(WitnessPolicyError::NoWitness { name: name() });
            }
            let mut before = keys.iter().take(place);
            if before.any(|other| other.public_key() == key.public_key() || other.name() == key.name()) {
                return Err(WitnessPolicyError::Duplicate { name: name() });
            }
        }
        if quorum > keys.len() {
            return Err(WitnessPolicyError::QuorumTooLarge { quorum, witnesses: keys.len() });
        }
        Ok(Self { keys, quorum })
    }

    /// The number of witnesses that must have signed.
    #[must_use]
    pub const fn quorum(&self) -> usize {
        self.quorum
    }

    /// The trusted witnesses that have signed the text of a checkpoint, each once.
    pub(crate) fn check(&self, text: &str, lines: &[NoteSignature]) -> Result<Vec<Cosignature>, CheckpointFault> {
        let mut witnesses: Vec<Cosignature> = Vec::new();
        for line in lines {
            let Some(key) = self.keys.iter().find(|key| key.is_named_by(line)) else { continue };
            let wrong = || CheckpointFault::WitnessSignatureWrong { name: key.name().to_owned() };
            let (unix_seconds, signature) = timestamped(line.bytes()).ok_or_else(wrong)?;
            if !key.public_key().has_signed(cosigned_message(unix_seconds, text).as_bytes(), signature) {
                return Err(wrong());
            }
            if witnesses.iter().all(|witness| witness.name != key.name()) {
                witnesses.push(Cosignature { name: key.name().to_owned(), unix_seconds });
            }
        }
        if witnesses.len() < self.quorum {
            return Err(CheckpointFault::QuorumMissed { quorum: self.quorum, actual: witnesses.len() });
        }
        Ok(witnesses)
    }
}

coded! {
    /// Why a policy is refused: it cannot be met, or would count a witness twice.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum WitnessPolicyError {
        /// A key does not belong to a witness.
        #[error("`{name}` is not the key of a witness")]
        NoWitness {
            /// Its name.
            name: String,
        } => "no_witness_key",
        /// A key or a name occurs twice.
        #[error("witness `{name}` occurs twice")]
        Duplicate {
            /// Its name.
            name: String,
        } => "duplicate_witness",
        /// There are fewer witnesses than must have signed.
        #[error("the policy requires {quorum} witnesses and names {witnesses}")]
        QuorumTooLarge {
            /// The number of witnesses that must have signed.
            quorum: usize,
            /// The number of witnesses.
            witnesses: usize,
        } => "quorum_too_large",
    }
}

debug_as_display!(WitnessPolicyError);

/// The text that a witness signs.
pub(crate) fn cosigned_message(unix_seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {unix_seconds}\n{text}")
}

/// Splits a cosignature into its time and its signature.
fn timestamped(bytes: &[u8]) -> Option<(u64, &[u8; 64])> {
    let (time, signature) = bytes.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    Some((time, signature.try_into().ok()?)).filter(|_| i64::try_from(time).is_ok())
}
