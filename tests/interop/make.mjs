// Writes a bundle as kiff would, from the log of another one and with keys of its own.
//
//     node make.mjs BUNDLE NEW_FOLDER
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import canonicalize from "canonicalize";
import { messageOf, receiptOf, rootOf, sha256 } from "./verify.mjs";

const [source, target] = process.argv.slice(2);
mkdirSync(join(target, "receipts"), { recursive: true });
const [receiptKey, logKey] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
const x = (pair) => pair.publicKey.export({ format: "jwk" }).x;
const jwk = { crv: "Ed25519", kty: "OKP", x: x(receiptKey) };
const keyId = sha256(canonicalize(jwk)).toString("base64url");
writeFileSync(join(target, "keys.jwks.json"), JSON.stringify({ keys: [jwk] }));

const [leaves, last, lines] = [[], new Map(), []];
for (const text of readFileSync(join(source, "log.jsonl"), "utf8").split("\n").filter(Boolean)) {
  const record = JSON.parse(text);
  record.prev = last.get(record.entity) ?? `sha256:${"0".repeat(64)}`;
  const decides = "receipt_id" in record.body;
  if (decides) record.body.key_id = keyId;
  const line = canonicalize(record);
  const leaf = sha256([0], line);
  last.set(record.entity, `sha256:${leaf.toString("hex")}`);
  leaves.push(leaf);
  lines.push(`${line}\n`);
  if (!decides) continue;
  const receipt = receiptOf(record, leaf);
  receipt.signature = `kiff_sig_${sign(null, messageOf(receipt), receiptKey.privateKey).toString("hex")}`;
  writeFileSync(join(target, "receipts", `${receipt.receipt_id}.json`), JSON.stringify(receipt, null, 2));
}
writeFileSync(join(target, "log.jsonl"), lines.join(""));

const origin = readFileSync(join(source, "checkpoint.txt"), "utf8").split("\n")[0];
const text = `${origin}\n${leaves.length}\n${rootOf(leaves).toString("base64")}\n`;
const key = Buffer.concat([Buffer.from([1]), Buffer.from(x(logKey), "base64url")]);
const short = sha256(origin, "\n", key).subarray(0, 4);
writeFileSync(join(target, "vkeys.txt"), `${origin}+${short.toString("hex")}+${key.toString("base64")}\n`);
const signed = Buffer.concat([short, sign(null, Buffer.from(text), logKey.privateKey)]).toString("base64");
writeFileSync(join(target, "checkpoint.txt"), `${text}\n\u2014 ${origin} ${signed}\n`);
