//! What is read of a log, and of those who say what is in one. Whatever the bytes, nothing but what was signed is ever
//! proved. Each gives true if the reader admitted the bytes.

use kiff::{
    Code, Receipt, Timestamp,
    log::{Disclosure, SignedCheckpoint, TlogProof, VerifierKey, VerifierKeys, WitnessPolicy},
    receipt::Warrant,
    record::{Digest, MAX_RECORD, Record, RecordError},
    replay as replayed,
    store::{MemoryStore, transfer},
    testing::store_suite::block_on,
    verify::{KeySet, ReceiptVerifier},
};
use std::sync::LazyLock;

const RECEIPT: &[u8] = include_bytes!("../../vectors/receipt/receipt.json");
const KEYS: &[u8] = include_bytes!("../../vectors/receipt/keys.jwks.json");
const CHECKPOINT: &str = include_str!("../../vectors/receipt/checkpoint.txt");
const VERIFIER_KEYS: &str = include_str!("../../vectors/receipt/vkeys.txt");
const RECORD: &[u8] = include_bytes!("../../vectors/receipt/record.bin");
const LOG: &str = include_str!("../../vectors/receipt/log.jsonl");

/// A record keeps its bytes, is read again as the same, and says where it belongs. Both readers say the same of any bytes.
///
/// # Panics
/// If that does not hold.
pub fn record(bytes: &[u8]) -> bool {
    // White space is no part of the canonical form, so the strict reader reads what the quick one would have read.
    if let Some(rest @ [_, ..]) = bytes.strip_prefix(b"{")
        && bytes.len() < MAX_RECORD
    {
        assert_eq!(told(bytes), told(&[b"{ ", rest].concat()));
    }
    let Ok(record) = Record::parse(bytes.into()) else { return false };
    assert!(bytes.len() <= MAX_RECORD);
    assert_eq!(record.bytes().as_ref(), bytes);
    assert!(record.entity_seq() > 0);
    assert_eq!(record.leaf(), Digest::leaf(bytes));
    let again = Record::parse(bytes.into());
    assert_eq!(again.map(|again| format!("{again:?}")).ok(), Some(format!("{record:?}")));
    true
}

/// What a reader says of a record: all that it holds but its bytes, or why it is none.
fn told(bytes: &[u8]) -> Result<String, (Code, String)> {
    let told = |error: RecordError| match &error {
        // Where in the bytes a fault is differs by the space.
        RecordError::Json(faults) => (error.code(), faults.iter().map(|fault| fault.code().to_string()).collect()),
        _ => (error.code(), error.to_string()),
    };
    Record::parse(bytes.into()).map(|record| format!("{record:?}")).map_err(told)
}

/// A log is judged the same twice, and one that holds can be brought into a store and comes back byte for byte.
///
/// # Panics
/// If that does not hold.
pub fn replay(bytes: &[u8]) -> bool {
    let report = replayed::verify(bytes);
    assert_eq!(report.faults, replayed::verify(bytes).faults);
    let store = MemoryStore::new();
    let Ok(imported) = block_on(transfer::import(&store, bytes)) else { return false };
    let Some(tenant) = imported.tenant else { return false };
    let mut written = Vec::new();
    assert!(block_on(transfer::export(&store, &tenant, &mut written)).is_ok());
    assert_eq!(written.strip_suffix(b"\n"), Some(bytes.strip_suffix(b"\n").unwrap_or(bytes)));
    true
}

/// A receipt is written back as the same, in both forms, and only the true one verifies.
///
/// # Panics
/// If that does not hold.
pub fn receipt(bytes: &[u8]) -> bool {
    static TRUE: LazyLock<Option<(Receipt, ReceiptVerifier)>> = LazyLock::new(|| {
        let keys = KeySet::from_json(KEYS).ok()?;
        Some((Receipt::parse(RECEIPT).ok()?, ReceiptVerifier::new(keys)))
    });
    let Some((own, verifier)) = &*TRUE else { unreachable!("the example is read") };
    let mut is_admitted = false;
    for receipt in [Receipt::parse(bytes), Receipt::from_dsse(bytes)].into_iter().flatten() {
        is_admitted = true;
        assert_eq!(Receipt::parse(receipt.to_json().as_bytes()).as_ref(), Ok(&receipt));
        assert_eq!(Receipt::from_dsse(receipt.to_dsse().as_bytes()).as_ref(), Ok(&receipt));
        if let Ok(verified) = verifier.verify_receipt(receipt, Timestamp::from_unix_ms(i64::MAX / 2)) {
            assert_eq!(verified.receipt(), own);
        }
    }
    if let Ok(warrant) = Warrant::parse(bytes) {
        assert_eq!(Warrant::parse(warrant.to_json().as_bytes()).as_ref(), Ok(&warrant));
    }
    is_admitted
}

