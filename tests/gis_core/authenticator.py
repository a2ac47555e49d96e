"""A device that makes passkeys, as the standard describes it: for tests that have no browser."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, HAS_KEY = 0x01, 0x40


def text_of(data: bytes) -> str:
    """Bytes as the standard writes them in JSON: base64url without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Authenticator:
    """One key pair of ECDSA with P-256, for the host that first asks; it counts what it signs."""

    origin: str = "http://testserver"
    credential_id: bytes = field(default_factory=lambda: token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    signed: int = 0
    public: dict[int, Any] = field(init=False)

    def __post_init__(self) -> None:
        point = self.key.public_key().public_numbers()
        # COSE: type EC2, algorithm ES256, curve P-256, x and y.
        self.public = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}

    def made(self, options: dict[str, Any]) -> str:
        """The answer to `navigator.credentials.create`."""
        key = cbor2.dumps(self.public)
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + key
        data = self._data(options["rp"]["id"], PRESENT | HAS_KEY) + attested
        return self._answer(
            clientDataJSON=self._client_data("webauthn.create", options["challenge"]),
            attestationObject=cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data}),
        )

    def used(self, options: dict[str, Any]) -> str:
        """The answer to `navigator.credentials.get`."""
        self.signed += 1
        data = self._data(options["rpId"], PRESENT)
        client = self._client_data("webauthn.get", options["challenge"])
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signature)

    def _data(self, host: str, flags: int) -> bytes:
        return sha256(host.encode()).digest() + bytes([flags]) + self.signed.to_bytes(4)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, **response: bytes) -> str:
        told = text_of(self.credential_id)
        return json.dumps(
            {
                "id": told,
                "rawId": told,
                "type": "public-key",
                "response": {name: text_of(data) for name, data in response.items()},
                "clientExtensionResults": {},
            }
        )
