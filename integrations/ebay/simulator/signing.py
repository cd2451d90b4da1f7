"""The key that notifications are signed with, and the signature's peculiar wrapping."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from typing import cast

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from integrations.simulation import Document, Store


class Signer:
    """One ECDSA P-256 key, made when it is first needed and kept with the rest of the state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def signature(self, body: bytes) -> str:
        """The value of X-EBAY-SIGNATURE for these bytes."""
        kept = self._kept()
        key = cast(ec.EllipticCurvePrivateKey, load_pem_private_key(kept["private"].encode(), None))
        signed = key.sign(body, ec.ECDSA(SHA1()))  # noqa: S303 - the digest eBay signs with
        wrapped = {
            "alg": "ecdsa",
            "kid": kept["kid"],
            "signature": base64.b64encode(signed).decode(),
            "digest": "SHA1",
        }
        return base64.b64encode(json.dumps(wrapped, separators=(",", ":")).encode()).decode()

    def public_key(self, kid: str) -> Document | None:
        """As getPublicKey answers: a PEM without its line breaks."""
        kept = self._kept()
        if kid != kept["kid"]:
            return None
        return {"key": kept["public"].replace("\n", ""), "algorithm": "ECDSA", "digest": "SHA1"}

    def _kept(self) -> Document:
        with self._store.lock:
            kept: Document | None = self._store.get("signing", "key")
            if kept is None:
                key = ec.generate_private_key(ec.SECP256R1())
                private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
                public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
                kept = {"kid": str(uuid.uuid4()), "private": private, "public": public}
                self._store.put("signing", "key", kept)
            return kept


def challenge_response(challenge: str, verification_token: str, endpoint: str) -> str:
    return hashlib.sha256((challenge + verification_token + endpoint).encode()).hexdigest()
