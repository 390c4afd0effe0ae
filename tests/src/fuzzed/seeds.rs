//! Bytes that the readers admit: the examples of the formats.

const RECEIPT: &[u8] = include_bytes!("../../vectors/receipt/receipt.json");
const ENVELOPE: &[u8] = include_bytes!("../../vectors/receipt/dsse.json");
const KEYS: &[u8] = include_bytes!("../../vectors/receipt/keys.jwks.json");
const CHECKPOINT: &[u8] = include_bytes!("../../vectors/receipt/checkpoint.txt");
const PROOF: &[u8] = include_bytes!("../../vectors/receipt/record.tlog-proof");
const LOG: &[u8] = include_bytes!("../../vectors/receipt/log.jsonl");
const EVERY_KIND: &[u8] = include_bytes!("../../vectors/records.jsonl");
const EFFECT: &[u8] = include_bytes!("../../golden/scenario_1.jsonl");
const GOLDEN: [&[u8]; 7] = [
    include_bytes!("../../golden/scenario_2.jsonl"),
    include_bytes!("../../golden/scenario_3.jsonl"),
    include_bytes!("../../golden/scenario_4.jsonl"),
    include_bytes!("../../golden/scenario_5.jsonl"),
    include_bytes!("../../golden/support.jsonl"),
    include_bytes!("../../golden/payables_with_key.jsonl"),
    include_bytes!("../../golden/payables_without_key.jsonl"),
];
const PROPOSAL: &[u8] = include_bytes!("../../vectors/admission/proposal.json");
const EVENT: &[u8] = include_bytes!("../../vectors/admission/event.json");
const REVIEW: &[u8] = include_bytes!("../../vectors/admission/review.json");

pub(super) fn json() -> Vec<Vec<u8>> {
    [PROPOSAL, EVENT, REVIEW, RECEIPT, KEYS].map(<[u8]>::to_vec).into()
}

pub(super) fn proposal() -> Vec<Vec<u8>> {
    let least = br#"{"action":"REFUND","entity":"order:o_1","parameters":{"cents":5}}"#;
    vec![PROPOSAL.to_vec(), least.to_vec()]
}

pub(super) fn event() -> Vec<Vec<u8>> {
    vec![EVENT.to_vec()]
}

pub(super) fn review() -> Vec<Vec<u8>> {
    vec![REVIEW.to_vec()]
}

pub(super) fn records() -> Vec<Vec<u8>> {
    [LOG, EVERY_KIND, EFFECT].into_iter().chain(GOLDEN).flat_map(lines).collect()
}

/// The example up to its last whole append, and a log with an effect.
pub(super) fn logs() -> Vec<Vec<u8>> {
    let whole: Vec<u8> = lines(LOG).take(6).flat_map(|line| [line, b"\n".to_vec()].concat()).collect();
    vec![whole, EFFECT.to_vec()]
}

pub(super) fn receipts() -> Vec<Vec<u8>> {
    vec![RECEIPT.to_vec(), ENVELOPE.to_vec()]
}

pub(super) fn checkpoints() -> Vec<Vec<u8>> {
    vec![CHECKPOINT.to_vec()]
}

pub(super) fn proofs() -> Vec<Vec<u8>> {
    vec![PROOF.to_vec()]
}

pub(super) fn key_sets() -> Vec<Vec<u8>> {
    vec![KEYS.to_vec()]
}

/// Every field shown, some, and none.
pub(super) fn disclosures() -> Vec<Vec<u8>> {
    let fields = ["actor", "parameters.amount", "parameters.reason"];
    let shown = |most: usize| super::evidence::shown(fields.get(..most)?).map(String::into_bytes);
    (0..=fields.len()).filter_map(shown).collect()
}

fn lines(log: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec)
}
