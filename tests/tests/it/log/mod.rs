//! The tenant's log as a tree: proofs, checkpoints, witnesses, disclosure.

mod checkpoint;
mod disclosure;
mod erased;
mod handed_out;
mod kit;
mod ledger;
mod tlog_proof;
mod tree;
mod words;

/// The worked example of the format, which another program has made.
mod example {
    use kiff::log::{VerifierKey, VerifierKeys, WitnessPolicy};

    pub(crate) const ORIGIN: &str = "kiff.dev/log/kiff-demo";
    pub(crate) const CHECKPOINT: &str = include_str!("../../../vectors/receipt/checkpoint.txt");
    pub(crate) const PROOF: &str = include_str!("../../../vectors/receipt/record.tlog-proof");
    pub(crate) const LOG: &str = include_str!("../../../vectors/receipt/log.jsonl");
    pub(crate) const KEYS: &str = include_str!("../../../vectors/receipt/vkeys.txt");
    /// The second and third test keys of RFC 8032 §7.1: the log's and the witness's.
    pub(crate) const LOG_SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    pub(crate) const WITNESS_SEED: &str = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";

    pub(crate) fn keys() -> VerifierKeys {
        VerifierKeys::parse(KEYS).unwrap()
    }

    pub(crate) fn log_key() -> VerifierKey {
        keys().log(ORIGIN).unwrap().clone()
    }

    pub(crate) fn witnesses(quorum: usize) -> WitnessPolicy {
        WitnessPolicy::new(keys().witnesses().cloned(), quorum).unwrap()
    }

    pub(crate) fn seed(hex: &str) -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
    }

    /// A member of `vector.json`.
    pub(crate) fn expected(member: &str) -> String {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../../vectors/receipt/vector.json")).unwrap();
        vector[member].as_str().unwrap().to_owned()
    }
}
