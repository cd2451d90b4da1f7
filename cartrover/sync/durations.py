"""Every duration of the engine, in seconds, in one place. ENGINE_PACE shortens them all for demos and tests.

What a provider imposes (a rate window, a token's life, its processing time) is not here: it does not get shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Durations:
    tick: float = 1.0
    lease: float = 15.0
    heartbeat: float = 5.0
    send_deadline: float = 30.0
    safety: float = 5.0  # a window ends this long before the provider's now
    watermark_lag: float = 120.0  # and the next one begins this long before it
    hourly: float = 3600.0
    hourly_overlap: float = 900.0
    nightly: float = 86_400.0
    nightly_overlap: float = 86_400.0
    poll_busy: float = 60.0
    poll_idle: float = 120.0
    poll_quiet: float = 900.0
    deliver_idle: float = 300.0
    stale_reading: float = 600.0  # an order pulled longer ago is read again before it is delivered
    backoff_first: float = 2.0
    backoff_most: float = 900.0
    merchant_hears: float = 3600.0
    breaker_first: float = 5.0
    breaker_most: float = 25.0
    confirm_by_call: float = 900.0
    stock_poll: float = 120.0
    catalogue_poll: float = 900.0
    listings_poll: float = 86_400.0
    stock_spacing: float = 360.0
    stock_refused: float = 3600.0  # until a figure that the marketplace did not take is tried again
    housekeeping: float = 60.0
    hint_patience: float = 10.0


# These guard against the world outside, which keeps its own pace.
_KEPT = frozenset({"lease", "heartbeat", "send_deadline"})


_set_by_tests: dict[str, float] = {}


def durations() -> Durations:
    """The durations at this installation's pace."""
    real = Durations()
    paced = {each.name: _paced(each.name, getattr(real, each.name)) for each in fields(Durations)}
    return Durations(**(paced | _set_by_tests))


def _paced(name: str, seconds: float) -> float:
    return seconds if name in _KEPT else seconds / float(settings.ENGINE_PACE)


@contextmanager
def changed(**seconds: float) -> Iterator[None]:
    """Other durations for a while, in this process: tests cannot wait as long as the world does."""
    before = dict(_set_by_tests)
    _set_by_tests.update(seconds)
    try:
        yield
    finally:
        _set_by_tests.clear()
        _set_by_tests.update(before)
