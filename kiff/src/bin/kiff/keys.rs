//! `kiff keys`: a key file, and what others pin of it.

use super::{Ended, files::Trouble, out::Out};
use clap::Args;
use kiff::{
    Ed25519Signer,
    log::{KeyRole, VerifierKey},
    verify::KeySet,
};
use std::path::PathBuf;

/// Shows what others pin of a key file: the key's id, its JWK set, and under a name its line for vkeys.txt.
///
/// The file holds an Ed25519 key as PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` writes it, and must be
/// the owner's alone (mode 600). The secret half is never printed.
#[derive(Debug, Args)]
pub(super) struct Keys {
    /// The key file.
    file: PathBuf,
    /// Makes a new key first, in a new file that only its owner may read.
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
    pub(super) fn run(self) -> Result<Ended, Trouble> {
        if self.generate {
            let signer = Ed25519Signer::generate().map_err(|error| Trouble::of("no key was made", error))?;
            signer.save(&self.file).map_err(|error| self.trouble(&error))?;
        }
        let signer = Ed25519Signer::load(&self.file).map_err(|error| self.trouble(&error))?;
        let key = signer.public_key();
        let mut out = Out::new();
        out.line(&format!("key id: {}", key.id()))?;
        out.line(&format!("jwk set: {}", KeySet::new().with(key.clone()).to_json()))?;
        let named = [(self.origin.as_ref(), KeyRole::Log), (self.witness.as_ref(), KeyRole::Witness)];
        for (name, role) in named {
            let Some(name) = name else { continue };
            let vkey = VerifierKey::new(name, role, key.clone()).map_err(|error| Trouble::of(name, error))?;
            out.line(&format!("vkey: {vkey}"))?;
        }
        out.flush()?;
        Ok(Ended::Well)
    }

    /// The error with what is behind it, such as that the file is there already.
    fn trouble(&self, error: &dyn std::error::Error) -> Trouble {
        match error.source() {
            Some(source) => Trouble::at(&self.file, format!("{error}: {source}")),
            None => Trouble::at(&self.file, error),
        }
    }
}
