//! A signing key in this process's own memory.

mod fault;
mod pkcs8;

pub use fault::KeyFileError;

use crate::{
    base::{ids::KeyId, public_key::PublicKey},
    evidence::receipt::{Signer, SignerError},
    runtime::clock::EntropyError,
};
use ed25519_dalek::{Signer as _, SigningKey};
use std::{
    fmt, fs,
    future::{Future, ready},
    io::{self, Read, Write},
    path::Path,
};
use zeroize::Zeroizing;

/// A file with more than this is no key file.
const MAX_BYTES: usize = 4 * 1024;

/// Signs receipts with an Ed25519 key that it holds in memory, and wipes when it is dropped.
///
/// Make the key once and keep it in a file that nobody else may read; `openssl genpkey -algorithm ed25519` writes
/// the same form.
///
/// ```
/// use kiff::{Runtime, keys::Ed25519Signer, verify::{KeySet, ReceiptVerifier}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let domain = kiff::Domain::builder("shop", "v1").table(kiff::domain::Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
/// # let folder = std::env::temp_dir().join(format!("kiff-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("receipts.pem");
/// Ed25519Signer::generate()?.save(&path)?;
///
/// let signer = Ed25519Signer::load(&path)?;
/// // What those who verify pin.
/// let published = KeySet::new().with(signer.public_key().clone()).to_json();
/// let verifier = ReceiptVerifier::new(KeySet::from_json(published.as_bytes())?);
/// let rt = Runtime::builder(domain).signer(signer).build()?;
/// # let _ = (verifier, rt);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub struct Ed25519Signer {
    // Wiped when it is dropped.
    key: SigningKey,
    public: PublicKey,
}

impl Ed25519Signer {
    /// A new key from the system's randomness.
    ///
    /// # Errors
    /// [`EntropyError`] if the system has none.
    pub fn generate() -> Result<Self, EntropyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(EntropyError::new)?;
        Ok(Self::from_seed(&seed))
    }

    /// The key of these 32 secret bytes (RFC 8032 §5.1.5). The caller wipes them.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let public = PublicKey::of(&key);
        Self { key, public }
    }

    /// Reads a key from a PEM file of PKCS #8, with or without its public half.
    ///
    /// The file must be the owner's alone: on Unix, one that its group or others may use in any way is refused.
    /// Elsewhere the permissions are not looked at.
    ///
    /// # Errors
    /// [`KeyFileError`], one for each thing that may be wrong with the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        // Checked before it is opened too, because to open a pipe would wait.
        check_file(&fs::metadata(&path)?)?;
        let mut file = fs::File::open(path)?;
        check_file(&file.metadata()?)?;
        let mut text = Zeroizing::new([0; MAX_BYTES + 1]);
        let mut length = 0;
        while let Some(rest) = text.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        match text.get(..length) {
            Some(text) if length <= MAX_BYTES => Self::from_pem(text),
            _ => Err(KeyFileError::TooLarge { most: MAX_BYTES }),
        }
    }

    /// Writes the key to a new file that only its owner may read.
    ///
    /// # Errors
    /// [`KeyFileError::Io`] if the file is there already, or cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), KeyFileError> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(pkcs8::to_pem(&Zeroizing::new(self.key.to_bytes())).as_bytes())?;
        Ok(file.sync_all()?)
    }

    /// The public half, for those who verify.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The RFC 7638 thumbprint of the public half.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        self.public.id()
    }

    /// The signature of a message, without the detour of the trait.
    pub(crate) fn sign_now(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    fn from_pem(text: &[u8]) -> Result<Self, KeyFileError> {
        let key = pkcs8::from_pem(text)?;
        let signer = Self::from_seed(&key.seed);
        if key.public.is_some_and(|public| public != signer.public.to_bytes()) {
            return Err(KeyFileError::OtherPublicKey);
        }
        Ok(signer)
    }
}

impl Signer for Ed25519Signer {
    fn key_id(&self) -> &str {
        self.public.id().as_str()
    }

    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<[u8; 64], SignerError>> + Send {
        ready(Ok(self.key.sign(message).to_bytes()))
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519Signer({}, ..)", self.key_id())
    }
}

/// A regular file that is its owner's alone.
fn check_file(file: &fs::Metadata) -> Result<(), KeyFileError> {
    if !file.is_file() {
        return Err(KeyFileError::NotAFile);
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(file) & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { mode });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_key_is_printed() {
        let signer = Ed25519Signer::from_seed(&[7; 32]);
        assert_eq!(format!("{signer:?}"), format!("Ed25519Signer({}, ..)", signer.key_id()));
    }
}
