//! The floor with `serde_json` and derived structs.

use super::{Input, form};
use crate::workload::{AGENT, MESSAGE, PARAMS, ROLE, TENANT};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;

/// The reused buffers.
#[derive(Debug, Default)]
pub struct Floor {
    /// The records of the last execution, one after the other.
    pub out: Vec<u8>,
    /// The leaf hash of the last.
    pub last: [u8; 32],
    scratch: Vec<u8>,
}

impl Floor {
    /// Writes and hashes the five records of one execution.
    pub fn run(&mut self, it: &Input) {
        let (amount, reason) = (PARAMS[0].1, PARAMS[1].1);
        let commitments = Commitments {
            actor: commitment(&mut self.scratch, &it.salt, "actor", &ACTOR),
            amount: commitment(&mut self.scratch, &it.salt, "parameters.amount", &amount),
            reason: commitment(&mut self.scratch, &it.salt, "parameters.reason", &reason),
        };
        let request = Request { action: ACTION, commitments: &commitments, entity: &it.entity, tenant: TENANT };
        let request = hash(&mut self.scratch, &request);
        self.out.clear();
        self.last = it.prev;
        self.record(it, 0, "decision_recorded", &decision(it, &commitments));
        self.record(it, 1, "action_validated", &clearance(it, request));
        self.record(it, 2, "action_executed", &executed(it));
        self.record(it, 3, "event_ingested", &event(it));
        self.record(it, 4, "state_changed", &step(it));
    }

    fn record<B: Serialize>(&mut self, it: &Input, place: u64, kind: &str, body: &B) {
        let start = self.out.len();
        let record = Record {
            actor: ACTOR,
            body,
            entity: &it.entity,
            entity_seq: it.seq + place,
            format: "kiff-record/1",
            kind,
            prev: Hash(self.last),
            recorded_at: Time(it.recorded_at),
            tenant: TENANT,
            trace_id: Id("trace_", it.trace, ""),
        };
        write(&mut self.out, &record);
        let mut leaf = Sha256::new();
        leaf.update([0u8]);
        leaf.update(self.out.get(start..).unwrap_or_default());
        self.last = leaf.finalize().into();
    }
}

const ACTION: &str = "CREDIT_ORDER";
const ACTOR: Actor = Actor { id: AGENT, kind: "agent" };

#[derive(Serialize)]
struct Record<'a, B> {
    actor: Actor,
    body: &'a B,
    entity: &'a str,
    entity_seq: u64,
    format: &'a str,
    kind: &'a str,
    prev: Hash,
    recorded_at: Time,
    tenant: &'a str,
    trace_id: Id,
}

#[derive(Serialize)]
struct Actor {
    id: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Request<'a> {
    action: &'a str,
    commitments: &'a Commitments,
    entity: &'a str,
    tenant: &'a str,
}

#[derive(Serialize)]
struct Commitments {
    actor: Hash,
    #[serde(rename = "parameters.amount")]
    amount: Hash,
    #[serde(rename = "parameters.reason")]
    reason: Hash,
}

#[derive(Serialize)]
struct Decision<'a> {
    action: &'a str,
    authority: Authority,
    commitments: &'a Commitments,
    parameters: Parameters<'a>,
    risk: &'a str,
    salt: Salt,
}

#[derive(Serialize)]
struct Authority {
    permissions: [&'static str; 1],
    roles: [&'static str; 1],
}

#[derive(Serialize)]
struct Parameters<'a> {
    amount: &'a str,
    reason: &'a str,
}

fn decision<'a>(it: &Input, commitments: &'a Commitments) -> Decision<'a> {
    Decision {
        action: ACTION,
        authority: Authority { permissions: ["orders.credit"], roles: [ROLE] },
        commitments,
        parameters: Parameters { amount: PARAMS[0].1, reason: PARAMS[1].1 },
        risk: "low",
        salt: Salt(it.salt),
    }
}

