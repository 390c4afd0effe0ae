//! The keys that a verifier trusts, as a JWK set.

use crate::{
    base::{
        code::coded,
        debug::debug_as_display,
        ids::KeyId,
        public_key::{PublicKey, PublicKeyError},
    },
    value::{Faults, Limits, Object, Value},
};
use std::collections::BTreeMap;

/// The public keys that a verifier trusts: a JWK set (RFC 7517) of Ed25519 keys (RFC 8037).
///
/// Pin the set: take it from the issuer once, over a channel that you trust, and keep it with your configuration. A key
/// that arrives with a receipt proves nothing.
///
/// ```
/// use kiff::verify::KeySet;
///
/// let published = br#"{"keys": [{
///     "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "use": "sig"
/// }]}"#;
/// let keys = KeySet::from_json(published)?;
/// assert!(keys.get("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k").is_some());
///
/// // A secret key does not belong in a published set.
/// let leaked = br#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}]}"#;
/// assert_eq!(KeySet::from_json(leaked).unwrap_err().code(), "private_key");
/// # Ok::<(), kiff::verify::KeySetError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet(BTreeMap<KeyId, PublicKey>);

coded! {
    /// Why a key set is refused. One unsound key is enough.
    #[non_exhaustive]
    #[derive(Clone, PartialEq, Eq, thiserror::Error)]
    pub enum KeySetError {
        /// The text is not JSON, or a member occurs twice.
        #[error("the key set is not JSON")]
        Json(#[from] Faults) => "not_json",
        /// The text is not an object whose member `keys` is an array of objects.
        #[error("a key set must be an object with an array `keys` of objects")]
        NotASet => "not_a_key_set",
        /// The key is of another type or curve.
        #[error("key {place} is not an `OKP` key of the curve `Ed25519`")]
        OtherAlgorithm {
            /// Its place in the array, counted from 0.
            place: usize,
        } => "other_algorithm",
        /// The key has the member `d`: its secret half was published.
        #[error("key {place} comes with its secret half")]
        PrivateKey {
            /// Its place in the array, counted from 0.
            place: usize,
        } => "private_key",
        /// The public key is unsound.
        #[error("key {place} is unsound")]
        Unsound {
            /// Its place in the array, counted from 0.
            place: usize,
            /// The fault.
            source: PublicKeyError,
        } => {source},
        /// The `kid` is not the thumbprint of the key.
        #[error("the `kid` of key {place} is not its thumbprint `{expected}`")]
        OtherId {
            /// Its place in the array, counted from 0.
            place: usize,
            /// The RFC 7638 thumbprint.
            expected: KeyId,
        } => "key_id_mismatch",
        /// The key occurs twice.
        #[error("key `{key_id}` occurs twice")]
        Duplicate {
            /// The key.
            key_id: KeyId,
        } => "duplicate_key",
    }
}

debug_as_display!(KeySetError);

impl KeySet {
    /// A set without keys. Nothing verifies under it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same set with one more key.
    #[must_use]
    pub fn with(mut self, key: PublicKey) -> Self {
        self.0.insert(key.id().clone(), key);
        self
    }

    /// Reads a JWK set. Members of a key that are not needed, such as `use` and `alg`, are ignored.
    ///
    /// # Errors
    /// [`KeySetError`] for the first key that is not a sound Ed25519 public key.
    pub fn from_json(text: &[u8]) -> Result<Self, KeySetError> {
        let set = Value::parse(text, &Limits::default())?;
        let keys = set.as_object().and_then(|set| set.get("keys")).and_then(Value::as_array);
        let mut found = BTreeMap::new();
        for (place, jwk) in keys.ok_or(KeySetError::NotASet)?.iter().enumerate() {
            let key = read_key(jwk.as_object().ok_or(KeySetError::NotASet)?, place)?;
            if let Some(twice) = found.insert(key.id().clone(), key) {
                return Err(KeySetError::Duplicate { key_id: twice.id().clone() });
            }
        }
        Ok(Self(found))
    }

    /// The set as a JWK set that other tools can load. Each key has its `kid`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let jwk = |key: &PublicKey| {
            Value::object([
                ("alg", "EdDSA"),
                ("crv", "Ed25519"),
                ("kid", key.id().as_str()),
                ("kty", "OKP"),
                ("use", "sig"),
                ("x", &key.to_string()),
            ])
        };
        Value::object([("keys", Value::from(self.0.values().map(jwk).collect::<Vec<_>>()))]).to_string()
    }

    /// The key with this id.
    #[must_use]
    pub fn get(&self, key_id: &str) -> Option<&PublicKey> {
        self.0.get(key_id)
    }

    /// The keys, ordered by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PublicKey> {
        self.0.values()
    }

    /// The number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<PublicKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        Self(keys.into_iter().map(|key| (key.id().clone(), key)).collect())
    }
}

fn read_key(jwk: &Object, place: usize) -> Result<PublicKey, KeySetError> {
    let text = |member: &str| jwk.get(member).and_then(Value::as_str);
    if jwk.get("d").is_some() {
        return Err(KeySetError::PrivateKey { place });
    }
    if text("kty") != Some("OKP") || text("crv") != Some("Ed25519") {
        return Err(KeySetError::OtherAlgorithm { place });
    }
    let key = text("x").ok_or(PublicKeyError::Encoding).and_then(str::parse::<PublicKey>);
    let key = key.map_err(|source| KeySetError::Unsound { place, source })?;
    if jwk.get("kid").is_some_and(|kid| kid.as_str() != Some(key.id().as_str())) {
        return Err(KeySetError::OtherId { place, expected: key.id().clone() });
    }
    Ok(key)
}
