"""eBay members who sell."""

from __future__ import annotations

import base64
import hashlib

from integrations.simulation import Document, Store


class Members:
    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, username: str, password: str, marketplace: str = "EBAY_US", suspended: bool = False) -> Document:
        """A member, or the member as it is now to be. The ids are the same for the same name."""
        digest = hashlib.sha256(username.encode()).digest()
        member = {
            "username": username,
            "password": password,
            "userId": base64.urlsafe_b64encode(digest)[:11].decode(),
            "eiasToken": base64.b64encode(digest).decode(),
            "marketplace": marketplace,
            "suspended": suspended,
        }
        self._store.put("member", username, member)
        return member

    def get(self, username: str) -> Document | None:
        found: Document | None = self._store.get("member", username)
        return found

    def ensure(self, username: str) -> Document:
        """The member, who has the name as the password where nobody made them before."""
        return self.get(username) or self.create(username, username)

    def all(self) -> list[Document]:
        return self._store.all("member")
