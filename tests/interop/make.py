#!/usr/bin/env python3
"""Writes a bundle as kiff would, from the log of another one and with keys of its own.

    make.py BUNDLE NEW_FOLDER
"""
import base64, json, pathlib, sys
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from verify import message_of, receipt_of, root_of, sha256


def main(source, target):
    source, target = pathlib.Path(source), pathlib.Path(target)
    (target / "receipts").mkdir(parents=True)
    receipt_key, log_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    x = base64.urlsafe_b64encode(receipt_key.public_key().public_bytes_raw()).decode().rstrip("=")
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": x}
    key_id = base64.urlsafe_b64encode(sha256(rfc8785.dumps(jwk))).decode().rstrip("=")
    (target / "keys.jwks.json").write_text(json.dumps({"keys": [jwk]}))
    leaves, last, lines = [], {}, []
    for line in (source / "log.jsonl").read_text().splitlines():
        record = json.loads(line)
        record["prev"] = last.get(record["entity"], "sha256:" + "0" * 64)
        if "receipt_id" in record["body"]:
            record["body"]["key_id"] = key_id
        line = rfc8785.dumps(record)
        leaf = sha256(b"\0", line)
        last[record["entity"]] = f"sha256:{leaf.hex()}"
        leaves.append(leaf)
        lines.append(line + b"\n")
        if "receipt_id" in record["body"]:
            receipt = receipt_of(record, leaf)
            receipt["signature"] = "kiff_sig_" + receipt_key.sign(message_of(receipt)).hex()
            (target / "receipts" / f"{receipt['receipt_id']}.json").write_text(json.dumps(receipt, indent=2))
    (target / "log.jsonl").write_bytes(b"".join(lines))
    origin = (source / "checkpoint.txt").read_text().split("\n")[0]
    text = f"{origin}\n{len(leaves)}\n{base64.b64encode(root_of(leaves)).decode()}\n"
    key = b"\x01" + log_key.public_key().public_bytes_raw()
    short = sha256(origin.encode(), b"\n", key)[:4]
    (target / "vkeys.txt").write_text(f"{origin}+{short.hex()}+{base64.b64encode(key).decode()}\n")
    signed = base64.b64encode(short + log_key.sign(text.encode())).decode()
    (target / "checkpoint.txt").write_text(f"{text}\n\u2014 {origin} {signed}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
