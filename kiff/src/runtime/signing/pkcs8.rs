//! Ed25519 keys in PKCS #8 (RFC 5958, RFC 8410) and PEM (RFC 7468): the few bytes of it that such a key needs.
//!
//! The features `pkcs8` and `pem` of ed25519-dalek do the same with five more crates, which every program that uses kiff
//! would have to build.

use super::fault::KeyFileError;
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// The key in a file.
pub(super) struct KeyPair {
    pub(super) seed: Zeroizing<[u8; 32]>,
    pub(super) public: Option<[u8; 32]>,
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// `id-Ed25519`, 1.3.101.112, in a sequence without parameters.
const ED25519: &[u8] = &[0x06, 0x03, 0x2B, 0x65, 0x70];
/// Everything before the seed: version 0, the algorithm, and the octets of the key in octets.
const VERSION_1: &[u8] =
    &[0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// `[0]` with what is inside: attributes.
const ATTRIBUTES: u8 = 0xA0;
/// `[1]` in place of the tag of a bit string: the public half.
const PUBLIC: u8 = 0x81;

/// Reads one PEM text; white space round it and at the ends of lines is free.
pub(super) fn from_pem(text: &[u8]) -> Result<KeyPair, KeyFileError> {
    let text = std::str::from_utf8(text).map_err(|_| KeyFileError::NotPem)?.trim();
    if text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        return Err(KeyFileError::Encrypted);
    }
    let inside = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(KeyFileError::NotPem)?;
    let mut digits = Zeroizing::new(String::with_capacity(inside.len()));
    inside.split_ascii_whitespace().for_each(|line| digits.push_str(line));
    let der = Base64::decode_vec(&digits).map(Zeroizing::new).map_err(|_| KeyFileError::NotPem)?;
    from_der(&der)
}

/// Writes the seed in the form of version 1, which every program reads.
pub(super) fn to_pem(seed: &[u8; 32]) -> Zeroizing<String> {
    let mut der = Zeroizing::new(Vec::with_capacity(VERSION_1.len() + seed.len()));
    der.extend_from_slice(VERSION_1);
    der.extend_from_slice(seed);
    let digits = Zeroizing::new(Base64::encode_string(&der));
    let mut text = Zeroizing::new(String::with_capacity(128));
    for part in [BEGIN, "\n", &digits, "\n", END, "\n"] {
        text.push_str(part);
    }
    text
}

fn from_der(der: &[u8]) -> Result<KeyPair, KeyFileError> {
    let (info, after) = take(der, SEQUENCE)?;
    let (version, info) = take(info, INTEGER)?;
    let (algorithm, info) = take(info, SEQUENCE)?;
    if algorithm != ED25519 {
        return Err(KeyFileError::OtherAlgorithm);
    }
    let (key, mut info) = take(info, OCTETS)?;
    let (seed, inside) = take(key, OCTETS)?;
    if info.first() == Some(&ATTRIBUTES) {
        (_, info) = take(info, ATTRIBUTES)?;
    }
    let public = match info.first() {
        Some(&PUBLIC) if version == [1] => {
            let (bits, rest) = take(info, PUBLIC)?;
            info = rest;
            // All bits of the last byte count.
            Some(bits.strip_prefix(&[0]).ok_or(KeyFileError::Malformed)?)
        }
        _ => None,
    };
    let is_whole = after.is_empty() && inside.is_empty() && info.is_empty();
    if !is_whole || !matches!(version, [0 | 1]) {
        return Err(KeyFileError::Malformed);
    }
    let bytes = |slice: &[u8]| slice.try_into().map_err(|_| KeyFileError::Malformed);
    Ok(KeyPair { seed: Zeroizing::new(bytes(seed)?), public: public.map(bytes).transpose()? })
}

/// The contents of the value of this tag at the front, and what follows it. Lengths have their shortest form.
fn take(der: &[u8], tag: u8) -> Result<(&[u8], &[u8]), KeyFileError> {
    let parts = match der {
        [found, 0x81, length @ 0x80..=0xFF, rest @ ..] if *found == tag => rest.split_at_checked(usize::from(*length)),
        [found, length @ 0..=0x7F, rest @ ..] if *found == tag => rest.split_at_checked(usize::from(*length)),
        _ => None,
    };
    parts.ok_or(KeyFileError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of RFC 8410 §10.3: without the public half, and with it and an attribute.
    const BARE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    const WHOLE: &str = "-----BEGIN PRIVATE KEY-----\r\n\
        MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\r\n\
        oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\r\n\
        Z9w7lshQhqowtrbLDFw4rXAxZuE=\r\n\
        -----END PRIVATE KEY-----\r\n";

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let bare = from_pem(BARE.as_bytes()).unwrap();
        let whole = from_pem(WHOLE.as_bytes()).unwrap();
        assert_eq!(bare.seed[..4], [0xD4, 0xEE, 0x72, 0xDB]);
        assert_eq!((bare.seed.clone(), bare.public), (whole.seed, None));
        assert_eq!(whole.public.unwrap()[..4], [0x19, 0xBF, 0x44, 0x09]);
        let signer = crate::keys::Ed25519Signer::from_pem(WHOLE.as_bytes()).unwrap();
        assert_eq!(whole.public, Some(signer.public_key().to_bytes()));
        let other = WHOLE.replace("AGb9ECWmE", "AGb9ECWmF");
        let refused = crate::keys::Ed25519Signer::from_pem(other.as_bytes()).map(drop).map_err(|error| error.code());
        assert_eq!(refused.unwrap_err(), "public_key_mismatch");
        assert_eq!(to_pem(&bare.seed).as_str(), BARE);
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        let pem = |der: &[u8]| format!("{BEGIN}\n{}\n{END}\n", Base64::encode_string(der));
        let der = Base64::decode_vec(BARE.lines().nth(1).unwrap()).unwrap();
        let with = |place: usize, byte: u8| {
            let mut der = der.clone();
            der[place] = byte;
            pem(&der)
        };
        for (text, code) in [
            (String::new(), "not_pem"),
            ("\u{feff}".to_owned() + BARE, "not_pem"),
            (BARE.replace("PRIVATE", "EC PRIVATE"), "not_pem"),
            (BARE.replace("PRIVATE", "ENCRYPTED PRIVATE"), "key_encrypted"),
            (BARE.replace("END PRIVATE", "END PUBLIC"), "not_pem"),
            (BARE.replace("MC4", "MC*"), "not_pem"),
            (BARE.to_owned() + BARE, "not_pem"),
            (with(11, 0x6E), "other_algorithm"),
            (with(4, 2), "key_malformed"),
            (with(0, 0x31), "key_malformed"),
            (with(15, 0x1F), "key_malformed"),
            (pem(&der[..47]), "key_malformed"),
            (pem(&[&der[..], &[0]].concat()), "key_malformed"),
            (pem(&[]), "key_malformed"),
        ] {
            assert_eq!(from_pem(text.as_bytes()).map(drop).unwrap_err().code(), code, "{text}");
        }
    }
}
