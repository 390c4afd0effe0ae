//! Keys in files: those that `openssl` writes, and those that are refused.

use crate::folder::Folder;
use kiff::{
    Code,
    keys::{Ed25519Signer, KeyFileError},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What `openssl genpkey -algorithm ed25519` has written, and the id that another program computed.
const OPENSSL: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEDkExMGO4NCPrtcoU+X7ijOb44uwXuJCsiHFNkW7usq\n-----END PRIVATE KEY-----\n";
const OPENSSL_ID: &str = "i69ot8xHdSpq-krqPu9t6mX0Pe3zQaZX7MHlCbhYnj0";

/// A file that is the owner's alone.
fn file(folder: &Folder, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.0.join(name);
    fs::write(&path, text).unwrap();
    protect(&path, 0o600);
    path
}

#[cfg(unix)]
fn protect(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn protect(_: &Path, _: u32) {}

fn code(result: Result<Ed25519Signer, KeyFileError>) -> Code {
    result.expect_err("the key was loaded").code()
}

#[test]
fn a_key_of_openssl_is_loaded() {
    let folder = Folder::new("openssl");
    let signer = Ed25519Signer::load(file(&folder, "key.pem", OPENSSL)).unwrap();
    assert_eq!(signer.key_id(), OPENSSL_ID);
}

#[test]
fn a_key_that_was_saved_is_loaded_again_and_never_overwritten() {
    let folder = Folder::new("saved");
    let (signer, path) = (Ed25519Signer::generate().unwrap(), folder.0.join("key.pem"));
    signer.save(&path).unwrap();
    assert_eq!(Ed25519Signer::load(&path).unwrap().public_key(), signer.public_key());
    let other = Ed25519Signer::generate().unwrap();
    assert_ne!(other.key_id(), signer.key_id());
    assert_eq!(other.save(&path).unwrap_err().code(), "key_file_failed");
    assert_eq!(Ed25519Signer::load(&path).unwrap().key_id(), signer.key_id());
}

#[test]
fn a_file_that_is_no_key_file_is_refused_by_name() {
    let folder = Folder::new("refused");
    let file = |text: &[u8]| file(&folder, "key.pem", text);
    assert_eq!(code(Ed25519Signer::load(folder.0.join("none.pem"))), "key_file_failed");
    assert_eq!(code(Ed25519Signer::load(file(b""))), "not_pem");
    assert_eq!(code(Ed25519Signer::load(file(&[0xFF; 64]))), "not_pem");
    assert_eq!(code(Ed25519Signer::load(file(OPENSSL.replace("PRIVATE", "PUBLIC").as_bytes()))), "not_pem");
    let padded = |bytes: usize| OPENSSL.to_owned() + &"\n".repeat(bytes - OPENSSL.len());
    assert!(Ed25519Signer::load(file(padded(4096).as_bytes())).is_ok());
    assert_eq!(code(Ed25519Signer::load(file(padded(4097).as_bytes()))), "key_file_too_large");
    assert_eq!(code(Ed25519Signer::load(file(&[b'\n'; 1 << 20]))), "key_file_too_large");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_use_is_refused() {
    let folder = Folder::new("exposed");
    let path = file(&folder, "key.pem", OPENSSL);
    for (mode, refused) in [
        (0o600, false),
        (0o400, false),
        (0o700, false),
        (0o640, true),
        (0o604, true),
        (0o620, true),
        (0o601, true),
        (0o644, true),
        (0o666, true),
    ] {
        protect(&path, mode);
        let found = Ed25519Signer::load(&path).map(drop).map_err(|error| error.to_string());
        let told = format!("the key file has the mode {mode:03o}: others may use it, so it must be 600 or less");
        assert_eq!(found, if refused { Err(told) } else { Ok(()) });
    }
    assert_eq!(code(Ed25519Signer::load(&path)), "key_file_exposed");
    protect(&folder.0, 0o700);
    assert_eq!(code(Ed25519Signer::load(&folder.0)), "not_a_file");
}
