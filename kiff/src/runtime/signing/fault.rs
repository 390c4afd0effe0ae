//! Why a key file cannot be used.

use crate::base::{code::coded, debug::debug_as_display};
use std::io;

coded! {
    /// A key that could not be read from a file, or written to one.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum KeyFileError {
        /// The file could not be read or written.
        #[error("the key file could not be read or written")]
        Io(#[from] io::Error) => "key_file_failed",
        /// It is a folder, a pipe or a device.
        #[error("the key file is not a regular file")]
        NotAFile => "not_a_file",
        /// Others than the owner may read or change it, or run it.
        #[error("the key file has the mode {mode:03o}: others may use it, so it must be 600 or less")]
        Exposed {
            /// The permission bits.
            mode: u32,
        } => "key_file_exposed",
        /// It has more than 4 KiB.
        #[error("the key file has more than {most} bytes")]
        TooLarge {
            /// How many it may have.
            most: usize,
        } => "key_file_too_large",
        /// It holds no PEM text with a `PRIVATE KEY`.
        #[error("the key file is not a PEM text with a `PRIVATE KEY`")]
        NotPem => "not_pem",
        /// The key is encrypted, and there is nobody to ask for a password.
        #[error("the key is encrypted")]
        Encrypted => "key_encrypted",
        /// The key is for another algorithm.
        #[error("the key is not for Ed25519")]
        OtherAlgorithm => "other_algorithm",
        /// It is not PKCS #8 as RFC 8410 writes Ed25519 keys.
        #[error("the key is not in the form of PKCS #8")]
        Malformed => "key_malformed",
        /// The public half in the file belongs to another key.
        #[error("the public half in the key file belongs to another key")]
        OtherPublicKey => "public_key_mismatch",
    }
}

debug_as_display!(KeyFileError);
