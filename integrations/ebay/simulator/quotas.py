"""How many calls a day the application may make, resource by resource."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.simulation import Clock

from .errors import Refusal
from .formats import stamp

_PACIFIC = ZoneInfo("America/Los_Angeles")  # the day ends at midnight where eBay lives


class Quotas:
    """Counts by resource and, for user_rate_limit, by member. Forgotten when the process ends."""

    def __init__(self, settings: dict[str, Any], clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._used: Counter[tuple[str, str, str]] = Counter()

    def limit(self, resource: str) -> int:
        return int(self._settings[f"limit_{resource}"])

    def used(self, resource: str, member: str = "") -> int:
        return self._used[(self._day(), resource, member)]

    def take(self, resource: str, member: str | None = None) -> None:
        """Count one call. Refusal 2001 once the day's calls are spent."""
        if self.used(resource) >= self.limit(resource):
            raise Refusal(2001)
        self._used[(self._day(), resource, "")] += 1
        if member:
            self._used[(self._day(), resource, member)] += 1

    def reset(self) -> str:
        now = self._clock.now().astimezone(_PACIFIC)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), _PACIFIC)
        return stamp(midnight)

    def clear(self) -> None:
        self._used.clear()

    def _day(self) -> str:
        return self._clock.now().astimezone(_PACIFIC).date().isoformat()