/// A checkpoint is written back byte for byte, and only the head that was signed verifies.
///
/// # Panics
/// If that does not hold.
pub fn checkpoint(bytes: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(keys) = VerifierKeys::parse(text)
    {
        for key in keys.iter() {
            assert_eq!(key.to_string().parse::<VerifierKey>().as_ref(), Ok(key));
        }
    }
    let Ok(checkpoint) = SignedCheckpoint::parse(bytes) else { return false };
    assert_eq!(checkpoint.to_string().as_bytes(), bytes);
    let (key, policy) = log_keys();
    if let Ok(verified) = checkpoint.verify(key, policy) {
        let Ok(own) = SignedCheckpoint::parse(CHECKPOINT.as_bytes()) else { unreachable!("the example is read") };
        assert_eq!(verified.checkpoint(), own.unverified());
    }
    true
}

/// A proof file is written back as the same, and only the true record at its true place is proved.
///
/// # Panics
/// If that does not hold.
pub fn proof(bytes: &[u8]) -> bool {
    let Ok(proof) = TlogProof::parse(bytes) else { return false };
    let text = proof.to_string();
    assert_eq!(TlogProof::parse(text.as_bytes()).as_ref(), Ok(&proof));
    let (key, policy) = log_keys();
    if let Ok(proven) = proof.verify(key, policy) {
        assert_eq!((proven.index(), proven.checkpoint().head().size, proven.record()), (5, 7, Some(RECORD)));
    }
    true
}

/// A set of keys is written back as the same, and each key is under its own id.
///
/// # Panics
/// If that does not hold.
pub fn key_set(bytes: &[u8]) -> bool {
    let Ok(keys) = KeySet::from_json(bytes) else { return false };
    assert_eq!(KeySet::from_json(keys.to_json().as_bytes()).as_ref(), Ok(&keys));
    for key in keys.iter() {
        assert_eq!(keys.get(key.id().as_str()), Some(key));
    }
    true
}

/// A disclosure is written back as the same, and only true fields are of the request.
///
/// # Panics
/// If that does not hold.
pub fn disclosure(bytes: &[u8]) -> bool {
    let Ok(disclosure) = Disclosure::parse(bytes) else { return false };
    assert_eq!(Disclosure::parse(disclosure.to_json().as_bytes()).as_ref(), Ok(&disclosure));
    let Some(own) = proposed().and_then(|record| Disclosure::of(&record, FIELDS).ok()) else {
        unreachable!("the example is read")
    };
    let digest = own.request_digest();
    let Ok(own) = own.verify(&digest) else { unreachable!("it is its own") };
    if let Ok(shown) = disclosure.verify(&digest) {
        assert!(shown.fields().all(|(name, value)| own.get(name) == Some(value)));
        assert_eq!((shown.tenant(), shown.entity(), shown.action()), (own.tenant(), own.entity(), own.action()));
        assert_eq!(shown.fields().count() + shown.hidden().count(), FIELDS.len());
    }
    true
}

/// A disclosure of these fields of the example's proposal.
pub(super) fn shown(fields: &[&str]) -> Option<String> {
    Some(Disclosure::of(&proposed()?, fields.iter().copied()).ok()?.to_json())
}

fn proposed() -> Option<Record> {
    let record = Record::parse(LOG.lines().nth(4)?.as_bytes().into());
    record.ok()
}

fn log_keys() -> (&'static VerifierKey, &'static WitnessPolicy) {
    static KEYS: LazyLock<Option<(VerifierKey, WitnessPolicy)>> = LazyLock::new(|| {
        let keys = VerifierKeys::parse(VERIFIER_KEYS).ok()?;
        Some((keys.log("kiff.dev/log/kiff-demo")?.clone(), WitnessPolicy::none()))
    });
    let Some((key, policy)) = &*KEYS else { unreachable!("the example is read") };
    (key, policy)
}

const FIELDS: [&str; 3] = ["actor", "parameters.amount", "parameters.reason"];
