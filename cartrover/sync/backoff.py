"""How long to wait before trying again."""

from __future__ import annotations

from random import SystemRandom

from cartrover.sync.durations import durations

CHANCE = SystemRandom()


def back_off(failures: int, asked: float | None) -> float:
    """Seconds to wait: what the provider asked for, else exponential with full jitter."""
    pace = durations()
    if asked is not None:
        return asked + CHANCE.uniform(0, 1)
    most = min(pace.backoff_most, pace.backoff_first * 2 ** min(failures, 16))
    return max(0.5, CHANCE.uniform(0, most))
