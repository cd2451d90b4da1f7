"""The guides' pictures, among the static files. `make pictures` takes them."""

from __future__ import annotations

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
    """Width and height on a page, from the header of a lossless WebP: 14 bits each, less one, behind its signature."""
    with path(name).open("rb") as picture:
        head = picture.read(25)
    if head[8:16] != b"WEBPVP8L" or head[20] != 0x2F:
        raise ValueError(f"{name} is no lossless WebP.")
    bits = int.from_bytes(head[21:25], "little")
    return ((bits & 0x3FFF) + 1) // DENSITY, ((bits >> 14 & 0x3FFF) + 1) // DENSITY
