//! The trait for what signs receipts.

use crate::base::{boxed::boxed_twin, debug::debug_as_display};
use std::{error::Error, future::Future};

/// Signs receipts with an Ed25519 key. Users may implement it for a KMS or an HSM; write `async fn sign`.
/// [`Ed25519Signer`](crate::keys::Ed25519Signer) holds the key in memory.
///
/// While a signer fails, nothing is cleared.
///
/// ```
/// use kiff::keys::{Signer, SignerError};
///
/// /// A client of the service that holds the key.
/// struct Kms {
///     key_id: String,
/// }
///
/// impl Kms {
///     async fn sign_ed25519(&self, message: &[u8]) -> Result<Vec<u8>, std::io::Error> {
///         // Ask the service here. It signs the message itself, not a digest of it.
/// #         let _ = message;
/// #         Err(std::io::ErrorKind::Unsupported.into())
///     }
/// }
///
/// impl Signer for Kms {
///     fn key_id(&self) -> &str {
///         &self.key_id
///     }
///
///     async fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
///         let signature = self.sign_ed25519(message).await.map_err(SignerError::new)?;
///         signature.try_into().map_err(|_| SignerError::new("the service returned no Ed25519 signature"))
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let domain = kiff::Domain::builder("shop", "v1").table(kiff::domain::Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
/// let signer = Kms { key_id: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned() };
/// let rt = kiff::Runtime::builder(domain).signer(signer).build()?;
/// # let _ = rt;
/// # Ok(())
/// # }
/// ```
pub trait Signer: Send + Sync + 'static {
    /// The RFC 7638 thumbprint of the public key, in base64url without padding.
    fn key_id(&self) -> &str;

    /// The pure Ed25519 signature (RFC 8032) of `message`.
    ///
    /// # Errors
    /// [`SignerError`] if the key cannot be used at the moment.
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<[u8; 64], SignerError>> + Send;
}

/// A receipt could not be signed.
#[non_exhaustive]
#[derive(thiserror::Error)]
#[error("the receipt could not be signed")]
pub struct SignerError(#[source] Box<dyn Error + Send + Sync>);

debug_as_display!(SignerError);

impl SignerError {
    /// Wraps the cause.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

boxed_twin! {
    /// Any [`Signer`].
    pub(crate) trait DynSigner for Signer {
        fn key_id() -> &str;
        future sign(message: &'a [u8]) -> Result<[u8; 64], SignerError>;
    }
}
