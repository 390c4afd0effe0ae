//! The floor by hand, for exactly these five records: everything that is the same in each execution is a literal, and
//! names that need no escapes are not checked.

use super::{Input, form};
use crate::workload::{AGENT, MESSAGE, PARAMS, ROLE, TENANT};
use sha2::{Digest, Sha256};

/// The reused buffers.
#[derive(Debug, Default)]
pub struct Floor {
    /// The records of the last execution, one after the other.
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
    raw(out, "\",\"deadline\":\"");
    time(out, it.recorded_at + 600_000);
    raw(
        out,
        "\",\"decision\":\"allowed\",\"domain_version\":\"credits-v1\",\"effect\":\"once\",\"execution_id\":\"exec_",
    );
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

/// The first half of the hash of the opening is the salt of the field. The hash of the whole is the commitment.
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

/// Writes a text in quotes. None here needs an escape, but each must be checked for one.
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
    raw(out, "sha256:");
    out.extend_from_slice(&form::hex(digest));
}

fn ulid(out: &mut Vec<u8>, ulid: u128) {
    out.extend_from_slice(&form::base32(ulid));
}

fn base64(out: &mut Vec<u8>, bytes: &[u8; 16]) {
    out.extend_from_slice(&form::base64(bytes));
}

fn time(out: &mut Vec<u8>, unix_ms: i64) {
    out.extend_from_slice(&form::time(unix_ms));
}
