//! Sound Ed25519 public keys, and the ids that follow from them.

use crate::base::{code::coded, debug::debug_as_display, digest::Digest, ids::KeyId};
use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use std::{fmt, str::FromStr};

/// An Ed25519 public key (RFC 8032) that can be pinned: a point of the curve in its canonical encoding, not of small order.
///
/// Written as in a JWK (RFC 8037): the 32 bytes in base64url without padding, 43 characters.
///
/// ```
/// use kiff::keys::PublicKey;
///
/// let key: PublicKey = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".parse()?;
/// assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
///
/// // A key of small order would accept signatures of anything.
/// let refused = PublicKey::from_bytes([0; 32]).unwrap_err();
/// assert_eq!(refused.code(), "small_order");
/// # Ok::<(), kiff::keys::PublicKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    id: KeyId,
}

coded! {
    /// A text or bytes that are not a sound public key.
    #[non_exhaustive]
    #[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
    pub enum PublicKeyError {
        /// The text is not 32 bytes in base64url without padding.
        #[error("a public key is written as 43 characters of base64url, for 32 bytes")]
        Encoding => "key_encoding",
        /// The bytes are not a point of the curve.
        #[error("the bytes are not a point of the curve")]
        NotAPoint => "not_a_point",
        /// The point has another encoding, which is the canonical one.
        #[error("the point is not in its canonical encoding")]
        NotCanonical => "not_canonical",
        /// The point has a small order: signatures under it prove nothing.
        #[error("the point has a small order")]
        SmallOrder => "small_order",
    }
}

debug_as_display!(PublicKeyError);

impl PublicKey {
    /// A key of these 32 bytes, as RFC 8032 encodes them.
    ///
    /// # Errors
    /// [`PublicKeyError`] if they are not the canonical encoding of a point, or the point has a small order.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, PublicKeyError> {
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| PublicKeyError::NotAPoint)?;
        if key.to_edwards().compress().to_bytes() != bytes {
            return Err(PublicKeyError::NotCanonical);
        }
        if key.is_weak() {
            return Err(PublicKeyError::SmallOrder);
        }
        Ok(Self { id: thumbprint(&bytes), key })
    }

    /// The public half of a key, which is sound.
    pub(crate) fn of(key: &SigningKey) -> Self {
        let key = key.verifying_key();
        Self { id: thumbprint(key.as_bytes()), key }
    }

    /// The RFC 7638 thumbprint of the key as a JWK.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The 32 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// True if the key has signed exactly this message: pure Ed25519, strictly verified.
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// SHA-256 over the required members of the JWK, in base64url.
fn thumbprint(bytes: &[u8; 32]) -> KeyId {
    let x = Base64UrlUnpadded::encode_string(bytes);
    let hash = Digest::of(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#).as_bytes());
    KeyId::of_bytes(hash.as_bytes())
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;
    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| PublicKeyError::Encoding)?;
        Self::from_bytes(bytes.try_into().map_err(|_| PublicKeyError::Encoding)?)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&Base64UrlUnpadded::encode_string(self.key.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(hex: &str) -> Option<PublicKeyError> {
        let byte = |place| u8::from_str_radix(&hex[place..place + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..64).step_by(2).map(byte).collect();
        PublicKey::from_bytes(bytes.try_into().unwrap()).err()
    }

    #[test]
    fn only_sound_points_are_keys() {
        use PublicKeyError::{NotAPoint, NotCanonical, SmallOrder};
        let ff = "ff".repeat(30);
        for (hex, expected) in [
            ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a".to_owned(), None),
            // The eight points of small order, and the other encodings of some.
            ("01".to_owned() + &"00".repeat(31), Some(SmallOrder)),
            ("00".repeat(32), Some(SmallOrder)),
            ("00".repeat(31) + "80", Some(SmallOrder)),
            (format!("ec{ff}7f"), Some(SmallOrder)),
            ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_owned(), Some(SmallOrder)),
            ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa".to_owned(), Some(SmallOrder)),
            ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_owned(), Some(SmallOrder)),
            ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85".to_owned(), Some(SmallOrder)),
            ("01".to_owned() + &"00".repeat(30) + "80", Some(NotCanonical)),
            (format!("ee{ff}7f"), Some(NotCanonical)),
            (format!("ed{ff}7f"), Some(NotCanonical)),
            (format!("ec{ff}ff"), Some(NotCanonical)),
            ("02".to_owned() + &"00".repeat(31), Some(NotAPoint)),
        ] {
            assert_eq!(fault(&hex), expected, "{hex}");
        }
    }

    #[test]
    fn a_key_has_one_written_form() {
        let text = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(text.parse::<PublicKey>().unwrap().to_string(), text);
        for wrong in ["", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo"]
        {
            assert_eq!(wrong.parse::<PublicKey>(), Err(PublicKeyError::Encoding));
        }
    }
}
