//! The floor: the least that the records and digests of one execution can cost.
//!
//! It is given everything that the runtime has to find out, as typed data, and only writes the same five
//! records into a buffer that is used again, and computes the same hashes: five leaf hashes, six for the
//! three commitments, one request digest. It decides nothing, stores nothing, draws nothing, and allocates
//! nothing. Names that are known to need no escapes are not looked at.

use crate::workload::{AGENT, MESSAGE, PARAMS, ROLE, TENANT};
use sha2::{Digest, Sha256};

/// What the records of one execution are made of.
#[expect(clippy::exhaustive_structs, reason = "the benches make it")]
#[derive(Clone, Debug)]
pub struct Input {
    /// The entity, as `order:ord_1`.
    pub entity: String,
    /// The sequence of the first record.
    pub seq: u64,
    /// The state version before.
    pub state_version: u64,
    /// The leaf hash of the record before the first.
    pub prev: [u8; 32],
    /// When it is recorded, in Unix milliseconds.
    pub recorded_at: i64,
    /// The ULIDs.
    pub trace: u128,
    /// Of the receipt.
    pub receipt: u128,
    /// Of the execution.
    pub execution: u128,
    /// The proposal's salt.
    pub salt: [u8; 16],
    /// The digest of the action's contract.
    pub contract: [u8; 32],
}

/// Buffers that are used again.
#[derive(Debug, Default)]
pub struct Floor {
    /// The records of the last execution, one behind the other.
    pub out: Vec<u8>,
    /// Where each of them ends.
    pub ends: [usize; 5],
    /// The leaf hash of the last.
    pub last: [u8; 32],
    scratch: Vec<u8>,
}

impl Floor {
    /// Writes and hashes the five records of one execution.
    pub fn run(&mut self, it: &Input) {
        let fields = [("actor", "")].into_iter().chain(PARAMS);
        let mut commitments = [[0u8; 32]; 3];
        for (digest, (name, value)) in commitments.iter_mut().zip(fields) {
            *digest = commitment(&mut self.scratch, &it.salt, name, value);
        }
        let request = request_digest(&mut self.scratch, it, &commitments);
        self.out.clear();
        self.last = it.prev;
        self.record(it, 0, "decision_recorded", |out| decision_body(out, it, &commitments));
        self.record(it, 1, "action_validated", |out| clearance_body(out, it, &request));
        self.record(it, 2, "action_executed", |out| executed_body(out, it));
        self.record(it, 3, "event_ingested", |out| event_body(out, it));
        self.record(it, 4, "state_changed", |out| state_body(out, it));
    }

    fn record(&mut self, it: &Input, place: u8, kind: &str, body: impl FnOnce(&mut Vec<u8>)) {
        let out = &mut self.out;
        let start = out.len();
        raw(out, "{\"actor\":{\"id\":\"");
        raw(out, AGENT);
        raw(out, "\",\"type\":\"agent\"},\"body\":{");
        body(out);
        raw(out, "},\"entity\":\"");
        raw(out, &it.entity);
        raw(out, "\",\"entity_seq\":");
        number(out, it.seq + u64::from(place));
        raw(out, ",\"format\":\"kiff-record/1\",\"kind\":\"");
        raw(out, kind);
        raw(out, "\",\"prev\":\"");
        digest(out, &self.last);
        raw(out, "\",\"recorded_at\":\"");
        time(out, it.recorded_at);
        raw(out, "\",\"tenant\":\"");
        raw(out, TENANT);
        raw(out, "\",\"trace_id\":\"trace_");
        ulid(out, it.trace);
        raw(out, "\"}");
        let mut leaf = Sha256::new();
        leaf.update([0u8]);
        leaf.update(out.get(start..).unwrap_or_default());
        self.last = leaf.finalize().into();
        if let Some(end) = self.ends.get_mut(usize::from(place)) {
            *end = out.len();
        }
    }
}

