"""The guides' pictures, among the static files. `make pictures` takes them."""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders

# Taken with two pixels for each of the page's, so that they are sharp on paper and on fine screens.
DENSITY = 2


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
    """Width and height on a page, from the pixels that a PNG's header tells."""
    with path(name).open("rb") as picture:
        width, height = struct.unpack(">II", picture.read(24)[16:24])
    return width // DENSITY, height // DENSITY
