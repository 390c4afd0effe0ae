//! Signed checkpoints: what the owner of a log says the log is, under its signature and those of witnesses.

use super::{
    checkpoint::{Checkpoint, CheckpointFault},
    cosignature::{Cosignature, WitnessPolicy},
    frontier::TreeHead,
    note::{Note, NoteSignature},
    verifier_key::{KeyRole, VerifierKey},
};
use std::fmt;

/// A checkpoint with its signatures. None of them is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// A checkpoint with the signature of its log. The signature is not verified here.
    #[must_use]
    pub fn new(checkpoint: Checkpoint, log: &VerifierKey, signature: &[u8; 64]) -> Self {
        let note = Note::new(checkpoint.to_string(), vec![log.signature(signature)]);
        Self { checkpoint, note }
    }

    /// Reads a checkpoint with its signatures, such as `checkpoint.txt`. No signature is verified here.
    ///
    /// # Errors
    /// [`CheckpointFault`] if the bytes are not a signed checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointFault> {
        let note = Note::parse(bytes)?;
        Ok(Self { checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// The checkpoint. Do not rely on it before it is verified.
    #[must_use]
    pub const fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signatures, in the order of their lines.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        self.note.signatures()
    }

    /// Adds a signature, such as one of a witness. It is not verified here.
    #[must_use]
    pub fn with(mut self, signature: NoteSignature) -> Self {
        self.note.push(signature);
        self
    }

    /// Checks that the log has signed the checkpoint, and that as many witnesses have as the policy requires.
    ///
    /// Signatures of unknown keys are ignored. Every signature of a known key must be right.
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
    /// assert_eq!(verified.head().size, 7);
    /// assert_eq!(verified.witnesses()[0].name, "witness.example.com/w1");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CheckpointFault`] if the checkpoint is of another log, or a signature is missing or wrong.
    pub fn verify(&self, log: &VerifierKey, policy: &WitnessPolicy) -> Result<VerifiedCheckpoint, CheckpointFault> {
        if log.role() != KeyRole::Log || log.name() != self.checkpoint.origin() {
            return Err(CheckpointFault::OriginUnexpected {
                expected: log.name().to_owned(),
                actual: self.checkpoint.origin().to_owned(),
            });
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

/// A checkpoint whose signatures were verified. Only verifying makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    checkpoint: Checkpoint,
    witnesses: Vec<Cosignature>,
}

impl VerifiedCheckpoint {
    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.checkpoint.origin()
    }

    /// The size and the root that the log has signed.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.checkpoint.head()
    }

    /// The witnesses of the policy that have signed the checkpoint too.
    #[must_use]
    pub fn witnesses(&self) -> &[Cosignature] {
        &self.witnesses
    }

    /// The text that the log has signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}
