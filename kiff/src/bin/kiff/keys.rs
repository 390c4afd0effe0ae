//! `kiff keys`: the public half of a key file.

use super::{
    out::Out,
    status::{CommandError, Status},
};
use clap::Args;
use kiff::{
    keys::Ed25519Signer,
    log::{KeyRole, VerifierKey},
    verify::KeySet,
};
use std::path::PathBuf;

/// Prints the public half of a key file for others to pin: the key's id, its JWK set and, with a name, its line for
/// vkeys.txt.
///
/// The file holds an Ed25519 key as PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` writes it. Only its owner
/// may be able to read it (mode 600). The secret half is never printed.
#[derive(Debug, Args)]
pub(super) struct Keys {
    /// The key file.
    file: PathBuf,
    /// Makes a new key first, in a new file that only its owner can read.
    #[arg(long)]
    generate: bool,
    /// The origin of the log whose checkpoints the key signs, such as `kiff.dev/log/acme`.
    #[arg(long, value_name = "ORIGIN", conflicts_with = "witness")]
    origin: Option<String>,
    /// The name of the witness that signs with the key.
    #[arg(long, value_name = "NAME")]
    witness: Option<String>,
}

impl Keys {
    pub(super) fn run(self) -> Result<Status, CommandError> {
        if self.generate {
            let signer = Ed25519Signer::generate().map_err(|error| CommandError::new("cannot make a key", error))?;
            signer.save(&self.file).map_err(|error| self.error(&error))?;
        }
        let signer = Ed25519Signer::load(&self.file).map_err(|error| self.error(&error))?;
        let key = signer.public_key();
        let mut out = Out::new();
        out.line(&format!("key id: {}", key.id()))?;
        out.line(&format!("jwk set: {}", KeySet::new().with(key.clone()).to_json()))?;
        let named = [(self.origin.as_ref(), KeyRole::Log), (self.witness.as_ref(), KeyRole::Witness)];
        for (name, role) in named {
            let Some(name) = name else { continue };
            let vkey = VerifierKey::new(name, role, key.clone()).map_err(|error| CommandError::new(name, error))?;
            out.line(&format!("vkey: {vkey}"))?;
        }
        out.flush()?;
        Ok(Status::Success)
    }

    /// Adds the cause to an error, such as that the file exists already.
    fn error(&self, error: &dyn std::error::Error) -> CommandError {
        match error.source() {
            Some(source) => CommandError::at(&self.file, format!("{error}: {source}")),
            None => CommandError::at(&self.file, error),
        }
    }
}
