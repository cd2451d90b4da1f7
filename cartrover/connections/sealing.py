"""Sealing of secrets at rest: AES-GCM, with the id of the key inside and the place of the secret bound to it.

A sealed secret that is copied to another row, another column or another merchant does not open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_FORMAT = 1
_NONCE = 12  # bytes


class Unsealable(Exception):
    """The secret does not open here: its key is gone, it was moved from its place, or it was damaged."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret lives: in which column of which row (``connection`` 17), and whose it is."""

    merchant_id: int
    owner: str
    owner_id: int
    column: str

    def bound_to(self, key_id: str) -> bytes:
        """The associated data. No part can hold the separator: ids are numbers, the words are ours."""
        return "\n".join(("cartrover", key_id, str(self.merchant_id), self.owner, str(self.owner_id), self.column)).encode()


def seal(secret: str, place: Place) -> bytes:
    """Seal with the newest key."""
    key_id, key = next(iter(settings.CREDENTIAL_KEYS.items()))
    nonce = os.urandom(_NONCE)
    name = key_id.encode()
    return bytes((_FORMAT, len(name))) + name + nonce + AESGCM(key).encrypt(nonce, secret.encode(), place.bound_to(key_id))


def unseal(sealed: bytes | memoryview, place: Place) -> str:
    """Open with the key that sealed it. Raises Unsealable."""
    key_id, rest = _split(bytes(sealed))
    key = settings.CREDENTIAL_KEYS.get(key_id)
    if key is None:
        raise Unsealable(f"sealed with key {key_id!r}, which CREDENTIAL_KEYS does not hold")
    try:
        return AESGCM(key).decrypt(rest[:_NONCE], rest[_NONCE:], place.bound_to(key_id)).decode()
    except (InvalidTag, ValueError):
        raise Unsealable(f"key {key_id!r} does not open it in this place") from None


def _split(sealed: bytes) -> tuple[str, bytes]:
    if len(sealed) < 2 or sealed[0] != _FORMAT or len(sealed) < 2 + sealed[1] + _NONCE:
        raise Unsealable("not a sealed secret")
    end = 2 + sealed[1]
    return sealed[2:end].decode(errors="replace"), sealed[end:]
