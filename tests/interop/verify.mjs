// Verifies a bundle of kiff's evidence. Needs the package canonicalize, and nothing else but Node.
//
//     node verify.mjs BUNDLE [KEYS.jwks.json VKEYS.txt]
//
// The keys should be yours; those in the bundle show only that it fits itself.
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import canonicalize from "canonicalize";

export const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts.map((it) => Buffer.from(it)))).digest();
const keyOf = (x) => createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });

function publicKeys(text) {
  const thumb = ({ crv, kty, x }) => sha256(canonicalize({ crv, kty, x })).toString("base64url");
  return new Map(JSON.parse(text).keys.map((jwk) => [thumb(jwk), keyOf(jwk.x)]));
}

// RFC 9162, section 2.1.1.
export function rootOf(leaves) {
  if (leaves.length < 2) return leaves[0] ?? sha256();
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return sha256([1], rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

// Origin, size and root of a checkpoint that its log has signed.
function checkpointOf(note, vkeys) {
  const at = note.lastIndexOf("\n\n");
  const [text, lines] = [note.slice(0, at + 1), note.slice(at + 2).split("\n")];
  const [origin, size, root] = text.split("\n");
  for (const vkey of vkeys.split("\n").filter(Boolean)) {
    const [name, keyId, ...rest] = vkey.split("+");
    const key = Buffer.from(rest.join("+"), "base64");
    if (name !== origin || key[0] !== 1) continue;
    assert.equal(sha256(name, "\n", key).subarray(0, 4).toString("hex"), keyId);
    for (const line of lines) {
      const [, signer, encoded] = line.split(" ");
      const signed = Buffer.from(encoded ?? "", "base64");
      if (signer !== name || signed.subarray(0, 4).toString("hex") !== keyId) continue;
      assert(verify(null, Buffer.from(text), keyOf(key.subarray(1).toString("base64url")), signed.subarray(4)));
      return { origin, size: Number(size), root: Buffer.from(root, "base64") };
    }
  }
  throw new Error(`no known key of ${origin} has signed the checkpoint`);
}

// What is signed: the DSSE encoding of the canonical receipt without its signature.
export function messageOf({ signature, ...receipt }) {
  const payload = canonicalize(receipt);
  const kind = "application/vnd.kiff.receipt.v1+json";
  return Buffer.from(`DSSEv1 ${kind.length} ${kind} ${Buffer.byteLength(payload)} ${payload}`);
}

// All of a receipt but its signature follows from its record.
export function receiptOf({ body, entity, entity_seq, recorded_at, tenant, trace_id }, leaf) {
  const { action, anchor, decision, domain_version, issued_by, key_id, policy_version, reason, receipt_id } = body;
  return {
    action, anchor, decision, domain_version, issued_by, key_id, policy_version, reason, receipt_id,
    request_digest: body.request_digest, audit_url: `/v1/entities/${entity}/timeline`, entity,
    entity_seq: String(entity_seq), format: "kiff-receipt/1", issued_at: recorded_at,
    record: `sha256:${leaf.toString("hex")}`, tenant, trace_id,
  };
}

// The records with their leaf hashes; nothing for one that was erased. Sequence and chain are checked.
function readLog(path) {
  const [records, leaves, streams, erased] = [[], [], new Map(), new Set()];
  for (const line of readFileSync(path, "utf8").split("\n").filter(Boolean)) {
    if (line.startsWith("sha256:")) {
      records.push(null);
      leaves.push(Buffer.from(line.slice(7), "hex"));
      erased.add(line);
      continue;
    }
    const [record, leaf] = [JSON.parse(line), sha256([0], line)];
    const { seq, last } = streams.get(record.entity) ?? { seq: 0, last: `sha256:${"0".repeat(64)}` };
    if (!(erased.has(record.prev) && record.entity_seq > seq + 1)) {
      assert.deepEqual([record.entity_seq, record.prev], [seq + 1, last], `the chain is broken at ${records.length}`);
    }
    assert.equal(record.tenant, (records.find(Boolean) ?? record).tenant);
    streams.set(record.entity, { seq: record.entity_seq, last: `sha256:${leaf.toString("hex")}` });
    records.push(record);
    leaves.push(leaf);
  }
  const places = new Map(leaves.map((leaf, index) => [`sha256:${leaf.toString("hex")}`, index]));
  return { records, leaves, places };
}

// C2SP tlog-proof: a record, its index, the path to the root, and a checkpoint.
function verifyProof(text, vkeys) {
  const at = text.indexOf("\n\n");
  const [form, extra, index, ...path] = text.slice(0, at).split("\n");
  assert.equal(form, "c2sp.org/tlog-proof@v1");
  const { size, root } = checkpointOf(text.slice(at + 2), vkeys);
  let [node, last] = [Number(index.slice("index ".length)), size - 1];
  const up = () => ([node, last] = [Math.floor(node / 2), Math.floor(last / 2)]);
  assert(node <= last);
  let current = sha256([0], Buffer.from(extra.slice("extra ".length), "base64"));
  for (const sibling of path.map((it) => Buffer.from(it, "base64"))) {
    assert(last > 0, "the path is too long");
    if (node % 2 === 1 || node === last) {
      current = sha256([1], sibling, current);
      while (node % 2 === 0 && node > 0) up();
    } else current = sha256([1], current, sibling);
    up();
  }
  assert(last === 0 && current.equals(root), "the path leads to another root");
}

function verifyReceipt(receipt, keys, { records, leaves, places }, revoked) {
  const signature = Buffer.from(receipt.signature.slice("kiff_sig_".length), "hex");
  assert(verify(null, messageOf(receipt), keys.get(receipt.key_id), signature), "its signature is wrong");
  const index = places.get(receipt.record) ?? Infinity;
  assert(index < leaves.length && index < (revoked.get(receipt.key_id) ?? Infinity), "its record is missing, or its key revoked");
  if (records[index] === null) return;
  assert.deepEqual(receipt, { ...receiptOf(records[index], leaves[index]), signature: receipt.signature });
}

function main(bundle, jwks = join(bundle, "keys.jwks.json"), trusted = join(bundle, "vkeys.txt")) {
  const [keys, vkeys] = [publicKeys(readFileSync(jwks, "utf8")), readFileSync(trusted, "utf8")];
  const log = readLog(join(bundle, "log.jsonl"));
  const { origin, size, root } = checkpointOf(readFileSync(join(bundle, "checkpoint.txt"), "utf8"), vkeys);
  assert(size === log.leaves.length && rootOf(log.leaves).equals(root), "the log is not the one of the checkpoint");
  console.log(`proved: ${size} records are the log that ${origin} has signed`);
  const revoked = new Map();
  for (const { kind, entity, body } of log.records.filter(Boolean)) {
    if (kind !== "key_revoked" || entity !== "kiff:keys") continue;
    revoked.set(body.key_id, Math.min(body.from_index, revoked.get(body.key_id) ?? Infinity));
  }
  const folder = join(bundle, "receipts");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const receipts = names.map((name) => join(folder, name)).concat([join(bundle, "receipt.json")].filter(existsSync));
  for (const path of receipts) verifyReceipt(JSON.parse(readFileSync(path, "utf8")), keys, log, revoked);
  console.log(`proved: ${receipts.length} receipts are signed, and say what their records say`);
  for (const name of readdirSync(bundle).filter((it) => it.endsWith(".tlog-proof"))) {
    verifyProof(readFileSync(join(bundle, name), "utf8"), vkeys);
    console.log(`proved: the record in ${name} is in the log`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(...process.argv.slice(2));
