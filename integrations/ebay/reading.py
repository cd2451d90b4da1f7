"""Reading a payload whose shape somebody else decides: each value knows its path, and a surprise says where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a payload. Where it is absent, so is everything below it."""

    value: Any
    path: str = "$"

    def __bool__(self) -> bool:
        return self.value is not None

    def __getitem__(self, key: str) -> Node:
        if self.value is None:
            return Node(None, f"{self.path}.{key}")
        if not isinstance(self.value, Mapping):
            raise Malformed(self.path, "is no object")
        return Node(self.value.get(key), f"{self.path}.{key}")

    def each(self) -> list[Node]:
        """The members of a list; none where it is absent."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise Malformed(self.path, "is no list")
        return [Node(value, f"{self.path}[{position}]") for position, value in enumerate(self.value)]

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


def insist_on_storable(payload: Any) -> None:
    """Malformed, with the path of the first text that no database takes."""
    text = json.dumps(payload, ensure_ascii=False)
    if "\\u0000" not in text and _encodes(text):
        return
    waiting = [Node(payload)]
    while waiting:
        node = waiting.pop()
        if isinstance(node.value, Mapping):
            waiting.extend(node[key] for key in reversed(node.value))
        elif isinstance(node.value, list):
            waiting.extend(reversed(node.each()))
        elif isinstance(node.value, str) and ("\0" in node.value or not _encodes(node.value)):
            raise Malformed(node.path, "holds a character that is none")


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