fn decision_body(out: &mut Vec<u8>, it: &Input, commitments: &[[u8; 32]; 3]) {
    raw(out, "\"action\":\"CREDIT_ORDER\",\"authority\":{\"permissions\":[\"orders.credit\"],\"roles\":[\"");
    raw(out, ROLE);
    raw(out, "\"]},\"commitments\":");
    write_commitments(out, commitments);
    raw(out, ",\"parameters\":{");
    for (place, (name, value)) in PARAMS.into_iter().enumerate() {
        raw(out, if place > 0 { ",\"" } else { "\"" });
        raw(out, name);
        raw(out, "\":");
        text(out, value);
    }
    raw(out, "},\"risk\":\"low\",\"salt\":\"");
    base64(out, &it.salt);
    raw(out, "\"");
}

fn clearance_body(out: &mut Vec<u8>, it: &Input, request: &[u8; 32]) {
    raw(out, "\"action\":\"CREDIT_ORDER\",\"anchor\":\"none\",\"attempt\":1,\"checks\":[");
    let checks = ["action", "permission", "entity", "state", "parameters", "open_execution", "approval"];
    for (place, check) in checks.into_iter().enumerate() {
        raw(out, if place > 0 { ",{\"name\":\"" } else { "{\"name\":\"" });
        raw(out, check);
        raw(out, "\",\"result\":\"passed\"}");
    }
    raw(out, "],\"contract_digest\":\"");
    digest(out, &it.contract);
    raw(out, "\",\"decision\":\"allowed\",\"domain_version\":\"credits-v1\",\"effect\":\"once\",\"execution_id\":\"exec_");
    ulid(out, it.execution);
    raw(out, "\",\"issued_by\":\"kiff\",\"key_id\":\"none\",\"policy_version\":\"credits-v1\",\"reason\":\"none\"");
    raw(out, ",\"receipt_id\":\"rcpt_");
    ulid(out, it.receipt);
    raw(out, "\",\"request_digest\":\"");
    digest(out, request);
    raw(out, "\",\"state_version\":");
    number(out, it.state_version);
}

fn executed_body(out: &mut Vec<u8>, it: &Input) {
    raw(out, "\"action\":\"CREDIT_ORDER\",\"attempt\":1,\"emitted\":[\"ORDER_CREDITED\"],\"execution_id\":\"exec_");
    ulid(out, it.execution);
    raw(out, "\",\"message\":");
    text(out, MESSAGE);
}

fn event_body(out: &mut Vec<u8>, it: &Input) {
    raw(out, "\"event_id\":\"exec_");
    ulid(out, it.execution);
    raw(out, ".1\",\"event_type\":\"ORDER_CREDITED\",\"execution_id\":\"exec_");
    ulid(out, it.execution);
    raw(out, "\",\"payload\":{}");
}

fn state_body(out: &mut Vec<u8>, it: &Input) {
    raw(out, "\"event_id\":\"exec_");
    ulid(out, it.execution);
    raw(out, ".1\",\"from\":\"PAID\",\"state_version\":");
    number(out, it.state_version + 1);
    raw(out, ",\"to\":\"PAID\"");
}

fn request_digest(scratch: &mut Vec<u8>, it: &Input, commitments: &[[u8; 32]; 3]) -> [u8; 32] {
    scratch.clear();
    raw(scratch, "{\"action\":\"CREDIT_ORDER\",\"commitments\":");
    write_commitments(scratch, commitments);
    raw(scratch, ",\"entity\":\"");
    raw(scratch, &it.entity);
    raw(scratch, "\",\"tenant\":\"");
    raw(scratch, TENANT);
    raw(scratch, "\"}");
    Sha256::digest(&*scratch).into()
}

