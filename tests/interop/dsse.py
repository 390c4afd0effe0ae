#!/usr/bin/env python3
"""Verifies a receipt as a DSSE envelope with the package securesystemslib.

    dsse.py ENVELOPE.json KEYS.jwks.json
"""
import base64, json, sys
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

envelope = Envelope.from_dict(json.load(open(sys.argv[1])))
keys = []
for jwk in json.load(open(sys.argv[2]))["keys"]:
    public = base64.urlsafe_b64decode(jwk["x"] + "=").hex()
    keys.append(SSlibKey(jwk["kid"], "ed25519", "ed25519", {"public": public}))
accepted = envelope.verify(keys, 1)
print(f"proved: {json.loads(envelope.payload)['receipt_id']} is signed by key {', '.join(accepted)}")
