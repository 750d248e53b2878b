"""A software authenticator with the browser around it: one ES256 passkey."""

import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def text(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def head(major, count):
    if count < 24:
        return bytes([major << 5 | count])
    size, code = (1, 24) if count < 256 else (2, 25)
    return bytes([major << 5 | code]) + count.to_bytes(size, "big")


def cbor(value):
    """As much of CBOR as attestations need."""
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    return head(5, len(value)) + b"".join(cbor(key) + cbor(one) for key, one in value.items())


class Authenticator:
    def __init__(self, origin="http://localhost:3001"):
        self.origin, self.algorithm = origin, -7
        self.id, self.count = os.urandom(32), 0
        self.key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options):
        """`navigator.credentials.create()`: a RegistrationResponseJSON."""
        self.user_handle = options["user"]["id"]
        data = self._data(options["rp"]["id"], PRESENT | VERIFIED | ATTESTED)
        point = self.key.public_key().public_numbers()
        public = {1: 2, 3: self.algorithm, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        data += bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor(public)
        object = cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client_data("webauthn.create", options["challenge"])
        return self._credential(clientDataJSON=text(client), attestationObject=text(object), transports=["internal"])

    def get(self, options):
        """`navigator.credentials.get()`: an AuthenticationResponseJSON."""
        data = self._data(options["rpId"], PRESENT | VERIFIED)
        client = self._client_data("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        parts = dict(clientDataJSON=client, authenticatorData=data, signature=signature)
        return self._credential(userHandle=self.user_handle, **{name: text(part) for name, part in parts.items()})

    def _data(self, rp_id, flags):
        self.count += 1
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BL", flags, self.count)

    def _client_data(self, type, challenge):
        return json.dumps(dict(type=type, challenge=challenge, origin=self.origin, crossOrigin=False)).encode()

    def _credential(self, **response):
        kind = dict(type="public-key", authenticatorAttachment="platform", clientExtensionResults={})
        return dict(kind, id=text(self.id), rawId=text(self.id), response=response)
