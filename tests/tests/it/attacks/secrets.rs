//! Secret keys: where one could come out by mistake.

use super::kit::{domain, refund};
use kiff::{
    Runtime,
    keys::Ed25519Signer,
    ledger::{Ed25519LogSigner, WitnessKey},
    log::Frontier,
    verify::KeySet,
};
use std::{env, error::Error, fmt::Debug, fs};

/// A seed that stands nowhere else.
const SEED: [u8; 32] = [
    0xa7, 0x3b, 0x91, 0x5e, 0xd2, 0x4c, 0x88, 0x1f, 0xe6, 0x70, 0x2d, 0xb9, 0x53, 0xca, 0x14, 0x9f, 0x67, 0xf8, 0x35,
    0xac, 0x42, 0xdb, 0x7e, 0x09, 0x96, 0x2b, 0xc4, 0x5d, 0xe1, 0x38, 0x8a, 0xf3,
];

/// Six bytes in a row of the seed, in every way in which bytes are written.
fn spellings() -> Vec<Vec<u8>> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    SEED.windows(6)
        .flat_map(|piece| {
            let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
            let bits = piece.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            let base64: String = (0..8)
                .rev()
                .map(|place| char::from(digits[usize::try_from(bits >> (6 * place) & 63).unwrap()]))
                .collect();
            let listed = |shown: fn(&u8) -> String| piece.iter().map(shown).collect::<Vec<_>>().join(", ");
            [
                hex.to_uppercase(),
                base64.replace('+', "-").replace('/', "_"),
                base64,
                listed(u8::to_string),
                listed(|byte| format!("{byte:#x}")),
                hex,
            ]
            .map(String::into_bytes)
            .into_iter()
            .chain([piece.to_vec()])
        })
        .collect()
}

#[track_caller]
fn check(what: &str, bytes: &[u8]) {
    for spelling in spellings() {
        let is_there = bytes.windows(spelling.len()).any(|window| window == spelling);
        assert!(!is_there, "{what} shows the secret: {}", spelling.escape_ascii());
    }
}

#[track_caller]
fn check_debug(what: &str, value: &impl Debug) {
    let texts = [format!("{value:?}"), format!("{value:#?}").split_whitespace().collect::<Vec<_>>().join(" ")];
    texts.iter().for_each(|text| check(what, text.as_bytes()));
}

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(&SEED)
}

#[test]
fn the_test_sees_a_secret_that_is_shown() {
    let shown = [format!("{SEED:?}"), format!("{SEED:#x?}").split_whitespace().collect::<Vec<_>>().join(" ")];
    for text in shown {
        assert!(std::panic::catch_unwind(|| check("this", text.as_bytes())).is_err(), "{text}");
    }
}

#[test]
fn no_debug_shows_a_secret_key() {
    let log = || Ed25519LogSigner::new("kiff.dev/log/shop", signer()).unwrap();
    check_debug("a signer", &signer());
    assert!(format!("{:?}", signer()).contains(".."), "{:?}", signer());
    check_debug("a log's signer", &log());
    check_debug("a witness", &WitnessKey::new("witness.example/1", signer()).unwrap());
    let builder = Runtime::builder(domain()).signer(signer());
    check_debug("a builder", &builder);
    let rt = builder.build().unwrap();
    check_debug("a runtime", &rt);
    check_debug("its blocking face", &rt.blocking());
    let other = Runtime::builder(domain()).build().unwrap();
    check_debug("a ledger's builder", &other.ledger(log()));
    check_debug("a ledger", &other.ledger(log()).open_blocking().unwrap());
    check_debug("a checkpoint", &log().checkpoint(Frontier::new().head()));
}

#[test]
fn no_log_receipt_or_file_of_evidence_holds_a_secret_key() {
    let rt = Runtime::builder(domain()).signer(signer()).build().unwrap();
    let receipt = refund(&rt.blocking(), 1, 500);
    check_debug("a receipt", &receipt);
    check("a receipt", receipt.to_json().as_bytes());
    check("the log", &rt.blocking().export().unwrap());
    check("a set of keys", KeySet::new().with(signer().public_key().clone()).to_json().as_bytes());
    let log = Ed25519LogSigner::new("kiff.dev/log/default", Ed25519Signer::from_seed(&[2; 32])).unwrap();
    let ledger = rt.ledger(log).open_blocking().unwrap();
    let _ = ledger.checkpoint().unwrap();
    let folder = env::temp_dir().join(format!("kiff-tests-secrets-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let _ = ledger.bundle(&folder, &KeySet::new().with(signer().public_key().clone())).unwrap();
    let mut files = 0;
    let mut waiting = vec![folder.clone()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            check("a bundle", &fs::read(&path).unwrap());
            files += 1;
        }
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(files > 2);
}

#[test]
fn no_error_of_a_key_file_shows_what_was_in_it() {
    let path = env::temp_dir().join(format!("kiff-tests-secret-{}.pem", std::process::id()));
    let _ = fs::remove_file(&path);
    signer().save(&path).unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    // The file is refused in every way: cut, lengthened, and with each byte another.
    let mut broken: Vec<String> = (0..whole.len()).step_by(3).map(|most| whole[..most].to_owned()).collect();
    broken.extend((0..whole.len()).map(|at| {
        let mut bytes = whole.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    }));
    broken.push(format!("{whole}{whole}"));
    let mut refused = 0;
    for text in broken {
        fs::write(&path, text).unwrap();
        let Err(error) = Ed25519Signer::load(&path) else { continue };
        refused += 1;
        check_debug("an error", &error);
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            check("an error", error.to_string().as_bytes());
            cause = error.source();
        }
    }
    fs::remove_file(&path).unwrap();
    assert!(refused > 50, "{refused}");
}
