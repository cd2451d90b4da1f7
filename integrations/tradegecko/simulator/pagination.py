"""Pages of a list and the headers that tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from .errors import bad_request
from .formats import dump
from .records import Record

_USUAL, _LARGEST = 50, 250


@dataclass(frozen=True)
class Page:
    number: int
    limit: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.limit)) if self.limit else 1

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.limit

    def cut(self, records: list[Record]) -> list[Record]:
        return records[self.offset : self.offset + self.limit]

    def headers(self, address: str, arguments: MultiDict[str, str]) -> dict[str, str]:
        """``address`` is the internal one that Link points at; nobody is to follow it."""
        told = {
            "total_records": self.total,
            "total_pages": self.pages,
            "first_page": self.number == 1,
            "last_page": self.number >= self.pages,
            "out_of_bounds": self.number > self.pages,
            "offset": self.offset,
        }
        given = [(name, value) for name, value in arguments.items(multi=True) if name != "page"]
        targets = {"next": self.number + 1} if self.number < self.pages else {}
        links = [
            f'<{address}?{urlencode([*given, ("page", number)])}>; rel="{name}"'
            for name, number in {**targets, "last": self.pages}.items()
        ]
        return {"X-Pagination": dump(told), "Link": ", ".join(links)}


def page_of(arguments: MultiDict[str, str], total: int, settings: dict[str, Any]) -> Page:
    limit = _whole(arguments.get("limit"), _USUAL)
    if limit > _LARGEST:
        if settings["over_limit"] != "clamp":
            raise bad_request(f"Limit can't be greater than {_LARGEST}")
        limit = _LARGEST
    return Page(max(1, _whole(arguments.get("page"), 1)), limit, total)


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isdigit() else otherwise