fn write_commitments(out: &mut Vec<u8>, [actor, amount, reason]: &[[u8; 32]; 3]) {
    raw(out, "{\"actor\":\"");
    digest(out, actor);
    raw(out, "\",\"parameters.amount\":\"");
    digest(out, amount);
    raw(out, "\",\"parameters.reason\":\"");
    digest(out, reason);
    raw(out, "\"}");
}

/// Half of the hash of the opening is the field's salt; the hash of the whole is the commitment.
fn commitment(scratch: &mut Vec<u8>, salt: &[u8; 16], name: &str, value: &str) -> [u8; 32] {
    let is_param = name != "actor";
    let open = |scratch: &mut Vec<u8>, salt: &[u8; 16]| {
        scratch.clear();
        raw(scratch, "[\"");
        base64(scratch, salt);
        raw(scratch, if is_param { "\",\"parameters." } else { "\",\"" });
        raw(scratch, name);
        raw(scratch, "\"");
    };
    open(scratch, salt);
    raw(scratch, "]");
    let full: [u8; 32] = Sha256::digest(&*scratch).into();
    let mut half = [0; 16];
    half.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    open(scratch, &half);
    raw(scratch, ",");
    if is_param {
        text(scratch, value);
    } else {
        raw(scratch, "{\"id\":\"");
        raw(scratch, AGENT);
        raw(scratch, "\",\"type\":\"agent\"}");
    }
    raw(scratch, "]");
    Sha256::digest(&*scratch).into()
}

fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// A text in quotes. None here needs an escape, but each must be looked at.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.extend(text.escape_default().map(|c| u8::try_from(c).unwrap_or(b'?')));
    } else {
        raw(out, text);
    }
    out.push(b'"');
}

fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - used..).unwrap_or_default());
}

fn digest(out: &mut Vec<u8>, digest: &[u8; 32]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    raw(out, "sha256:");
    let mut digits = [0u8; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
        if let [high, low] = pair {
            *high = symbol(HEX, u128::from(byte >> 4));
            *low = symbol(HEX, u128::from(byte & 15));
        }
    }
    out.extend_from_slice(&digits);
}

fn ulid(out: &mut Vec<u8>, ulid: u128) {
    const BASE32: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut digits = [0u8; 26];
    for (place, slot) in digits.iter_mut().rev().enumerate() {
        *slot = symbol(BASE32, ulid >> (5 * place) & 31);
    }
    out.extend_from_slice(&digits);
}

fn base64(out: &mut Vec<u8>, bytes: &[u8; 16]) {
    const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = u128::from_be_bytes(*bytes);
    let mut digits = [0u8; 22];
    for (place, slot) in digits.iter_mut().enumerate() {
        let shifted = if place == 21 { bits << 4 } else { bits >> (122 - 6 * place) };
        *slot = symbol(BASE64, shifted & 63);
    }
    out.extend_from_slice(&digits);
}

fn symbol<const N: usize>(alphabet: &[u8; N], digit: u128) -> u8 {
    usize::try_from(digit).ok().and_then(|digit| alphabet.get(digit)).copied().unwrap_or(b'?')
}

/// `2026-05-24T09:50:18.000Z`, by the days-to-civil rule of the proleptic Gregorian calendar.
fn time(out: &mut Vec<u8>, unix_ms: i64) {
    let (days, ms) = (unix_ms.div_euclid(86_400_000) + 719_468, unix_ms.rem_euclid(86_400_000));
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let mut digits = *b"0000-00-00T00:00:00.000Z";
    let parts = [(4, year), (7, month), (10, day), (13, ms / 3_600_000), (16, ms / 60_000 % 60), (19, ms / 1000 % 60)];
    for (end, mut part) in parts.into_iter().chain([(23, ms % 1000)]) {
        for slot in digits.iter_mut().take(end).rev().take_while(|slot| slot.is_ascii_digit()) {
            *slot = b'0' + u8::try_from(part % 10).unwrap_or_default();
            part /= 10;
        }
    }
    out.extend_from_slice(&digits);
}
