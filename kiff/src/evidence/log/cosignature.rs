//! Cosignatures (C2SP `tlog-cosignature`, version 1): what witnesses say of a checkpoint.

use super::{
    checkpoint::CheckpointFault,
    note::NoteSignature,
    verifier_key::{KeyRole, VerifierKey},
};
use crate::base::code::coded;

/// That a witness saw a checkpoint, which extends all that it saw of the log before.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// The witness, by the name of its key.
    pub name: String,
    /// When, in seconds since 1970, by the clock of the witness.
    pub unix_seconds: u64,
}

/// The witnesses that a verifier relies on, and how many of them must have signed a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessPolicy {
    keys: Vec<VerifierKey>,
    quorum: usize,
}

impl WitnessPolicy {
    /// No witness is asked for, and none is believed.
    #[must_use]
    pub const fn none() -> Self {
        Self { keys: Vec::new(), quorum: 0 }
    }

    /// At least `quorum` of these witnesses.
    ///
    /// # Errors
    /// [`WitnessPolicyError`] if there are not as many witnesses, a key is no witness's, or one key is there
    /// twice: under two names it would count for two.
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
        match quorum > keys.len() {
            true => Err(WitnessPolicyError::QuorumTooLarge { quorum, witnesses: keys.len() }),
            false => Ok(Self { keys, quorum }),
        }
    }

    /// How many must have signed.
    #[must_use]
    pub const fn quorum(&self) -> usize {
        self.quorum
    }

    /// The witnesses among those who have signed a checkpoint's text, each once.
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
        let (quorum, actual) = (self.quorum, witnesses.len());
        if actual < quorum { Err(CheckpointFault::QuorumMissed { quorum, actual }) } else { Ok(witnesses) }
    }
}

coded! {
    /// A policy that cannot be met, or would count a witness twice.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum WitnessPolicyError {
        /// A key is not a witness's.
        #[error("`{name}` is not the key of a witness")]
        NoWitness {
            /// Its name.
            name: String,
        } => "no_witness_key",
        /// A key or a name is there twice.
        #[error("witness `{name}` is there twice")]
        Duplicate {
            /// Its name.
            name: String,
        } => "duplicate_witness",
        /// There are fewer witnesses than must have signed.
        #[error("{quorum} of {witnesses} witnesses cannot be")]
        QuorumTooLarge {
            /// How many must have signed.
            quorum: usize,
            /// How many there are.
            witnesses: usize,
        } => "quorum_too_large",
    }
}

/// What a witness signs.
pub(crate) fn cosigned_message(unix_seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {unix_seconds}\n{text}")
}

/// Time and signature of a cosignature.
fn timestamped(bytes: &[u8]) -> Option<(u64, &[u8; 64])> {
    let (time, signature) = bytes.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    Some((time, signature.try_into().ok()?)).filter(|_| i64::try_from(time).is_ok())
}
