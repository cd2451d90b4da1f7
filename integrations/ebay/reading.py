"""Reading a payload whose shape somebody else decides: each value knows its path, and a surprise says where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

T = TypeVar("T")


class Malformed(Exception):
    """What stands at ``path`` is not what the contract says."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class Node:
    """One value of a payload. Where it is absent, so is everything below it.

    An order is read through a hundred of them, so a node only remembers where it came from; the path is put together when
    something turns out to be wrong.
    """

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: Node | None = None, key: str = "") -> None:
        self.value = value
        self._parent = parent
        self._key = key

    @property
    def path(self) -> str:
        return "$" if self._parent is None else f"{self._parent.path}{self._key if self._key[:1] == '[' else f'.{self._key}'}"

    def __bool__(self) -> bool:
        return self.value is not None

    def __getitem__(self, key: str) -> Node:
        value = self.value
        if value is None:
            return Node(None, self, key)
        if not isinstance(value, dict):
            raise Malformed(self.path, "is no object")
        return Node(value.get(key), self, key)

    def each(self) -> list[Node]:
        """The members of a list; none where it is absent."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise Malformed(self.path, "is no list")
        return [Node(value, self, f"[{position}]") for position, value in enumerate(self.value)]

    def needed(self) -> Node:
        if self.value is None or self.value == "":
            raise Malformed(self.path, "is missing")
        return self

    def text(self) -> str:
        """Empty where it is absent."""
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            raise Malformed(self.path, "is no text")
        if "\0" in self.value or not (self.value.isascii() or _encodes(self.value)):
            raise Malformed(self.path, "holds a character that no database takes")
        return self.value

    def whole(self, *, least: int) -> int:
        if not isinstance(self.needed().value, int) or isinstance(self.value, bool):
            raise Malformed(self.path, "is no whole number")
        if self.value < least:
            raise Malformed(self.path, f"is less than {least}")
        return int(self.value)

    def moment(self) -> datetime:
        text = self.needed().text()
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise Malformed(self.path, "is no time with a zone")

    def decimal(self) -> Decimal:
        """A number written as text, as eBay writes money."""
        try:
            number = Decimal(self.needed().text())
        except InvalidOperation:
            raise Malformed(self.path, "is no number") from None
        if not number.is_finite():
            raise Malformed(self.path, "is no number")
        return number

    def one_of(self, meanings: Mapping[str, T]) -> T:
        text = self.needed().text()
        if text not in meanings:
            raise Malformed(self.path, f"is {text[:50]!r}, which we do not know")
        return meanings[text]


def storable(payload: Any) -> Any:
    """The payload with what no database takes replaced: NUL, and half of a surrogate pair."""
    text = json.dumps(payload, ensure_ascii=False).replace("\\u0000", "\\ufffd")
    return json.loads(text.encode("utf-8", "replace").decode())


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
