"""cust_ref: the short order number that every warehouse can take.

At most 20 of A-Z and 0-9, unique for the merchant, and recognisable: the cart's number without what is no letter or digit. Only
where that is too long or taken already, a few characters follow that are made from the order's own identity, so that the same
order gets the same one again.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Callable, Hashable, Iterator, Mapping
from itertools import count
from typing import TypeVar

LONGEST = 20
SUFFIX = 6

Key = TypeVar("Key", bound=Hashable)


def plain(number: str) -> str:
    """The number's own letters and digits."""
    return "".join(filter(_ALLOWED.__contains__, number.upper()))


def candidates(number: str, identity: str) -> Iterator[str]:
    """References that the order may have, best first and without end."""
    start = plain(number)
    if 0 < len(start) <= LONGEST:
        yield start
    for attempt in count():
        yield start[: LONGEST - SUFFIX] + _suffix(f"{identity}/{attempt}")


def choose(wanted: Mapping[Key, tuple[str, str]], taken: Callable[[set[str]], set[str]]) -> dict[Key, str]:
    """A reference for each order.

    Args:
        wanted: (number, identity) by whatever names the order.
        taken: which of some references are other orders' already. Asked once where no number is taken.
    """
    waiting = {key: candidates(*named) for key, named in wanted.items()}
    chosen: dict[Key, str] = {}
    while waiting:
        proposed = {key: next(more) for key, more in waiting.items()}
        gone = taken(set(proposed.values())) | set(chosen.values())
        for key, ref in proposed.items():
            if ref not in gone:
                gone.add(ref)
                chosen[key] = ref
                del waiting[key]
    return chosen


_ALLOWED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def _suffix(identity: str) -> str:
    return b32encode(hashlib.blake2b(identity.encode(), digest_size=5).digest()).decode()[:SUFFIX]
