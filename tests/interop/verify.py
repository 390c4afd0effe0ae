#!/usr/bin/env python3
"""Verifies a bundle of kiff's evidence. Needs the packages cryptography and rfc8785.

    verify.py BUNDLE [KEYS.jwks.json VKEYS.txt]

The keys should be yours; those in the bundle show only that it fits itself.
"""
import base64, hashlib, json, pathlib, sys
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def check(holds, why):
    if not holds:
        raise SystemExit(f"refused: {why}")


def strict(pairs):
    """A JSON object in which no member is there twice."""
    members = dict(pairs)
    check(len(members) == len(pairs), "a member is there twice")
    return members


def public_keys(jwks):
    keys = {}
    for jwk in json.loads(jwks, object_pairs_hook=strict)["keys"]:
        check((jwk["kty"], jwk["crv"]) == ("OKP", "Ed25519"), "a key is of another algorithm")
        thumb = sha256(rfc8785.dumps({name: jwk[name] for name in ("crv", "kty", "x")}))
        raw = base64.urlsafe_b64decode(jwk["x"] + "=")
        keys[base64.urlsafe_b64encode(thumb).decode().rstrip("=")] = Ed25519PublicKey.from_public_bytes(raw)
    return keys


def root_of(leaves):
    """RFC 9162, section 2.1.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01", root_of(leaves[:half]), root_of(leaves[half:]))


def checkpoint_of(note, vkeys):
    """Origin, size and root of a checkpoint that its log has signed."""
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    for line in filter(None, vkeys.splitlines()):
        name, key_id, key = line.split("+", 2)
        key = base64.b64decode(key)
        if name != origin or key[0] != 1:
            continue
        check(sha256(name.encode(), b"\n", key)[:4].hex() == key_id, "a key is not the one that it says")
        for signature in signatures.splitlines():
            _, signer, signed = signature.split(" ")
            signed = base64.b64decode(signed)
            if signer == name and signed[:4].hex() == key_id:
                # A signature that is wrong raises InvalidSignature.
                Ed25519PublicKey.from_public_bytes(key[1:]).verify(signed[4:], text.encode())
                return origin, int(size), base64.b64decode(root)
    raise SystemExit(f"refused: no known key of {origin} has signed the checkpoint")


def message_of(receipt):
    """What is signed: the DSSE encoding of the canonical receipt without its signature."""
    payload = rfc8785.dumps({name: value for name, value in receipt.items() if name != "signature"})
    kind = b"application/vnd.kiff.receipt.v1+json"
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def receipt_of(record, leaf):
    """All of a receipt but its signature follows from its record."""
    same = ("action", "anchor", "decision", "domain_version", "issued_by", "key_id", "policy_version", "reason",
            "receipt_id", "request_digest")
    return {name: record["body"][name] for name in same} | {
        "audit_url": f"/v1/entities/{record['entity']}/timeline",
        "entity": record["entity"], "entity_seq": str(record["entity_seq"]), "format": "kiff-receipt/1",
        "issued_at": record["recorded_at"], "record": f"sha256:{leaf.hex()}", "tenant": record["tenant"],
        "trace_id": record["trace_id"],
    }


def read_log(path):
    """The records with their leaf hashes; nothing for one that was erased. Sequence and chain are checked."""
    records, leaves, streams, erased, tenants = [], [], {}, set(), set()
    for line in path.read_bytes().splitlines():
        if line.startswith(b"sha256:"):
            records.append(None)
            leaves.append(bytes.fromhex(line[7:].decode()))
            erased.add(f"sha256:{line[7:].decode()}")
            continue
        record, leaf = json.loads(line, object_pairs_hook=strict), sha256(b"\0", line)
        seq, last = streams.get(record["entity"], (0, "sha256:" + "0" * 64))
        if not (record["prev"] in erased and record["entity_seq"] > seq + 1):
            check((record["entity_seq"], record["prev"]) == (seq + 1, last), f"the chain is broken at {len(records)}")
        tenants.add(record["tenant"])
        streams[record["entity"]] = (record["entity_seq"], f"sha256:{leaf.hex()}")
        records.append(record)
        leaves.append(leaf)
    check(len(tenants) < 2, "the log is of more than one tenant")
    return records, leaves


def verify_receipt(path, keys, places, records, leaves, revoked):
    receipt = json.loads(path.read_bytes(), object_pairs_hook=strict)
    signature = bytes.fromhex(receipt["signature"].removeprefix("kiff_sig_"))
    check(receipt["key_id"] in keys, "the key of a receipt is not known")
    keys[receipt["key_id"]].verify(signature, message_of(receipt))
    check(receipt["record"] in places, "the log does not have the record of a receipt")
    index = places[receipt["record"]]
    check(index < revoked.get(receipt["key_id"], len(leaves)), "the key of a receipt was revoked")
    if records[index]:
        expected = receipt_of(records[index], leaves[index]) | {"signature": receipt["signature"]}
        check(receipt == expected, "a receipt is of another record")


def verify_proof(text, vkeys):
    """C2SP tlog-proof: a record, its index, the path to the root, and a checkpoint."""
    head, note = text.split("\n\n", 1)
    form, extra, index, *path = head.split("\n")
    check(form == "c2sp.org/tlog-proof@v1", "the proof is of another form")
    _, size, root = checkpoint_of(note, vkeys)
    node, last = int(index.removeprefix("index ")), size - 1
    check(node <= last, "the index is outside the tree")
    current = sha256(b"\0", base64.b64decode(extra.removeprefix("extra ")))
    for sibling in map(base64.b64decode, path):
        check(last > 0, "the path is too long")
        if node & 1 or node == last:
            current = sha256(b"\x01", sibling, current)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            current = sha256(b"\x01", current, sibling)
        node, last = node >> 1, last >> 1
    check(last == 0 and current == root, "the path leads to another root")


def main(bundle, jwks=None, vkeys=None):
    bundle = pathlib.Path(bundle)
    keys = public_keys(pathlib.Path(jwks or bundle / "keys.jwks.json").read_text())
    vkeys = pathlib.Path(vkeys or bundle / "vkeys.txt").read_text()
    records, leaves = read_log(bundle / "log.jsonl")
    origin, size, root = checkpoint_of((bundle / "checkpoint.txt").read_text(), vkeys)
    check(size == len(leaves) and root == root_of(leaves), "the log is not the one of the checkpoint")
    print(f"proved: {size} records are the log that {origin} has signed")
    revoked = {}
    for record in filter(None, records):
        if record["kind"] == "key_revoked" and record["entity"] == "kiff:keys":
            key_id, index = record["body"]["key_id"], record["body"]["from_index"]
            revoked[key_id] = min(index, revoked.get(key_id, index))
    places = {f"sha256:{leaf.hex()}": index for index, leaf in enumerate(leaves)}
    receipts = sorted(bundle.glob("receipt*.json")) + sorted(bundle.glob("receipts/*.json"))
    for path in receipts:
        verify_receipt(path, keys, places, records, leaves, revoked)
    print(f"proved: {len(receipts)} receipts are signed, and say what their records say")
    for path in bundle.glob("*.tlog-proof"):
        verify_proof(path.read_text(), vkeys)
        print(f"proved: the record in {path.name} is in the log")


if __name__ == "__main__":
    main(*sys.argv[1:])
