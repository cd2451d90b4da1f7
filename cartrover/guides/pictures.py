"""The guides' pictures, among the static files. `make pictures` takes them."""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders


class MissingPicture(LookupError):
    """A guide shows a picture that nobody has taken."""


def path(name: str) -> Path:
    """Raises MissingPicture."""
    found = finders.find(f"guides/{name}")
    if not isinstance(found, str):
        raise MissingPicture(name)
    return Path(found)


@lru_cache
def size(name: str) -> tuple[int, int]:
    """Width and height in pixels, as a PNG's header tells them."""
    with path(name).open("rb") as picture:
        width, height = struct.unpack(">II", picture.read(24)[16:24])
    return width, height