#[derive(Serialize)]
struct Clearance<'a> {
    action: &'a str,
    anchor: &'a str,
    attempt: u32,
    checks: [Check; 7],
    contract_digest: Hash,
    deadline: Time,
    decision: &'a str,
    domain_version: &'a str,
    effect: &'a str,
    execution_id: Id,
    issued_by: &'a str,
    key_id: &'a str,
    policy_version: &'a str,
    reason: &'a str,
    receipt_id: Id,
    request_digest: Hash,
    state_version: u64,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    result: &'static str,
}

fn clearance(it: &Input, request: Hash) -> Clearance<'static> {
    let checks = ["action", "permission", "entity", "state", "parameters", "open_execution", "approval"];
    Clearance {
        action: ACTION,
        anchor: "none",
        attempt: 1,
        checks: checks.map(|name| Check { name, result: "passed" }),
        contract_digest: Hash(it.contract),
        deadline: Time(it.recorded_at + 600_000),
        decision: "allowed",
        domain_version: "credits-v1",
        effect: "once",
        execution_id: Id("exec_", it.execution, ""),
        issued_by: "kiff",
        key_id: "none",
        policy_version: "credits-v1",
        reason: "none",
        receipt_id: Id("rcpt_", it.receipt, ""),
        request_digest: request,
        state_version: it.state_version,
    }
}

#[derive(Serialize)]
struct Executed<'a> {
    action: &'a str,
    attempt: u32,
    emitted: [&'a str; 1],
    execution_id: Id,
    message: &'a str,
}

fn executed(it: &Input) -> Executed<'static> {
    let execution_id = Id("exec_", it.execution, "");
    Executed { action: ACTION, attempt: 1, emitted: ["ORDER_CREDITED"], execution_id, message: MESSAGE }
}

#[derive(Serialize)]
struct Event<'a> {
    event_id: Id,
    event_type: &'a str,
    execution_id: Id,
    payload: Empty,
}

#[derive(Serialize)]
struct Empty {}

fn event(it: &Input) -> Event<'static> {
    let (event_id, execution_id) = (Id("exec_", it.execution, ".1"), Id("exec_", it.execution, ""));
    Event { event_id, event_type: "ORDER_CREDITED", execution_id, payload: Empty {} }
}

#[derive(Serialize)]
struct Step<'a> {
    event_id: Id,
    from: &'a str,
    state_version: u64,
    to: &'a str,
}

fn step(it: &Input) -> Step<'static> {
    Step { event_id: Id("exec_", it.execution, ".1"), from: "PAID", state_version: it.state_version + 1, to: "PAID" }
}

/// The first half of the hash of the opening is the salt of the field. The hash of the whole is the commitment.
fn commitment<V: Serialize>(scratch: &mut Vec<u8>, salt: &[u8; 16], name: &str, value: &V) -> Hash {
    let Hash(full) = hash(scratch, &(Salt(*salt), name));
    let mut half = [0; 16];
    half.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    hash(scratch, &(Salt(half), name, value))
}

fn hash<V: Serialize>(scratch: &mut Vec<u8>, value: &V) -> Hash {
    scratch.clear();
    write(scratch, value);
    Hash(Sha256::digest(&*scratch).into())
}

/// Writing into memory cannot fail. If it did, the comparison with the runtime's bytes would show it.
fn write<V: Serialize>(out: &mut Vec<u8>, value: &V) {
    let _ = serde_json::to_writer(out, value);
}

#[derive(Clone, Copy)]
struct Hash([u8; 32]);

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut text = *b"sha256:0000000000000000000000000000000000000000000000000000000000000000";
        text[7..].copy_from_slice(&form::hex(&self.0));
        to.serialize_str(ascii(&text))
    }
}

struct Salt([u8; 16]);

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(ascii(&form::base64(&self.0)))
    }
}

struct Time(i64);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(ascii(&form::time(self.0)))
    }
}

/// A prefix, a ULID, and what follows it.
struct Id(&'static str, u128, &'static str);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        f.write_str(ascii(&form::base32(self.1)))?;
        f.write_str(self.2)
    }
}

fn ascii(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}
